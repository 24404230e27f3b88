package progress

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/rs/zerolog"
	"github.com/zeebo/xxh3"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// ErrOverlap says that another run of the same tables is under way.
var ErrOverlap = errors.New("another run of these tables, accounts and shard is under way")

// errNotKept says that a claim is not in the state, although the destination took it without an error.
var errNotKept = errors.New("the destination reported no error, and does not have what was written to it; its log may say why")

// LeaseTimes are the times of a lease. A run that finds the lease of another one watches whether its holder renews
// it, so that no clock of one machine is compared with that of another.
type LeaseTimes struct {
	// Beat is how often a holder renews its lease.
	Beat time.Duration
	// Expiry is how long a lease that is not renewed is watched before it counts as that of a run that has died.
	Expiry time.Duration
	// Poll is how often a lease that another run holds is looked at.
	Poll time.Duration
	// Settle is how long a claim has to stand before it counts, beyond twice the time that making it took: the state
	// has no operation that compares and sets, and another run may have looked just before.
	Settle time.Duration
}

// DefaultLeaseTimes are the times of a lease where no test has others.
func DefaultLeaseTimes() LeaseTimes {
	return LeaseTimes{Beat: 20 * time.Second, Expiry: 90 * time.Second, Poll: 2 * time.Second, Settle: 250 * time.Millisecond}
}

// Lease keeps two runs of the same tables apart. It is a value in the state for each account that says which run
// reads the account's tables. Runs of other tables, accounts or shards have other leases.
type Lease struct {
	table leaseTable
	times LeaseTimes
	keys  []string
	own   claim
	died  func(claim) bool // whether a holder is known to have died
	log   zerolog.Logger

	lost error // why the lease is no longer held
}

// leaseTable is the part of the state that leases are in.
type leaseTable interface {
	// claims returns the newest claim of each key that has one.
	claims(ctx context.Context, keys []string) (map[string]versioned, error)
	// put writes claims.
	put(ctx context.Context, claims map[string]versioned) error
}

// claim is the stored form of a lease.
type claim struct {
	Version  int    `json:"version"` // of this form
	Holder   string `json:"holder"`  // the run
	Host     string `json:"host,omitempty"`
	Process  string `json:"process,omitempty"`
	Beat     int64  `json:"beat"` // how often it was renewed
	Released bool   `json:"released,omitempty"`
}

// versioned is a claim with the version that the state counts.
type versioned struct {
	claim
	version uint64
}

// newer orders claims of one key. Two runs that claim it at once can both have written the same version into a
// destination that only appends.
func newer(a, b versioned) int {
	return cmp.Or(cmp.Compare(a.version, b.version), -cmp.Compare(a.Holder, b.Holder))
}

const claimVersion = 1

func newLease(table leaseTable, times LeaseTimes, keys []string, log zerolog.Logger) *Lease {
	host, process := thisProcess()
	return &Lease{
		table: table, times: times, keys: keys, died: claim.died, log: log,
		own: claim{Version: claimVersion, Holder: rand.Text(), Host: host, Process: process},
	}
}

// LeaseKeys names the leases of a run, given the ids of its accounts. The tables of an account are one lease, and those
// of another list of tables are another: only runs of one spec are kept apart.
func LeaseKeys(accounts []string, tables []*table.Table, shard *plugin.Shard) []string {
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = t.Name()
	}
	slices.Sort(names)
	key := fmt.Sprintf("tables=%016x", xxh3.HashString(strings.Join(names, ",")))
	if shard != nil {
		key += fmt.Sprintf(",shard=%d/%d", shard.Num, shard.Total)
	}
	keys := make([]string, len(accounts))
	for i, a := range accounts {
		keys[i] = leasePrefix + "account=" + a + "," + key
	}
	slices.Sort(keys)
	return keys
}

const leasePrefix = "lease,"

// TakeLease takes the leases with the keys given, in the state's table of a backend. It waits where another run holds
// one; the error is [ErrOverlap] where that run is alive.
func TakeLease(ctx context.Context, b *Backend, stateTable string, keys []string, times LeaseTimes, log zerolog.Logger) (*Lease, error) {
	leases := newStateLeases(b, stateTable)
	if err := leases.create(ctx); err != nil {
		return nil, fmt.Errorf("the state backend of backend_options can't be reached: %w", err)
	}
	l := newLease(leases, times, keys, log)
	if err := l.acquire(ctx); err != nil {
		if !errors.Is(err, ErrOverlap) {
			err = fmt.Errorf("the lease that keeps two runs apart can't be taken in the state: %w", err)
		}
		return nil, err
	}
	return l, nil
}

// acquire takes the lease. If another run holds it, acquire waits until that one gives it back, renews it, which
// is an error, or has not renewed it for the expiry.
func (l *Lease) acquire(ctx context.Context) error {
	w := watch{Lease: l, since: map[string]sighting{}}
	for lost := 0; ; {
		taken, err := l.try(ctx, w)
		if errors.Is(err, errNotKept) && lost < mostLost {
			lost, err = lost+1, nil
		}
		if taken || err != nil {
			return err
		}
		if err := pause(ctx, l.times.Poll); err != nil {
			return err
		}
	}
}

// mostLost is how many claims that the destination does not keep are written once more.
const mostLost = 3

// try claims the lease if it is free, and reports whether the claim stood.
func (l *Lease) try(ctx context.Context, w watch) (bool, error) {
	began := time.Now()
	found, err := l.table.claims(ctx, l.keys)
	if err != nil {
		return false, err
	}
	if free, err := w.free(found); err != nil || !free {
		return false, err
	}
	if err := l.write(ctx, found); err != nil {
		return false, err
	}
	err = pause(ctx, l.times.Settle+2*time.Since(began))
	if err == nil {
		err = l.stands(ctx, found)
	}
	if err == nil {
		return true, nil
	}
	released := l.release(ctx)
	if errors.Is(err, ErrOverlap) { // another run claimed it at the same moment
		return false, released
	}
	return false, errors.Join(err, released)
}

// stands returns an error if the run's claim is not in the state: that of another run, or [errNotKept] where the state is as
// it was before.
func (l *Lease) stands(ctx context.Context, before map[string]versioned) error {
	found, err := l.table.claims(ctx, l.keys)
	if err != nil {
		return err
	}
	if maps.Equal(found, before) {
		return errNotKept
	}
	_, err = l.held(found)
	return err
}

// watch is how a run sees the claims of others over time.
type watch struct {
	*Lease
	since map[string]sighting
}

// sighting is a claim and the time at which it was first seen as it is.
type sighting struct {
	claim
	first time.Time
}

// free reports whether no claim is another living run's. A claim that was renewed while it was watched is one.
func (w watch) free(found map[string]versioned) (bool, error) {
	free := true
	for _, key := range w.keys {
		c, claimed := found[key]
		if !claimed || c.Released || c.Holder == w.own.Holder || w.died(c.claim) {
			continue
		}
		before, known := w.since[key]
		switch {
		case known && before.Holder == c.Holder && before.Beat != c.Beat:
			return false, fmt.Errorf("%w (%s); let it end, or see to it that a schedule starts no run before the last one has ended",
				ErrOverlap, key)
		case !known || before.Holder != c.Holder:
			w.since[key] = sighting{c.claim, time.Now()}
			w.log.Info().Str("lease", key).Dur("at_most_ms", w.times.Expiry).
				Msg("another run holds the lease of these tables; this one watches whether it is alive")
		case time.Since(before.first) >= w.times.Expiry:
			w.log.Warn().Str("lease", key).Msg("the run that holds the lease of these tables has died; this one takes it over")
			continue
		}
		free = false
	}
	return free, nil
}

// write writes the run's own claim over what was found.
func (l *Lease) write(ctx context.Context, found map[string]versioned) error {
	claims := map[string]versioned{}
	for _, key := range l.keys {
		claims[key] = versioned{l.own, found[key].version + 1}
	}
	return l.table.put(ctx, claims)
}

// Check reads the lease from the state, and returns an error if another run has taken it.
func (l *Lease) Check(ctx context.Context) error {
	found, err := l.table.claims(ctx, l.keys)
	if err != nil {
		return err
	}
	_, err = l.held(found)
	return err
}

// held returns the claims that are the run's own, and an error if not all are.
func (l *Lease) held(found map[string]versioned) (map[string]versioned, error) {
	own := maps.Clone(found)
	maps.DeleteFunc(own, func(_ string, c versioned) bool { return c.Holder != l.own.Holder })
	if len(own) < len(l.keys) {
		return own, fmt.Errorf("%w: it has taken the lease", ErrOverlap)
	}
	return own, nil
}

// renew tells others that the run is alive.
func (l *Lease) renew(ctx context.Context) error {
	found, err := l.table.claims(ctx, l.keys)
	if err != nil {
		return err
	}
	if _, err := l.held(found); err != nil {
		return err
	}
	l.own.Beat++
	return l.write(ctx, found)
}

// releaseTimeout bounds the writing of a lease that is given back, also after the run was interrupted.
const releaseTimeout = 10 * time.Second

// release gives back those of the leases that are the run's own.
func (l *Lease) release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	found, err := l.table.claims(ctx, l.keys)
	if err != nil {
		return err
	}
	own, _ := l.held(found)
	for key, c := range own {
		c.Released = true
		c.version++
		own[key] = c
	}
	if len(own) == 0 {
		return nil
	}
	return l.table.put(ctx, own)
}

// Hold renews the lease until end is called, which gives it back. The context that Hold returns ends when the lease
// is lost; end then returns why.
func (l *Lease) Hold(ctx context.Context) (held context.Context, end func() error) {
	held, lost := context.WithCancelCause(ctx)
	beats, stop := context.WithCancel(held)
	var renewing sync.WaitGroup
	renewing.Go(func() {
		if err := l.beat(beats); err != nil {
			l.lost = err
			lost(err)
		}
	})
	return held, func() error {
		stop()
		renewing.Wait()
		lost(nil)
		if err := l.release(ctx); err != nil {
			l.log.Warn().Err(err).Msg("the lease can't be given back; the next run waits until it has expired")
		}
		return l.lost
	}
}

// beat renews the lease until ctx ends, or returns why the lease is lost. A renewal that fails is tried again with
// the next beat, as long as no other run can have taken the lease for that.
func (l *Lease) beat(ctx context.Context) error {
	renewed := time.Now()
	for pause(ctx, l.times.Beat) == nil {
		err := l.renew(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			renewed = time.Now()
		case errors.Is(err, ErrOverlap), time.Since(renewed) >= l.times.Expiry-l.times.Beat:
			return fmt.Errorf("the lease of these tables is lost: %w", err)
		default:
			l.log.Warn().Err(err).Msg("the lease of these tables can't be renewed now")
		}
	}
	return nil
}

// pause waits for d, or returns the cause of ctx's end.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

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

// ErrOverlap is the error of a run if another run of the same tables is under way.
var ErrOverlap = errors.New("another run of these tables, accounts and shard is under way")

// errNotKept is the error for a claim that the destination accepted and lost.
var errNotKept = errors.New("the destination reported no error, but did not keep the lease; its log may say why")

// LeaseTimes are the time limits of a lease. A run that finds another run's lease watches whether that run renews it.
// So the clocks of two machines are never compared.
type LeaseTimes struct {
	// Beat is the interval of renewals.
	Beat time.Duration
	// Expiry is the time without a renewal after which the holder counts as dead.
	Expiry time.Duration
	// Poll is the interval at which another run's lease is read.
	Poll time.Duration
	// Settle is the time after which a claim that still stands is valid, in addition to twice the time of making it.
	// The state has no compare-and-set, and another run may have found the lease free just before.
	Settle time.Duration
}

// DefaultLeaseTimes are the time limits outside of tests.
func DefaultLeaseTimes() LeaseTimes {
	return LeaseTimes{Beat: 20 * time.Second, Expiry: 90 * time.Second, Poll: 2 * time.Second, Settle: 250 * time.Millisecond}
}

// Lease prevents overlapping runs of the same tables. It is a value in the state, for each account, that names the run
// which reads the account's tables. Runs of other tables, accounts or shards have other leases.
type Lease struct {
	table leaseTable
	times LeaseTimes
	keys  []string
	own   claim
	died  func(claim) bool // whether a claim's holder is known to have died
	log   zerolog.Logger

	renewing sync.Mutex // held during a renewal

	lost error // the reason for the loss of the lease; nil if it is held
}

// leaseTable is the storage of leases.
type leaseTable interface {
	// claims returns the newest claim of each key; none for a key without one.
	claims(ctx context.Context, keys []string) (map[string]versioned, error)
	// put writes claims.
	put(ctx context.Context, claims map[string]versioned) error
}

// claim is the stored form of a lease.
type claim struct {
	Version int    `json:"version"` // of the stored form
	Holder  string `json:"holder"`  // id of the run
	Host    string `json:"host,omitempty"`
	Process string `json:"process,omitempty"`
	Beat    int64  `json:"beat"` // number of renewals
	// Silence is the time without a renewal after which the holder counts as dead, if it is longer than [LeaseTimes.Expiry].
	Silence  time.Duration `json:"silence,omitempty"`
	Released bool          `json:"released,omitempty"`
}

// versioned is a claim with its version in the state's table.
type versioned struct {
	claim
	version uint64
}

// newer orders claims of one key. In a destination that only appends, two concurrent claims can have the same version.
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

// LeaseKeys returns the keys of a run's leases, one for each account. A key also depends on the list of tables and the
// shard, so that only runs of one spec exclude each other.
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

// TakeLease takes the leases of some keys in the state's table. If another run holds one, it waits until that run
// releases it or proves to be alive, which is [ErrOverlap].
func TakeLease(ctx context.Context, b *Backend, stateTable string, keys []string, times LeaseTimes, log zerolog.Logger) (*Lease, error) {
	leases := newStateLeases(b, stateTable)
	if err := leases.create(ctx); err != nil {
		return nil, fmt.Errorf("the state backend of backend_options can't be reached: %w", err)
	}
	l := newLease(leases, times, keys, log)
	if err := l.acquire(ctx); err != nil {
		if !errors.Is(err, ErrOverlap) {
			err = fmt.Errorf("the lease that prevents overlapping runs can't be stored in the state: %w", err)
		}
		return nil, err
	}
	return l, nil
}

// acquire takes the lease. If another run holds it, acquire waits until that run releases it, renews it, which is an
// error, or lets it expire.
func (l *Lease) acquire(ctx context.Context) error {
	w := watch{Lease: l, since: map[string]sighting{}}
	for lost := 0; ; {
		taken, err := l.try(ctx, w)
		if errors.Is(err, errNotKept) && lost < maxLost {
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

// maxLost is the number of attempts to write a claim again that the destination lost.
const maxLost = 3

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

// stands returns an error unless the run's claim is in the state: [ErrOverlap] for another run's claim, [errNotKept]
// if the state is unchanged.
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

// watch observes the claims of other runs over time.
type watch struct {
	*Lease
	since map[string]sighting
}

// sighting is a claim and the time at which it was first seen in its present form.
type sighting struct {
	claim
	first time.Time
}

// free reports whether no other living run has a claim. It returns an error if a claim was renewed meanwhile: its
// holder is alive.
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
			return false, fmt.Errorf("%w (%s); wait until it ends, and let schedules start a run only after the end of the last one",
				ErrOverlap, key)
		case !known || before.Holder != c.Holder:
			w.since[key] = sighting{c.claim, time.Now()}
			w.log.Info().Str("lease", key).Dur("at_most_ms", w.times.expiry(c.claim)).
				Msg("another run holds the lease of these tables; this run waits to see whether that one is alive")
		case time.Since(before.first) >= w.times.expiry(c.claim):
			w.log.Warn().Str("lease", key).Msg("the run that holds the lease of these tables has died; this run takes it over")
			continue
		}
		free = false
	}
	return free, nil
}

// write replaces the claims that were found by the run's own.
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

// held returns the run's own claims, and an error if a key has another one.
func (l *Lease) held(found map[string]versioned) (map[string]versioned, error) {
	own := maps.Clone(found)
	maps.DeleteFunc(own, func(_ string, c versioned) bool { return c.Holder != l.own.Holder })
	if len(own) < len(l.keys) {
		return own, fmt.Errorf("%w: it took the lease", ErrOverlap)
	}
	return own, nil
}

// expiry returns the time without a renewal after which the holder of a claim counts as dead.
func (t LeaseTimes) expiry(c claim) time.Duration { return max(t.Expiry, c.Silence) }

// rowTime is several times the time that a destination takes to send a row.
const rowTime = 500 * time.Microsecond

// AllowReads extends the expiry of the lease if reads of so many rows may take longer: a destination serves one read at a
// time, so the lease can't be renewed meanwhile. Fewer rows than in an earlier call change nothing.
func (l *Lease) AllowReads(ctx context.Context, rows int64) error {
	if l == nil {
		return nil
	}
	reads := time.Duration(rows) * rowTime
	silence := l.times.Expiry + reads
	if reads <= l.times.Expiry/3 || silence <= l.silence() {
		return nil
	}
	l.renewing.Lock()
	l.own.Silence = max(l.own.Silence, silence)
	l.renewing.Unlock()
	if err := l.renew(ctx); err != nil {
		return fmt.Errorf("the lease of these tables can't be renewed: %w", err)
	}
	return nil
}

// silence returns the time without a renewal after which the run counts as dead.
func (l *Lease) silence() time.Duration {
	l.renewing.Lock()
	defer l.renewing.Unlock()
	return l.times.expiry(l.own)
}

// renew raises the lease's counter, as a sign of life for other runs.
func (l *Lease) renew(ctx context.Context) error {
	l.renewing.Lock()
	defer l.renewing.Unlock()
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

// releaseTimeout is the time limit for the release of a lease, which also applies after an interruption.
const releaseTimeout = 10 * time.Second

// release releases the run's own leases.
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

// Hold renews the lease until end is called, which releases it. If the lease is lost, the returned context ends, and
// end returns the reason.
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
			l.log.Warn().Err(err).Msg("the lease can't be released; the next run waits until it expires")
		}
		return l.lost
	}
}

// beat renews the lease until ctx ends, or returns the reason for its loss. A failed renewal is tried again at the
// next beat, unless another run may have taken the expired lease by then.
func (l *Lease) beat(ctx context.Context) error {
	renewed := time.Now()
	for pause(ctx, l.times.Beat) == nil {
		err := l.renew(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			renewed = time.Now()
		case errors.Is(err, ErrOverlap), time.Since(renewed) >= l.silence()-l.times.Beat:
			return fmt.Errorf("the lease of these tables is lost: %w", err)
		default:
			l.log.Warn().Err(err).Msg("the lease of these tables can't be renewed; the next attempt follows")
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

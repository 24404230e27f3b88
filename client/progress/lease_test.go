package progress

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// memoryLeases are leases in a destination that replaces rows or, if appends is true, only adds them.
type memoryLeases struct {
	mu      sync.Mutex
	appends bool
	rows    map[string][]versioned
	puts    int
	failing error
	lost    int // number of next writes that are lost without an error
	// before is called before each write, unless it is nil.
	before func()
}

func (m *memoryLeases) claims(_ context.Context, keys []string) (map[string]versioned, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := map[string]versioned{}
	for _, key := range keys {
		if len(m.rows[key]) > 0 {
			found[key] = slices.MaxFunc(m.rows[key], newer)
		}
	}
	return found, m.failing
}

func (m *memoryLeases) put(_ context.Context, claims map[string]versioned) error {
	if m.before != nil {
		m.before()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.puts++
	if m.lost > 0 {
		m.lost--
		return m.failing
	}
	for key, c := range claims {
		if !m.appends {
			m.rows[key] = nil
		}
		m.rows[key] = append(m.rows[key], c)
	}
	return m.failing
}

// testLease returns a lease that never knows that a holder has died.
func testLease(m *memoryLeases, keys ...string) *Lease {
	l := newLease(m, DefaultLeaseTimes(), keys, zerolog.Nop())
	l.died = func(claim) bool { return false }
	return l
}

// eachLeases runs a test with a clock of its own, for both kinds of destination.
func eachLeases(t *testing.T, test func(t *testing.T, m *memoryLeases)) {
	t.Helper()
	for _, appends := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			test(t, &memoryLeases{appends: appends, rows: map[string][]versioned{}})
		})
	}
}

func TestLease_aSecondRunEndsWithAnErrorOnceTheFirstIsSeenAlive(t *testing.T) {
	eachLeases(t, func(t *testing.T, m *memoryLeases) {
		one, two := testLease(m, "a"), testLease(m, "a")
		require.NoError(t, one.acquire(t.Context()))
		_, end := one.Hold(t.Context())
		began := time.Now()
		require.ErrorIs(t, two.acquire(t.Context()), ErrOverlap)
		require.LessOrEqual(t, time.Since(began), DefaultLeaseTimes().Beat+DefaultLeaseTimes().Poll)
		require.Equal(t, one.own.Holder, slices.MaxFunc(m.rows["a"], newer).Holder)
		require.NoError(t, end())
		require.NoError(t, two.acquire(t.Context()), "the first has ended")
	})
}

func TestLease_aSecondRunGoesOnWhenTheFirstEndsMeanwhile(t *testing.T) {
	eachLeases(t, func(t *testing.T, m *memoryLeases) {
		one, two := testLease(m, "a"), testLease(m, "a")
		require.NoError(t, one.acquire(t.Context()))
		_, end := one.Hold(t.Context())
		time.AfterFunc(5*time.Second, func() { _ = end() })
		require.NoError(t, two.acquire(t.Context()))
	})
}

// TestLease_isNotKept: a destination loses each write without an error. A run does not wait for it forever.
func TestLease_isNotKept(t *testing.T) {
	eachLeases(t, func(t *testing.T, m *memoryLeases) {
		m.lost = 1
		require.NoError(t, testLease(m, "a").acquire(t.Context()), "a single loss")
		m.rows, m.lost = map[string][]versioned{}, 1000
		require.ErrorIs(t, testLease(m, "a").acquire(t.Context()), errNotKept)
	})
}

func TestLease_ofARunThatHasDied(t *testing.T) {
	eachLeases(t, func(t *testing.T, m *memoryLeases) {
		require.NoError(t, testLease(m, "a").acquire(t.Context())) // and never renews it
		began := time.Now()
		require.NoError(t, testLease(m, "a").acquire(t.Context()))
		require.GreaterOrEqual(t, time.Since(began), DefaultLeaseTimes().Expiry)

		began = time.Now()
		here := testLease(m, "a")
		here.died = func(claim) bool { return true }
		require.NoError(t, here.acquire(t.Context()))
		require.LessOrEqual(t, time.Since(began), time.Second, "a process of this machine that is known to have died")
	})
}

// busyLeases are leases in a destination that serves another read up to a moment.
type busyLeases struct {
	*memoryLeases
	until time.Time
}

func (b *busyLeases) claims(ctx context.Context, keys []string) (map[string]versioned, error) {
	if err := pause(ctx, time.Until(b.until)); err != nil {
		return nil, err
	}
	return b.memoryLeases.claims(ctx, keys)
}

// TestLease_duringALongRead: a destination serves one read at a time, so a lease is not renewed while a large table is read.
func TestLease_duringALongRead(t *testing.T) {
	eachLeases(t, func(t *testing.T, m *memoryLeases) {
		one, two := testLease(m, "a"), testLease(m, "a")
		busy := &busyLeases{memoryLeases: m}
		one.table = busy
		require.NoError(t, one.acquire(t.Context()))
		puts := m.puts
		require.NoError(t, one.AllowReads(t.Context(), 50_000))
		require.Equal(t, puts, m.puts, "a short read needs no longer lease")
		held, end := one.Hold(t.Context())
		require.NoError(t, one.AllowReads(t.Context(), 5_000_000))
		began := time.Now()
		busy.until = began.Add(10 * time.Minute)
		require.ErrorIs(t, two.acquire(t.Context()), ErrOverlap)
		require.Equal(t, 10*time.Minute, time.Since(began).Truncate(time.Minute), "the first run has renewed its lease")
		require.NoError(t, held.Err())
		require.NoError(t, end())
		require.NoError(t, two.acquire(t.Context()))
	})
}

// TestLease_ofARunThatDiedInALongRead is taken over, after more time.
func TestLease_ofARunThatDiedInALongRead(t *testing.T) {
	eachLeases(t, func(t *testing.T, m *memoryLeases) {
		one := testLease(m, "a")
		require.NoError(t, one.acquire(t.Context()))
		require.NoError(t, one.AllowReads(t.Context(), 1_000_000))
		began := time.Now()
		require.NoError(t, testLease(m, "a").acquire(t.Context()))
		require.Equal(t, 9*time.Minute, time.Since(began).Truncate(time.Minute))
	})
}

// TestLease_twoClaimsAtOnce: both runs look before either has written its claim. One of them gets the lease.
func TestLease_twoClaimsAtOnce(t *testing.T) {
	eachLeases(t, func(t *testing.T, m *memoryLeases) {
		var looked sync.WaitGroup
		looked.Add(2)
		var calls atomic.Int64
		m.before = func() {
			if calls.Add(1) <= 2 {
				looked.Done()
				looked.Wait()
			}
		}
		errs := make(chan error, 2)
		ctx, cancel := context.WithCancel(t.Context())
		for _, keys := range [][]string{{"a", "b"}, {"b", "c"}} {
			go func() {
				l := testLease(m, keys...)
				err := l.acquire(ctx)
				errs <- err
				if err == nil {
					_, end := l.Hold(ctx)
					<-ctx.Done()
					_ = end()
				}
			}()
		}
		require.NoError(t, <-errs, "the first to know holds the lease")
		require.ErrorIs(t, <-errs, ErrOverlap)
		cancel()
	})
}

// TestLease_isLostToAnotherRun: a run whose machine slept for longer than the lease lasts ends.
func TestLease_isLostToAnotherRun(t *testing.T) {
	eachLeases(t, func(t *testing.T, m *memoryLeases) {
		one := testLease(m, "a")
		require.NoError(t, one.acquire(t.Context()))
		held, end := one.Hold(t.Context())
		taken := versioned{claim{Version: 1, Holder: "another"}, 99}
		require.NoError(t, m.put(t.Context(), map[string]versioned{"a": taken}))
		<-held.Done()
		require.ErrorIs(t, context.Cause(held), ErrOverlap)
		require.ErrorIs(t, end(), ErrOverlap)
		require.Equal(t, taken, slices.MaxFunc(m.rows["a"], newer), "the other one's lease stays")
	})
}

// TestLease_cannotBeRenewed: if the state can't be written for a while, the run ends before another one can take over.
func TestLease_cannotBeRenewed(t *testing.T) {
	eachLeases(t, func(t *testing.T, m *memoryLeases) {
		one := testLease(m, "a")
		require.NoError(t, one.acquire(t.Context()))
		held, end := one.Hold(t.Context())
		m.mu.Lock()
		m.failing = errors.New("disk full")
		m.mu.Unlock()
		began := time.Now()
		<-held.Done()
		require.Less(t, time.Since(began), DefaultLeaseTimes().Expiry)
		require.ErrorContains(t, end(), "disk full")
	})
}

func TestLease_costsFewWrites(t *testing.T) {
	eachLeases(t, func(t *testing.T, m *memoryLeases) {
		one := testLease(m, "a", "b")
		require.NoError(t, one.acquire(t.Context()))
		_, end := one.Hold(t.Context())
		time.Sleep(10*time.Second + 3*DefaultLeaseTimes().Beat) // of synctest's time
		require.NoError(t, end())
		require.Equal(t, 1+3+1, m.puts, "the claim, three renewals, the release")
	})
}

// TestLeaseKeys_keepApart: runs that may overlap have different keys.
func TestLeaseKeys_keepApart(t *testing.T) {
	accounts := []string{"2", "1"}
	deals, notes := &table.Table{Records: "deals"}, &table.Table{Records: "notes"}
	keys := LeaseKeys(accounts, []*table.Table{deals, notes}, nil)
	require.Len(t, keys, 2)
	require.Equal(t, keys, LeaseKeys([]string{"1", "2"}, []*table.Table{notes, deals}, nil))
	for _, others := range [][]string{
		LeaseKeys([]string{"3"}, []*table.Table{deals, notes}, nil),
		LeaseKeys(accounts, []*table.Table{deals}, nil),
		LeaseKeys(accounts, []*table.Table{deals, notes}, &plugin.Shard{Num: 1, Total: 2}),
		LeaseKeys(accounts, []*table.Table{deals, notes}, &plugin.Shard{Num: 2, Total: 2}),
	} {
		for _, key := range others {
			require.NotContains(t, keys, key)
		}
	}
}

func TestClaim_died(t *testing.T) {
	host, process := thisProcess()
	if host == "" {
		t.Skip("this system does not tell")
	}
	require.False(t, claim{Host: host, Process: process}.died())
	pid, start, _ := strings.Cut(process, " ")
	require.True(t, claim{Host: host, Process: pid + " 1" + start}.died(), "another process has its number now")
	require.False(t, claim{Host: "another", Process: "1 1"}.died())
	require.False(t, claim{}.died())
	ended := exec.Command("true")
	require.NoError(t, ended.Run())
	require.True(t, claim{Host: host, Process: fmt.Sprint(ended.Process.Pid, " 5")}.died())
}

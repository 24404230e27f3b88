package pipedrive

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

// readingAhead reads a list by id, whose nth answer comes after a delay. It returns how often each id came, the number of requests
// and the time that the reading took.
func readingAhead(
	t *testing.T, l *timedList, q Query, delay func(n int) time.Duration, failing func(n int) bool,
) (got map[int64]int, requests int, took time.Duration) {
	t.Helper()
	got = map[int64]int{}
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		api := &fakeAPI{answer: func(n int, r *http.Request) reply {
			time.Sleep(delay(n))
			mu.Lock()
			defer mu.Unlock()
			if failing != nil && failing(n) {
				return reply{status: http.StatusOK, body: "<html>"}
			}
			return l.answer(n, r)
		}}
		c := New(Config{
			BaseURL: "https://api.pipedrive.test", Authorizer: APIToken(secretToken), MaxRetries: 3, Concurrency: 50, Transport: api, Logger: zerolog.Nop(),
		})
		began := time.Now()
		for page, err := range Pages(context.Background(), c, timedListing, q, nil, decodeItem) {
			require.NoError(t, err)
			for _, i := range page {
				got[i.ID]++
			}
		}
		requests, took = len(api.requests), time.Since(began)
	})
	return got, requests, took
}

func aSecond(int) time.Duration { return time.Second }

// third permits one page in vain for three that were read.
func third(pages int) Ahead { return Ahead{Vain: pages / 3, AtOnce: 100} }

// TestAhead_requestsPagesBeforeTheirTurn: 100 pages would take 100 seconds one after the other.
func TestAhead_requestsPagesBeforeTheirTurn(t *testing.T) {
	const limit, pages = 11, 100
	l := numbered(10*pages+1, func(i int) int { return i })
	got, requests, took := readingAhead(t, l, Query{Limit: limit, Ahead: third}, aSecond, nil)
	require.Len(t, got, 10*pages+1)
	require.LessOrEqual(t, requests, pages+pages/3)
	require.LessOrEqual(t, took, 20*time.Second)
	got, requests, took = readingAhead(t, l, Query{Limit: limit}, aSecond, nil)
	require.Len(t, got, 10*pages+1)
	require.Equal(t, pages, requests)
	require.Equal(t, pages*time.Second, took)
}

// TestAhead_goesOnAfterAMove: the pages that waited for their turn are dropped.
func TestAhead_goesOnAfterAMove(t *testing.T) {
	const pages = 200
	l := numbered(10*pages+1, func(i int) int { return i })
	l.before = func(n int) {
		if n == 50 || n == 100 {
			l.rows = l.rows[1:]
		}
	}
	few := func(read int) Ahead { return Ahead{Vain: third(read).Vain, AtOnce: 4} }
	got, _, took := readingAhead(t, l, Query{Limit: 11, Ahead: few}, aSecond, nil)
	require.GreaterOrEqual(t, len(got), 10*pages-1)
	require.Less(t, took, pages/3*time.Second)
}

// TestAhead_aListThatMovesLosesNothing, whichever answer comes first.
func TestAhead_aListThatMovesLosesNothing(t *testing.T) {
	for seed := range uint64(150) {
		random := rand.New(rand.NewPCG(seed, 1))
		l := numbered(200+random.IntN(200), func(i int) int { return i })
		next, deletions := int64(len(l.rows)+1), random.IntN(20)
		var deleted []item
		there := map[int64]bool{}
		for _, i := range l.rows {
			there[i.ID] = true
		}
		l.before = func(int) {
			for range random.IntN(3) {
				switch {
				case deletions > 0 && random.IntN(4) == 0:
					deletions--
					from := random.IntN(len(l.rows))
					to := min(len(l.rows), from+1+random.IntN(1+random.IntN(30)))
					deleted = append(deleted, l.rows[from:to]...)
					l.rows = slices.Delete(l.rows, from, to)
				case len(deleted) > 0 && random.IntN(8) == 0:
					l.set(deleted[0].ID, deleted[0].UpdateTime) // restored
					there[deleted[0].ID], deleted = false, deleted[1:]
				}
				if len(l.rows) < 500 {
					l.set(next, at(0))
					next++
				}
			}
		}
		delay := func(n int) time.Duration {
			return time.Duration(rand.New(rand.NewPCG(seed, uint64(n))).IntN(1000)) * time.Millisecond
		}
		got, _, _ := readingAhead(t, l, Query{Limit: 3 + random.IntN(10), Ahead: third}, delay, nil)
		for _, i := range l.rows {
			if there[i.ID] {
				require.Equal(t, 1, got[i.ID], "record %d with seed %d", i.ID, seed)
			}
		}
	}
}

// TestAhead_anAnswerThatCannotBeReadIsRequestedAgain.
func TestAhead_anAnswerThatCannotBeReadIsRequestedAgain(t *testing.T) {
	l := numbered(500, func(i int) int { return i })
	got, _, _ := readingAhead(t, l, Query{Limit: 10, Ahead: third}, aSecond, func(n int) bool { return n%5 == 0 })
	require.Len(t, got, 500)
}

// dayOf is an API that charges 20 tokens for an answer, which comes after a second, and refuses requests once they are used up.
type dayOf struct {
	mu                     sync.Mutex
	list                   *timedList
	padding                string         // behind each answer
	fails                  map[string]int // attempts that fail, by start
	left, charged, refused int
}

func (d *dayOf) answer(n int, r *http.Request) reply {
	a := d.charge(n, r)
	time.Sleep(time.Second)
	return a
}

func (d *dayOf) charge(n int, r *http.Request) reply {
	d.mu.Lock()
	defer d.mu.Unlock()
	start := r.URL.Query().Get("start")
	switch {
	case d.left < 20:
		d.refused++
		return reply{status: http.StatusTooManyRequests, header: map[string]string{"X-Daily-Ratelimit-Token-Remaining": "0"}}
	case d.fails[start] > 0:
		d.fails[start]--
		return reply{status: http.StatusServiceUnavailable}
	}
	d.left, d.charged = d.left-20, d.charged+20
	a := d.list.answer(n, r)
	a.body += d.padding
	a.header = map[string]string{"X-Daily-Ratelimit-Token-Remaining": strconv.Itoa(d.left), "X-Ratelimit-Limit": "80"}
	return a
}

// spend reads a list until the day's budget has only the reserve left. It returns the number of records.
func (d *dayOf) spend(t *testing.T, reserve int) (read int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c, meter := New(Config{
			BaseURL: "https://api.pipedrive.test", Authorizer: APIToken(secretToken), MaxRetries: 5, Concurrency: 50,
			Transport: &fakeAPI{answer: d.answer}, Logger: zerolog.Nop(),
		}), &Meter{}
		listing := timedListing
		listing.Cost = 20
		errReserve := errors.New("the reserve")
		allow := func(pages int) error {
			if _, ok := c.Affords(func() int64 { return int64(20*pages + reserve) }); !ok {
				return errReserve
			}
			return nil
		}
		for page, err := range Pages(context.Background(), c, listing, Query{Limit: 11, Ahead: third, Allow: allow}, meter, decodeItem) {
			if read += len(page); err != nil {
				require.ErrorIs(t, err, errReserve)
			}
		}
		require.Zero(t, d.refused)
		require.GreaterOrEqual(t, d.left, reserve)
		require.EqualValues(t, d.charged, meter.Tokens())
	})
	return read
}

// TestAhead_theReserveStays, and no paid page is lost, as if the pages came one after the other.
func TestAhead_theReserveStays(t *testing.T) {
	const reserve = 100
	for tokens := 2000; tokens < 2100; tokens += 10 {
		d := &dayOf{left: tokens, list: numbered(1500, func(i int) int { return i })}
		read := d.spend(t, reserve)
		require.Less(t, d.left, reserve+20)
		require.Equal(t, d.charged/20*10+1, read)

		d = &dayOf{left: tokens, list: numbered(1500, func(i int) int { return i }), fails: map[string]int{}}
		for page := 50; page < 90; page++ {
			d.fails[strconv.Itoa(10*page)] = 1
		}
		d.spend(t, reserve)
	}
}

// TestAhead_largePagesAreNotRequestedEarly: each would be requested twice.
func TestAhead_largePagesAreNotRequestedEarly(t *testing.T) {
	const pages = 60
	d := &dayOf{left: 10_000, list: numbered(10*pages+1, func(i int) int { return i }), padding: strings.Repeat(" ", mostEarly+1)}
	require.Equal(t, 10*pages+1, d.spend(t, 0))
	require.Equal(t, 20*pages, d.charged)
}

// TestAhead_anOutageWhileThePagesWait: an early answer is only that of the first attempt.
func TestAhead_anOutageWhileThePagesWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, down := numbered(2001, func(i int) int { return i }), atomic.Bool{}
		var mu sync.Mutex
		api := &fakeAPI{answer: func(n int, r *http.Request) reply {
			time.Sleep(time.Second)
			if down.Load() {
				return reply{status: http.StatusServiceUnavailable}
			}
			mu.Lock()
			defer mu.Unlock()
			return l.answer(n, r)
		}}
		c, read := New(Config{
			BaseURL: "https://api.pipedrive.test", Authorizer: APIToken(secretToken), MaxRetries: 3, Concurrency: 50, Transport: api,
		}), 0
		for page, err := range Pages(context.Background(), c, timedListing, Query{Limit: 11, Ahead: third}, &Meter{}, decodeItem) {
			require.NoError(t, err)
			if read += len(page); read == 1001 {
				down.Store(true)
				time.Sleep(time.Hour) // the destination is busy
				down.Store(false)
			}
		}
		require.Equal(t, 2001, read)
	})
}

// TestAhead_vainRequestsHaveOneAttempt, and those that wait for the limits at the list's end are not sent.
func TestAhead_vainRequestsHaveOneAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const pages = 60
		l := numbered(10*pages+1, func(i int) int { return i })
		var mu sync.Mutex
		vain := map[string]int{}
		api := &fakeAPI{answer: func(n int, r *http.Request) reply {
			mu.Lock()
			defer mu.Unlock()
			at := r.URL.Query().Get("start")
			if start, _ := strconv.Atoi(at); start > 10*pages {
				vain[at]++
				return reply{status: http.StatusInternalServerError}
			}
			return l.answer(n, r)
		}}
		c := New(Config{
			BaseURL: "https://api.pipedrive.test", Authorizer: APIToken(secretToken), MaxRetries: 3, MaxRequestsPerSecond: 2, Transport: api,
		})
		var last time.Time
		for _, err := range Pages(context.Background(), c, timedListing, Query{Limit: 11, Ahead: third}, &Meter{}, decodeItem) {
			require.NoError(t, err)
			last = time.Now()
		}
		require.Zero(t, time.Since(last))
		for at, requests := range vain {
			require.Equal(t, 1, requests, at)
		}
	})
}

// TestAhead_aLargePageIsRequestedAgainInItsTurn, so that few bytes wait.
func TestAhead_aLargePageIsRequestedAgainInItsTurn(t *testing.T) {
	l, padding := numbered(401, func(i int) int { return i }), strings.Repeat(" ", mostEarly+1)
	var mu sync.Mutex
	c, api := start(func(n int, r *http.Request) reply {
		mu.Lock()
		defer mu.Unlock()
		a := l.answer(n, r)
		if n == 20 {
			a.body += padding
		}
		return a
	})
	read := 0
	for page, err := range Pages(context.Background(), c, timedListing, Query{Limit: 11, Ahead: third}, nil, decodeItem) {
		require.NoError(t, err)
		read += len(page)
	}
	require.Equal(t, 401, read)
	starts := map[string]int{}
	for _, r := range api.requests {
		starts[r.URL.Query().Get("start")]++
	}
	require.Equal(t, 2, starts[api.requests[19].URL.Query().Get("start")])
}

// TestAhead_aFailureCountsInItsTurn: the pages before are read, and the failed one is not requested again.
func TestAhead_aFailureCountsInItsTurn(t *testing.T) {
	l := numbered(1001, func(i int) int { return i })
	var mu sync.Mutex
	failed := map[string]int{}
	c, _ := start(func(n int, r *http.Request) reply {
		mu.Lock()
		defer mu.Unlock()
		if at := r.URL.Query().Get("start"); at == "500" || at == "510" {
			failed[at]++
			return reply{status: http.StatusForbidden, body: `{"success":false}`}
		}
		return l.answer(n, r)
	})
	read, errs := 0, 0
	for page, err := range Pages(context.Background(), c, timedListing, Query{Limit: 11, Ahead: third}, nil, decodeItem) {
		if read += len(page); err != nil {
			errs++
		}
	}
	require.Equal(t, 501, read)
	require.Equal(t, 1, errs)
	require.Equal(t, 1, failed["500"])
}

// TestAhead_anEndedReadingLeavesNoRequest: goleak finds requests that go on.
func TestAhead_anEndedReadingLeavesNoRequest(t *testing.T) {
	l := numbered(1000, func(i int) int { return i })
	var mu sync.Mutex
	c, _ := start(func(n int, r *http.Request) reply {
		mu.Lock()
		defer mu.Unlock()
		return l.answer(n, r)
	})
	pages := 0
	for range Pages(context.Background(), c, timedListing, Query{Limit: 10, Ahead: third}, nil, decodeItem) {
		if pages++; pages == 20 {
			break
		}
	}
	require.Equal(t, 20, pages)
}

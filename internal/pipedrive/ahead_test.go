package pipedrive

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
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

// third permits one page before its turn for three that were read.
func third(pages int) int { return pages / 3 }

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

// TestAhead_aListThatMovesLosesNothing, whichever answer comes first.
func TestAhead_aListThatMovesLosesNothing(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		l := numbered(200+random.IntN(200), func(i int) int { return i })
		next, deletions := int64(len(l.rows)+1), random.IntN(20)
		l.before = func(int) {
			for range random.IntN(3) {
				if deletions > 0 && random.IntN(4) == 0 {
					deletions--
					from := random.IntN(len(l.rows))
					l.rows = slices.Delete(l.rows, from, min(len(l.rows), from+1+random.IntN(1+random.IntN(30))))
				}
				if len(l.rows) < 500 {
					l.set(next, at(0))
					next++
				}
			}
		}
		there := map[int64]bool{}
		for _, i := range l.rows {
			there[i.ID] = true
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

// TestAhead_theBudgetAllowsNone: then the pages come one after the other, and the refusal is no error.
func TestAhead_theBudgetAllowsNone(t *testing.T) {
	l := numbered(401, func(i int) int { return i })
	c, api := start(l.answer)
	asked, refused, read := 0, 0, 0
	allow := func() error {
		if asked++; asked > len(api.requests)+1 { // of a page before its turn
			asked--
			refused++
			return errors.New("no tokens left")
		}
		return nil
	}
	for page, err := range Pages(context.Background(), c, timedListing, Query{Limit: 11, Ahead: third, Allow: allow}, nil, decodeItem) {
		require.NoError(t, err)
		read += len(page)
	}
	require.Equal(t, 401, read)
	require.Len(t, api.requests, 40)
	require.Positive(t, refused)
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

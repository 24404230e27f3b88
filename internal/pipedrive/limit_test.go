package pipedrive

import (
	"context"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// rollingWindow is the API's side of the burst limit: it counts requests when they arrive.
type rollingWindow struct {
	mu       sync.Mutex
	limit    int
	arrivals []time.Time
	refused  int
}

func (w *rollingWindow) arrive() (h map[string]string, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	for len(w.arrivals) > 0 && now.Sub(w.arrivals[0]) >= window {
		w.arrivals = w.arrivals[1:]
	}
	if ok = len(w.arrivals) < w.limit; ok {
		w.arrivals = append(w.arrivals, now)
	} else {
		w.refused++
	}
	return map[string]string{
		"x-ratelimit-limit":     strconv.Itoa(w.limit),
		"x-ratelimit-remaining": strconv.Itoa(w.limit - len(w.arrivals)),
		"x-ratelimit-reset":     "2",
	}, ok
}

// slowly answers after a delay on the way there and one on the way back, together about a tenth of a second.
func (w *rollingWindow) slowly(int, *http.Request) reply {
	time.Sleep(time.Duration(rand.Int64N(int64(100 * time.Millisecond))))
	h, ok := w.arrive()
	time.Sleep(time.Duration(rand.Int64N(int64(100 * time.Millisecond))))
	if !ok {
		return reply{status: 429, header: h}
	}
	return reply{header: h, body: onePage}
}

func TestLimiter_keepsUnderTheAnnouncedLimit(t *testing.T) {
	for _, limit := range []int{1, 20, 120, 480} {
		t.Run(strconv.Itoa(limit), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := &rollingWindow{limit: limit}
				c, api := start(w.slowly)
				c.limiter.concurrency = 1000
				const workers, each = 60, 10
				begin := time.Now()
				var wg sync.WaitGroup
				for range workers {
					wg.Go(func() {
						for range each {
							_, err := collect(t, c, cursorListing, 2)
							require.NoError(t, err)
						}
					})
				}
				wg.Wait()
				require.Zero(t, w.refused)
				require.Len(t, api.requests, workers*each)
				// A place is free again a window after the answer, so at most a tenth of a second later than the
				// API requires.
				least := window * workers * each / time.Duration(limit)
				require.Less(t, time.Since(begin), least*115/100+2*window)
			})
		})
	}
}

// TestLimiter_usesThePlacesThatAreFreeAgainBeforeTheAnswer: if all answers take the same time, the API has had a
// request for most of it.
func TestLimiter_usesThePlacesThatAreFreeAgainBeforeTheAnswer(t *testing.T) {
	for _, refused := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			const limit, requests, latency = 80, 400, 400 * time.Millisecond
			w := &rollingWindow{limit: limit}
			c, _ := start(func(int, *http.Request) reply {
				h, ok := w.arrive()
				time.Sleep(latency)
				require.True(t, ok)
				return reply{header: h, body: onePage}
			})
			c.limiter.concurrency, c.limiter.refused = 1000, refused
			begin := time.Now()
			var wg sync.WaitGroup
			for range requests {
				wg.Go(func() {
					_, err := collect(t, c, cursorListing, 2)
					require.NoError(t, err)
				})
			}
			wg.Wait()
			require.Zero(t, w.refused)
			windows := time.Duration(requests/limit - 1)
			if refused {
				require.GreaterOrEqual(t, time.Since(begin), windows*(window+latency), "not after a refusal")
				require.Equal(t, 15, c.Useful())
			} else {
				require.LessOrEqual(t, time.Since(begin), windows*(window+latency/4)+4*latency)
				require.Equal(t, 17, c.Useful())
			}
		})
	}
}

func TestLimiter_makesRoomForOthersWithTheSameToken(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := &rollingWindow{limit: 20}
		c, _ := start(w.slowly)
		c.limiter.concurrency = 1000
		_, err := collect(t, c, cursorListing, 2)
		require.NoError(t, err)
		for range 12 {
			_, ok := w.arrive() // requests of another program
			require.True(t, ok)
		}
		_, err = collect(t, c, cursorListing, 2)
		require.NoError(t, err)
		var wg sync.WaitGroup
		for range 40 {
			wg.Go(func() {
				_, err := collect(t, c, cursorListing, 2)
				require.NoError(t, err)
			})
		}
		wg.Wait()
		require.Zero(t, w.refused)
	})
}

// TestLimiter_aHugeLimitTakesNoMemory: the requests of other programs are only counted.
func TestLimiter_aHugeLimitTakesNoMemory(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const limit = 5_000_000
		l := newLimiter(1, 0)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		l.learn(http.Header{"X-Ratelimit-Limit": {strconv.Itoa(limit)}, "X-Ratelimit-Remaining": {"0"}})
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20), "bytes")

		begin := time.Now()
		release, err := l.acquire(context.Background())
		require.NoError(t, err)
		release(time.Now())
		require.Equal(t, window, time.Since(begin), "all places are taken until the window ends")
		release, err = l.acquire(context.Background())
		require.NoError(t, err)
		release(time.Now())
		require.Equal(t, window, time.Since(begin), "and free afterwards")
	})
}

func TestLimiter_userCaps(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var mu sync.Mutex
		underWay, most := 0, 0
		c, api := start(func(int, *http.Request) reply {
			mu.Lock()
			underWay++
			most = max(most, underWay)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			underWay--
			mu.Unlock()
			return reply{body: onePage}
		})
		c.limiter = newLimiter(3, 5)
		begin := time.Now()
		var wg sync.WaitGroup
		for range 30 {
			wg.Go(func() { _, _ = collect(t, c, cursorListing, 2) })
		}
		wg.Wait()
		require.Len(t, api.requests, 30)
		require.Equal(t, 3, most)
		require.GreaterOrEqual(t, time.Since(begin), 29*time.Second/5)
	})
}

// TestLimiter_readersWhereTheCPULimits: if answers take longer to decode than to come, one goroutine for each core but
// one reads them. If their bytes come slowly, or if they come late because the CPU is busy, that does not count.
func TestLimiter_readersWhereTheCPULimits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := newLimiter(0, 0)
		l.limit = unlimited
		answer := func(latency, reading, waited time.Duration) {
			require.NoError(t, l.enter(t.Context()))
			l.took(latency * time.Millisecond)
			answered := time.Now()
			time.Sleep(reading * time.Millisecond)
			l.decoded(time.Since(answered) - waited*time.Millisecond)
			l.leave(answered)
		}
		answer(1, 0, 0) // the log-in
		for range 20 {
			answer(50, 15, 10)
		}
		require.Equal(t, unannounced, l.useful())
		for range 20 {
			answer(50, 15, 0)
		}
		require.Equal(t, max(1, min(unannounced, runtime.GOMAXPROCS(0)-1)), l.useful())
	})
}

// TestTokensLeft_countsRequestsUnderWay, of which no answer has told yet.
func TestTokensLeft_countsRequestsUnderWay(t *testing.T) {
	var c *Client
	var during []int64
	c, _ = start(func(int, *http.Request) reply {
		left, _ := c.TokensLeft()
		during = append(during, left)
		return reply{header: map[string]string{"X-Daily-Ratelimit-Token-Remaining": "100"}, body: onePage}
	})
	for range 2 {
		_, err := collect(t, c, ByIDV2("/api/v2/things", 10, nil), 2)
		require.NoError(t, err)
	}
	require.Equal(t, []int64{0, 90}, during)
	left, known := c.TokensLeft()
	require.True(t, known)
	require.EqualValues(t, 100, left)
}

// TestTokensLeft_answersOvertakeEachOther: an earlier answer that comes late has a higher number. After midnight, answers to
// new requests have one.
func TestTokensLeft_answersOvertakeEachOther(t *testing.T) {
	c := New(Config{})
	left := func() int64 {
		tokens, _ := c.TokensLeft()
		return tokens
	}
	learn := func(request int, tokens string) {
		c.budget.learn(http.Header{"X-Daily-Ratelimit-Token-Remaining": {tokens}}, request)
	}
	first, second := c.budget.sends(), c.budget.sends()
	learn(second, "80")
	learn(first, "100")
	require.EqualValues(t, 80, left())
	third, fourth := c.budget.sends(), c.budget.sends()
	learn(fourth, "40")
	learn(third, "60")
	require.EqualValues(t, 40, left())
	learn(c.budget.sends(), "9980")
	require.EqualValues(t, 9980, left())
}

// TestTokensLeft_aRequestThatWaitedIsSentLater, so its answer after midnight counts.
func TestTokensLeft_aRequestThatWaitedIsSentLater(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c, _ := start(func(n int, _ *http.Request) reply {
			time.Sleep(time.Second)
			return reply{header: map[string]string{"X-Daily-Ratelimit-Token-Remaining": []string{"130", "9980"}[n-1]}, body: onePage}
		})
		c.limiter = newLimiter(1, 0)
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() { _, _ = collect(t, c, cursorListing, 2) })
		}
		wg.Wait()
		left, _ := c.TokensLeft()
		require.EqualValues(t, 9980, left)
	})
}

// TestAffords_waitsForRequestsUnderWay, which the API may have counted before it announced the budget.
func TestAffords_waitsForRequestsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Config{})
		under := c.budget.begin(5)
		c.budget.learn(http.Header{"X-Daily-Ratelimit-Token-Remaining": {"100"}}, 0)
		answers := make(chan bool, 1)
		go func() {
			_, ok := c.Affords(func() int64 { return 100 })
			answers <- ok
		}()
		synctest.Wait()
		require.Empty(t, answers)
		c.budget.end(under)
		require.True(t, <-answers)
		under = c.budget.begin(5)
		_, ok := c.Affords(func() int64 { return 106 })
		require.False(t, ok, "the request under way does not matter")
		go func() {
			_, ok := c.Affords(func() int64 { return 105 })
			answers <- ok
		}()
		synctest.Wait()
		later := c.budget.begin(5)
		synctest.Wait()
		require.Empty(t, answers)
		c.budget.end(under)
		require.False(t, <-answers, "later requests do not matter")
		c.budget.end(later)
		left, ok := c.Affords(func() int64 { return 101 })
		require.False(t, ok)
		require.EqualValues(t, 100, left)
	})
}

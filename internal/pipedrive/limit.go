package pipedrive

import (
	"context"
	"math"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// window is the span in which Pipedrive counts a token's requests ([Pipedrive: rate limiting]).
//
// [Pipedrive: rate limiting]: https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting
const window = 2 * time.Second

// limiter keeps one account's requests under the API's burst limit and the user's own cap, and stops them while the
// API asks for a pause.
//
// The API counts the requests that arrived in a rolling window. The limiter counts a request from its sending until a
// window after its answer. So it never takes an occupied place for a free one, whatever the delays of the network. If
// all answers take about the same time, most of that time is the API's processing, and the API's window began that
// much earlier. The limiter uses this until the API refuses a request. Before the first answer announces the limit,
// requests go one at a time.
type limiter struct {
	concurrency int // maximum number of concurrent requests; 0 for as many as the API's limit allows
	own         *rate.Limiter

	mu       sync.Mutex
	limit    int           // requests per window: 0 before the first answer, unlimited if none is announced
	underWay int           // requests sent and not yet answered
	arrived  []arrived     // the requests of the last window, oldest first
	counted  int           // requests in arrived
	pause    time.Time     // no request before this moment
	latency  time.Duration // of answers, on average; 0 before the first one
	fastest  time.Duration // of all answers; 0 before the first one
	decoding time.Duration // of answers, from their beginning to their end without the waiting for bytes, on average
	answers  int
	refused  bool // whether the API refused a request
	changed  chan struct{}
}

// arrived is a number of requests that had arrived by a moment.
type arrived struct {
	by       time.Time
	requests int
}

const unlimited = int(^uint(0) >> 1)

func newLimiter(concurrency int, perSecond float64) *limiter {
	own := rate.Inf
	if perSecond > 0 {
		own = rate.Limit(perSecond)
	}
	return &limiter{
		concurrency: concurrency,
		own:         rate.NewLimiter(own, 1),
		changed:     make(chan struct{}),
	}
}

// acquire waits for a place and returns the function that releases it, which takes the time at which the answer began. It
// fails only when ctx ends.
func (l *limiter) acquire(ctx context.Context) (release func(answered time.Time), err error) {
	if err := l.own.Wait(ctx); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, err
	}
	return l.leave, l.enter(ctx)
}

func (l *limiter) enter(ctx context.Context) error {
	for {
		wait, changed := l.tryEnter(time.Now())
		if wait == 0 {
			return nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-changed:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
	}
}

// tryEnter takes a place and returns 0, or returns the longest time to wait for one.
func (l *limiter) tryEnter(now time.Time) (time.Duration, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.arrived) > 0 && now.Sub(l.arrived[0].by) >= window {
		l.counted -= l.arrived[0].requests
		l.arrived = l.arrived[1:]
	}
	switch {
	case now.Before(l.pause):
		return l.pause.Sub(now), l.changed
	case l.underWay+l.counted < max(1, l.limit) && l.underWay < l.most():
		l.underWay++
		return 0, nil
	case len(l.arrived) > 0:
		return l.arrived[0].by.Add(window).Sub(now), l.changed
	default:
		return window, l.changed
	}
}

// took notes the time from a request to the beginning of its answer.
func (l *limiter) took(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.latency == 0 {
		l.latency, l.fastest = d, d
	}
	l.latency += (d - l.latency) / 8
	l.fastest = min(l.fastest, d)
	l.answers++
}

// leastAnswers is the number of answers that suffice to know the variation of their times.
const leastAnswers = 16

// processing is a lower bound for the API's own share of the time of an answer; l.mu is held.
func (l *limiter) processing() time.Duration {
	if l.refused || l.answers < leastAnswers {
		return 0
	}
	return max(0, l.fastest-2*(l.latency-l.fastest)) * 3 / 4
}

// useful is the useful number of concurrent requests. More would only wait for the burst limit. If an answer takes longer
// to decode than to come, the CPU is the limit. Then one core writes rows, and more readers than the other cores would
// only take memory. Answers come late if the CPU is busy, so the fastest one counts; but that may be a small one, so a
// quarter of the average is the least.
func (l *limiter) useful() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.latency == 0 {
		return 1
	}
	if l.decoding > max(l.fastest, l.latency/4) {
		return min(l.most(), max(1, runtime.GOMAXPROCS(0)-1))
	}
	perSecond := float64(l.own.Limit())
	if l.limit != unlimited {
		perSecond = min(perSecond, float64(max(1, l.limit))/(window+l.latency-l.processing()).Seconds())
	}
	return int(min(float64(l.most()), math.Ceil(perSecond*l.latency.Seconds())+1))
}

// unannounced is the number of concurrent requests if the API announces no limit and the user sets none.
const unannounced = 10

// most is the maximum number of concurrent requests; l.mu is held.
func (l *limiter) most() int {
	switch {
	case l.concurrency > 0:
		return l.concurrency
	case l.limit == unlimited:
		return unannounced
	}
	return max(1, l.limit)
}

// decoded notes the time that the decoding of an answer took, without the waits for its bytes.
func (l *limiter) decoded(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.decoding += (d - l.decoding) / 8
}

func (l *limiter) leave(answered time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.underWay--
	switch l.limit {
	case 0: // no answer has come yet; the next request tries again
	case unlimited:
	default:
		l.count(1, answered.Add(-l.processing()))
	}
	l.broadcast()
}

// count adds requests that arrived by a moment; l.mu is held.
func (l *limiter) count(requests int, by time.Time) {
	i := len(l.arrived)
	for i > 0 && l.arrived[i-1].by.After(by) {
		i--
	}
	l.arrived = slices.Insert(l.arrived, i, arrived{by: by, requests: requests})
	l.counted += requests
}

// learn notes the limit in an answer's headers, and leaves room for the requests of other programs with the same
// token.
func (l *limiter) learn(h http.Header) {
	l.mu.Lock()
	defer l.mu.Unlock()
	limit, err := strconv.Atoi(h.Get("X-Ratelimit-Limit"))
	if err != nil || limit < 1 {
		if l.limit == 0 {
			l.limit = unlimited
			l.broadcast()
		}
		return
	}
	l.limit = limit
	if remaining, err := strconv.Atoi(h.Get("X-Ratelimit-Remaining")); err == nil {
		if others := limit - max(0, remaining) - l.underWay - l.counted; others > 0 {
			l.count(others, time.Now())
		}
	}
	l.broadcast()
}

// announced is the number of requests per second that the API's limit allows; false if none is known.
func (l *limiter) announced() (perSecond float64, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return float64(l.limit) / window.Seconds(), l.limit > 0 && l.limit < unlimited
}

// hold holds back all of the account's requests for d from now.
func (l *limiter) hold(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refused = true
	if until := time.Now().Add(d); until.After(l.pause) {
		l.pause = until
	}
}

// broadcast wakes all that wait for a place; l.mu is held.
func (l *limiter) broadcast() {
	close(l.changed)
	l.changed = make(chan struct{})
}

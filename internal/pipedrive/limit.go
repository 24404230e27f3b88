package pipedrive

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// window is the span in which Pipedrive counts a token's requests ([Pipedrive: rate limiting]).
//
// [Pipedrive: rate limiting]: https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting
const window = 2 * time.Second

// limiter keeps one account's requests under the burst limit that the API announces and under the user's own cap,
// and holds them back while the API asks for a pause.
//
// The API counts the requests that arrived in a rolling window. The limiter counts a request from its sending
// until a window after its answer. So it never takes an occupied place for a free one, whatever delays the network
// adds. Until the first answer announces the limit, requests go one at a time.
type limiter struct {
	slots chan struct{}
	own   *rate.Limiter

	mu       sync.Mutex
	limit    int        // requests per window: 0 before the first answer, unlimited if none is announced
	underWay int        // requests sent and not yet answered
	answered []answered // the requests of the last window, oldest first
	counted  int        // requests in answered
	pause    time.Time  // no request before this moment
	changed  chan struct{}
}

// answered is a number of requests that were answered at one moment.
type answered struct {
	at       time.Time
	requests int
}

const unlimited = int(^uint(0) >> 1)

func newLimiter(concurrency int, perSecond float64) *limiter {
	own := rate.Inf
	if perSecond > 0 {
		own = rate.Limit(perSecond)
	}
	return &limiter{
		slots:   make(chan struct{}, max(1, concurrency)),
		own:     rate.NewLimiter(own, 1),
		changed: make(chan struct{}),
	}
}

// acquire waits for a place and returns the function that releases it. It fails only when ctx ends.
func (l *limiter) acquire(ctx context.Context) (release func(), err error) {
	select {
	case l.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if err := l.enterWindow(ctx); err != nil {
		<-l.slots
		return nil, err
	}
	return func() {
		l.leaveWindow()
		<-l.slots
	}, nil
}

func (l *limiter) enterWindow(ctx context.Context) error {
	if err := l.own.Wait(ctx); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return err
	}
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
	for len(l.answered) > 0 && now.Sub(l.answered[0].at) >= window {
		l.counted -= l.answered[0].requests
		l.answered = l.answered[1:]
	}
	switch {
	case now.Before(l.pause):
		return l.pause.Sub(now), l.changed
	case l.underWay+l.counted < max(1, l.limit):
		l.underWay++
		return 0, nil
	case len(l.answered) > 0:
		return l.answered[0].at.Add(window).Sub(now), l.changed
	default:
		return window, l.changed
	}
}

func (l *limiter) leaveWindow() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.underWay--
	switch l.limit {
	case 0: // no answer has come yet; the next request tries again
	case unlimited:
	default:
		l.count(1)
	}
	l.broadcast()
}

// count adds requests that were answered now; l.mu is held.
func (l *limiter) count(requests int) {
	l.answered = append(l.answered, answered{at: time.Now(), requests: requests})
	l.counted += requests
}

// learn takes the announced limit from an answer's headers, and leaves room for the requests that others send with
// the same token.
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
			l.count(others)
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
	if until := time.Now().Add(d); until.After(l.pause) {
		l.pause = until
	}
}

// broadcast wakes all that wait for a place; l.mu is held.
func (l *limiter) broadcast() {
	close(l.changed)
	l.changed = make(chan struct{})
}

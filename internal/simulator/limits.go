package simulator

import (
	"math"
	"net/http"
	"strconv"
	"time"
)

// burstLimit is the number of requests that one token may send in a rolling window [Pipedrive: rate limiting]. It
// counts in real time, not by a company's clock, because clients wait in real time.
type burstLimit struct {
	limit  int // 0: none
	window time.Duration
	sent   map[string][]time.Time // by token, within the last window
}

// take counts a request if it is within the limit. reset is the time at which the oldest request leaves the
// window.
func (b *burstLimit) take(token string, now time.Time) (ok bool, remaining int, reset time.Duration) {
	sent := b.sent[token]
	for len(sent) > 0 && now.Sub(sent[0]) >= b.window {
		sent = sent[1:]
	}
	if ok = len(sent) < b.limit; ok {
		sent = append(sent, now)
	}
	b.sent[token] = sent
	return ok, b.limit - len(sent), sent[0].Add(b.window).Sub(now)
}

// dailyBudget is the number of API tokens that a company may spend per day. The day ends at midnight UTC of the
// company's clock; the vendor does not document the time zone [Pipedrive: rate limiting].
type dailyBudget struct {
	tokens int64 // 0: unlimited
	spent  map[*Company]*spending
}

type spending struct {
	day    time.Time
	tokens int64
}

// take spends cost if enough is left.
func (d *dailyBudget) take(c *Company, now time.Time, cost int64) (ok bool, remaining int64) {
	day := now.UTC().Truncate(24 * time.Hour)
	s := d.spent[c]
	if s == nil || !s.day.Equal(day) {
		s = &spending{day: day}
		d.spent[c] = s
	}
	if ok = s.tokens+cost <= d.tokens; ok {
		s.tokens += cost
	}
	return ok, d.tokens - s.tokens
}

// admit applies both limits to the request and sets their headers. The daily headers are undocumented but were
// seen on the live API.
func (x *exchange) admit(cost int64) bool {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	burst, daily := true, true
	if x.s.burst.limit > 0 {
		var remaining int
		var reset time.Duration
		burst, remaining, reset = x.s.burst.take(x.token, time.Now())
		x.header.Set("x-ratelimit-limit", strconv.Itoa(x.s.burst.limit))
		x.header.Set("x-ratelimit-remaining", strconv.Itoa(remaining))
		x.header.Set("x-ratelimit-reset", strconv.Itoa(max(1, int(math.Ceil(reset.Seconds())))))
	}
	if burst && x.s.daily.tokens > 0 {
		var remaining int64
		daily, remaining = x.s.daily.take(x.company, x.clock(), cost)
		if !daily {
			remaining = 0
		}
		x.header.Set("x-daily-ratelimit-token-limit", strconv.FormatInt(x.s.daily.tokens, 10))
		x.header.Set("x-daily-ratelimit-token-remaining", strconv.FormatInt(remaining, 10))
	}
	if !burst || !daily {
		x.fail(http.StatusTooManyRequests, "request over limit")
		return false
	}
	x.s.usage.spend(Declared(x.r.URL.Path), cost)
	return true
}

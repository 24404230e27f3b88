package simulator_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

func TestBurst_isARollingWindowPerToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := small(1, simulator.WithBurst(3, 0))
		ask := func() (int, string, string) {
			a := get(t, s, "/api/v2/deals")
			assert.Equal(t, "3", a.header.Get("x-ratelimit-limit"))
			return a.status, a.header.Get("x-ratelimit-remaining"), a.header.Get("x-ratelimit-reset")
		}
		check := func(status int, remaining, reset string) {
			t.Helper()
			st, rem, res := ask()
			assert.Equal(t, []any{status, remaining, reset}, []any{st, rem, res})
		}
		check(200, "2", "2")
		time.Sleep(1500 * time.Millisecond)
		check(200, "1", "1")
		check(200, "0", "1")
		check(429, "0", "1")
		time.Sleep(500 * time.Millisecond) // the first request leaves the window
		check(200, "0", "2")
		check(429, "0", "2")
		assert.Equal(t, int64(2), s.Usage().Throttled)
		assert.Equal(t, int64(40), s.Usage().Tokens)

		s.SetAPIToken("other", c)
		r := httptest.NewRequest(http.MethodGet, "/api/v2/deals", nil)
		r.Header.Set("x-api-token", "other")
		assert.Equal(t, 200, do(t, s, r).status)
	})
}

func TestBudget_isSpentByTokensAndResetAtMidnight(t *testing.T) {
	c, s := small(1, simulator.WithDailyBudget(25), simulator.WithBurst(100, 0))
	for _, want := range []string{"15", "5"} {
		a := get(t, s, "/api/v2/deals")
		assert.Equal(t, want, a.header.Get("x-daily-ratelimit-token-remaining"))
		assert.Equal(t, "25", a.header.Get("x-daily-ratelimit-token-limit"))
	}
	a := get(t, s, "/api/v2/deals")
	assert.Equal(t, 429, a.status)
	assert.Equal(t, "0", a.header.Get("x-daily-ratelimit-token-remaining"))
	assert.NotEqual(t, "0", a.header.Get("x-ratelimit-remaining"))
	c.Advance(14 * time.Hour)
	assert.Equal(t, 200, get(t, s, "/api/v2/deals").status)
}

func TestLatency_delaysAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := small(1, simulator.WithLatency(300*time.Millisecond))
		began := time.Now()
		assert.Equal(t, 200, get(t, s, "/api/v2/deals").status)
		assert.Equal(t, 300*time.Millisecond, time.Since(began))
	})
}

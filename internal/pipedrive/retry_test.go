package pipedrive

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// bubble runs test with its own clock, which jumps whenever everything waits.
func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

const onePage = `{"success":true,"data":[{"id":1},{"id":2}],"additional_data":{"next_cursor":null}}`

func TestGet_retriesPassingErrors(t *testing.T) {
	for name, bad := range map[string]reply{
		"500":                  {status: 500, body: `{"success":false,"error":"Internal Server Error"}`},
		"502 as HTML":          {status: 502, header: map[string]string{"Content-Type": "text/html"}, body: "<html>bad gateway</html>"},
		"503 without a body":   {status: 503},
		"200 as HTML":          {header: map[string]string{"Content-Type": "text/html"}, body: "<!DOCTYPE html><html></html>"},
		"connection reset":     {err: errors.New("read: connection reset by peer")},
		"cut body":             {body: onePage[:40], cut: true},
		"shortened body":       {body: onePage[:40]},
		"null body":            {body: "null"},
		"empty body":           {body: ""},
		"no data":              {body: `{"success":true}`},
		"something after it":   {body: onePage + "{}"},
		"burst limit":          {status: 429, header: map[string]string{"x-ratelimit-limit": "20", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "2"}},
		"burst limit, no info": {status: 429},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				c, api := start(func(n int, _ *http.Request) reply {
					if n <= 2 {
						return bad
					}
					return reply{body: onePage}
				})
				pages, err := collect(t, c, cursorListing, 2)
				require.NoError(t, err)
				require.Equal(t, [][]int64{{1, 2}}, pages)
				require.Len(t, api.requests, 3)
			})
		})
	}
}

func TestGet_givesUpAfterMaxRetries(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c, api := start(func(int, *http.Request) reply {
			return reply{status: 503, body: `{"success":false,"error":"down for maintenance"}`}
		})
		_, err := collect(t, c, cursorListing, 2)
		e := requireCode(t, err, ExternalAPIError)
		require.Equal(t, 503, e.Status)
		require.Contains(t, err.Error(), "down for maintenance")
		require.Contains(t, err.Error(), "/api/v2/things")
		require.Len(t, api.requests, 4, "one request and three retries")
	})
}

func TestGet_doesNotRetryLastingErrors(t *testing.T) {
	html := map[string]string{"Content-Type": "text/html"}
	daily := map[string]string{"x-daily-ratelimit-token-remaining": "0", "x-daily-ratelimit-token-limit": "30000"}
	for name, test := range map[string]struct {
		answer reply
		code   Code
		says   string
	}{
		"400":           {reply{status: 400, body: `{"success":false,"error":"limit is not valid","code":"ERR_SCHEMA_VALIDATION_FAILED"}`}, ExternalAPIError, "limit is not valid"},
		"401":           {reply{status: 401, body: `{"success":false,"error":"unauthorized access","errorCode":401}`}, TokenInvalidated, "unauthorized access"},
		"402":           {reply{status: 402, body: `{"success":false,"error":"Required suites missing"}`}, ExternalAPIError, "Required suites missing"},
		"403 scope":     {reply{status: 403, body: `{"success":false,"error":"Scope and URL mismatch","errorCode":403}`}, MissingScope, "Scope and URL mismatch"},
		"403 other":     {reply{status: 403, body: `{"success":false,"error":"no permission"}`}, ExternalAPIError, "no permission"},
		"404 HTML":      {reply{status: 404, header: html, body: "<html></html>"}, ExternalAPIError, "HTML"},
		"410":           {reply{status: 410, body: `{"success":false,"error":"gone"}`}, ExternalAPIError, "gone"},
		"redirect":      {reply{status: 302, header: map[string]string{"Location": "https://elsewhere.test"}}, ExternalAPIError, "redirect"},
		"daily, header": {reply{status: 429, header: daily}, RateLimitExceeded, "0 of 30000 left"},
		"daily, burst has room": {
			reply{status: 429, header: map[string]string{"x-ratelimit-remaining": "12"}},
			RateLimitExceeded, "for today",
		},
		"daily, long reset": {
			reply{status: 429, header: map[string]string{"x-ratelimit-reset": "40000"}},
			RateLimitExceeded, "11h6m40s",
		},
		"says it failed": {reply{body: `{"success":false,"error":"nothing works","data":null}`}, ExternalAPIError, "nothing works"},
	} {
		t.Run(name, func(t *testing.T) {
			c, api := start(func(int, *http.Request) reply { return test.answer })
			_, err := collect(t, c, cursorListing, 2)
			requireCode(t, err, test.code)
			require.Contains(t, err.Error(), test.says)
			require.Len(t, api.requests, 1)
		})
	}
}

// TestGet_recognizesMissingFeatures: Pipedrive's own words count, not those of a proxy in front of it.
func TestGet_recognizesMissingFeatures(t *testing.T) {
	const refusal = `{"success":false,"error":"not for you"}`
	html := map[string]string{"Content-Type": "text/html"}
	for name, test := range map[string]struct {
		answer reply
		absent bool
	}{
		"402":           {reply{status: 402, body: refusal}, true},
		"403":           {reply{status: 403, body: refusal}, true},
		"403, no JSON":  {reply{status: 403, body: "Forbidden"}, false},
		"403, no body":  {reply{status: 403}, false},
		"403, HTML":     {reply{status: 403, header: html, body: "<html></html>"}, false},
		"403, scope":    {reply{status: 403, body: `{"success":false,"error":"Scope and URL mismatch"}`}, false},
		"404":           {reply{status: 404, body: refusal}, true},
		"404, HTML":     {reply{status: 404, header: html, body: "<html></html>"}, false},
		"410":           {reply{status: 410, body: refusal}, true},
		"415":           {reply{status: 415, body: refusal}, true},
		"400":           {reply{status: 400, body: refusal}, false},
		"401":           {reply{status: 401, body: refusal}, false},
		"429":           {reply{status: 429, body: refusal}, false},
		"500":           {reply{status: 500, body: refusal}, false},
		"404, no table": {reply{status: 404, body: `{"error":"INVALID_TYPE"}`}, false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				c, _ := start(func(int, *http.Request) reply { return test.answer })
				_, err := collect(t, c, cursorListing, 2)
				e, ok := errors.AsType[*Error](err)
				require.True(t, ok)
				require.Equal(t, test.absent, e.Absent)
			})
		})
	}
}

func TestGet_cloudflareBlockGetsOneLongPause(t *testing.T) {
	block := reply{
		status: 403, header: map[string]string{"Content-Type": "text/html; charset=UTF-8", "Server": "cloudflare"},
		body: "<html><title>Access denied</title></html>",
	}
	bubble(t, func(t *testing.T) {
		begin := time.Now()
		c, api := start(func(int, *http.Request) reply { return block })
		_, err := collect(t, c, cursorListing, 2)
		requireCode(t, err, RateLimitExceeded)
		require.Contains(t, err.Error(), "Cloudflare")
		require.Len(t, api.requests, 2)
		require.GreaterOrEqual(t, time.Since(begin), blockPause)
	})
}

func TestGet_burstLimitHoldsAllRequestsTogether(t *testing.T) {
	bubble(t, func(t *testing.T) {
		throttled := make(chan struct{})
		var mu sync.Mutex
		var sent []time.Duration
		begin := time.Now()
		c, _ := start(func(n int, _ *http.Request) reply {
			mu.Lock()
			sent = append(sent, time.Since(begin))
			mu.Unlock()
			if n == 1 {
				close(throttled)
				return reply{status: 429, header: map[string]string{"x-ratelimit-limit": "20", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "7"}}
			}
			return reply{body: onePage}
		})
		done := make(chan error)
		go func() { _, err := collect(t, c, cursorListing, 2); done <- err }()
		<-throttled
		synctest.Wait()
		_, err := collect(t, c, cursorListing, 2)
		require.NoError(t, err)
		require.NoError(t, <-done)
		require.Len(t, sent, 3)
		require.Zero(t, sent[0])
		for _, at := range sent[1:] {
			require.GreaterOrEqual(t, at, 7*time.Second)
		}
	})
}

// TestGet_errorsDoNotShowTheQuery: the errors of net/http do.
func TestGet_errorsDoNotShowTheQuery(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c, _ := start(func(int, *http.Request) reply { return reply{err: errors.New("connection refused")} })
		_, err := collect(t, c, cursorListing, 2)
		requireCode(t, err, ExternalAPIError)
		require.ErrorContains(t, err, "connection refused")
		require.NotContains(t, err.Error(), "sort_by")
	})
}

func TestGet_retryAfterCounts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		begin := time.Now()
		c, _ := start(func(n int, _ *http.Request) reply {
			if n == 1 {
				return reply{status: 429, header: map[string]string{"Retry-After": "11"}}
			}
			return reply{body: onePage}
		})
		_, err := collect(t, c, cursorListing, 2)
		require.NoError(t, err)
		require.GreaterOrEqual(t, time.Since(begin), 11*time.Second)
	})
}

// TestGet_aShortPauseIsNotTheDaysBudget: a limit that is not clearly the day's budget passes after the pause.
func TestGet_aShortPauseIsNotTheDaysBudget(t *testing.T) {
	for name, test := range map[string]struct {
		header map[string]string
		pause  time.Duration
	}{
		"less than nothing remains":           {map[string]string{"x-ratelimit-limit": "20", "x-ratelimit-remaining": "-1", "x-ratelimit-reset": "2"}, 2 * time.Second},
		"there is room, and a reset soon":     {map[string]string{"x-ratelimit-remaining": "12", "x-ratelimit-reset": "2"}, 2 * time.Second},
		"the day has tokens left":             {map[string]string{"x-ratelimit-remaining": "12", "x-daily-ratelimit-token-remaining": "20000"}, burstPause},
		"a proxy's pause":                     {map[string]string{"Retry-After": "70"}, 70 * time.Second},
		"a proxy's pause of some minutes":     {map[string]string{"Retry-After": "300"}, 5 * time.Minute},
		"a date by the server's clock":        {map[string]string{"Date": "Wed, 21 Oct 2015 07:28:00 GMT", "Retry-After": "Wed, 21 Oct 2015 07:29:30 GMT"}, 90 * time.Second},
		"a date without the server's clock":   {map[string]string{"Retry-After": "Sat, 01 Jan 2000 00:01:40 GMT"}, 100 * time.Second}, // a bubble begins in 2000
		"a date that has passed":              {map[string]string{"Retry-After": "Wed, 21 Oct 1998 07:28:00 GMT"}, 0},
		"a reset of not a number, not a date": {map[string]string{"x-ratelimit-reset": "NaN", "Retry-After": "soon"}, burstPause},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				begin := time.Now()
				c, api := start(func(n int, _ *http.Request) reply {
					if n == 1 {
						return reply{status: 429, header: test.header}
					}
					return reply{body: onePage}
				})
				_, err := collect(t, c, cursorListing, 2)
				require.NoError(t, err)
				require.Len(t, api.requests, 2)
				require.GreaterOrEqual(t, time.Since(begin), test.pause)
				require.Less(t, time.Since(begin), test.pause+3*time.Second)
			})
		})
	}
}

func TestGet_aLimitThatPersists(t *testing.T) {
	for name, test := range map[string]struct {
		header   map[string]string
		daily    bool
		requests int
	}{
		"burst":                                 {map[string]string{"x-ratelimit-remaining": "-1", "x-ratelimit-reset": "2"}, false, 4},
		"room in the burst limit":               {map[string]string{"x-ratelimit-remaining": "12", "x-ratelimit-reset": "2"}, true, 4},
		"fewer tokens than the request costs":   {map[string]string{"x-ratelimit-reset": "2", "x-daily-ratelimit-token-remaining": "3"}, true, 1},
		"a pause of hours":                      {map[string]string{"Retry-After": "40000"}, true, 1},
		"a pause of hours, the day has tokens":  {map[string]string{"Retry-After": "40000", "x-daily-ratelimit-token-remaining": "20000"}, false, 1},
		"a pause of a time that no clock holds": {map[string]string{"Retry-After": "1e300"}, true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				c, api := start(func(int, *http.Request) reply { return reply{status: 429, header: test.header} })
				costly := cursorListing
				costly.Cost = 10
				_, err := collect(t, c, costly, 2)
				require.Equal(t, test.daily, requireCode(t, err, RateLimitExceeded).Daily, err)
				require.Len(t, api.requests, test.requests)
			})
		})
	}
}

// TestGet_aCancelledWaitGivesItsPlaceBack: there is only one place, so a leak would block for ever.
func TestGet_aCancelledWaitGivesItsPlaceBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c, _ := start(func(int, *http.Request) reply { return reply{body: onePage} })
		c.limiter = newLimiter(1, 0)
		c.limiter.hold(time.Hour)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, err := c.limiter.acquire(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		_, err = collect(t, c, cursorListing, 2)
		require.NoError(t, err)
	})
}

func TestGet_waitingEndsWithTheRun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(context.Background())
		stop := errors.New("interrupted")
		c, _ := start(func(int, *http.Request) reply {
			return reply{status: 429, header: map[string]string{"x-ratelimit-reset": "50"}}
		})
		done := make(chan error)
		go func() {
			for _, err := range Pages(ctx, c, cursorListing, Query{Limit: 2}, nil, decodeItem) {
				done <- err
			}
		}()
		synctest.Wait()
		begin := time.Now()
		cancel(stop)
		require.ErrorIs(t, <-done, stop)
		require.Zero(t, time.Since(begin))
	})
}

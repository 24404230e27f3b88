package pipedrive

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cenkalti/backoff/v5"
)

const (
	// burstPause is the duration of a burst limit if the answer gives none.
	burstPause = window
	// longestPause is the longest pause to wait for. A longer one belongs to the day's budget.
	longestPause = 5 * time.Minute
	// blockPause is the pause after an answer of Cloudflare in place of the API.
	blockPause = time.Minute
)

// transientError marks an error that another attempt may avoid.
type transientError struct {
	error
	once bool // whether only one more attempt is worthwhile
	// within is the time after the first attempt in which others are made; 0 for no limit.
	within time.Duration
}

func (e transientError) Unwrap() error { return e.error }

func transient(err error) error { return transientError{error: err} }

// classify turns an answer other than a 200 into an error: a transient one if another attempt may help. The
// statuses are those of [Pipedrive: HTTP status codes].
//
// [Pipedrive: HTTP status codes]: https://pipedrive.readme.io/docs/core-api-concepts-http-status-codes
func (c *Client) classify(r request, res *response) error {
	body := readErrorBody(res)
	e := c.failure(r, res.status, body.message(res), nil)
	switch {
	case body.Error == string(InvalidType):
		e.Code = InvalidType
		return e
	case body.Error == string(TokenNotFound):
		e.Code = TokenNotFound
		return e
	case res.status == http.StatusUnauthorized:
		e.Code = TokenInvalidated
		e.Message = "the API refuses the credentials; " + c.config.Authorizer.Remedy() + ": " + e.Message
		return e
	case res.status == http.StatusTooManyRequests:
		return c.throttled(e, r, res.header)
	case res.status == http.StatusForbidden && isHTML(res.header, res.text):
		e.Code = RateLimitExceeded
		e.Message = "Cloudflare blocks this account's requests after too many refused ones; run again later"
		c.limiter.hold(blockPause)
		return transientError{error: e, once: true}
	case res.status == http.StatusForbidden && strings.Contains(string(res.text), "Scope and URL mismatch"):
		e.Code = MissingScope
		e.Message += ": the credentials need " + strings.Join(r.scopes, " or ")
		return e
	case res.status >= http.StatusInternalServerError, res.status == http.StatusRequestTimeout:
		return transient(e)
	case res.status >= http.StatusMultipleChoices && res.status < http.StatusBadRequest:
		e.Message = "a redirect, which is not followed, since it would carry the credentials to another host; is api_url right?"
		return e
	}
	e.Absent = body.absent(res.status)
	return e
}

// throttled distinguishes the burst limit, which a pause cures, from the day's budget, which it does not.
// Pipedrive documents the x-ratelimit headers; the daily ones were seen in live answers.
//
// The daily headers and a long reset are evidence of the day's budget. Remaining room under the burst limit is
// only a hint, so a short announced pause takes precedence. A proxy's limit looks like a burst limit.
func (c *Client) throttled(e *Error, r request, h http.Header) error {
	e.Code = RateLimitExceeded
	pause, announced := pauseOf(h)
	left, tells := number(h, "X-Daily-Ratelimit-Token-Remaining")
	room, _ := number(h, "X-Ratelimit-Remaining")
	switch {
	case tells && left < int64(max(1, r.cost)), !tells && pause > longestPause, !tells && room > 0 && !announced:
		return usedUp(e, pause, h)
	case pause > longestPause:
		e.Reset = pause
		e.Message = fmt.Sprintf("too many requests; the answer asks for a pause of %s, which is too long to wait for", pause)
		return e
	}
	if !announced {
		pause = burstPause
	}
	c.limiter.hold(pause)
	if !tells && room > 0 {
		return transient(usedUp(e, pause, h))
	}
	e.Reset = pause
	e.Message = fmt.Sprintf("too many requests at a time; the limit resets in %s", pause)
	return transient(e)
}

// usedUp returns the error for a used-up daily budget.
func usedUp(e *Error, reset time.Duration, h http.Header) error {
	e.Daily = true
	e.Message = "the account's API tokens for today are used up (" + budget(h) + "); the budget is that of the whole company"
	if reset <= longestPause {
		e.Message += " and resets at midnight of Pipedrive's server time"
		return e
	}
	e.Reset = reset
	e.Message += fmt.Sprintf(" and resets in %s", reset)
	return e
}

func budget(h http.Header) string {
	left, limit := h.Get("X-Daily-Ratelimit-Token-Remaining"), h.Get("X-Daily-Ratelimit-Token-Limit")
	if left == "" || limit == "" {
		return "the answer does not have the remaining tokens"
	}
	return left + " of " + limit + " left"
}

// pauseOf returns the longest pause that an answer requests. Retry-After is a number of seconds or a date ([RFC
// 9110, section 10.2.3]).
//
// [RFC 9110, section 10.2.3]: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
func pauseOf(h http.Header) (pause time.Duration, announced bool) {
	const most = 365 * 24 * time.Hour
	for _, name := range []string{"X-Ratelimit-Reset", "Retry-After"} {
		if seconds, err := strconv.ParseFloat(h.Get(name), 64); err == nil && seconds >= 0 {
			pause, announced = max(pause, time.Duration(min(seconds, most.Seconds())*float64(time.Second))), true
		}
	}
	if until, err := http.ParseTime(h.Get("Retry-After")); err == nil {
		now, err := http.ParseTime(h.Get("Date")) // the clock of the server that set the date
		if err != nil {
			now = time.Now()
		}
		pause, announced = max(pause, min(until.Sub(now), most)), true
	}
	return pause, announced
}

// number returns a header that is a whole number; false if it is none.
func number(h http.Header, name string) (int64, bool) {
	n, err := strconv.ParseInt(h.Get(name), 10, 64)
	return n, err == nil
}

// isHTML reports whether a body is a page of HTML, by its header and its beginning.
func isHTML(h http.Header, beginning []byte) bool {
	return strings.Contains(h.Get("Content-Type"), "text/html") || bytes.HasPrefix(bytes.TrimSpace(beginning), []byte("<"))
}

// errorBody has the members that the bodies of errors share. Pipedrive describes the failure in error. An export
// endpoint puts one of our codes there and the description into message.
type errorBody struct {
	Error, Message string
	broken         bool
}

func readErrorBody(res *response) (body errorBody) {
	var fields map[string]any
	body.broken = json.Unmarshal(res.text, &fields) != nil
	body.Error, _ = fields["error"].(string)
	body.Message, _ = fields["message"].(string)
	return body
}

// absent reports whether the account does not have the requested data, according to an answer with no other
// meaning. A 403 or a 404 counts only in Pipedrive's own words: one of a proxy or a gateway says nothing about the
// account.
func (b errorBody) absent(status int) bool {
	switch status {
	case http.StatusPaymentRequired, http.StatusGone, http.StatusUnsupportedMediaType:
		return true
	case http.StatusForbidden, http.StatusNotFound:
		return !b.broken
	}
	return false
}

func (b errorBody) message(res *response) string {
	switch {
	case b.broken && isHTML(res.header, res.text):
		return "the answer is a page of HTML"
	case b.broken:
		return "the answer is not JSON"
	case b.Message == "" || b.Message == b.Error:
		return shorten(b.Error, 300)
	}
	return shorten(strings.TrimPrefix(b.Error+": "+b.Message, ": "), 300)
}

// shorten cuts s to at most n bytes, between two characters.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// newBackOff returns the waits between attempts: 0.3 s, doubling to half a minute, each ±50 %.
func newBackOff() backoff.BackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = 300 * time.Millisecond
	b.Multiplier = 2
	b.MaxInterval = 30 * time.Second
	return b
}

// Package pipedrive reads Pipedrive's HTTP API: one client for an account, one pager for all of its lists, and
// errors that tell users the remedy. It knows nothing of CloudQuery.
package pipedrive

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// Config configures a [Client].
type Config struct {
	// BaseURL is scheme and host, without a trailing slash: https://api.pipedrive.com.
	BaseURL string
	// URLKey is the key of the spec that errors about BaseURL name.
	URLKey string
	// Account is the account's name in errors and log lines; empty if there is only one.
	Account string
	// Authorizer adds the credentials to each request.
	Authorizer Authorizer
	// UserAgent names the program and its version.
	UserAgent string
	// Timeout of one request, its body included.
	Timeout time.Duration
	// MaxRetries is the maximum number of retries of a request after temporary failures.
	MaxRetries int
	// Concurrency is the maximum number of concurrent requests; 0 derives it from the burst limit.
	Concurrency int
	// MaxRequestsPerSecond caps the rate below the API's limit; 0 for no cap.
	MaxRequestsPerSecond float64
	// Transport sends the requests; nil for http.DefaultTransport.
	Transport http.RoundTripper
	// Logger gets the first retry of a request at debug level, and later ones and long pauses at info level.
	Logger zerolog.Logger
}

// Client sends requests for one account. It is safe for concurrent use.
type Client struct {
	config  Config
	http    *http.Client
	limiter *limiter
	reached atomic.Bool  // whether any answer has come
	clock   atomic.Int64 // the API's time of its last answer, in Unix seconds; 0 before
	budget  *dayBudget
	buffers sync.Pool // of *[bodyBuffer]byte
}

// New returns a client. It sends nothing yet.
func New(config Config) *Client {
	c := &Client{
		config: config,
		http: &http.Client{
			Transport: config.Transport,
			Timeout:   config.Timeout,
			// The API does not redirect, and net/http would carry x-api-token on to another host.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		limiter: newLimiter(config.Concurrency, config.MaxRequestsPerSecond),
		budget:  newDayBudget(),
	}
	return c
}

// ServerTime is the API's own time of its last answer; false if there is none.
func (c *Client) ServerTime() (time.Time, bool) {
	seconds := c.clock.Load()
	return time.Unix(seconds, 0).UTC(), seconds != 0
}

// TokensLeft is the number of API tokens that the account has left for today, after the requests under way; false if
// unknown.
func (c *Client) TokensLeft() (tokens int64, known bool) {
	now := c.budget.tokens()
	return now.left, now.known
}

// Affords reports whether the account has the needed number of API tokens left for today, and how many it has. The API may
// have counted requests under way already. So it waits for these before it says no, unless they do not matter. It says
// yes if the number is unknown.
func (c *Client) Affords(needed func() int64) (left int64, ok bool) {
	now := c.budget.tokens()
	for last := now.requests; ; now = c.budget.tokens() {
		need := needed()
		// At most, the API has counted all requests under way already, and the need is lower by as much once they end.
		most := now.left + 2*now.underWay
		ok = !now.known || now.left >= need
		if ok || now.oldest > last || most < need {
			return now.left, ok
		}
		<-now.next
	}
}

// TokensPerDay is the account's number of API tokens per day; false if unknown.
func (c *Client) TokensPerDay() (int64, bool) {
	c.budget.mu.Lock()
	defer c.budget.mu.Unlock()
	return c.budget.perDay, c.budget.perDay > 0
}

// Rate is the number of requests per second that the burst limit and the user's cap allow; false if there is no limit,
// or no answer yet.
func (c *Client) Rate() (float64, bool) {
	rate, limited := c.config.MaxRequestsPerSecond, c.config.MaxRequestsPerSecond > 0
	if burst, announced := c.limiter.announced(); announced && (!limited || burst < rate) {
		return burst, true
	}
	return rate, limited
}

// Useful is the useful number of concurrent requests, by the burst limit and the time of answers.
func (c *Client) Useful() int { return c.limiter.useful() }

// learn notes the limits, the budget and the clock in the headers of the answer to a request, given its number among
// the sent ones.
func (c *Client) learn(h http.Header, sent int) {
	c.reached.Store(true)
	c.limiter.learn(h)
	c.budget.learn(h, sent)
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		c.clock.Store(date.Unix())
	}
}

// CloseIdleConnections closes the connections that no request uses any more.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

// request is one GET and its known properties.
type request struct {
	path  string
	query url.Values
	cost  int // in API tokens
	// scopes are OAuth scopes; the request needs one of them.
	scopes []string
	meter  *Meter
	// early is the request's first attempt if it was sent before its turn; nil if not.
	early *early
	// again returns an error if the budget does not allow the request after an early one.
	again func() error
	// waiting ends the wait for the limits of a request that is sent before its turn; nil for any other request.
	waiting context.Context //nolint:containedctx // a part of the request has another lifetime
}

// response is an answer.
type response struct {
	status int
	header http.Header
	body   *body  // of an answer with status 200, still to be read and closed
	text   []byte // the body of any other answer
	// charged is true if the meter has counted the tokens.
	charged bool
}

// send sends r: limit, authorise, send, classify. A result without an error has status 200. If the API refuses
// credentials that can be renewed, the request is sent once more with the new ones.
func (c *Client) send(ctx context.Context, r request) (*response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.config.BaseURL+r.path, http.NoBody)
	if err != nil {
		return nil, c.failure(r, 0, "the request can't be made", err)
	}
	req.URL.RawQuery = r.query.Encode()
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.config.UserAgent)
	res, err := c.sendAuthorized(req, r)
	if err == nil && res.status == http.StatusUnauthorized {
		var renewed bool
		if renewed, err = c.config.Authorizer.Renew(req); renewed {
			res, err = c.sendAuthorized(req, r)
		}
	}
	switch {
	case err != nil:
		return nil, err
	case res.status != http.StatusOK:
		return nil, c.classify(r, res)
	}
	return res, nil
}

// sendAuthorized waits for a place under the limits, sends req and reads an answer that is no 200 to its end.
func (c *Client) sendAuthorized(req *http.Request, r request) (*response, error) {
	if err := c.config.Authorizer.Authorize(req); err != nil {
		return nil, err
	}
	nth := c.budget.begin(r.cost)
	start := time.Now()
	release, err := c.limiter.acquire(cmp.Or(r.waiting, req.Context()))
	r.meter.waited(time.Since(start))
	if err != nil {
		c.budget.end(nth)
		return nil, err
	}
	r.meter.requested()
	sent := c.budget.sends()
	start = time.Now()
	answer, err := c.http.Do(req) //nolint:bodyclose // the caller closes it, as part of the response
	answered := time.Now()
	end := func(waited time.Duration) {
		if r.waiting == nil { // the body of an early request is decoded in its turn
			c.limiter.decoded(time.Since(answered) - waited)
		}
		release(answered)
		c.budget.end(nth)
	}
	if err != nil {
		end(0)
		return nil, unanswered(c.failure(r, 0, "no answer", withoutURL(err)), c.config.BaseURL, c.config.URLKey, c.reached.Load())
	}
	c.limiter.took(answered.Sub(start))
	c.learn(answer.Header, sent)
	res := &response{status: answer.StatusCode, header: answer.Header, body: c.open(answer.Body, end)}
	if res.status == http.StatusOK {
		return res, nil
	}
	defer res.body.close()
	if res.text, err = io.ReadAll(res.body); err != nil {
		return nil, c.brokenOff(r, res.status, err)
	}
	return res, nil
}

// failure returns an EXTERNAL_API_ERROR about r.
func (c *Client) failure(r request, status int, message string, cause error) *Error {
	return &Error{
		Code: ExternalAPIError, Account: c.config.Account, Path: r.path, Status: status,
		Message: message, cause: cause,
	}
}

// withoutURL strips the URL from an error of net/http: [Error] names the path, and a query may hold values that do
// not belong in a log.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

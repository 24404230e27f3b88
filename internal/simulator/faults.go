package simulator

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fault makes some answers go wrong. The requests whose path begins with Path
// are counted from 1 from when the fault was added; Every, At and First each
// choose among them, and with none of the three all are chosen.
type Fault struct {
	Path  string // "" matches every path
	Every int    // every n-th request
	At    []int  // these requests
	First int    // the first n requests

	Action     Action
	RetryAfter time.Duration // with BurstLimit and Status: sent as Retry-After in seconds if not 0

	seen int
}

// Action is what a [Fault] does.
type Action string

// The actions, beside those that [Status] and [StatusHTML] make. Only CutBody
// handles the request, and so costs API tokens.
const (
	BurstLimit      Action = "burst"      // 429 with the rate limit headers
	DailyLimit      Action = "daily"      // 429 with the daily budget used up
	HTMLPage        Action = "html"       // 200 with an HTML page
	CloudflareBlock Action = "cloudflare" // 403 with an HTML page, as after too many 429s [Pipedrive: rate limiting]
	CutBody         Action = "cut"        // half the body of the announced length, then the connection ends
	Hang            Action = "hang"       // nothing until the client leaves
	Reset           Action = "reset"      // a TCP reset instead of an answer
	ExpiredToken    Action = "expired"    // 401 as for an expired access token
	NullBody        Action = "null"       // 200 with null
	NullData        Action = "null-data"  // 200 with "data": null
)

var actions = []Action{BurstLimit, DailyLimit, HTMLPage, CloudflareBlock, CutBody, Hang, Reset, ExpiredToken, NullBody, NullData}

// Status answers with an HTTP status and the JSON body that goes with it.
func Status(code int) Action { return Action(strconv.Itoa(code)) }

// StatusHTML answers with an HTTP status and an HTML page, as gateways do.
func StatusHTML(code int) Action { return Action(strconv.Itoa(code) + "-html") }

// ParseFault reads a fault as "path=/api/v2/deals,every=10,do=502"; the other
// keys are at (numbers joined by +), first and retry-after (a duration).
func ParseFault(s string) (Fault, error) {
	var f Fault
	for part := range strings.SplitSeq(s, ",") {
		name, value, ok := strings.Cut(part, "=")
		if !ok {
			return f, fmt.Errorf("fault %q: %q is not key=value", s, part)
		}
		var err error
		switch name {
		case "path":
			f.Path = value
		case "every":
			f.Every, err = strconv.Atoi(value)
		case "first":
			f.First, err = strconv.Atoi(value)
		case "at":
			f.At, err = parseNumbers(value)
		case "retry-after":
			f.RetryAfter, err = time.ParseDuration(value)
		case "do":
			f.Action = Action(value)
		default:
			err = fmt.Errorf("unknown key %q", name)
		}
		if err != nil {
			return f, fmt.Errorf("fault %q: %w", s, err)
		}
	}
	if err := f.Action.check(); err != nil {
		return f, fmt.Errorf("fault %q: %w", s, err)
	}
	return f, nil
}

func parseNumbers(s string) (ns []int, err error) {
	for part := range strings.SplitSeq(s, "+") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil, err
		}
		ns = append(ns, n)
	}
	return ns, nil
}

func (a Action) check() error {
	if _, _, ok := a.status(); ok || slices.Contains(actions, a) {
		return nil
	}
	return fmt.Errorf("unknown action %q: allowed are a status like 502 or 502-html and %v", a, actions)
}

func (a Action) status() (code int, html, ok bool) {
	number, html := strings.CutSuffix(string(a), "-html")
	code, err := strconv.Atoi(number)
	return code, html, err == nil && code >= 200 && code < 600
}

// hits counts a request and says whether the fault strikes it.
func (f *Fault) hits(path string) bool {
	if !strings.HasPrefix(path, f.Path) {
		return false
	}
	f.seen++
	if f.Every == 0 && len(f.At) == 0 && f.First == 0 {
		return true
	}
	return f.Every > 0 && f.seen%f.Every == 0 || slices.Contains(f.At, f.seen) || f.seen <= f.First
}

// AddFault adds a fault, which counts requests from now on. Of several faults
// that strike a request the one added first acts. It panics on an unknown
// Action.
func (s *Server) AddFault(f Fault) {
	if err := f.Action.check(); err != nil {
		panic("simulator: " + err.Error())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f.seen = 0
	s.faults = append(s.faults, &f)
}

// ClearFaults removes all faults.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// strike finds the fault for a request; every fault counts it.
func (s *Server) strike(path string) (hit *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.hits(path) && hit == nil {
			hit = f
		}
	}
	return hit
}

const (
	htmlError  = "<!DOCTYPE html>\n<html><head><title>%[1]d %[2]s</title></head><body><h1>%[1]d %[2]s</h1></body></html>\n"
	htmlOK     = "<!DOCTYPE html>\n<html><head><title>Pipedrive</title></head><body>We'll be back soon.</body></html>\n"
	htmlBanned = "<!DOCTYPE html>\n<html><head><title>Attention Required! | Cloudflare</title></head><body><h1>Sorry, you have been blocked</h1></body></html>\n"
)

// apply answers the request as the fault says. It returns false when there is
// nothing left to send.
func (f *Fault) apply(w http.ResponseWriter, x *exchange) bool {
	switch f.Action {
	case CutBody:
		x.handle()
		x.cut = true
	case Hang:
		<-x.r.Context().Done()
		return false
	case Reset:
		reset(w)
		return false
	case HTMLPage:
		x.html(http.StatusOK, htmlOK)
	case CloudflareBlock:
		x.header.Set("Server", "cloudflare")
		x.header.Set("CF-RAY", "8a1b2c3d4e5f6071-TLL")
		x.html(http.StatusForbidden, htmlBanned)
	case NullBody:
		x.ok([]byte("null"))
	case NullData:
		x.ok([]byte(`{"success":true,"data":null}`))
	case ExpiredToken:
		x.unauthorised()
	case BurstLimit, DailyLimit:
		f.limit(x)
	default:
		f.answer(x)
	}
	return true
}

func (f *Fault) limit(x *exchange) {
	x.header.Set("x-ratelimit-limit", "20")
	x.header.Set("x-ratelimit-reset", "2")
	if f.Action == DailyLimit {
		x.header.Set("x-ratelimit-remaining", "19")
		x.header.Set("x-daily-ratelimit-token-limit", "30000")
		x.header.Set("x-daily-ratelimit-token-remaining", "0")
	} else {
		x.header.Set("x-ratelimit-remaining", "0")
	}
	f.retryAfter(x)
	x.fail(http.StatusTooManyRequests, "request over limit")
}

func (f *Fault) answer(x *exchange) {
	code, html, _ := f.Action.status()
	f.retryAfter(x)
	switch {
	case html:
		x.html(code, fmt.Sprintf(htmlError, code, http.StatusText(code)))
	case code == http.StatusBadRequest && !x.isExport():
		x.refuse(invalid("Bad request"))
	default:
		x.fail(code, statusMessage(code))
	}
}

func (f *Fault) retryAfter(x *exchange) {
	if f.RetryAfter > 0 {
		x.header.Set("Retry-After", strconv.Itoa(int(f.RetryAfter.Seconds())))
	}
}

// reset ends the connection without an answer, and with a TCP reset if the
// connection is TCP.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(interface{ SetLinger(int) error }); ok {
		_ = tcp.SetLinger(0) // the connection ends either way
	}
	_ = conn.Close() // the client is meant to see an error, not we
}

package simulator

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fault makes some answers go wrong. It counts the requests whose path begins with Path, from 1 since the fault
// was added. Every, At and First each select some of them; without any of the three, all are selected.
type Fault struct {
	Path  string // "" matches every path
	Every int    // every n-th request
	At    []int  // these requests
	First int    // the first n requests

	Action     Action
	RetryAfter time.Duration // with BurstLimit and Status: sent as Retry-After in seconds unless 0

	seen int
}

// Action is the effect of a [Fault].
type Action string

// The actions, beside those of [Status] and [StatusHTML]. With CutBody and the actions that bend an answer, the
// request is handled and so costs API tokens.
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

	EmptyPage   Action = "empty"     // a page without records that says that it is the last
	TwoLists    Action = "two-lists" // a second member "data", which is empty
	NoNext      Action = "no-next"   // an answer without paging facts
	CapPages    Action = "cap"       // half of the records that limit requests, if it is set; v1 does not say whether more follow
	IgnoreSort  Action = "no-sort"   // records in the order of their ids, in spite of the requested order
	ReverseSort Action = "reverse"   // records in the opposite order
)

var actions = []Action{
	BurstLimit, DailyLimit, HTMLPage, CloudflareBlock, CutBody, Hang, Reset, ExpiredToken, NullBody, NullData,
	EmptyPage, TwoLists, NoNext, CapPages, IgnoreSort, ReverseSort,
}

// Status answers with an HTTP status and the JSON body that goes with it.
func Status(code int) Action { return Action(strconv.Itoa(code)) }

// StatusHTML answers with an HTTP status and an HTML page, as gateways do.
func StatusHTML(code int) Action { return Action(strconv.Itoa(code) + "-html") }

// ParseFault reads a fault like "path=/api/v2/deals,every=10,do=502"; the other keys are at (numbers joined by +),
// first and retry-after (a duration).
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

// hits counts a request and reports whether the fault strikes it.
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

// AddFault adds a fault, which counts requests from now on. If several faults strike a request, the oldest acts.
// It panics on an unknown Action.
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

// strike returns the fault that strikes a request; every fault counts it.
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
	htmlBanned = "<!DOCTYPE html>\n<html><head><title>Attention Required! | Cloudflare</title></head>" +
		"<body><h1>Sorry, you have been blocked</h1></body></html>\n"
)

// apply applies the fault to the answer. It returns false if nothing is left to send.
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
	case EmptyPage, TwoLists, NoNext, CapPages, IgnoreSort, ReverseSort:
		f.bend(x)
	default:
		f.answer(x)
	}
	return true
}

// bend answers with a list that violates the API's promises.
func (f *Fault) bend(x *exchange) {
	v2 := strings.HasPrefix(x.r.URL.Path, "/api/v2/")
	switch f.Action {
	case CapPages:
		if x.query.Has("limit") {
			x.query.Set("limit", strconv.Itoa(max(1, limitOf(x.query)/2)))
		}
	case IgnoreSort:
		for _, name := range []string{"sort", "sort_by", "sort_direction"} {
			x.query.Del(name)
		}
	case ReverseSort:
		reverse(x.query)
	default: // The request stays unchanged; only the answer is bent.
	}
	x.handle()
	if x.status != http.StatusOK {
		return
	}
	switch {
	case x.r.URL.Path == mePath: // not a list
	case f.Action == EmptyPage && v2:
		x.ok([]byte(`{"success":true,"data":[],"additional_data":{"next_cursor":null}}`))
	case f.Action == EmptyPage:
		x.ok([]byte(`{"success":true,"data":null,"additional_data":{"pagination":{"more_items_in_collection":false}}}`))
	case f.Action == TwoLists:
		x.ok(append(x.body[:len(x.body)-1], `,"data":[]}`...))
	case f.Action == NoNext, f.Action == CapPages && !v2:
		x.ok(withoutPaging(x.body))
	}
}

func limitOf(q url.Values) int {
	n, refused := whole(q, "limit", defaultLimit, 1)
	if refused != nil {
		return defaultLimit
	}
	return n
}

// reverse turns a query's order around, also the order by id, which needs no parameter.
func reverse(q url.Values) {
	switch {
	case q.Has("sort"):
		turned := strings.NewReplacer("ASC", "DESC", "DESC", "ASC")
		q.Set("sort", turned.Replace(q.Get("sort")))
	case q.Get("sort_direction") == "desc":
		q.Set("sort_direction", "asc")
	default:
		q.Set("sort_direction", "desc")
	}
}

// withoutPaging returns a list's answer without the members behind its records.
func withoutPaging(body []byte) []byte {
	for _, name := range []string{`,"additional_data":`, `,"pagination":`} {
		if i := bytes.LastIndex(body, []byte(name)); i >= 0 {
			return append(body[:i], '}')
		}
	}
	return body
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

// reset ends the connection without an answer, with a TCP reset if the connection is TCP.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(interface{ SetLinger(int) error }); ok {
		_ = tcp.SetLinger(0) // the connection ends either way
	}
	_ = conn.Close() // the client is meant to see the error, not the server
}

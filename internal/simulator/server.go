package simulator

import (
	"cmp"
	"compress/gzip"
	"context"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Server serves companies over HTTP. It is an [http.Handler] and safe for
// concurrent use.
type Server struct {
	latency time.Duration
	hook    func(*http.Request)
	answer  func(r *http.Request, body []byte)
	skew    atomic.Int64 // how far the Date header is ahead, in nanoseconds

	mu           sync.Mutex
	tokens       map[string]*Company // by API token
	exportTokens map[string]*Company // by JWT; nil for an invalidated one
	apps         map[string]*app     // by client id
	access       map[string]*accessToken
	first        *Company
	burst        burstLimit
	daily        dailyBudget
	faults       []*Fault
	usage        Usage
	requests     []Request
}

// Option configures a [Server].
type Option func(*Server)

// NewServer makes a server. Without options it knows no credentials and answers every request with 401.
func NewServer(opts ...Option) *Server {
	s := &Server{
		tokens:       map[string]*Company{},
		exportTokens: map[string]*Company{},
		apps:         map[string]*app{},
		access:       map[string]*accessToken{},
		burst:        burstLimit{window: 2 * time.Second, sent: map[string][]time.Time{}},
		daily:        dailyBudget{spent: map[*Company]*spending{}},
		usage:        Usage{ByPath: map[string]PathUsage{}},
	}
	for _, opt := range opts {
		opt(s)
	}
	return s
}

// WithCompany serves a company to requests with the header x-api-token.
func WithCompany(apiToken string, c *Company) Option {
	return func(s *Server) {
		s.tokens[apiToken] = c
		s.first = cmp.Or(s.first, c)
	}
}

// WithExportToken serves a company's export endpoint to requests with the token as Bearer. With a nil company, the
// token has lost its access to Pipedrive: TOKEN_INVALIDATED.
func WithExportToken(jwt string, c *Company) Option {
	return func(s *Server) {
		s.exportTokens[jwt] = c
		s.first = cmp.Or(s.first, c)
	}
}

// WithLatency delays every answer, unless the client disconnects before.
func WithLatency(d time.Duration) Option {
	return func(s *Server) { s.latency = d }
}

// WithBurst limits each token to a number of requests in a rolling window of
// real time; a window of 0 is the vendor's 2 seconds [Pipedrive: rate
// limiting].
func WithBurst(limit int, window time.Duration) Option {
	return func(s *Server) {
		s.burst.limit = limit
		s.burst.window = cmp.Or(window, s.burst.window)
	}
}

// WithDailyBudget limits the API tokens that each company can spend in a day
// of its clock.
func WithDailyBudget(tokens int64) Option {
	return func(s *Server) { s.daily.tokens = tokens }
}

// WithFaults adds faults as [Server.AddFault] does.
func WithFaults(faults ...Fault) Option {
	return func(s *Server) {
		for _, f := range faults {
			s.AddFault(f)
		}
	}
}

// WithRequestHook calls f before each request is handled, for tests that change data between pages. f is called
// concurrently if the client sends requests concurrently.
func WithRequestHook(f func(*http.Request)) Option {
	return func(s *Server) { s.hook = f }
}

// WithAnswerHook calls f with each successful answer before it is sent, for tests that keep their own log of the answers. f is
// called concurrently if the client sends requests concurrently.
func WithAnswerHook(f func(r *http.Request, body []byte)) Option {
	return func(s *Server) { s.answer = f }
}

// SetSkew moves the Date header ahead of the clock by d.
func (s *Server) SetSkew(d time.Duration) { s.skew.Store(int64(d)) }

// SetAPIToken makes a token valid for a company, or invalid if c is nil, as when a user regenerates it.
func (s *Server) SetAPIToken(apiToken string, c *Company) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c == nil {
		delete(s.tokens, apiToken)
		return
	}
	s.tokens[apiToken] = c
}

// SetExportToken makes an export token valid for a company, or invalid if c is nil.
func (s *Server) SetExportToken(jwt string, c *Company) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.exportTokens[jwt] = c
}

// route is one path of the API.
type route struct {
	cost   int64    // API tokens [x-token-cost]
	scopes []string // any of them suffices
	serve  func(*exchange)
	gate   string // see [Company.Refuse]
}

var (
	dealScopes    = []string{"deals:read", "deals:full"}
	contactScopes = []string{"contacts:read", "contacts:full"}
	noteScopes    = slices.Concat(dealScopes, contactScopes)
	adminDeals    = append(slices.Clone(dealScopes), "admin")
	dealFields    = append(slices.Clone(adminDeals), "deal-fields:full")
	contactFields = append(slices.Clone(contactScopes), "admin", "contact-fields:full")
)

// routes are the API's paths: those below and those of the declared kinds.
// Costs and scopes are those of the vendor's OpenAPI files.
var routes = withKinds(map[string]route{
	"/api/v2/deals":              {10, dealScopes, dealsV2.serve, ""},
	"/api/v2/deals/archived":     {20, dealScopes, archivedDealsV2.serve, ""},
	"/api/v2/persons":            {10, contactScopes, personsV2.serve, ""},
	"/api/v2/organizations":      {10, contactScopes, organizationsV2.serve, ""},
	"/api/v2/pipelines":          {5, adminDeals, pipelinesV2.serve, ""},
	"/api/v2/stages":             {5, adminDeals, stagesV2.serve, ""},
	"/api/v2/dealFields":         {10, dealFields, serveFieldsV2("deal"), ""},
	"/api/v2/personFields":       {10, contactFields, serveFieldsV2("person"), ""},
	"/api/v2/organizationFields": {10, contactFields, serveFieldsV2("organization"), ""},
	"/v1/notes":                  {20, noteScopes, notesV1.serve, ""},
	"/v1/noteFields":             {20, noteScopes, serveFieldsV1("note"), ""},
	"/v1/users":                  {20, []string{"users:read"}, usersV1.serve, ""},
	mePath:                       {2, nil, serveMe, ""},
	"/v1/deals":                  {20, dealScopes, dealsV1.serve, ""},
	"/v1/persons":                {20, contactScopes, personsV1.serve, ""},
	"/v1/organizations":          {20, contactScopes, organizationsV1.serve, ""},
	"/v1/pipelines":              {10, adminDeals, pipelinesV1.serve, ""},
	"/v1/stages":                 {10, adminDeals, stagesV1.serve, ""},
	"/v1/dealFields":             {20, dealFields, serveFieldsV1("deal"), ""},
	"/v1/personFields":           {20, contactFields, serveFieldsV1("person"), ""},
	"/v1/organizationFields":     {20, contactFields, serveFieldsV1("organization"), ""},
	"/v1/leadFields":             {20, []string{"leads:read", "leads:full", "admin"}, serveFieldsV1("lead"), ""},
	"/api/v2/productFields":      {10, []string{"products:read", "products:full", "product-fields:full"}, serveFieldsV2("product"), ""},
	"/api/v2/activityFields":     {10, []string{"admin"}, serveFieldsV2("activity"), ""},
	"/api/v2/projectFields":      {10, []string{"projects:read", "projects:full", "project-fields:full"}, serveFieldsV2("project"), "projects"},
})

func withKinds(rs map[string]route) map[string]route {
	for _, k := range kinds {
		for _, l := range k.lists {
			rs[l.path] = route{l.cost, l.scopes, l.serve(k), l.gate}
		}
	}
	return rs
}

// exchange is one request and its answer, which is complete before anything is sent.
type exchange struct {
	s       *Server
	r       *http.Request
	query   url.Values
	company *Company // set once the credentials are known
	token   string   // the token that the burst limit counts
	status  int
	header  http.Header
	body    []byte
	cut     bool
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{s: s, r: r, query: r.URL.Query(), header: http.Header{}}
	if r.URL.Path == "/simulator/usage" {
		x.serveUsage()
		x.send(w)
		return
	}
	s.record(r)
	if s.hook != nil {
		s.hook(r)
	}
	if !pause(r.Context(), s.latency) {
		return
	}
	if fault := s.strike(Declared(r.URL.Path)); fault == nil {
		x.handle()
	} else if !fault.apply(w, x) {
		return
	}
	x.send(w)
}

// pause waits and reports whether the client is still connected.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// handle answers the request, without faults.
func (x *exchange) handle() {
	path := x.r.URL.Path
	switch {
	case path == "/oauth/token":
		x.serveToken()
		return
	case path == "/oauth/authorize":
		x.serveAuthorize()
		return
	case x.isExport():
		if x.allowsOnlyGet() {
			x.serveExport()
		}
		return
	}
	if x.query.Has("api_token") {
		// The vendor's documents contradict each other on this. A token in a URL ends up in logs, so the simulator
		// refuses it.
		x.refuse(&refusal{http.StatusBadRequest, "api_token in the query is not allowed: send the header x-api-token", ""})
		return
	}
	scopes, ok := x.authorise()
	if !ok {
		x.unauthorised()
		return
	}
	rt, ok := x.route(path)
	switch {
	case !ok:
		x.notFound()
	case !x.allowsOnlyGet():
	case !allowed(scopes, rt.scopes):
		x.fail(http.StatusForbidden, "Scope and URL mismatch")
	case x.company.refuses(rt.gate) != 0:
		x.lacking(x.company.refuses(rt.gate))
	case x.company.refusesParents(path, x.query) != 0:
		x.fail(x.company.refusesParents(path, x.query), "The record is not found, or you may not see it")
	case x.admit(rt.cost):
		rt.serve(x)
	}
}

// route finds the declared path. The number in a path like /v1/notes/7/comments becomes the parameter {id} of the
// query.
func (x *exchange) route(path string) (route, bool) {
	declared, number := cutNumber(path)
	if number != "" {
		x.query.Set(parentParam, number)
	}
	rt, ok := routes[declared]
	return rt, ok
}

// Declared is the path of a request as the API declares it: that of /v1/notes/7/comments is /v1/notes/{id}/comments.
func Declared(path string) string {
	declared, _ := cutNumber(path)
	return declared
}

// pathID is an id in a path: a number, or one of 32 hexadecimal digits.
var pathID = regexp.MustCompile(`^([0-9]+|[0-9a-f]{32})$`)

// cutNumber replaces the id in a path by the parameter {id}; the id is "" for none.
func cutNumber(path string) (declared, number string) {
	steps := strings.Split(path, "/")
	for i, step := range steps {
		if pathID.MatchString(step) {
			number, steps[i] = step, parentParam
		}
	}
	return strings.Join(steps, "/"), number
}

// lacking answers for a feature that the company's plan or the user's rights do not include.
func (x *exchange) lacking(status int) {
	switch status {
	case http.StatusNotFound:
		x.notFound()
	case http.StatusForbidden:
		x.fail(status, "You do not have permissions to do this")
	default:
		x.fail(status, statusMessage(status))
	}
}

func (x *exchange) isExport() bool { return strings.HasPrefix(x.r.URL.Path, exportPath) }

func (x *exchange) allowsOnlyGet() bool {
	if x.r.Method == http.MethodGet {
		return true
	}
	x.header.Set("Allow", http.MethodGet)
	x.fail(http.StatusMethodNotAllowed, "Method not allowed")
	return false
}

// notFound is HTML on v2 and JSON elsewhere, as on the live API.
func (x *exchange) notFound() {
	if strings.HasPrefix(x.r.URL.Path, "/api/") {
		x.html(http.StatusNotFound, "<!DOCTYPE html>\n<html><body><pre>Cannot GET</pre></body></html>\n")
		return
	}
	x.fail(http.StatusNotFound, "Unknown method .")
}

// authorise identifies the caller. A nil list with true stands for all scopes.
func (x *exchange) authorise() (scopes []string, ok bool) {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	if token := x.r.Header.Get("x-api-token"); token != "" {
		x.company, x.token = x.s.tokens[token], token
		return nil, x.company != nil
	}
	if token, ok := strings.CutPrefix(x.r.Header.Get("Authorization"), "Bearer "); ok {
		if a := x.s.access[token]; a.use(time.Now()) {
			x.company, x.token = a.app.Company, token
			return a.app.Scopes, true
		}
	}
	return nil, false
}

// allowed reports whether one of the wanted scopes was granted; a nil granted stands for all.
func allowed(granted, wanted []string) bool {
	return granted == nil || wanted == nil ||
		slices.ContainsFunc(wanted, func(s string) bool { return slices.Contains(granted, s) })
}

// unauthorised answers like the vendor's gateway; the header was seen on the live API.
func (x *exchange) unauthorised() {
	x.header.Set("x-401-by-gw", "true")
	x.fail(http.StatusUnauthorized, "unauthorized access")
}

// clock is the simulated time of the request.
func (x *exchange) clock() time.Time {
	if c := cmp.Or(x.company, x.s.first); c != nil {
		return c.Now()
	}
	return time.Now()
}

func (x *exchange) ok(body []byte) {
	x.status, x.body = http.StatusOK, body
	x.header.Set("Content-Type", "application/json; charset=utf-8")
}

func (x *exchange) reply(status int, body object) {
	x.ok(encode(body))
	x.status = status
}

// fail answers with a gateway's error, or with the export endpoint's error, which reports Pipedrive's refusal as a
// 502.
func (x *exchange) fail(status int, msg string) {
	if !x.isExport() {
		x.reply(status, gatewayBody(status, msg))
		return
	}
	body := exportError(status, msg)
	if status != http.StatusTooManyRequests && status != http.StatusUnauthorized {
		status = http.StatusBadGateway
	}
	x.reply(status, body)
}

func (x *exchange) refuse(r *refusal) {
	if x.isExport() {
		x.fail(r.status, r.msg)
		return
	}
	x.reply(r.status, r.body())
}

func (x *exchange) html(status int, page string) {
	x.status, x.body = status, []byte(page)
	x.header.Set("Content-Type", "text/html; charset=utf-8")
}

var gzips sync.Pool // of *gzip.Writer

// send writes the answer, compressed if the client accepts that.
func (x *exchange) send(w http.ResponseWriter) {
	if x.s.answer != nil && x.status == http.StatusOK && !x.cut {
		x.s.answer(x.r, x.body)
	}
	if x.status == http.StatusTooManyRequests {
		x.s.mu.Lock()
		x.s.usage.Throttled++
		x.s.mu.Unlock()
	}
	maps.Copy(w.Header(), x.header)
	w.Header().Set("Date", x.clock().Add(time.Duration(x.s.skew.Load())).UTC().Format(http.TimeFormat))
	switch {
	case x.cut:
		x.sendHalf(w)
	case strings.Contains(x.r.Header.Get("Accept-Encoding"), "gzip"):
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Vary", "Accept-Encoding")
		w.WriteHeader(x.status)
		z, ok := gzips.Get().(*gzip.Writer)
		if !ok {
			z, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is valid
		}
		defer gzips.Put(z)
		z.Reset(w)
		_, _ = z.Write(x.body) // an error means that the client has left
		_ = z.Close()
	default:
		w.Header().Set("Content-Length", strconv.Itoa(len(x.body)))
		w.WriteHeader(x.status)
		_, _ = w.Write(x.body)
	}
}

// sendHalf announces the whole body, sends half of it and breaks off.
func (x *exchange) sendHalf(w http.ResponseWriter) {
	w.Header().Set("Content-Length", strconv.Itoa(len(x.body)))
	w.WriteHeader(x.status)
	_, _ = w.Write(x.body[:len(x.body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// Paths are the API paths that a server answers, sorted.
func Paths() []string { return sortedKeys(routes) }

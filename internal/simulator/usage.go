package simulator

import (
	"maps"
	"net/http"
	"net/url"
)

// Usage counts a server's answers since its start or the last [Server.ResetUsage].
type Usage struct {
	Requests  int64                `json:"requests"`
	Tokens    int64                `json:"tokens"`    // API tokens, by the vendor's x-token-cost
	Throttled int64                `json:"throttled"` // answers with status 429
	Refreshes int64                `json:"refreshes"` // access tokens given for a refresh token
	ByPath    map[string]PathUsage `json:"by_path"`
}

// PathUsage is the part of a [Usage] that belongs to one path, as the API declares it.
type PathUsage struct {
	Requests int64 `json:"requests"`
	Tokens   int64 `json:"tokens"`
}

func (u *Usage) count(path string) {
	u.Requests++
	p := u.ByPath[path]
	p.Requests++
	u.ByPath[path] = p
}

func (u *Usage) spend(path string, tokens int64) {
	u.Tokens += tokens
	p := u.ByPath[path]
	p.Tokens += tokens
	u.ByPath[path] = p
}

// Request is a request as the server received it, without its body.
type Request struct {
	Method string
	Path   string
	Query  url.Values
	Header http.Header
}

// Usage returns the counts so far.
func (s *Server) Usage() Usage {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.usage
	u.ByPath = maps.Clone(u.ByPath)
	return u
}

// ResetUsage sets all counts to zero and forgets the requests.
func (s *Server) ResetUsage() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.usage = Usage{ByPath: map[string]PathUsage{}}
	s.requests = nil
}

// Requests lists all received requests in order, except those to /simulator/usage.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

func (s *Server) record(r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.usage.count(Declared(r.URL.Path))
	s.requests = append(s.requests, Request{r.Method, r.URL.Path, r.URL.Query(), r.Header.Clone()})
}

// serveUsage answers GET /simulator/usage.
func (x *exchange) serveUsage() {
	u := x.s.Usage()
	paths := object{}
	for _, path := range sortedKeys(u.ByPath) {
		p := u.ByPath[path]
		paths = append(paths, member{path, object{{"requests", p.Requests}, {"tokens", p.Tokens}}})
	}
	x.reply(http.StatusOK, object{
		{"requests", u.Requests}, {"tokens", u.Tokens}, {"throttled", u.Throttled}, {"refreshes", u.Refreshes}, {"by_path", paths},
	})
}

package simulator

import (
	"cmp"
	"crypto/subtle"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// App is an OAuth app that one company has installed [Pipedrive: OAuth
// authorization].
type App struct {
	ClientID     string
	ClientSecret string
	RefreshToken string // valid from the start; "" for none before a code is exchanged
	RedirectURI  string // the only one that /oauth/authorize accepts; "" accepts any

	Company *Company
	Scopes  []string // nil: all

	RotateRefreshTokens bool          // each refresh gives a new refresh token and ends the old one
	AccessTokenLife     time.Duration // of real time; 0: an hour
	AccessTokenRequests int           // an access token expires after this many API requests; 0: never
	APIDomain           string        // api_domain of the token response; "": the host of the request
	Deny                bool          // the user refuses at /oauth/authorize
}

// app is the state of an App.
type app struct {
	App
	refresh string               // the valid refresh token
	codes   map[string]time.Time // authorization codes and their expiry
	issued  int
}

// accessToken is a Bearer token.
type accessToken struct {
	app      *app
	expires  time.Time
	requests int // left; -1: no limit
}

// codeLife is the life of an authorization code [Pipedrive: OAuth authorization].
const codeLife = 5 * time.Minute

// allScopes is the list in a token response for an app with all read scopes [v1, securitySchemes].
var allScopes = []string{
	"base", "deals:read", "contacts:read", "users:read", "activities:read", "recents:read", "leads:read", "products:read",
	"projects:read", "goals:read", "mail:read", "phone-integration", "search:read", "admin",
}

// WithOAuthApp serves a company to an OAuth app.
func WithOAuthApp(a App) Option {
	return func(s *Server) {
		s.apps[a.ClientID] = &app{App: a, refresh: a.RefreshToken, codes: map[string]time.Time{}}
		s.first = cmp.Or(s.first, a.Company)
	}
}

// ExpireAccessTokens ends all access tokens at once.
func (s *Server) ExpireAccessTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.access)
}

// RevokeApp ends an app's access and refresh tokens, as when a user uninstalls
// it.
func (s *Server) RevokeApp(clientID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.apps[clientID]
	if a == nil {
		return
	}
	a.refresh = ""
	for token, t := range s.access {
		if t.app == a {
			delete(s.access, token)
		}
	}
}

// use counts one request with the token and reports whether it is valid.
func (t *accessToken) use(now time.Time) bool {
	if t == nil || t.requests == 0 || !now.Before(t.expires) {
		return false
	}
	if t.requests > 0 {
		t.requests--
	}
	return true
}

// serveAuthorize answers GET /oauth/authorize as if the user had consented at once.
func (x *exchange) serveAuthorize() {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	a := x.s.apps[x.query.Get("client_id")]
	back, err := url.Parse(x.query.Get("redirect_uri"))
	switch {
	case a == nil:
		x.tokenError(http.StatusBadRequest, "invalid_client", "Invalid client: client is invalid")
		return
	case err != nil || back.Scheme == "" || a.RedirectURI != "" && back.String() != a.RedirectURI:
		x.tokenError(http.StatusBadRequest, "invalid_request", "Invalid request: `redirect_uri` is not valid")
		return
	}
	q := back.Query()
	if a.Deny {
		q.Set("error", "user_denied")
	} else {
		code := a.issue("code")
		a.codes[code] = time.Now().Add(codeLife)
		q.Set("code", code)
	}
	if state := x.query.Get("state"); state != "" {
		q.Set("state", state)
	}
	back.RawQuery = q.Encode()
	x.header.Set("Location", back.String())
	x.status = http.StatusFound
}

// issue makes a new token. It is predictable, which helps tests.
func (a *app) issue(kind string) string {
	a.issued++
	return fmt.Sprintf("%s-%s-%d", a.ClientID, kind, a.issued)
}

// serveToken answers POST /oauth/token. The vendor also accepts the app's credentials in the body but advises
// against it; the simulator accepts only HTTP Basic.
func (x *exchange) serveToken() {
	if x.r.Method != http.MethodPost {
		x.header.Set("Allow", http.MethodPost)
		x.tokenError(http.StatusMethodNotAllowed, "invalid_request", "Method not allowed")
		return
	}
	if err := x.r.ParseForm(); err != nil {
		x.tokenError(http.StatusBadRequest, "invalid_request", "Invalid request: body is not a form")
		return
	}
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	id, secret, _ := x.r.BasicAuth()
	a := x.s.apps[id]
	if a == nil || subtle.ConstantTimeCompare([]byte(secret), []byte(a.ClientSecret)) == 0 {
		x.tokenError(http.StatusUnauthorized, "invalid_client", "Invalid client: client is invalid")
		return
	}
	switch form := x.r.PostForm; form.Get("grant_type") {
	case "refresh_token":
		x.refresh(a, form.Get("refresh_token"))
	case "authorization_code":
		x.exchangeCode(a, form.Get("code"))
	case "":
		x.tokenError(http.StatusBadRequest, "invalid_request", "Missing parameter: `grant_type`")
	default:
		x.tokenError(http.StatusBadRequest, "unsupported_grant_type", "Unsupported grant type: `grant_type` is invalid")
	}
}

func (x *exchange) refresh(a *app, token string) {
	if token == "" || token != a.refresh {
		x.tokenError(http.StatusBadRequest, "invalid_grant", "Invalid grant: refresh_token is invalid")
		return
	}
	x.s.usage.Refreshes++
	if a.RotateRefreshTokens {
		a.refresh = a.issue("refresh")
	}
	x.grant(a)
}

func (x *exchange) exchangeCode(a *app, code string) {
	ends, ok := a.codes[code]
	delete(a.codes, code)
	switch {
	case !ok:
		x.tokenError(http.StatusBadRequest, "invalid_grant", "Invalid grant: authorization_code is invalid")
		return
	case !time.Now().Before(ends):
		x.tokenError(http.StatusBadRequest, "invalid_grant", "Invalid grant: authorization_code has expired")
		return
	}
	a.refresh = a.issue("refresh")
	x.grant(a)
}

// grant answers with a new access token; older ones stay valid.
func (x *exchange) grant(a *app) {
	life := cmp.Or(a.AccessTokenLife, time.Hour)
	t := &accessToken{app: a, expires: time.Now().Add(life), requests: cmp.Or(a.AccessTokenRequests, -1)}
	token := a.issue("access")
	x.s.access[token] = t
	scopes := a.Scopes
	if scopes == nil {
		scopes = allScopes
	}
	x.reply(http.StatusOK, object{
		{"access_token", token},
		{"token_type", "Bearer"},
		{"refresh_token", a.refresh},
		{"scope", strings.Join(scopes, ",")},
		{"expires_in", int64(life.Seconds())},
		{"api_domain", cmp.Or(a.APIDomain, x.baseURL())},
	})
}

func (x *exchange) baseURL() string {
	if x.r.TLS != nil {
		return "https://" + x.r.Host
	}
	return "http://" + x.r.Host
}

// tokenError is an error of the OAuth endpoints. The vendor documents the messages [Pipedrive: OAuth status
// codes], not the names of their members.
func (x *exchange) tokenError(status int, code, msg string) {
	x.reply(status, object{{"success", false}, {"error", code}, {"error_description", msg}, {"message", msg}})
}

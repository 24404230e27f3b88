package simulator_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

type grant struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	RefreshToken string `json:"refresh_token"`
	Scope        string `json:"scope"`
	ExpiresIn    int    `json:"expires_in"`
	APIDomain    string `json:"api_domain"`
	Error        string `json:"error"`
}

func token(t *testing.T, s http.Handler, secret string, form ...string) (int, grant) {
	t.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, "http://sim.example/oauth/token", strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth("id", secret)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	var g grant
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &g))
	return w.Code, g
}

func bearer(t *testing.T, s http.Handler, path, access string) answer {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Authorization", "Bearer "+access)
	return do(t, s, r)
}

func oauth(change func(*simulator.App)) *simulator.Server {
	c := simulator.NewCompany(1)
	c.AddDeal(simulator.Deal{})
	a := simulator.App{ClientID: "id", ClientSecret: "secret", RefreshToken: "r0", Company: c}
	change(&a)
	return simulator.NewServer(simulator.WithOAuthApp(a))
}

func TestOAuth_refreshes(t *testing.T) {
	s := oauth(func(a *simulator.App) { a.Scopes = []string{"base", "deals:read"} })
	status, g := token(t, s, "secret", "grant_type", "refresh_token", "refresh_token", "r0")
	assert.Equal(t, 200, status)
	assert.Equal(t, grant{g.AccessToken, "Bearer", "r0", "base,deals:read", 3600, "http://sim.example", ""}, g)
	assert.Equal(t, 200, bearer(t, s, "/api/v2/deals", g.AccessToken).status)
	assert.Equal(t, 200, bearer(t, s, "/v1/users/me", g.AccessToken).status)
	assert.Equal(t, int64(1), s.Usage().Refreshes)

	a := bearer(t, s, "/api/v2/persons", g.AccessToken)
	assert.Equal(t, 403, a.status)
	assert.Equal(t, "Scope and URL mismatch", a.Error)

	s.ExpireAccessTokens()
	assert.Equal(t, 401, bearer(t, s, "/api/v2/deals", g.AccessToken).status)
	s.RevokeApp("id")
	status, g = token(t, s, "secret", "grant_type", "refresh_token", "refresh_token", "r0")
	assert.Equal(t, []any{400, "invalid_grant"}, []any{status, g.Error})
}

func TestOAuth_rotatesRefreshTokens(t *testing.T) {
	s := oauth(func(a *simulator.App) { a.RotateRefreshTokens = true })
	_, first := token(t, s, "secret", "grant_type", "refresh_token", "refresh_token", "r0")
	assert.NotEqual(t, "r0", first.RefreshToken)
	status, g := token(t, s, "secret", "grant_type", "refresh_token", "refresh_token", "r0")
	assert.Equal(t, []any{400, "invalid_grant"}, []any{status, g.Error})
	status, _ = token(t, s, "secret", "grant_type", "refresh_token", "refresh_token", first.RefreshToken)
	assert.Equal(t, 200, status)
}

func TestOAuth_accessTokensEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := oauth(func(a *simulator.App) { a.AccessTokenRequests, a.AccessTokenLife = 2, time.Minute })
		_, g := token(t, s, "secret", "grant_type", "refresh_token", "refresh_token", "r0")
		assert.Equal(t, 60, g.ExpiresIn)
		assert.Equal(t, 200, bearer(t, s, "/api/v2/deals", g.AccessToken).status)
		assert.Equal(t, 200, bearer(t, s, "/api/v2/deals", g.AccessToken).status)
		assert.Equal(t, 401, bearer(t, s, "/api/v2/deals", g.AccessToken).status)
		_, g = token(t, s, "secret", "grant_type", "refresh_token", "refresh_token", "r0")
		time.Sleep(time.Minute)
		assert.Equal(t, 401, bearer(t, s, "/api/v2/deals", g.AccessToken).status)
	})
}

func TestOAuth_authorizes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := oauth(func(a *simulator.App) { a.RedirectURI = "http://127.0.0.1/cb" })
		code := func(redirect string) *url.URL {
			q := url.Values{"client_id": {"id"}, "redirect_uri": {redirect}, "state": {"st"}}
			w := httptest.NewRecorder()
			s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/oauth/authorize?"+q.Encode(), nil))
			if w.Code != http.StatusFound {
				return nil
			}
			back, err := url.Parse(w.Header().Get("Location"))
			require.NoError(t, err)
			return back
		}
		assert.Nil(t, code("http://evil.example/"))
		back := code("http://127.0.0.1/cb").Query()
		assert.Equal(t, "st", back.Get("state"))
		status, g := token(t, s, "secret", "grant_type", "authorization_code", "code", back.Get("code"))
		assert.Equal(t, 200, status)
		assert.Equal(t, 200, bearer(t, s, "/api/v2/deals", g.AccessToken).status)
		status, _ = token(t, s, "secret", "grant_type", "authorization_code", "code", back.Get("code"))
		assert.Equal(t, 400, status, "a code is good for one use")
		late := code("http://127.0.0.1/cb").Query().Get("code")
		time.Sleep(5 * time.Minute)
		status, _ = token(t, s, "secret", "grant_type", "authorization_code", "code", late)
		assert.Equal(t, 400, status)
	})
}

func TestOAuth_refusesStrangers(t *testing.T) {
	s := oauth(func(*simulator.App) {})
	status, g := token(t, s, "wrong", "grant_type", "refresh_token", "refresh_token", "r0")
	assert.Equal(t, []any{401, "invalid_client"}, []any{status, g.Error})
	status, _ = token(t, s, "secret", "grant_type", "password")
	assert.Equal(t, 400, status)
	status, _ = token(t, s, "secret")
	assert.Equal(t, 400, status)
}

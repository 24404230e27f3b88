package pipedrive

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

const (
	clientSecret = "cl1ent-s3cret"
	firstRefresh = "refresh-0"
)

// tokenServer is a token endpoint that gives a new access and refresh token for each valid refresh token, and an
// API that accepts only the newest access token.
type tokenServer struct {
	mu        sync.Mutex
	refreshes int
	rotate    bool
	life      int // seconds
	scope     string
	fail      []reply // answers to the next refreshes
}

func (s *tokenServer) access() string { return fmt.Sprintf("access-%d", s.refreshes) }

func (s *tokenServer) current() string {
	if s.rotate {
		return fmt.Sprintf("refresh-%d", s.refreshes)
	}
	return firstRefresh
}

func (s *tokenServer) answer(_ int, r *http.Request) reply {
	if r.URL.Path != "/oauth/token" {
		s.mu.Lock()
		defer s.mu.Unlock()
		if r.Header.Get("Authorization") != "Bearer "+s.access() {
			return reply{status: http.StatusUnauthorized, body: `{"success":false,"error":"unauthorized access"}`}
		}
		return reply{body: onePage}
	}
	time.Sleep(time.Second) // in the bubble's time, during which all others wait
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.fail) > 0 {
		f := s.fail[0]
		s.fail = s.fail[1:]
		return f
	}
	id, secret, _ := r.BasicAuth()
	if id != "app" || secret != clientSecret {
		return reply{status: http.StatusUnauthorized, body: `{"error":"invalid_client"}`}
	}
	if err := r.ParseForm(); err != nil || r.PostForm.Get("grant_type") != "refresh_token" || r.PostForm.Get("refresh_token") != s.current() {
		return reply{status: http.StatusBadRequest, body: `{"error":"invalid_grant","error_description":"refresh_token is invalid: ` + r.PostForm.Get("refresh_token") + `"}`}
	}
	s.refreshes++
	return reply{body: fmt.Sprintf(`{"access_token":%q,"refresh_token":%q,"expires_in":%d,"scope":%q,"token_type":"Bearer","api_domain":"https://acme.pipedrive.test/"}`,
		s.access(), s.current(), s.life, s.scope)}
}

func (s *tokenServer) connect(t *testing.T, more func(*OAuthConfig)) (*Client, *OAuth) {
	t.Helper()
	if s.life == 0 {
		s.life = 3600
	}
	api := &fakeAPI{answer: s.answer}
	config := OAuthConfig{
		ClientID: "app", ClientSecret: clientSecret, RefreshToken: firstRefresh,
		TokenURL: "https://oauth.pipedrive.test/oauth/token", Timeout: time.Minute, Transport: api,
	}
	if more != nil {
		more(&config)
	}
	o, err := NewOAuth(config)
	require.NoError(t, err)
	return New(Config{
		BaseURL: "https://acme.pipedrive.test", Authorizer: o, Timeout: time.Minute, MaxRetries: 3,
		Concurrency: 100, Transport: api, Logger: zerolog.Nop(),
	}), o
}

// inParallel sends n requests at once and returns the number of failures.
func inParallel(t *testing.T, c *Client, n int) int64 {
	t.Helper()
	var failed atomic.Int64
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if _, err := collect(t, c, cursorListing, 2); err != nil {
				failed.Add(1)
			}
		})
	}
	wg.Wait()
	return failed.Load()
}

func TestOAuth_manyRequestsRefreshOnce(t *testing.T) {
	for _, rotate := range []bool{false, true} {
		t.Run(fmt.Sprintf("rotate %t", rotate), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := &tokenServer{rotate: rotate}
				c, _ := s.connect(t, nil)
				require.Zero(t, inParallel(t, c, 50))
				require.Equal(t, 1, s.refreshes, "at the start")

				time.Sleep(time.Hour - refreshAhead)
				require.Zero(t, inParallel(t, c, 50))
				require.Equal(t, 2, s.refreshes, "ahead of expiry")

				s.mu.Lock()
				s.refreshes++ // the API no longer accepts the stored tokens
				s.mu.Unlock()
				before := s.refreshes
				if rotate {
					return // and neither does the token endpoint
				}
				require.Zero(t, inParallel(t, c, 50))
				require.Equal(t, before+1, s.refreshes, "after a 401 in mid-run")
			})
		})
	}
}

func TestOAuth_aTokenThatIsRefusedTwiceIsGivenUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &tokenServer{}
		_, o := s.connect(t, nil)
		c, api := start(func(int, *http.Request) reply { return reply{status: http.StatusUnauthorized} })
		c.config.Authorizer = o
		_, err := collect(t, c, cursorListing, 2)
		requireCode(t, err, TokenInvalidated)
		require.Len(t, api.requests, 2, "the request, and once more with a new token")
		require.Equal(t, 2, s.refreshes)
	})
}

func TestOAuth_loginTellsHostAndScopes(t *testing.T) {
	for _, scope := range []string{"base,deals:read,contacts:read", "base deals:read contacts:read", "base, deals:read, contacts:read"} {
		bubble(t, func(t *testing.T) {
			_, o := (&tokenServer{scope: scope}).connect(t, nil)
			grant, err := o.Login(context.Background(), 0)
			require.NoError(t, err)
			require.Equal(t, Grant{APIDomain: "https://acme.pipedrive.test", Scopes: []string{"base", "deals:read", "contacts:read"}}, grant)
		})
	}
}

func TestOAuth_loginRetriesPassingErrors(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &tokenServer{fail: []reply{{status: 503, body: "<html>"}, {status: 429, body: "{}"}, {err: context.DeadlineExceeded}, {body: `{"nothing":1}`}}}
		_, o := s.connect(t, nil)
		_, err := o.Login(context.Background(), 4)
		require.NoError(t, err)
	})
}

func TestOAuth_loginExplainsErrors(t *testing.T) {
	for name, test := range map[string]struct {
		more func(*OAuthConfig)
		says string
	}{
		"the refresh token": {func(c *OAuthConfig) { c.RefreshToken = "r3voked" }, "login"},
		"the client secret": {func(c *OAuthConfig) { c.ClientSecret = "an0ther" }, "client_secret"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				_, o := (&tokenServer{}).connect(t, test.more)
				_, err := o.Login(context.Background(), 3)
				requireCode(t, err, TokenInvalidated)
				require.ErrorContains(t, err, test.says)
				require.NotContains(t, err.Error(), "r3voked")
				require.NotContains(t, err.Error(), "an0ther")
			})
		})
	}
}

// TestOAuth_aWrongTokenURL is not mistaken for a refused refresh token.
func TestOAuth_aWrongTokenURL(t *testing.T) {
	for name, answer := range map[string]reply{
		"redirect":  {status: http.StatusFound, header: map[string]string{"Location": "https://elsewhere.test/login"}},
		"not found": {status: http.StatusNotFound, body: "<html>not found</html>"},
		"forbidden": {status: http.StatusForbidden, body: "<html>blocked</html>"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				_, o := (&tokenServer{fail: []reply{answer}}).connect(t, nil)
				_, err := o.Login(context.Background(), 0)
				requireCode(t, err, ExternalAPIError)
				require.ErrorContains(t, err, "oauth.token_url")
			})
		})
	}
}

func TestOAuth_tokenFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sub", "token.json")
	s := &tokenServer{rotate: true}
	login := func(t *testing.T, specToken string) error {
		t.Helper()
		_, o := s.connect(t, func(c *OAuthConfig) { c.TokenFile, c.RefreshToken = file, specToken })
		_, err := o.Login(context.Background(), 0)
		return err
	}
	bubble(t, func(t *testing.T) {
		require.NoError(t, login(t, firstRefresh))
		info, err := os.Stat(file)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		require.NoError(t, login(t, firstRefresh), "the file's token is newer than the spec's")
		require.NoError(t, login(t, firstRefresh))
		require.NoError(t, login(t, ""), "the spec may have none")

		s.refreshes = 40 // a user connected the account again …
		require.NoError(t, login(t, "refresh-40"), "… and put the new token into the spec")
		require.NoError(t, login(t, "refresh-40"))

		s.refreshes = 50 // … or let the login command write it
		require.NoError(t, WriteTokenFile(file, "refresh-50"))
		require.NoError(t, login(t, "refresh-40"))
		require.NoError(t, login(t, "refresh-40"))
	})
	entries, err := os.ReadDir(filepath.Dir(file))
	require.NoError(t, err)
	require.Len(t, entries, 1, "no temporary file is left behind")
}

func TestOAuth_tokenFileThatCannotBeUsed(t *testing.T) {
	s := &tokenServer{rotate: true}
	folder := t.TempDir()
	broken := filepath.Join(folder, "broken.json")
	require.NoError(t, os.WriteFile(broken, []byte("{"), 0o600))
	_, err := NewOAuth(OAuthConfig{ClientID: "app", RefreshToken: firstRefresh, TokenFile: broken})
	require.ErrorIs(t, err, InvalidSpec)
	require.ErrorContains(t, err, broken)

	bubble(t, func(t *testing.T) {
		// A file in place of a folder: no token can be kept, so the refresh token is not used up.
		_, o := s.connect(t, func(c *OAuthConfig) { c.TokenFile = filepath.Join(folder, "a", "token.json") })
		require.NoError(t, os.WriteFile(filepath.Join(folder, "a"), nil, 0o600))
		_, err := o.Login(context.Background(), 0)
		require.ErrorContains(t, err, "token_file")
		require.Zero(t, s.refreshes)
	})
}

// TestOAuth_aTokenFileThatTakesNoNewFile: the file can be looked up, but no file can be written beside it. The
// refresh token is not used up for an answer that can't be kept.
func TestOAuth_aTokenFileThatTakesNoNewFile(t *testing.T) {
	for name, found := range map[string]bool{"a file is there": true, "none is there": false} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := &tokenServer{rotate: true}
				file := filepath.Join(t.TempDir(), strings.Repeat("x", 250)) // the temporary file's name is too long
				if found {
					require.NoError(t, os.WriteFile(file, []byte(`{"refresh_token":"`+firstRefresh+`"}`), 0o600))
				}
				_, o := s.connect(t, func(c *OAuthConfig) { c.TokenFile = file })
				_, err := o.Login(context.Background(), 0)
				require.ErrorContains(t, err, "token_file: can't write")
				require.Zero(t, s.refreshes)
			})
		})
	}
}

// TestTokenFile_isOnTheDiskBeforeItReplacesTheOldOne: a crash must not leave an empty file.
func TestTokenFile_isOnTheDiskBeforeItReplacesTheOldOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token.json")
	require.NoError(t, WriteTokenFile(path, "old"))
	f := newTokenFile(path, "")
	require.Equal(t, reflect.ValueOf((*os.File).Sync).Pointer(), reflect.ValueOf(f.sync).Pointer())
	broken := errors.New("the disk is broken")
	synced := ""
	f.sync = func(temporary *os.File) error {
		raw, err := os.ReadFile(temporary.Name())
		require.NoError(t, err)
		synced = string(raw)
		return broken
	}
	require.ErrorContains(t, f.write("new"), broken.Error())
	require.Contains(t, synced, `"new"`, "all of it is written by then")
	stored, err := f.read()
	require.NoError(t, err)
	require.Equal(t, "old", stored)
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 1, "no temporary file is left behind")
}

// TestOAuth_twoRunsWithOneRotatingToken: both begin at once, and each uses up the token that the other one has
// read.
func TestOAuth_twoRunsWithOneRotatingToken(t *testing.T) {
	for _, apart := range []time.Duration{0, time.Second / 2, 999 * time.Millisecond} {
		t.Run(apart.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := &tokenServer{rotate: true}
				file := filepath.Join(t.TempDir(), "token.json")
				require.NoError(t, WriteTokenFile(file, firstRefresh))
				var wg sync.WaitGroup
				for i := range 2 {
					_, o := s.connect(t, func(c *OAuthConfig) { c.TokenFile, c.RefreshToken = file, "" })
					wg.Go(func() {
						time.Sleep(time.Duration(i) * apart)
						_, err := o.Login(context.Background(), 0)
						require.NoError(t, err)
					})
				}
				wg.Wait()
				require.Equal(t, 2, s.refreshes)
				stored, err := newTokenFile(file, "").read()
				require.NoError(t, err)
				require.Equal(t, s.current(), stored, "the newest token is kept")
			})
		})
	}
}

// TestOAuth_aNewerTokenIsNotOverwritten: a run has read the file before another run replaced it.
func TestOAuth_aNewerTokenIsNotOverwritten(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &tokenServer{}
		file := filepath.Join(t.TempDir(), "token.json")
		require.NoError(t, WriteTokenFile(file, "refresh-used-up"))
		_, o := s.connect(t, func(c *OAuthConfig) { c.TokenFile, c.RefreshToken = file, "" })
		o.file.sync = func(*os.File) error { return WriteTokenFile(file, firstRefresh) } // the other run
		_, err := o.Login(context.Background(), 0)
		require.NoError(t, err)
		require.Equal(t, 1, s.refreshes)
	})
}

// TestOAuth_aNewTokenThatCannotBeWritten: the run continues with the only copy of the valid token, and writes it as
// soon as the file takes it.
func TestOAuth_aNewTokenThatCannotBeWritten(t *testing.T) {
	full := errors.New("no space left on device")
	for _, later := range []string{"at the next refresh", "at the end of the run", "never"} {
		t.Run(later, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := &tokenServer{rotate: true}
				file, log := filepath.Join(t.TempDir(), "token.json"), &strings.Builder{}
				require.NoError(t, WriteTokenFile(file, firstRefresh))
				c, o := s.connect(t, func(c *OAuthConfig) { c.TokenFile, c.RefreshToken, c.Logger = file, "", zerolog.New(log) })
				o.file.sync = func(*os.File) error { // only once the token was traded
					if s.refreshes > 0 {
						return full
					}
					return nil
				}
				require.Zero(t, inParallel(t, c, 1))
				require.Contains(t, log.String(), full.Error())
				require.Contains(t, log.String(), file)
				require.Contains(t, log.String(), "cq-source-pipedrive login")
				require.NotContains(t, log.String(), "refresh-1")

				if later == "at the next refresh" {
					o.file.sync = (*os.File).Sync
				}
				time.Sleep(2 * time.Hour)
				require.Zero(t, inParallel(t, c, 1), "the newest token is used, and not the file's")
				require.Equal(t, 2, s.refreshes)
				if later == "at the end of the run" {
					o.file.sync = (*os.File).Sync
				}
				o.Close()
				want := map[bool]string{true: firstRefresh, false: "refresh-2"}[later == "never"]
				stored, err := o.file.read()
				require.NoError(t, err)
				require.Equal(t, want, stored)
			})
		})
	}
}

// TestOAuth_aShortLifeIsUsed: a token that lives a minute is used for most of it.
func TestOAuth_aShortLifeIsUsed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &tokenServer{life: 60}
		c, _ := s.connect(t, nil)
		for range 14 {
			_, err := collect(t, c, cursorListing, 2)
			require.NoError(t, err)
		}
		require.Equal(t, 1, s.refreshes)
		time.Sleep(55 * time.Second)
		_, err := collect(t, c, cursorListing, 2)
		require.NoError(t, err)
		require.Equal(t, 2, s.refreshes, "ahead of its end")
	})
}

func TestOAuth_waitingForARefreshEndsWithTheRun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c, o := (&tokenServer{}).connect(t, nil)
		o.turn <- struct{}{} // a refresh that never ends
		ctx, cancel := context.WithCancelCause(context.Background())
		done := make(chan error, 1)
		go func() {
			for _, err := range Pages(ctx, c, cursorListing, Query{Limit: 2}, nil, decodeItem) {
				done <- err
			}
		}()
		synctest.Wait()
		cancel(context.Canceled)
		require.ErrorIs(t, <-done, context.Canceled)
	})
}

// TestClient_doesNotCarryCredentialsToAnotherHost: a redirect is an error.
func TestClient_doesNotCarryCredentialsToAnotherHost(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		c, api := start(func(int, *http.Request) reply {
			return reply{status: status, header: map[string]string{"Location": "https://elsewhere.test/api/v2/things"}}
		})
		_, err := collect(t, c, cursorListing, 2)
		require.Error(t, err)
		for _, r := range api.requests {
			require.Equal(t, "api.pipedrive.test", r.URL.Host)
		}
	}
}

func TestCredentials_areNotPrinted(t *testing.T) {
	for _, credential := range []any{APIToken(secretToken), BearerToken(secretToken), &Config{Authorizer: APIToken(secretToken)}} {
		for _, form := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			require.False(t, strings.Contains(fmt.Sprintf(form, credential), secretToken), form)
		}
	}
}

// TestOAuth_theEndOfTheRunDoesNotLoseARotatedToken: once the refresh token is used up, only the answer has a valid
// one.
func TestOAuth_theEndOfTheRunDoesNotLoseARotatedToken(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &tokenServer{rotate: true}
		_, o := s.connect(t, func(c *OAuthConfig) { c.Transport = untilCancelled{c.Transport} })
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			time.Sleep(time.Second / 2) // the request is under way
			cancel()
		}()
		_, _ = o.Login(ctx, 0)
		_, err := o.Login(context.Background(), 0)
		require.NoError(t, err)
	})
}

// untilCancelled loses an answer whose request's context has ended, as a connection does.
type untilCancelled struct{ http.RoundTripper }

func (u untilCancelled) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := u.RoundTripper.RoundTrip(r)
	if r.Context().Err() != nil {
		return nil, r.Context().Err()
	}
	return res, err
}

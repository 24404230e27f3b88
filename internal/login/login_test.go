package login

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// browser opens the first address that is written to it.
type browser struct {
	bytes.Buffer
	open func(address string)
}

var address = regexp.MustCompile(`https?://\S+/oauth/authorize\S+`)

func (b *browser) Write(p []byte) (int, error) {
	if found := address.FindString(string(p)); found != "" {
		go b.open(found)
	}
	return b.Buffer.Write(p)
}

func get(t *testing.T, address string) int {
	t.Helper()
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := c.Get(address)
	if err != nil {
		return 0 // the login has ended
	}
	defer r.Body.Close()
	_, _ = io.Copy(io.Discard, r.Body)
	return r.StatusCode
}

// freePort returns a loopback address on which nothing listens.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

const secret = "cl1ent-s3cret"

func setup(t *testing.T, deny bool) (url, redirect string) {
	t.Helper()
	t.Setenv("PIPEDRIVE_CLIENT_ID", "app")
	t.Setenv("PIPEDRIVE_CLIENT_SECRET", secret)
	redirect = "http://" + freePort(t) + "/callback"
	server := httptest.NewServer(simulator.NewServer(simulator.WithOAuthApp(simulator.App{
		ClientID: "app", ClientSecret: secret, RedirectURI: redirect, Company: simulator.NewCompany(4711), Deny: deny,
	})))
	t.Cleanup(server.Close)
	return server.URL, redirect
}

func arguments(url, redirect, file string) []string {
	return []string{"-authorize-url", url + "/oauth/authorize", "-token-url", url + "/oauth/token", "-redirect-url", redirect, "-token-file", file}
}

func TestRun_keepsTheRefreshTokenOfAUserWhoConsents(t *testing.T) {
	url, redirect := setup(t, false)
	file := filepath.Join(t.TempDir(), "new", "token.json")
	out := &browser{}
	out.open = func(a string) {
		require.Equal(t, http.StatusBadRequest, get(t, redirect+"?code=stolen&state=guessed"), "a wrong state is refused")
		require.Equal(t, http.StatusOK, get(t, a))
	}
	require.NoError(t, Run(context.Background(), arguments(url, redirect, file), out))
	require.Contains(t, out.String(), "token_file: "+file)
	require.NotContains(t, out.String(), secret)

	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	oauth, err := pipedrive.NewOAuth(pipedrive.OAuthConfig{ClientID: "app", ClientSecret: secret, TokenFile: file, TokenURL: url + "/oauth/token", Transport: &http.Transport{DisableKeepAlives: true}})
	require.NoError(t, err)
	grant, err := oauth.Login(context.Background(), 0)
	require.NoError(t, err, "a sync can start with the file")
	require.Equal(t, url, grant.APIDomain)
}

func TestRun_saysThatTheUserRefused(t *testing.T) {
	url, redirect := setup(t, true)
	file := filepath.Join(t.TempDir(), "token.json")
	out := &browser{open: func(a string) { get(t, a) }}
	err := Run(context.Background(), arguments(url, redirect, file), out)
	require.ErrorContains(t, err, "user_denied")
	require.NoFileExists(t, file)
}

func TestRun_endsWhenInterrupted(t *testing.T) {
	url, redirect := setup(t, false)
	ctx, cancel := context.WithCancel(context.Background())
	out := &browser{open: func(string) { cancel() }}
	require.ErrorIs(t, Run(ctx, arguments(url, redirect, filepath.Join(t.TempDir(), "t")), out), context.Canceled)
}

func TestRun_refuses(t *testing.T) {
	url, redirect := setup(t, false)
	for name, more := range map[string]string{
		"a callback on another machine":  "-redirect-url=http://example.com/callback",
		"a token endpoint without TLS":   "-token-url=http://example.com/oauth/token",
		"a flag that there is not":       "-client-secret=" + secret,
		"an authorize page without TLS":  "-authorize-url=http://example.com/oauth/authorize",
		"a callback that is not an http": "-redirect-url=https://127.0.0.1/callback",
	} {
		err := Run(context.Background(), append(arguments(url, redirect, "x"), more), io.Discard)
		require.Error(t, err, name)
		require.False(t, strings.Contains(err.Error(), secret), name)
	}
	t.Setenv("PIPEDRIVE_CLIENT_SECRET", "")
	require.ErrorContains(t, Run(context.Background(), arguments(url, redirect, "x"), io.Discard), "PIPEDRIVE_CLIENT_SECRET")
}

func TestRun_hidesSecretsThatTheTokenEndpointRepeats(t *testing.T) {
	url, redirect := setup(t, false)
	var code string
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		code = r.FormValue("code")
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"error":"bad code %s with %s"}`, code, secret)
	}))
	t.Cleanup(endpoint.Close)
	out := &browser{open: func(a string) { get(t, a) }}
	err := Run(context.Background(), append(arguments(url, redirect, filepath.Join(t.TempDir(), "t")), "-token-url="+endpoint.URL), out)
	require.ErrorContains(t, err, "bad code [hidden] with [hidden]")
	require.NotContains(t, err.Error(), code)
}

// TestRun_doesNotFollowTheTokenEndpointElsewhere: a redirect would send the code and the app's secret to another
// host.
func TestRun_doesNotFollowTheTokenEndpointElsewhere(t *testing.T) {
	url, redirect := setup(t, false)
	for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		var carried atomic.Int64
		elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { carried.Add(1) }))
		t.Cleanup(elsewhere.Close)
		endpoint := httptest.NewServer(http.RedirectHandler(elsewhere.URL, status))
		t.Cleanup(endpoint.Close)
		file := filepath.Join(t.TempDir(), "token.json")
		out := &browser{open: func(a string) { get(t, a) }}
		err := Run(context.Background(), append(arguments(url, redirect, file), "-token-url="+endpoint.URL), out)
		require.ErrorContains(t, err, "redirect")
		require.Zero(t, carried.Load(), status)
		require.NoFileExists(t, file)
	}
}

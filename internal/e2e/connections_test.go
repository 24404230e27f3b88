package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

const (
	exportToken  = "eyJhbGciOiJIUzI1NiJ9.eyJhY2NvdW50IjoiYWNtZSJ9.s1gnature-of-the-jwt"
	clientSecret = "cl1ent-s3cret-of-the-app"
	refreshToken = "r3fresh-token-of-the-user"
)

// app is an OAuth app of the company.
func app(c *simulator.Company) simulator.App {
	return simulator.App{ClientID: "app", ClientSecret: clientSecret, RefreshToken: refreshToken, Company: c, RotateRefreshTokens: true}
}

func (s *setup) useOAuth(more string) {
	s.connect = fmt.Sprintf("oauth:\n  client_id: app\n  client_secret: %s\n  token_url: %s/oauth/token\n%s", clientSecret, s.url, more)
}

func (s *setup) useExport() {
	s.connect = fmt.Sprintf("export:\n  url: %s/v1/e/pipedrive/export\n  token: %s\n  account_id: \"4711\"", s.url, exportToken)
}

// TestSync_everyConnectionGivesTheSameRows: the same account is read through each API and compared with the values
// that this API can show.
func TestSync_everyConnectionGivesTheSameRows(t *testing.T) {
	t.Parallel()
	for api, use := range map[string]func(*setup){
		"v1":     func(s *setup) { s.spec = "api_version: v1" },
		"export": (*setup).useExport,
		"v2":     func(s *setup) { s.useOAuth("  refresh_token: " + refreshToken) },
	} {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			c := company()
			s := newSetup(t, c, simulator.WithExportToken(exportToken, c), simulator.WithOAuthApp(app(c)))
			use(s)
			o := s.sync()
			s.requireTruth(simulator.TruthOptions{Deleted: true, Archived: true, API: api}, recordsOn(table.API(api))...)
			for _, secret := range []string{apiToken, exportToken, clientSecret, refreshToken} {
				require.NotContains(t, o.output, secret)
			}
		})
	}
}

func TestSync_keepsTheNewestRefreshToken(t *testing.T) {
	t.Parallel()
	c := simulator.Generate(simulator.Config{Seed: 3, CompanyID: 4711, Deals: 5, Persons: 5, Organizations: 5, Notes: 5})
	s := newSetup(t, c, simulator.WithOAuthApp(app(c)))
	file := filepath.Join(s.dir, "token.json")
	s.useOAuth("  refresh_token: " + refreshToken + "\n  token_file: " + file)
	for range 3 { // each run uses up its refresh token
		s.sync()
	}
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	s.requireTruth(everything, records...)
}

// TestErrors_codes: the output of a failed sync or of test-connection has each code.
func TestErrors_codes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		command string
		set     func(*setup)
		says    []string
	}{
		{
			"a scope is missing", "sync", func(s *setup) { s.useOAuth("  refresh_token: " + refreshToken) },
			[]string{"MISSING_SCOPE", "pipedrive_persons", "contacts:read", "pipedrive_organizations"},
		},
		{
			"the user has disconnected the app", "test-connection", func(s *setup) { s.useOAuth("  refresh_token: another") },
			[]string{"TOKEN_INVALIDATED", "login"},
		},
		{"the app is unknown", "sync", func(s *setup) {
			s.useOAuth("  refresh_token: x")
			s.connect = strings.Replace(s.connect, "client_id: app", "client_id: nobody", 1)
		}, []string{"TOKEN_INVALIDATED", "client_id"}},
		{"the export endpoint does not know the token", "test-connection", func(s *setup) {
			s.useExport()
			s.connect = strings.Replace(s.connect, exportToken, "an.other.jwt", 1)
		}, []string{"TOKEN_NOT_FOUND"}},
		{"the export endpoint's account was disconnected", "sync", func(s *setup) {
			s.useExport()
			s.simulator.SetExportToken(exportToken, nil)
		}, []string{"TOKEN_INVALIDATED"}},
		{"the export endpoint's address is that of something else", "test-connection", func(s *setup) {
			s.useExport()
			s.connect = strings.Replace(s.connect, "/export\n", "/export/no\n", 1)
		}, []string{"INVALID_TYPE"}},
		{"the day's budget is used up", "sync", func(s *setup) {
			s.simulator.AddFault(simulator.Fault{Path: "/api/v2/deals", At: []int{2}, Action: simulator.DailyLimit})
		}, []string{"RATE_LIMIT_EXCEEDED", "pipedrive_deals", "today"}},
		{"the burst limit does not end", "sync", func(s *setup) {
			s.spec = "max_retries: 1"
			s.simulator.AddFault(simulator.Fault{Path: "/api/v2/stages", Every: 1, Action: simulator.BurstLimit})
		}, []string{"RATE_LIMIT_EXCEEDED", "at a time"}},
		{"a request is not answered in time", "sync", func(s *setup) {
			s.spec = "max_retries: 0\ntimeout: 3s"
			s.simulator.AddFault(simulator.Fault{Path: "/v1/notes", Every: 1, Action: simulator.Hang})
		}, []string{"EXTERNAL_API_ERROR", "pipedrive_notes", "no answer"}},
		{"the API is down", "test-connection", func(s *setup) {
			s.spec = "max_retries: 0"
			s.simulator.AddFault(simulator.Fault{Path: "/v1/users/me", Every: 1, Action: simulator.Status(503)})
		}, []string{"EXTERNAL_API_ERROR", "503"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := company()
			narrow := app(c)
			narrow.Scopes = []string{"base", "deals:read"}
			s := newSetup(t, c, simulator.WithExportToken(exportToken, c), simulator.WithOAuthApp(narrow))
			s.sourceOnly = test.command == "test-connection"
			test.set(s)
			o := s.run(test.command)
			require.NotZero(t, o.exit, o.output)
			for _, says := range test.says {
				require.Contains(t, o.output, says)
			}
		})
	}
}

// secrets are the credentials of the setup and all tokens that were sent or received for it.
func (s *setup) secrets() []string {
	found := []string{apiToken, exportToken, clientSecret, refreshToken}
	for _, r := range s.simulator.Requests() {
		if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
			found = append(found, token)
		}
	}
	if kept, err := os.ReadFile(filepath.Join(s.dir, "token.json")); err == nil {
		var content struct {
			RefreshToken string `json:"refresh_token"`
		}
		require.NoError(s.t, json.Unmarshal(kept, &content))
		found = append(found, content.RefreshToken)
	}
	return found
}

// TestSync_throughFaults: requests fail in all ways. A run ends with the exact rows, and its most verbose output has no
// secret.
func TestSync_throughFaults(t *testing.T) {
	t.Parallel()
	c := company()
	expiring := app(c)
	expiring.AccessTokenRequests = 30
	s := newSetup(t, c, simulator.WithOAuthApp(expiring), simulator.WithFaults(
		simulator.Fault{Every: 10, Action: simulator.BurstLimit},
		simulator.Fault{Every: 15, Action: simulator.StatusHTML(502)},
		simulator.Fault{Every: 20, Action: simulator.CutBody},
		simulator.Fault{Every: 27, Action: simulator.Reset},
		simulator.Fault{Every: 33, Action: simulator.HTMLPage},
		simulator.Fault{Every: 41, Action: simulator.NullBody},
	))
	s.useOAuth("  refresh_token: " + refreshToken + "\n  token_file: " + filepath.Join(s.dir, "token.json"))
	s.spec = "page_size: 50"
	o := s.run("sync", "--log-level", "trace")
	require.Zero(t, o.exit, o.output)
	s.requireTruth(everything, records...)
	usage := s.simulator.Usage()
	require.Greater(t, usage.Refreshes, int64(2))
	for _, secret := range s.secrets() {
		require.NotContains(t, o.output, secret)
	}
	require.Contains(t, o.output, "request is sent again")
	require.Contains(t, o.output, "table was read")
}

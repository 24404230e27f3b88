package estimate

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const destination = `---
kind: destination
spec: {name: sqlite, path: cloudquery/sqlite, registry: cloudquery, version: v2.10.1}
`

// written is a file with a configuration.
func written(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "sync.yml")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	return name
}

// ran runs the command.
func ran(t *testing.T, arguments ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := Run(context.Background(), arguments, &out)
	return out.String(), err
}

func TestRun_printsTheCostByTable(t *testing.T) {
	a := serve(t, small(), simulator.WithBurst(20, 2*time.Second), simulator.WithDailyBudget(500))
	t.Setenv("PIPEDRIVE_API_TOKEN", "token")
	t.Setenv("PIPEDRIVE_API_URL", a.url)
	out, err := ran(t, written(t, `kind: source
spec:
  name: pipedrive
  path: ./bin/cq-source-pipedrive
  registry: local
  tables: [pipedrive_persons, pipedrive_deal_products, pipedrive_users]
  destinations: [sqlite]
  backend_options: {table_name: cq_state_pipedrive, connection: "@@plugins.sqlite.connection"}
  spec: {api_token: "${PIPEDRIVE_API_TOKEN}", api_url: "${PIPEDRIVE_API_URL}", custom_fields: json, max_tokens: 50}
`))
	require.NoError(t, err)
	for _, line := range []string{
		`^Account 4711$`,
		`^table +records +requests +API tokens +minutes +requests +API tokens +minutes$`,
		`^pipedrive_deal_products +\d+ +\d+ +0\.\d +\d+ +\d+ +0\.\d$`,
		`^pipedrive_persons +\d+ +1 +10 +0\.1 +1 +10 +0\.1$`,
		`^log-in +1 +2 +0\.1 +1 +2 +0\.1$`,
		`^total +\d+ +\d+ .*`,
		`^Of the 500 API tokens that the account has a day, the first run takes \d+\.\d %, and a quiet run \d+\.\d %\.$`,
		`^max_tokens: 50 divides it into about \d runs\.$`,
		`^This estimate took \d+ requests and \d+ API tokens\.$`,
	} {
		require.Regexp(t, regexp.MustCompile("(?m)"+line), out)
	}
	require.NotContains(t, out, "Without backend_options")
}

// TestSentences_ofALongBackfill counts its days.
func TestSentences_ofALongBackfill(t *testing.T) {
	text := strings.Join(sentences(client.Estimate{
		First: client.Cost{Requests: 18_000, Tokens: 360_000, Takes: 30 * time.Minute}, PerDay: 30_000,
		Unseen: []string{"/v1/leads/archived"}, Doubtful: []string{"pipedrive_roles"},
		Lacking: map[string][]string{"no add-on": {"pipedrive_tasks", "pipedrive_projects"}},
	}, config{}), "\n")
	for _, sentence := range []string{
		"costs about 360,000 API tokens and takes about 30 minutes.", "the first reading takes 12 days.", "Without backend_options",
		"for want of API tokens (see -tokens): /v1/leads/archived.", "may lack them: pipedrive_roles.",
		"Left out: pipedrive_tasks, pipedrive_projects: no add-on",
	} {
		require.Contains(t, text, sentence)
	}
	require.Contains(t, strings.Join(sentences(client.Estimate{}, config{}), "\n"), "do not give the account's API tokens per day")
	require.Equal(t, "3 hours", duration(150*time.Minute))
}

func TestRun_refusals(t *testing.T) {
	const head = "kind: source\nspec:\n  name: pipedrive\n  tables: ['*']\n"
	for name, test := range map[string]struct {
		text, says string
		code       pipedrive.Code
	}{
		"a variable that is not set": {head + "  spec: {api_token: '${NOBODY_SET_IT}'}\n", "the variable NOBODY_SET_IT is not set", pipedrive.InvalidSpec},
		"no tables":                  {"kind: source\nspec: {name: pipedrive}\n", "spec.tables", pipedrive.InvalidSpec},
		"no source":                  {destination, "no source with the name pipedrive", pipedrive.InvalidSpec},
		"no YAML":                    {"kind: [", "sync.yml", pipedrive.InvalidSpec},
		"an unknown key":             {head + "  spec: {api_tokn: x}\n", "api_token", pipedrive.InvalidSpec},
		"no connection":              {head, "api_token", pipedrive.TokenNotFound},
		"an unknown table":           {strings.Replace(head, "*", "pipedrive_deal", 1) + "  spec: {api_token: x}\n", "did you mean pipedrive_deals?", pipedrive.InvalidType},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ran(t, written(t, test.text))
			require.ErrorContains(t, err, test.says)
			require.Equal(t, test.code, pipedrive.CodeOf(err))
		})
	}
	_, err := ran(t, filepath.Join(t.TempDir(), "none.yml"))
	require.ErrorContains(t, err, "none.yml: no such file")
	_, err = ran(t)
	require.ErrorContains(t, err, "estimate spec.yml")
	_, err = ran(t, "-h")
	require.ErrorIs(t, err, flag.ErrHelp)
}

func TestRun_aRefusedTokenIsNotShown(t *testing.T) {
	a := serve(t, small())
	_, err := ran(t, written(t, "kind: source\nspec:\n  name: pipedrive\n  tables: ['*']\n  spec: {api_token: a-secret-token, api_url: "+a.url+"}\n"))
	require.ErrorIs(t, err, pipedrive.TokenInvalidated)
	require.NotContains(t, err.Error(), "a-secret-token")
}

// TestRead_readsConfigurationsLikeTheCLI: variables, files, several sources, and values that YAML takes for others.
func TestRead_readsConfigurationsLikeTheCLI(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(secret, []byte("from: a file\n"), 0o600))
	t.Setenv("SIZE", "200")
	t.Setenv("TOKEN", "200")
	name := written(t, `kind: source
spec: {name: aws, path: cloudquery/aws, tables: ["*"]}
---
kind: source
spec:
  name: crm
  path: ./bin/cq-source-pipedrive
  tables: ["*"]
  skip_tables: [pipedrive_notes]
  spec: # ${NOT_SET}
    api_token: "${TOKEN}"
    page_size: ${SIZE}
    start_time: 2024-01-01
    export: {token: "${file:`+secret+`}"}
`)
	configs, err := read([]string{name})
	require.NoError(t, err)
	require.Len(t, configs, 1)
	require.Equal(t, []string{"pipedrive_notes"}, configs[0].tables.SkipTables)
	require.False(t, configs[0].state)
	require.JSONEq(t, `{"api_token":"200","page_size":200,"start_time":"2024-01-01","export":{"token":"from: a file\n"}}`, string(configs[0].spec))
}

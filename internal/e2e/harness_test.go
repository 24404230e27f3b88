// Package e2e runs the real CloudQuery CLI with the plugin and the SQLite destination, or the double of an official
// one, as separate processes against a simulated Pipedrive. It compares the result with the simulator's records.
package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/programs"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/warehouse"
)

// built is the folder with the programs that the tests run.
var built string

func TestMain(m *testing.M) {
	os.Exit(programs.Main(m, &built, "./internal/sqlite/cmd/cq-destination-sqlite",
		"./internal/warehouse/cmd/cq-destination-double", "./internal/e2e/panicking"))
}

const apiToken = "0123456789abcdef0123456789abcdef01234567"

// setup is one user's computer: a configuration, a database, and a Pipedrive to read from.
type setup struct {
	t         testing.TB
	dir       string
	simulator *simulator.Server
	company   *simulator.Company
	url       string
	source    string   // the plugin's program
	token     string   // in the spec
	connect   string   // lines of the plugin's spec; empty for token and url
	tables    []string // empty for all
	spec      string   // further lines of the plugin's spec
	outer     string   // a further line of the source's outer spec
	writeMode string
	// destination is sqlite, or the official destination whose double gets the rows.
	destination string
	// backend keeps checkpoints in the destination.
	backend bool
	// sourceOnly leaves the destination out of the configuration.
	sourceOnly bool
}

func newSetup(t testing.TB, c *simulator.Company, options ...simulator.Option) *setup {
	t.Helper()
	programs.Need(t)
	server := simulator.NewServer(append(options, simulator.WithCompany(apiToken, c))...)
	listener := httptest.NewServer(server)
	t.Cleanup(listener.Close)
	return &setup{
		t: t, dir: t.TempDir(), simulator: server, company: c, url: listener.URL,
		source: "cq-source-pipedrive", token: apiToken, writeMode: "overwrite-delete-stale", destination: "sqlite",
	}
}

func (s *setup) database() string { return filepath.Join(s.dir, "pipedrive.db") }

// config writes the configuration and returns its path.
func (s *setup) config() string {
	path := filepath.Join(s.dir, "sync.yml")
	require.NoError(s.t, os.WriteFile(path, []byte(s.text()), 0o600))
	return path
}

// text is the configuration.
func (s *setup) text() string {
	tables := `"*"`
	if s.tables != nil {
		tables = `"` + strings.Join(s.tables, `", "`) + `"`
	}
	connect := s.connect
	if connect == "" {
		connect = fmt.Sprintf("api_token: %q\napi_url: %s", s.token, s.url)
	}
	indented := ""
	for line := range strings.SplitSeq(strings.TrimSpace(connect+"\n"+s.spec), "\n") {
		indented += "\n    " + line
	}
	backend := ""
	if s.backend {
		backend = "\n  backend_options:\n    table_name: cq_state_pipedrive\n    connection: \"@@plugins." + s.destination + ".connection\""
	}
	text := fmt.Sprintf(`kind: source
spec:
  name: pipedrive
  registry: local
  path: %s
  tables: [%s]
  destinations: [%s]%s
  %s
  spec:%s
---
kind: destination
spec:
  name: %s
  registry: local
  path: %s
  write_mode: %s
  spec:
    path: %s
`, s.program(s.source), tables, s.destination, backend, s.outer, indented,
		s.destination, s.program("cq-destination-"+s.destination), s.writeMode, s.database())
	if s.sourceOnly {
		text, _, _ = strings.Cut(text, "---")
	}
	return text
}

// program returns the setup's own path of a program, which distinguishes its processes from those of other tests.
func (s *setup) program(name string) string {
	path, program := filepath.Join(s.dir, name), filepath.Join(built, name)
	if kind, ok := strings.CutPrefix(name, "cq-destination-"); ok && slices.Contains(warehouse.Kinds(), warehouse.Kind(kind)) {
		program = filepath.Join(built, "cq-destination-double") // which goes by its file name
	}
	if _, err := os.Lstat(path); err != nil {
		require.NoError(s.t, os.Link(program, path))
	}
	return path
}

// outcome is the result of a CLI run.
type outcome struct {
	exit   int
	output string // both streams, log lines at debug level included
}

// run runs a command of the CLI with the setup's configuration.
func (s *setup) run(command string, more ...string) outcome {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	args := append([]string{
		command, s.config(), "--telemetry-level", "none", "--no-log-file", "--log-console",
		"--log-level", "debug", "--cq-dir", filepath.Join(s.dir, ".cq"),
	}, more...)
	cli := exec.CommandContext(ctx, filepath.Join(built, "cloudquery"), args...)
	cli.Dir = s.dir
	var out bytes.Buffer
	cli.Stdout, cli.Stderr = &out, &out
	err := cli.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
	case err != nil:
		s.t.Fatal(err)
	}
	return outcome{exit: cli.ProcessState.ExitCode(), output: out.String()}
}

// sync runs a sync that must succeed.
func (s *setup) sync() outcome {
	s.t.Helper()
	o := s.run("sync")
	require.Zero(s.t, o.exit, o.output)
	return o
}

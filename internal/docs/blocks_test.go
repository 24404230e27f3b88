package docs

import (
	"bytes"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"go/format"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
	_ "modernc.org/sqlite"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/login"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/programs"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	declared "github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

// elsewhere are the commands that can't run here, by page, with the reason.
var elsewhere = map[string]map[string]string{
	"docs/benchmarks.md": {
		"go": "needs the official destination's program; a check would take minutes",
	},
	"docs/queries/README.md": {
		"psql": "needs a warehouse; internal/queries runs the files",
		"bq":   "needs a warehouse; internal/queries/googlesql checks the files",
		"snow": "needs a warehouse; internal/queries parses the files",
	},
	"docs/schedules/README.md": {
		"sh":      "needs a warehouse; internal/e2e runs sync.sh",
		"kubectl": "needs a cluster; internal/schedules checks the manifest",
	},
}

// harmless commands run unchanged. All other commands must be checked by their names or listed in elsewhere.
var harmless = []string{"cat", "export", "sqlite-query"}

// built is the folder with the programs that the blocks call.
var built string

func TestMain(m *testing.M) {
	os.Exit(programs.Main(m, &built, "./internal/sqlite/cmd/cq-destination-sqlite", "./internal/sqlite/cmd/sqlite-query",
		"./internal/simulator/cmd/pipedrive-simulator"))
}

// TestBlocks_work: the CLI accepts every piece of YAML, every command and its flags exist, and every query runs on
// a synced database.
func TestBlocks_work(t *testing.T) {
	t.Parallel()
	database := synced(t)
	used := map[string]bool{}
	for _, page := range pagesOfRepository(t) {
		for _, b := range page.blocks {
			if b.language == "sh" {
				for _, name := range commandsElsewhere(t, b) {
					used[b.page+" "+name] = true
				}
			}
			t.Run(b.name(), func(t *testing.T) {
				t.Parallel()
				c := newComputer(t, database)
				switch b.language {
				case "yaml":
					c.validate(b.text)
				case "sh":
					c.shell(b)
				case "sql":
					c.query(b.text)
				case "go":
					_, err := format.Source([]byte(b.text))
					require.NoError(t, err)
				case "postgresql": // internal/queries runs it
				case "mermaid": // TestMap_isInTheGrammarOfMermaid checks it
				case "": // a listing for readers only
				default:
					t.Fatalf("nothing checks blocks of %s", b.language)
				}
			})
		}
	}
	for page, names := range elsewhere {
		for name := range names {
			require.True(t, used[page+" "+name], "%s has no command %s that runs elsewhere", page, name)
		}
	}
}

// TestConfigurations_work: the CLI accepts the files that readers copy or run unchanged.
func TestConfigurations_work(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(repository, "docs/examples/*.yml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range append(files, filepath.Join(repository, "spec.yml.example")) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			newComputer(t, nil).validate(string(text))
		})
	}
}

// computer stands for a reader's machine, after the programs were built and a sync ran.
type computer struct {
	t   *testing.T
	dir string
}

func newComputer(t *testing.T, database []byte) *computer {
	t.Helper()
	programs.Need(t)
	dir := t.TempDir()
	docs, err := filepath.Abs(filepath.Join(repository, "docs"))
	require.NoError(t, err)
	require.NoError(t, os.Symlink(built, filepath.Join(dir, "bin")))
	require.NoError(t, os.Symlink(docs, filepath.Join(dir, "docs")))
	if database != nil {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "pipedrive.db"), database, 0o600))
	}
	return &computer{t, dir}
}

func (c *computer) run(environment []string, program string, arguments ...string) {
	c.t.Helper()
	command := exec.CommandContext(c.t.Context(), program, arguments...)
	command.Dir = c.dir
	command.Env = append(append(os.Environ(), "PATH="+built+":"+os.Getenv("PATH")), environment...)
	out, err := command.CombinedOutput()
	require.NoError(c.t, err, "%s %q\n%s", program, arguments, out)
}

func (c *computer) cloudquery(environment []string, arguments ...string) {
	c.t.Helper()
	c.run(environment, filepath.Join(built, "cloudquery"), append(arguments, "--telemetry-level", "none", "--no-log-file")...)
}

type object = map[string]any

// validate has the CLI validate a configuration.
func (c *computer) validate(text string) {
	c.t.Helper()
	path := filepath.Join(c.dir, "sync.yml")
	require.NoError(c.t, os.WriteFile(path, c.configuration(text), 0o600))
	var environment []string
	for _, name := range variables.FindAllStringSubmatch(text, -1) {
		value := "x"
		if strings.HasSuffix(name[1], "_URL") {
			value = "https://x.example"
		}
		environment = append(environment, name[1]+"="+value)
	}
	c.cloudquery(environment, "validate-config", path)
}

// part is one document of a configuration.
type part struct {
	Kind string `yaml:"kind"`
	Spec object `yaml:"spec"`
}

// configuration is the block with SQLite in place of the destinations that the CLI would have to download. A block
// without kind is a part of the source's inner spec.
func (c *computer) configuration(text string) []byte {
	c.t.Helper()
	if !strings.Contains(text, "kind: ") {
		text = "kind: source\nspec:\n  name: pipedrive\n  registry: local\n  path: cq-source-pipedrive\n  tables: ['*']\n" +
			"  destinations: [sqlite]\n  spec:\n    " + strings.ReplaceAll(text, "\n", "\n    ")
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	missing := map[any]bool{} // destinations that the block leaves to the reader
	for decoder := yaml.NewDecoder(strings.NewReader(text)); ; {
		var p part
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(c.t, err)
		if names, ok := p.Spec["destinations"].([]any); ok && p.Kind == "source" {
			for _, name := range names {
				missing[name] = true
			}
		}
		if p.Kind == "destination" {
			delete(missing, p.Spec["name"])
		}
		require.NoError(c.t, encoder.Encode(c.local(p)))
	}
	for name := range missing {
		p := part{"destination", object{"name": name, "registry": "cloudquery"}}
		require.NoError(c.t, encoder.Encode(c.local(p)))
	}
	return out.Bytes()
}

// local is a part with this machine's programs.
func (c *computer) local(p part) part {
	c.t.Helper()
	if p.Kind == "destination" && p.Spec["registry"] == "cloudquery" {
		delete(p.Spec, "version")
		p.Spec["registry"], p.Spec["path"] = "local", "cq-destination-sqlite"
		p.Spec["spec"] = object{"path": "pipedrive.db"}
	}
	require.Equal(c.t, "local", p.Spec["registry"], "what is downloaded can't be checked here")
	p.Spec["path"] = filepath.Join(built, filepath.Base(fmt.Sprint(p.Spec["path"])))
	return p
}

// shell runs a block's commands, or only checks the flags of those that can't run here.
func (c *computer) shell(b block) {
	c.t.Helper()
	for _, statement := range statements(c.t, b) {
		calls := callsIn(c.t, statement)
		safe := true
		for _, call := range calls {
			name := filepath.Base(call[0])
			safe = safe && slices.Contains(harmless, name)
			switch {
			case name == "make":
				arguments := append([]string{"--dry-run", "-C", repository}, call[1:]...)
				command := exec.CommandContext(c.t.Context(), "make", arguments...)
				command.Env = append(os.Environ(), "MAKEFLAGS=", "PIPEDRIVE_API_TOKEN=x", "POSTGRESQL_CONNECTION_STRING=x")
				out, err := command.CombinedOutput()
				require.NoError(c.t, err, "%s", out)
			case name == "cloudquery":
				c.cloudquery(nil, append(call[1:], "--help")...)
			case name == "cq-source-pipedrive" && len(call) > 1 && call[1] == "login":
				require.ErrorIs(c.t, login.Run(c.t.Context(), append(call[2:], "-h"), io.Discard), flag.ErrHelp)
			case name == "cq-source-pipedrive" && len(call) > 1 && call[1] == "estimate":
				c.estimate(call[1:])
			case name == "cq-source-pipedrive":
				c.run(nil, filepath.Join(built, name), append(call[1:], "--help")...)
			case name == "pipedrive-simulator":
				flags := call[1:slices.Index(call, "--")]
				c.run(nil, filepath.Join(built, name), append(slices.Clone(flags), "-h")...)
				c.cloudquery(nil, append(call[len(flags)+3:], "--help")...)
			case !slices.Contains(harmless, name) && elsewhere[b.page][name] == "":
				c.t.Fatalf("nothing checks the command %s; list it in elsewhere with a reason", name)
			}
		}
		if safe && len(calls) > 0 {
			var text strings.Builder
			require.NoError(c.t, syntax.NewPrinter().Print(&text, statement))
			c.run(nil, "sh", "-ec", text.String())
		}
	}
}

// estimate runs the command `estimate` of a page, for a simulated account.
func (c *computer) estimate(arguments []string) {
	c.t.Helper()
	for i, a := range arguments {
		if strings.HasSuffix(a, ".yml") {
			file, err := filepath.Abs(filepath.Join(repository, a))
			require.NoError(c.t, err)
			arguments[i] = file
		}
	}
	program := filepath.Join(built, "cq-source-pipedrive")
	c.run(nil, filepath.Join(built, "pipedrive-simulator"), append([]string{"-deals", "50", "--", program}, arguments...)...)
}

func statements(t *testing.T, b block) []*syntax.Stmt {
	t.Helper()
	file, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(b.text), b.page)
	require.NoError(t, err)
	return file.Stmts
}

// callsIn are the commands of a statement, each with its arguments; x stands for the value of a variable.
func callsIn(t *testing.T, statement syntax.Node) [][]string {
	t.Helper()
	var calls [][]string
	config := &expand.Config{Env: expand.FuncEnviron(func(string) string { return "x" })}
	syntax.Walk(statement, func(n syntax.Node) bool {
		if call, ok := n.(*syntax.CallExpr); ok && len(call.Args) > 0 {
			words, err := expand.Fields(config, call.Args...)
			require.NoError(t, err)
			calls = append(calls, words)
		}
		return true
	})
	return calls
}

// commandsElsewhere are the commands of a block that are listed in elsewhere.
func commandsElsewhere(t *testing.T, b block) []string {
	t.Helper()
	listed := elsewhere[b.page]
	var found []string
	for _, s := range statements(t, b) {
		for _, call := range callsIn(t, s) {
			if name := filepath.Base(call[0]); listed[name] != "" {
				found = append(found, name)
			}
		}
	}
	return found
}

// query runs a statement. A statement that only reads must find something; otherwise it proves little.
func (c *computer) query(statement string) {
	c.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(c.dir, "pipedrive.db"))
	require.NoError(c.t, err)
	defer db.Close()
	rows, err := db.QueryContext(c.t.Context(), statement)
	require.NoError(c.t, err)
	defer rows.Close()
	found := rows.Next()
	for rows.Next() { // a statement may fail at its last row
	}
	require.NoError(c.t, rows.Err())
	if strings.HasPrefix(statement, "SELECT") || strings.HasPrefix(statement, "WITH") {
		require.True(c.t, found, "no rows")
	}
}

const apiToken = "0123456789abcdef0123456789abcdef01234567"

// account is a simulated account and its address.
func account(t *testing.T) (*simulator.Server, string) {
	t.Helper()
	company := simulator.Generate(simulator.Config{Seed: 1, CompanyID: 4711, Deals: 600, Persons: 700, Organizations: 100, Notes: 600})
	server := simulator.NewServer(simulator.WithCompany(apiToken, company))
	listener := httptest.NewServer(server)
	t.Cleanup(listener.Close)
	return server, listener.URL
}

const withState = `backend_options: {table_name: cq_state_pipedrive, connection: "@@plugins.sqlite.connection"}`

// sync syncs all tables that are read by default into pipedrive.db; more is a line of the source's spec, and keys are the
// plugin's keys.
func (c *computer) sync(url, more string, keys ...string) {
	c.t.Helper()
	c.syncTables("*", url, more, keys...)
}

// syncTables does so with the tables of a pattern.
func (c *computer) syncTables(tables, url, more string, keys ...string) {
	c.t.Helper()
	config := fmt.Sprintf(`
kind: source
spec:
  name: pipedrive
  registry: local
  path: bin/cq-source-pipedrive
  tables: ["%s"]
  destinations: [sqlite]
  %s
  spec: {api_token: "%s", api_url: "%s"%s}
---
kind: destination
spec: {name: sqlite, registry: local, path: bin/cq-destination-sqlite, spec: {path: pipedrive.db}}
`, tables, more, apiToken, url, strings.Join(append([]string{""}, keys...), ", "))
	require.NoError(c.t, os.WriteFile(filepath.Join(c.dir, "sync.yml"), []byte(config), 0o600))
	c.cloudquery(nil, "sync", "sync.yml")
}

// synced is a database that holds an account and its state, in all tables.
func synced(t *testing.T) []byte {
	t.Helper()
	c := newComputer(t, nil)
	_, url := account(t)
	c.syncTables("*_*", url, withState, "history: ["+strings.Join(declared.Versioned(), ", ")+"]") // this names those on request too
	database, err := os.ReadFile(filepath.Join(c.dir, "pipedrive.db"))
	require.NoError(t, err)
	return database
}

package queries

import (
	"bytes"
	"cmp"
	"database/sql"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/postgrestest"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

// parse prints the columns of every view and query of a file, by the view's name.
const parse = `
import json, sys, sqlglot
from sqlglot import exp
columns = {}
for statement in sqlglot.parse(sys.stdin.read(), read=sys.argv[1], error_level=sqlglot.ErrorLevel.RAISE):
    if isinstance(statement, exp.Create) and statement.args["kind"] == "VIEW":
        columns[statement.this.name] = statement.expression.named_selects
    elif isinstance(statement, exp.Select):
        columns["query"] = statement.named_selects
    else:
        sys.exit("neither a view nor a query: " + statement.sql())
print(json.dumps(columns))
`

// No BigQuery or Snowflake is available, so their queries are parsed in their dialect, and must have the columns
// of SQLite's queries.
func TestQueries_haveTheSameColumnsInEachDialect(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short sqlglot is not started")
	}
	if _, err := exec.Command("/usr/bin/python3", "-c", "import sqlglot").Output(); err != nil { // as Debian has it
		require.Empty(t, os.Getenv(postgrestest.RequireTools), "sqlglot is not installed")
		t.Skip("SQLGLOT IS NOT INSTALLED: the queries for BigQuery and Snowflake are NOT parsed. Install the package python3-sqlglot.")
	}
	account := syncedAccounts(t)
	for _, name := range names {
		want := columnsInSQLite(t, account, name)
		for view, columns := range want {
			require.Equal(t, columns, described(t, cmp.Or(strings.TrimPrefix(view, "query"), name+".sql"), len(columns)), "README, %s", name)
		}
		for _, dialect := range []string{"bigquery", "snowflake"} {
			require.Equal(t, want, parsed(t, dialect, read(t, dialect, name)), "%s/%s", dialect, name)
		}
	}
	for _, dialect := range []string{"bigquery", "snowflake"} {
		var views []string
		var script strings.Builder
		for _, table := range tables.All() {
			views = append(views, table.Name()+"_current")
			script.WriteString(read(t, "current/"+dialect, table.Records))
		}
		require.ElementsMatch(t, views, slices.Collect(maps.Keys(parsed(t, dialect, script.String()))), dialect)
	}
}

// Each dialect has the queries of the others, on the same tables. In a warehouse they read current rows.
func TestQueries_areThereInEachDialect(t *testing.T) {
	for dialect, suffix := range map[string]string{"sqlite": "", "postgresql": "", "bigquery": "_current", "snowflake": "_current"} {
		files, err := filepath.Glob(filepath.Join(folder, dialect, "*"))
		require.NoError(t, err)
		require.Len(t, files, len(names), dialect)
		for _, name := range names {
			want := map[string]bool{}
			for source := range sources(read(t, "sqlite", name)) {
				if slices.ContainsFunc(tables.All(), func(t *table.Table) bool { return t.Name() == source }) {
					source += suffix
				}
				want[source] = true
			}
			require.Equal(t, want, sources(read(t, dialect, name)), "%s/%s", dialect, name)
		}
	}
}

var reading = regexp.MustCompile(`(?:FROM|JOIN) (?:pipedrive\.)?(pipedrive_\w+)`)

// sources are the tables and views that a script reads.
func sources(script string) map[string]bool {
	found := map[string]bool{}
	for _, s := range reading.FindAllStringSubmatch(script, -1) {
		found[s[1]] = true
	}
	return found
}

func columnsInSQLite(t *testing.T, db *sql.DB, name string) map[string][]string {
	t.Helper()
	view, question := "query", read(t, "sqlite", name)
	if isView(name) {
		_, err := db.Exec(question)
		require.NoError(t, err)
		view = "pipedrive_" + name
		question = "SELECT * FROM " + view
	}
	return map[string][]string{view: strings.Split(query(t, db, question)[0], "|")}
}

// described are the first n columns of a view or query in README.
func described(t *testing.T, view string, n int) (columns []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "README.md"))
	require.NoError(t, err)
	_, text, found := bytes.Cut(text, []byte("**"+view+"**"))
	require.True(t, found, "README has no columns of %s", view)
	text, _, _ = bytes.Cut(text, []byte("\n\n"))
	for _, column := range regexp.MustCompile("`(\\w+)`").FindAllSubmatch(text, -1) {
		columns = append(columns, string(column[1]))
	}
	return columns[:min(n, len(columns))]
}

func parsed(t *testing.T, dialect, script string) map[string][]string {
	t.Helper()
	command := exec.Command("/usr/bin/python3", "-c", parse, dialect)
	command.Stdin = strings.NewReader(script)
	command.Stderr = os.Stderr
	output, err := command.Output()
	require.NoError(t, err, dialect)
	var columns map[string][]string
	require.NoError(t, json.Unmarshal(output, &columns))
	return columns
}

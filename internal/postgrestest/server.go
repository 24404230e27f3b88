// Package postgrestest gives tests a PostgreSQL server with the tables of a SQLite database.
package postgrestest

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the database/sql driver "pgx"
	"github.com/stretchr/testify/require"
)

// RequireTools is the environment variable that turns a missing program into a failure.
const RequireTools = "REQUIRE_SQL_TOOLS"

// types are the types of CloudQuery's destination for the SQLite destination's types.
var types = map[string]string{
	"TEXT":      "text",
	"INTEGER":   "bigint",
	"REAL":      "double precision",
	"BOOLEAN":   "boolean",
	"TIMESTAMP": "timestamp without time zone",
	"DATE":      "date",
	"JSON TEXT": "jsonb",
}

// Need skips a test if PostgreSQL is not installed, or with -short. It returns the folder of PostgreSQL's
// programs.
func Need(t *testing.T) (programs string) {
	t.Helper()
	if testing.Short() {
		t.Skip("with -short no PostgreSQL is started")
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin") // the path on Debian
	require.NoError(t, err)
	if len(found) == 0 {
		require.Empty(t, os.Getenv(RequireTools), "PostgreSQL is not installed")
		t.Skip("PostgreSQL IS NOT INSTALLED: nothing is tested on it. Install the package postgresql.")
	}
	return slices.Max(found)
}

// Copy is a PostgreSQL database with the tables of a SQLite one and its connection string. The test is skipped
// under the conditions of [Need].
func Copy(t *testing.T, from *sql.DB) (*sql.DB, string) {
	t.Helper()
	address := start(t)
	db, err := sql.Open("pgx", address)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	for _, table := range pairs(t, from, "SELECT name, '' FROM sqlite_schema WHERE type = 'table' AND name LIKE 'pipedrive%'") {
		table := table[0]
		var columns, parameters []string
		for i, column := range pairs(t, from, "SELECT name, type FROM pragma_table_info('"+table+"')") {
			name, declared := column[0], column[1]
			require.Contains(t, types, declared)
			columns = append(columns, name+" "+types[declared])
			parameter := "$" + strconv.Itoa(i+1)
			if declared == "BOOLEAN" {
				parameter += "::int::boolean" // SQLite has 0 and 1
			}
			parameters = append(parameters, parameter)
		}
		_, err := db.ExecContext(t.Context(), fmt.Sprintf("CREATE TABLE %s (%s)", table, strings.Join(columns, ", ")))
		require.NoError(t, err)
		copyRows(t, from, db, table, fmt.Sprintf("INSERT INTO %s VALUES (%s)", table, strings.Join(parameters, ", ")))
	}
	return db, address
}

// pairs are the rows of a statement with two columns.
func pairs(t *testing.T, db *sql.DB, statement string) (found [][2]string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), statement)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var pair [2]string
		require.NoError(t, rows.Scan(&pair[0], &pair[1]))
		found = append(found, pair)
	}
	require.NoError(t, rows.Err())
	return found
}

func copyRows(t *testing.T, from, to *sql.DB, table, insert string) {
	t.Helper()
	rows, err := from.QueryContext(t.Context(), "SELECT * FROM "+table)
	require.NoError(t, err)
	defer rows.Close()
	header, err := rows.Columns()
	require.NoError(t, err)
	cells, targets := make([]any, len(header)), make([]any, len(header))
	for i := range cells {
		targets[i] = &cells[i]
	}
	for rows.Next() {
		require.NoError(t, rows.Scan(targets...))
		_, err := to.ExecContext(t.Context(), insert, cells...)
		require.NoError(t, err)
	}
	require.NoError(t, rows.Err())
}

// start runs a separate server, reachable only through a socket in a folder that is removed at the end of the
// test.
func start(t *testing.T) string {
	t.Helper()
	programs := Need(t)
	folder, err := os.MkdirTemp("", "pg") // the paths of t.TempDir are too long for a socket
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(folder)) })
	run := func(program string, arguments ...string) {
		arguments = append([]string{filepath.Join(programs, program), "-D", filepath.Join(folder, "data")}, arguments...)
		if os.Geteuid() == 0 { // PostgreSQL refuses to run as root
			arguments = append([]string{"runuser", "-u", "postgres", "--"}, arguments...)
		}
		command := exec.CommandContext(context.WithoutCancel(t.Context()), arguments[0], arguments[1:]...)
		command.Dir = folder
		output, err := command.CombinedOutput()
		require.NoError(t, err, "%s: %s", program, output)
	}
	if os.Geteuid() == 0 {
		giveToPostgres(t, folder)
	}
	run("initdb", "--username", "postgres", "--auth", "trust", "--no-sync", "--encoding", "UTF8", "--locale", "C")
	run("pg_ctl", "start", "--wait", "--log", filepath.Join(folder, "log"),
		"--options", "-c listen_addresses= -c fsync=off -c timezone=Asia/Tokyo -k "+folder)
	t.Cleanup(func() { run("pg_ctl", "stop", "--mode", "immediate") })
	return "postgres://postgres@/postgres?host=" + folder
}

// giveToPostgres makes the user of Debian's package the owner of a folder.
func giveToPostgres(t *testing.T, folder string) {
	t.Helper()
	owner, err := user.Lookup("postgres")
	require.NoError(t, err)
	uid, err := strconv.Atoi(owner.Uid)
	require.NoError(t, err)
	gid, err := strconv.Atoi(owner.Gid)
	require.NoError(t, err)
	require.NoError(t, os.Chown(folder, uid, gid))
}

package e2e

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the database that the destination wrote

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

// records are the types of record, each a table.
var records = []string{"deals", "notes", "organizations", "persons", "pipelines", "stages"}

// open opens the destination's database.
func (s *setup) open() *sql.DB {
	s.t.Helper()
	db, err := sql.Open("sqlite", "file:"+s.database()+"?mode=ro")
	require.NoError(s.t, err)
	s.t.Cleanup(func() { db.Close() })
	return db
}

// count returns how many rows each table has.
func (s *setup) count() map[string]int {
	s.t.Helper()
	db := s.open()
	rows := map[string]int{}
	for _, r := range records {
		var n int
		require.NoError(s.t, db.QueryRow("SELECT count(*) FROM pipedrive_"+r).Scan(&n))
		rows[r] = n
	}
	return rows
}

// requireTruth compares every row and column of the tables with what the simulator holds.
func (s *setup) requireTruth(options simulator.TruthOptions, tables ...string) {
	s.t.Helper()
	db := s.open()
	for _, table := range tables {
		want := s.company.Truth(table, options)
		got := readTable(s.t, db, "pipedrive_"+table)
		require.Len(s.t, got, len(want), "%s: number of rows", table)
		for _, row := range want {
			id := fmt.Sprint(row["id"])
			require.Contains(s.t, got, id, "%s: row is missing", table)
			compareRow(s.t, table+" "+id, row, got[id])
		}
	}
}

// stored is a cell as SQLite holds it.
type stored struct {
	kind string // of SQLite's typeof
	text string
}

// readTable returns the rows by id, the columns that CloudQuery adds left out.
func readTable(t *testing.T, db *sql.DB, table string) map[string]map[string]stored {
	t.Helper()
	names := columns(t, db, table)
	var cells []string
	for _, name := range names {
		cells = append(cells, fmt.Sprintf("typeof(%[1]q) || ':' || coalesce(CAST(%[1]q AS TEXT), '')", name))
	}
	rows, err := db.Query("SELECT " + strings.Join(cells, ", ") + " FROM " + table)
	require.NoError(t, err)
	defer rows.Close()
	got := map[string]map[string]stored{}
	values := make([]string, len(names))
	into := make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		require.NoError(t, rows.Scan(into...))
		row := map[string]stored{}
		for i, name := range names {
			kind, text, _ := strings.Cut(values[i], ":")
			row[name] = stored{kind, text}
		}
		require.NotContains(t, got, row["id"].text, "%s: an id comes twice", table)
		got[row["id"].text] = row
	}
	require.NoError(t, rows.Err())
	return got
}

func columns(t *testing.T, db *sql.DB, table string) []string {
	t.Helper()
	rows, err := db.Query("SELECT name FROM pragma_table_info(?)", table)
	require.NoError(t, err)
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		if !strings.HasPrefix(name, "_cq_") {
			names = append(names, name)
		}
	}
	return names
}

func compareRow(t *testing.T, where string, want map[string]any, got map[string]stored) {
	t.Helper()
	for name := range got {
		// An export endpoint can't tell the types of custom fields; their columns have a test of their own.
		if _, ok := want[name]; !ok && !strings.HasPrefix(name, "cf_") && name != "custom_fields" {
			t.Fatalf("%s: column %s is not in the contract", where, name)
		}
	}
	for name, value := range want {
		cell, ok := got[name]
		if !ok {
			t.Fatalf("%s: column %s is missing", where, name)
		}
		if !same(value, cell) {
			t.Fatalf("%s: column %s is %s %q, want %T %v", where, name, cell.kind, cell.text, value, value)
		}
	}
}

// same compares what the simulator holds with a cell, in value and in kind.
func same(want any, got stored) bool {
	switch w := want.(type) {
	case nil:
		return got.kind == "null"
	case int64:
		return got.kind == "integer" && got.text == strconv.FormatInt(w, 10)
	case float64:
		f, err := strconv.ParseFloat(got.text, 64)
		return err == nil && got.kind == "real" && f == w
	case bool:
		return got.kind == "integer" && got.text == map[bool]string{true: "1", false: "0"}[w]
	case string:
		return got.kind == "text" && got.text == w
	case simulator.Date:
		return got.kind == "text" && got.text == string(w)
	case time.Time:
		at, err := time.Parse("2006-01-02 15:04:05.999999", got.text)
		return err == nil && got.kind == "text" && at.Equal(w)
	case json.RawMessage:
		return got.kind == "text" && sameJSON(string(w), got.text)
	}
	return false
}

// sameJSON compares two JSON texts without taking long numbers for floats.
func sameJSON(a, b string) bool {
	var x, y any
	for text, into := range map[string]*any{a: &x, b: &y} {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if d.Decode(into) != nil {
			return false
		}
	}
	if a == b {
		return true
	}
	left, _ := json.Marshal(x)
	right, _ := json.Marshal(y)
	return string(left) == string(right)
}

package histories

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

// everything is what a sync without further keys in its spec reads.
var everything = simulator.TruthOptions{Deleted: true, Archived: true}

// requireTruth compares every row and column of the tables with what the simulator holds, for each account.
// Incremental tables may hold, beyond that, what was deleted so that no list shows it any more; others
// may not.
func (w *world) requireTruth(tables ...string) {
	w.t.Helper()
	for _, table := range tables {
		got := w.rows(table)
		for _, a := range w.accounts {
			id := strconv.FormatInt(a.company.ID(), 10)
			w.requireRows(a, table, a.company.Truth(table, everything), got[id])
			delete(got, id)
		}
		require.Empty(w.t, got, "%s: rows of other accounts", table)
	}
}

// requireRows compares rows with those of an account's table.
func (w *world) requireRows(a *account, table string, want []map[string]any, got map[int64]map[string]cell) {
	w.t.Helper()
	left := maps.Clone(got)
	for _, row := range want {
		id := row["id"].(int64)
		if got[id] == nil {
			w.t.Fatalf("%s %d is missing, of update_time %v", table, id, row["update_time"])
		}
		w.requireRow(fmt.Sprintf("%s %d", table, id), row, got[id])
		delete(left, id)
	}
	for id, row := range left {
		// Of deals, those deleted more than 30 days ago.
		removed := a.gone[table][id] || table == "deals" && row["is_deleted"].text == "1"
		if !slices.Contains(incremental, table) || !w.backend || !removed {
			w.t.Fatalf("%s %d should not be there, of update_time %v", table, id, row["update_time"])
		}
	}
}

func (w *world) requireRow(where string, want map[string]any, got map[string]cell) {
	w.t.Helper()
	for column := range got {
		if _, ok := want[column]; !ok {
			w.t.Fatalf("%s: column %s is not in the contract", where, column)
		}
	}
	for column, value := range want {
		stored, ok := got[column]
		if !ok {
			w.t.Fatalf("%s: column %s is missing", where, column)
		}
		if !stored.is(value) {
			w.t.Fatalf("%s: column %s is %v, want %T %v", where, column, stored, value, value)
		}
	}
}

// cell is a value as SQLite holds it.
type cell struct {
	kind string // of SQLite's typeof
	text string
}

// is compares a cell with what the simulator holds, in value and in kind.
func (c cell) is(want any) bool {
	switch v := want.(type) {
	case nil:
		return c.kind == "null"
	case int64:
		return c == cell{"integer", strconv.FormatInt(v, 10)}
	case bool:
		return c == cell{"integer", map[bool]string{true: "1", false: "0"}[v]}
	case float64:
		f, err := strconv.ParseFloat(c.text, 64)
		return err == nil && c.kind == "real" && f == v
	case string:
		return c == cell{"text", v}
	case simulator.Date:
		return c == cell{"text", string(v)}
	case time.Time:
		return c == cell{"text", v.Format(time.DateTime)}
	case json.RawMessage:
		return c.kind == "text" && canonical(c.text) == canonical(string(v))
	}
	return false
}

// canonical is a JSON text in the form that equal values share; long numbers keep all of their digits.
func canonical(text string) string {
	var v any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return "not JSON: " + text
	}
	out, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(out)
}

// rows returns a table's rows by account_id and id, the columns that CloudQuery adds left out.
func (w *world) rows(table string) map[string]map[int64]map[string]cell {
	w.t.Helper()
	found := map[string]map[int64]map[string]cell{}
	w.query(func(db *sql.DB) {
		columns := w.columns(db, table)
		cells := make([]string, len(columns))
		for i, column := range columns {
			cells[i] = fmt.Sprintf("typeof(%[1]q), coalesce(CAST(%[1]q AS TEXT), '')", column)
		}
		rows, err := db.Query("SELECT " + strings.Join(cells, ", ") + " FROM pipedrive_" + table)
		require.NoError(w.t, err)
		defer rows.Close()
		for rows.Next() {
			values := make([]cell, len(columns))
			var into []any
			for i := range values {
				into = append(into, &values[i].kind, &values[i].text)
			}
			require.NoError(w.t, rows.Scan(into...))
			row := map[string]cell{}
			for i, column := range columns {
				row[column] = values[i]
			}
			account := row["account_id"].text
			if found[account] == nil {
				found[account] = map[int64]map[string]cell{}
			}
			id, err := strconv.ParseInt(row["id"].text, 10, 64)
			require.NoError(w.t, err)
			require.Nil(w.t, found[account][id], "%s %d comes twice", table, id)
			found[account][id] = row
		}
		require.NoError(w.t, rows.Err())
	})
	return found
}

func (w *world) columns(db *sql.DB, table string) []string {
	w.t.Helper()
	rows, err := db.Query("SELECT name FROM pragma_table_info(?)", "pipedrive_"+table)
	require.NoError(w.t, err)
	defer rows.Close()
	var columns []string
	for rows.Next() {
		var column string
		require.NoError(w.t, rows.Scan(&column))
		if !strings.HasPrefix(column, "_cq_") {
			columns = append(columns, column)
		}
	}
	require.NotEmpty(w.t, columns, "there is no table %s", table)
	return columns
}

// count is how many rows a table has, of all accounts.
func (w *world) count(table string) int {
	w.t.Helper()
	n := 0
	w.query(func(db *sql.DB) {
		require.NoError(w.t, db.QueryRow("SELECT count(*) FROM pipedrive_"+table).Scan(&n))
	})
	return n
}

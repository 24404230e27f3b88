package histories

import (
	"context"
	"database/sql"
	"maps"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/truth"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/warehouse"
)

// everything is the scope of a sync with the spec's defaults.
var everything = truth.Everything

// requireTruth compares every row and column of the tables with the simulator's records, for each account. Incremental
// tables may also have deleted records that no list shows any more; others may not.
func (w *world) requireTruth(tables ...string) {
	w.t.Helper()
	for _, table := range tables {
		got := w.rows(table)
		for _, a := range w.accounts {
			w.requireRows(a, table, a.Company.Truth(table, everything), got[a.ID()])
			delete(got, a.ID())
		}
		require.Empty(w.t, got, "%s: rows of other accounts", table)
	}
}

// requireRows compares rows with those of an account's table.
func (w *world) requireRows(a *account, table string, want []map[string]any, got map[string]truth.Row) {
	w.t.Helper()
	mayStay := a.MayStay(table)
	if !w.backend {
		mayStay = nil
	}
	require.Empty(w.t, truth.Compare(table, want, slices.Collect(maps.Values(got)), mayStay))
}

// rows returns a table's rows by account_id and key, without the columns that CloudQuery adds.
func (w *world) rows(table string) map[string]map[string]truth.Row {
	w.t.Helper()
	found := map[string]map[string]truth.Row{}
	w.query(func(db *sql.DB) {
		rows, err := truth.Rows(context.Background(), db, table)
		require.NoError(w.t, err)
		for _, row := range rows {
			account := row["account_id"].Text
			if found[account] == nil {
				found[account] = map[string]truth.Row{}
			}
			key := row.Key(table)
			if !w.appends && w.kind != warehouse.BigQuery { // the newest version is the last
				require.Nil(w.t, found[account][key], "%s %s comes twice", table, key)
			}
			found[account][key] = row
		}
	})
	return found
}

// count is the number of a table's rows, of all accounts.
func (w *world) count(table string) int {
	w.t.Helper()
	n := 0
	w.query(func(db *sql.DB) {
		require.NoError(w.t, db.QueryRow("SELECT count(*) FROM pipedrive_"+table).Scan(&n))
	})
	return n
}

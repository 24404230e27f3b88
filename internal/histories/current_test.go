package histories

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/docs"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/postgrestest"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/truth"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/warehouse"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

// createCurrentViews creates the views of current rows, in a dialect.
func createCurrentViews(t tester, db *sql.DB, dialect string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../..", docs.CurrentViews, dialect, "*.sql"))
	require.NoError(t, err)
	require.Len(t, files, len(tables.All()))
	for _, file := range files {
		view, err := os.ReadFile(file)
		require.NoError(t, err)
		for range 2 { // an existing view is replaced
			_, err = db.Exec(string(view))
			require.NoError(t, err, file)
		}
	}
}

// requireCurrentTruth compares the views of current rows with the simulator's records, for each account. Rows of
// parents that are listed as deleted stay.
func (w *world) requireCurrentTruth(names ...string) {
	w.t.Helper()
	w.query(func(db *sql.DB) {
		for _, table := range names {
			var want []map[string]any
			for _, a := range w.accounts {
				want = append(want, a.Company.Truth(table, everything)...)
			}
			got, err := truth.Rows(context.Background(), db, table+"_current")
			require.NoError(w.t, err)
			require.False(w.t, slices.ContainsFunc(got, truth.Row.Removed), "%s: a row that is marked", table)
			require.Empty(w.t, truth.Compare(table, want, got, w.ofDeleted(table)))
		}
	})
}

// ofDeleted reports whether a row of a table belongs to a parent that an account lists as deleted.
func (w *world) ofDeleted(table string) func(truth.Row) bool {
	of := map[string]func(truth.Row) bool{}
	for _, a := range w.accounts {
		of[a.ID()] = a.OfDeleted(table)
	}
	return func(row truth.Row) bool {
		deleted := of[row["account_id"].Text]
		return deleted != nil && deleted(row)
	}
}

// column returns the values of a statement's only column, as text and sorted.
func column(t tester, db *sql.DB, statement string) (values []string) {
	t.Helper()
	rows, err := db.Query(statement)
	require.NoError(t, err, statement)
	defer rows.Close()
	for rows.Next() {
		var value string
		require.NoError(t, rows.Scan(&value))
		values = append(values, value)
	}
	require.NoError(t, rows.Err())
	slices.Sort(values)
	return values
}

// mark marks a record as removed, with the row that a run would send.
func (w *world) mark(a *account, table, key string) {
	w.exec(fmt.Sprintf(`INSERT INTO pipedrive_%[1]s (_cq_sync_time, _cq_id, account_id, %[2]s, _removed_at)
		SELECT strftime('%%Y-%%m-%%d %%H:%%M:%%f000', 'now'), hex(randomblob(16)), account_id, %[2]s, '2026-01-02 03:04:05'
		FROM pipedrive_%[1]s WHERE account_id = ? AND %[3]s = ? LIMIT 1`, table, strings.Join(truth.Keys(table), ", "), keyIn(table)), a.ID(), key)
}

// readTwice adds two older versions of a record that a run read more than once.
func (w *world) readTwice(a *account, table, key string) {
	for _, changed := range []string{"'2000-01-01 00:00:00'", "NULL"} {
		w.exec(fmt.Sprintf(`INSERT INTO pipedrive_%[1]s (_cq_sync_time, _cq_id, account_id, %[2]s, %[3]s)
			SELECT max(_cq_sync_time), hex(randomblob(16)), account_id, %[2]s, %[4]s
			FROM pipedrive_%[1]s WHERE account_id = ? AND %[5]s = ?`,
			table, strings.Join(truth.Keys(table), ", "), truth.Time(table), changed, keyIn(table)), a.ID(), key)
	}
}

// currentKeys are the keys of a table's current rows.
func (w *world) currentKeys(table string) (keys []string) {
	w.t.Helper()
	w.query(func(db *sql.DB) {
		rows, err := truth.Rows(context.Background(), db, table+"_current")
		require.NoError(w.t, err)
		for _, row := range rows {
			keys = append(keys, row["account_id"].Text+" "+row.Key(table))
		}
	})
	return keys
}

// changeAll changes the first record of each table, removes the last one that no other table names, and adds one.
func (a *account) changeAll() {
	a.Company.Advance(time.Hour)
	for _, table := range all {
		ids := a.IDs(table)
		a.Change(table, ids[0], "changed")
		a.Remove(table, ids[len(ids)-1])
		a.Add(table, "added", time.Time{})
	}
}

// failingLate is a sync that fails after all lists that are always read in full were read and sent.
func (w *world) failingLate() {
	w.spec["max_tokens"] = 1_000_000 // they come first
	w.simulator.AddFault(simulator.Fault{Path: "/v1/notes", Every: 1, Action: simulator.Status(500)})
	require.Error(w.t, w.sync())
	w.undisturbed()
	delete(w.spec, "max_tokens")
	for _, table := range full {
		require.Positive(w.t, w.sent[table], table)
	}
}

// TestCurrent_appended: after several runs the views show Pipedrive's records, on SQLite, on PostgreSQL and on the
// double of BigQuery, which marks rows by default.
func TestCurrent_appended(t *testing.T) {
	long(t)
	for kind, removed := range map[warehouse.Kind]string{"": "mark", warehouse.BigQuery: "auto"} {
		t.Run(cmp.Or(string(kind), "sqlite"), func(t *testing.T) {
			w := several(t, 2)
			w.kind, w.spec["removed_rows"] = kind, removed
			w.requireCurrentOfAppended()
			if kind == "" {
				w.query(func(db *sql.DB) { requireTheSameOnPostgreSQL(t, db) })
			}
		})
	}
}

// requireCurrentOfAppended plays runs that append, and compares the views of current rows with the truth after each.
func (w *world) requireCurrentOfAppended() {
	w.t.Helper()
	w.appends, w.tables, w.spec["full_refresh_every"] = true, slices.Concat(all, []string{"fields", "syncs"}), "1h"
	for _, a := range w.accounts {
		a.Add("pipelines", "without stages", time.Time{})
	}
	w.requireSync()
	w.query(func(db *sql.DB) { createCurrentViews(w.t, db, "sqlite") })
	w.requireCurrentTruth(all...)
	first := w.accounts[0]
	for _, table := range incremental { // comes back when it changes
		w.mark(first, table, first.Key(table, first.IDs(table)[0]))
	}
	before := map[string][]string{}
	for _, table := range full {
		before[table] = w.currentKeys(table)
	}
	for _, a := range w.accounts {
		a.changeAll()
	}
	w.failingLate()
	for _, table := range full {
		w.exec("DELETE FROM pipedrive_" + table + " WHERE _cq_sync_time = (SELECT max(_cq_sync_time) FROM pipedrive_" + table + ") AND rowid % 2")
		require.Subset(w.t, w.currentKeys(table), before[table], "a failed run takes no row away")
	}
	w.requireSync() // reads the changes, as after each failed full refresh
	w.requireCurrentTruth(full...)
	for range 2 {
		for _, a := range w.accounts {
			a.changeAll()
		}
		w.requireSync()
		for _, table := range incremental {
			w.readTwice(first, table, first.Key(table, first.IDs(table)[0]))
		}
		w.requireCurrentTruth(all...)
	}

	w.exec(`INSERT INTO pipedrive_syncs (_cq_sync_time, _cq_id, account_id, started_at)
		SELECT '2026-01-01 00:00:00', hex(randomblob(16)), account_id, started_at FROM pipedrive_syncs`)
	w.query(func(db *sql.DB) {
		runs := column(w.t, db, "SELECT account_id || ' ' || started_at FROM pipedrive_syncs_current WHERE status IS NOT NULL")
		require.Equal(w.t, column(w.t, db, "SELECT DISTINCT account_id || ' ' || started_at FROM pipedrive_syncs"), runs)
		require.Equal(w.t, column(w.t, db, "SELECT _cq_id FROM pipedrive_fields WHERE _cq_sync_time = (SELECT max(_cq_sync_time) FROM pipedrive_fields)"),
			column(w.t, db, "SELECT _cq_id FROM pipedrive_fields_current"))
	})
}

// requireTheSameOnPostgreSQL: the views show the same rows there, with the columns of their tables.
func requireTheSameOnPostgreSQL(t *testing.T, db *sql.DB) {
	t.Helper()
	server, _ := postgrestest.Copy(t, db)
	createCurrentViews(t, server, "postgresql")
	for _, table := range tables.All() {
		rows := "SELECT _cq_id::text FROM " + table.Name() + "_current"
		require.Equal(t, column(t, db, strings.Replace(rows, "::text", "", 1)), column(t, server, rows), table.Name())
		columns := func(of string) (names string) {
			require.NoError(t, server.QueryRow(`SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute
				WHERE attrelid = $1::regclass AND attnum > 0`, of).Scan(&names))
			return names
		}
		require.Equal(t, columns(table.Name()), columns(table.Name()+"_current"))
	}
}

// TestCurrent_overwritten: if rows replace themselves, the views show all of them, even after a failed run.
func TestCurrent_overwritten(t *testing.T) {
	long(t)
	w := several(t, 2)
	w.tables = slices.Concat(all, []string{"fields", "syncs"})
	w.requireSync()
	w.query(func(db *sql.DB) { createCurrentViews(t, db, "sqlite") })
	for _, fails := range []bool{false, true, false} {
		for _, a := range w.accounts {
			a.Company.Advance(time.Hour)
			a.Change("deals", a.IDs("deals")[0], "changed")
		}
		if fails {
			w.failingLate()
		} else {
			w.requireSync()
		}
		w.query(func(db *sql.DB) {
			for _, table := range w.tables {
				rows := "SELECT _cq_id FROM pipedrive_" + table
				require.Equal(t, column(t, db, rows), column(t, db, rows+"_current"), table)
			}
		})
	}
}

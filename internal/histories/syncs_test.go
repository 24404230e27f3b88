package histories

import (
	"database/sql"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

// TestSyncs_tellTheCostOfRuns: each run leaves a row with its sent rows and its cost, as Pipedrive counts it.
func TestSyncs_tellTheCostOfRuns(t *testing.T) {
	w := newWorld(t, generated(2, 4711))
	w.tables = append(slices.Clone(all), "syncs")
	for run := range 3 {
		w.simulator.ResetUsage()
		w.requireSync()
		usage, sent := w.simulator.Usage(), int64(0)
		for _, table := range all {
			sent += int64(w.sent[table])
		}
		w.query(func(db *sql.DB) {
			var rows, requests, tokens, retries, runs int64
			var api, tables string
			require.NoError(t, db.QueryRow(`SELECT sent_rows, requests, api_tokens, retries, api_version, tables ->> '$[0]',
				(SELECT count(*) FROM pipedrive_syncs WHERE ended_at >= started_at)
				FROM pipedrive_syncs ORDER BY started_at DESC LIMIT 1`).Scan(&rows, &requests, &tokens, &retries, &api, &tables, &runs))
			require.Equal(t, []int64{sent, usage.Requests, usage.Tokens, 0, int64(run + 1)}, []int64{rows, requests, tokens, retries, runs})
			require.Equal(t, "v2", api)
			require.Equal(t, "pipedrive_"+slices.Min(w.tables), tables)
		})
		w.company().Advance(time.Hour)
		w.accounts[0].Change("deals", w.accounts[0].IDs("deals")[0], "changed")
	}
}

// TestSyncs_aRunThatIsNotCompleteSaysSo: a run that the budget ended is partial and names the tables; a failed run
// gets its row as soon as another one succeeds.
func TestSyncs_aRunThatIsNotCompleteSaysSo(t *testing.T) {
	w := newWorld(t, generated(2, 4711))
	w.tables = []string{"deals", "notes", "syncs"}
	w.spec["page_size"], w.spec["max_tokens"] = 3, 100
	w.requireSync()
	delete(w.spec, "max_tokens")
	w.simulator.AddFault(simulator.Fault{Path: "/v1/notes", Every: 1, Action: simulator.Status(http.StatusInternalServerError)})
	require.Error(t, w.sync())
	w.undisturbed()
	w.requireSync()
	type run struct{ status, reason, unfinished string }
	var runs []run
	w.query(func(db *sql.DB) {
		rows, err := db.Query(`SELECT status, coalesce(reason, ''), coalesce(unfinished_tables, '') FROM pipedrive_syncs ORDER BY started_at`)
		require.NoError(t, err)
		defer rows.Close()
		for rows.Next() {
			var r run
			require.NoError(t, rows.Scan(&r.status, &r.reason, &r.unfinished))
			runs = append(runs, r)
		}
		require.NoError(t, rows.Err())
	})
	require.Len(t, runs, 3)
	require.Equal(t, "partial", runs[0].status)
	require.Contains(t, runs[0].reason, "max_tokens allows 100")
	require.Contains(t, runs[0].unfinished, "pipedrive_deals")
	require.Equal(t, "failed", runs[1].status)
	require.Contains(t, runs[1].reason, "HTTP 500")
	require.Equal(t, run{status: "complete"}, runs[2])
	w.requireSync()
	w.query(func(db *sql.DB) {
		var n int
		require.NoError(t, db.QueryRow(`SELECT count(*) FROM pipedrive_syncs`).Scan(&n))
		require.Equal(t, 4, n, "a failed run comes once")
	})
}

// TestSyncs_aRunThatFailsBeforeItsTablesAreReadIsAFailedOne: the lists of fields come before all tables.
func TestSyncs_aRunThatFailsBeforeItsTablesAreReadIsAFailedOne(t *testing.T) {
	w := newWorld(t, generated(2, 4711))
	w.tables, w.spec["custom_fields"] = []string{"deals", "syncs"}, "columns"
	w.simulator.AddFault(simulator.Fault{Path: "/api/v2/dealFields", Every: 1, Action: simulator.Status(http.StatusForbidden)})
	require.ErrorContains(t, w.sync(), "dealFields")
	w.undisturbed()
	w.requireSync()
	w.query(func(db *sql.DB) {
		var statuses, reason string
		require.NoError(t, db.QueryRow(`SELECT group_concat(status, ' ' ORDER BY started_at), min(reason) FROM pipedrive_syncs`).Scan(&statuses, &reason))
		require.Equal(t, "failed complete", statuses)
		require.Contains(t, reason, "dealFields")
	})
}

// verified returns verified_at and repaired_rows of all runs: whether verified_at is between started_at and
// ended_at, and the number; NULL is "-".
func (w *world) verified() (runs []string) {
	w.query(func(db *sql.DB) {
		rows, err := db.Query(`SELECT coalesce(verified_at BETWEEN started_at AND ended_at, '-') || ' ' || coalesce(repaired_rows, '-')
			FROM pipedrive_syncs ORDER BY started_at`)
		require.NoError(w.t, err)
		defer rows.Close()
		for rows.Next() {
			var run string
			require.NoError(w.t, rows.Scan(&run))
			runs = append(runs, run)
		}
		require.NoError(w.t, rows.Err())
	})
	return runs
}

// TestSyncs_tellOfLostRows: a monitor sees missing rows, missing rows found by a failed run, and runs
// that could not check.
func TestSyncs_tellOfLostRows(t *testing.T) {
	each(t, func(t *testing.T, w *world, a *account, table string) {
		w.tables, w.spec["verify_every"] = []string{table, "syncs"}, "0s"
		ids := a.addMany(table, 20, a.Company.Now().Add(-30*time.Hour), time.Hour)
		next := func(lose func()) {
			t.Helper()
			lose()
			a.Company.Advance(time.Hour)
			w.requireSync()
		}
		next(func() {})
		next(func() {})
		next(func() { w.loseRows(table, ids[:7]...) })
		next(func() {})
		next(func() { w.exec("DROP TABLE pipedrive_" + table) })
		w.exec("ALTER TABLE pipedrive_" + table + " DROP COLUMN " + droppable(table))
		w.simulator.AddFault(simulator.Fault{Path: paths[table][0], Every: 1, Action: simulator.Status(http.StatusInternalServerError)})
		require.Error(t, w.sync())
		w.undisturbed()
		next(func() {})
		w.spec["verify"] = false
		next(func() {})
		require.Equal(t, []string{
			"- -",  // the first run
			"1 0",  // no row is missing
			"1 7",  // deleted rows
			"1 0",  //
			"1 20", // a table
			"1 20", // a column, found by a failed run
			"- -",  // read from its beginning by the next one
			"- -",  // without verify
		}, w.verified())
		w.requireTruth(table)
	})
}

// TestSyncs_tellOfRowsThatAreNotReadAgain: rows that are missing after each of several runs are no longer read again, and
// must not count as verified.
func TestSyncs_tellOfRowsThatAreNotReadAgain(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	w.tables = []string{"persons", "syncs"}
	a := w.accounts[0]
	a.addMany("persons", 50, a.Company.Now().Add(-100*time.Hour), time.Hour)
	for range 6 {
		w.requireSync()
		w.exec("DELETE FROM pipedrive_persons WHERE id < 40")
		a.Company.Advance(time.Hour)
	}
	require.Equal(t, []string{"- -", "1 39", "1 39", "1 39", "- -", "- -"}, w.verified())
}

// TestSyncs_ofAFailedRunThatAnEarlierVersionKept: its outcome does not include the destination's losses.
func TestSyncs_ofAFailedRunThatAnEarlierVersionKept(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	w.tables = []string{"persons", "syncs"}
	w.requireSync()
	w.exec("INSERT INTO "+stateTable+" (key, value, version) VALUES ('pipedrive_syncs,failed', ?, 1)", `{"version":1,"runs":[{"account":"4711",`+
		`"started":"2026-01-01T00:00:00Z","ended":"2026-01-01T00:01:00Z","status":"failed","reason":"x","api":"v2","tables":["pipedrive_persons"]}]}`)
	w.requireSync()
	require.Equal(t, "- -", w.verified()[0])
	require.Len(t, w.verified(), 3)
}

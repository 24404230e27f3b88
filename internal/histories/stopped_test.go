package histories

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/truth"
)

// finished runs every ten minutes until the budget is no longer reached.
func (w *world) finished() {
	w.t.Helper()
	for range 30 {
		w.company().Advance(10 * time.Minute)
		w.requireSync()
		if w.log.Len() == 0 {
			return
		}
	}
	w.t.Fatalf("not at the end after 30 runs: %v", w.state())
}

// maxTokens allows n pages of a table. It adds the log-in, the list of users, which no table of children looks up, and
// the pages that each run reads of lists without a filter by time.
func (w *world) maxTokens(table string, n int) {
	most := 2 + n*w.step(table)
	if truth.Family(table) == table {
		most += 20
	}
	for _, l := range truth.Listings(table)[1:] {
		if !l.Timed() {
			most += l.Cost
		}
	}
	w.spec["max_tokens"] = most
}

// step is the cost of a page of a table, in API tokens: of children that take requests, a page of their parents with
// the requests for their children.
func (w *world) step(table string) int {
	if !requested(table) {
		return cost(table)
	}
	page, _ := w.spec["page_size"].(int)
	batch := min(page, truth.Listings(table)[0].Parent.Batch)
	return cost(truth.Family(table)) + (page+batch-1)/batch*cost(table)
}

// TestStopped_recordsWithoutUpdateTimeStillCome: Pipedrive does not document the place of such records in the
// order of update_time. The simulator lists them first. Those that are added before the end of the first reading
// look like an API that lists them last.
func TestStopped_recordsWithoutUpdateTimeStillCome(t *testing.T) {
	each(t, func(t *testing.T, w *world, a *account, table string) {
		if len(paths[table]) > 1 {
			t.Skip("the first of two lists may have come to its end")
		}
		goesOn(t, table)
		w.spec["page_size"] = 4
		w.maxTokens(table, 4)
		a.addMany(table, 30, a.Company.Now().Add(-30*time.Hour), time.Hour)
		w.requireSync()
		require.NotEmpty(t, w.log.String())
		for range 5 {
			a.AddNeverChanged(table, "never changed")
		}
		w.finished()
		w.requireTruth(table)
	})
}

// TestStopped_lookbackStillFindsLateRecords: a run that continues one ended by the budget has no lookback, since it
// might otherwise make no progress. It still finds records that are committed late.
func TestStopped_lookbackStillFindsLateRecords(t *testing.T) {
	each(t, func(t *testing.T, w *world, a *account, table string) {
		if ofWholeList(table) {
			t.Skip("each run spends its tokens on the list of the parents first")
		}
		goesOn(t, table)
		w.spec["page_size"] = 4
		w.maxTokens(table, 9) // the first run ends within the last minute
		a.addMany(table, 20, a.Company.Now().Add(-20*time.Hour), 30*time.Minute)
		a.addMany(table, 20, a.Company.Now().Add(-time.Minute), 3*time.Second)
		w.requireSync()
		require.NotEmpty(t, w.log.String())
		a.Add(table, "late", a.Company.Now().Add(-59*time.Second))
		a.Add(table, "later", a.Company.Now().Add(-2*time.Minute))
		w.maxTokens(table, 12) // the second list of leads costs more than the first
		w.finished()
		w.requireTruth(table)
	})
}

// TestStopped_recordsChangeMeanwhile: records change, come and go between the runs of a first load.
func TestStopped_recordsChangeMeanwhile(t *testing.T) {
	each(t, func(t *testing.T, w *world, a *account, table string) {
		goesOn(t, table)
		w.spec["page_size"], w.spec["lookback"] = 4, "0s"
		w.maxTokens(table, 8)
		ids := a.addMany(table, 60, a.Company.Now().Add(-60*time.Hour), time.Hour)
		for i := range 5 {
			w.requireSync()
			a.Change(table, ids[i], "changed in the second at which the run began")
			a.Company.Advance(10 * time.Minute)
			a.Change(table, ids[59-i], "changed among those that were not read")
			a.Remove(table, ids[10+i])
			a.Remove(table, ids[40+i])
			a.Add(table, "added", time.Time{})
		}
		delete(w.spec, "max_tokens")
		w.requireSync()
		w.requireTruth(table)
	})
}

// TestStopped_aRunThatGetsNoFurtherIsAFailedOne, also in the table of runs.
func TestStopped_aRunThatGetsNoFurtherIsAFailedOne(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	w.tables, w.spec["max_tokens"] = []string{"persons", "syncs"}, 3
	w.accounts[0].addMany("persons", 5, w.company().Now().Add(-30*time.Hour), time.Hour)
	require.ErrorContains(t, w.sync(), fmt.Sprintf("raise it to %d at least", 2+cost("persons")))
	require.Zero(t, w.sent["syncs"])
	delete(w.spec, "max_tokens")
	w.requireSync()
	require.Equal(t, 2, w.sent["syncs"])
	w.query(func(db *sql.DB) {
		var statuses string
		require.NoError(t, db.QueryRow(`SELECT group_concat(status, ' ' ORDER BY started_at) FROM pipedrive_syncs`).Scan(&statuses))
		require.Equal(t, "failed complete", statuses)
	})
}

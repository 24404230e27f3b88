package histories

import (
	"database/sql"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

// TestPositions_ofARunThatFailedAreNotTrusted: the failed run stored its positions, and its rows were lost. The next
// run reads them again, with or without verify.
func TestPositions_ofARunThatFailedAreNotTrusted(t *testing.T) {
	long(t)
	for _, verify := range []bool{true, false} {
		t.Run(fmt.Sprint("verify ", verify), func(t *testing.T) {
			each(t, func(t *testing.T, w *world, a *account, table string) {
				w.spec["page_size"] = 20
				a.addMany(table, 20, a.Company.Now().Add(-9000*time.Minute), time.Minute)
				w.requireSync()
				pages := 200
				if slices.Contains(oneByOne, table) {
					pages = 20 // with 400 records and as many requests
				}
				a.addMany(table, 20*pages, a.Company.Now().Add(-4100*time.Minute), time.Minute)
				w.simulator.AddFault(simulator.Fault{Path: paths[table][0], At: []int{190}, Action: simulator.Status(500)})
				w.lost = -1
				require.Error(t, w.sync())
				require.Equal(t, 20, w.count(table), "the rows were lost")
				w.undisturbed()
				w.lost, w.spec["verify"] = 0, verify
				w.requireSync()
				w.requireTruth(table)
			})
		})
	}
}

// TestPositions_ofDealsDependOnArchived: when `archived` is true again, a run reads all deals that a run without
// archived deals missed.
func TestPositions_ofDealsDependOnArchived(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	w.tables = []string{"deals"}
	a := w.accounts[0]
	ids := a.addMany("deals", 20, a.Company.Now().Add(-30*time.Hour), time.Hour)
	a.Company.ArchiveDeal(ids[0])
	a.Company.Advance(2 * time.Hour)
	w.requireSync()
	w.requireTruth("deals")
	w.requireSync()
	require.LessOrEqual(t, w.sent["deals"], 2)
	a.Company.Advance(2 * time.Hour)
	for _, archived := range []bool{false, true} {
		w.spec["archived"] = archived
		w.requireSync()
		if !archived {
			require.Equal(t, 19, w.sent["deals"], "from its beginning")
		}
		a.Company.Advance(2 * time.Hour)
	}
	w.requireTruth("deals")
}

// TestVerify_aTableThatWasThereIsDropped: later runs know that it existed, even if a run did not find it.
func TestVerify_aTableThatWasThereIsDropped(t *testing.T) {
	long(t)
	w := newWorld(t, simulator.NewCompany(4711))
	w.tables = []string{"persons"}
	a := w.accounts[0]
	a.addMany("persons", 20, a.Company.Now().Add(-30*time.Hour), time.Hour)
	w.requireSync()
	w.exec("DROP TABLE pipedrive_persons")
	w.dropped = func(string, int) bool { return true } // the table is not created before the run ends
	w.requireSync()
	w.dropped = nil
	for range 2 {
		a.Company.Advance(time.Hour)
		a.Add("persons", "new", time.Time{})
		w.requireSync()
		w.requireTruth("persons")
	}
	w.spec["verify"] = false
	w.requireSync()
	w.spec["verify"] = true
	w.exec("DROP TABLE pipedrive_persons")
	w.requireSync()
	w.requireTruth("persons")
}

// TestFullRefresh_halfOfTheRowsAreGone: half is not more than half, so they are removed.
func TestFullRefresh_halfOfTheRowsAreGone(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	w.tables, w.spec["full_refresh_every"] = []string{"persons"}, "24h"
	a := w.accounts[0]
	ids := a.addMany("persons", 20, a.Company.Now().Add(-30*time.Hour), time.Hour)
	w.requireSync()
	for _, id := range ids[:10] {
		a.Remove("persons", id)
	}
	a.Company.Advance(25 * time.Hour)
	w.requireSync()
	w.requireTruth("persons")
	require.Len(t, w.rows("persons")["4711"], 10)
}

// TestFullRefresh_startTimeLeavesRowsOut: rows of earlier runs from before start_time stay. Records that were
// deleted since start_time are removed.
func TestFullRefresh_startTimeLeavesRowsOut(t *testing.T) {
	each(t, func(t *testing.T, w *world, a *account, table string) {
		now := a.Company.Now()
		ids := a.addMany(table, 20, now.Add(-20*24*time.Hour), 24*time.Hour)
		w.requireSync()
		w.spec["start_time"], w.spec["full_refresh_every"] = now.Add(-15*24*time.Hour).Format(time.RFC3339), "24h"
		w.requireSync()
		first, last := a.Key(table, ids[0]), a.Key(table, ids[19])
		a.Remove(table, ids[19])
		a.Company.Advance(31 * 24 * time.Hour) // after that, deleted deals are no longer listed
		w.requireSync()
		left := w.rows(table)["4711"]
		require.Len(t, left, 19)
		require.Contains(t, left, first, "before start_time")
		require.NotContains(t, left, last)
	})
}

// TestSync_deterministicCQID: with it, and only with it, the same records have the same _cq_id in two
// destinations.
func TestSync_deterministicCQID(t *testing.T) {
	for _, deterministic := range []bool{true, false} {
		var seen []string
		for range 2 {
			w := newWorld(t, generated(3, 4711))
			w.tables, w.deterministic = []string{"persons"}, deterministic
			w.requireSync()
			w.query(func(db *sql.DB) {
				var ids string
				require.NoError(t, db.QueryRow("SELECT group_concat(id || '=' || _cq_id ORDER BY id) FROM pipedrive_persons").Scan(&ids))
				seen = append(seen, ids)
			})
		}
		if deterministic {
			require.Equal(t, seen[0], seen[1])
		} else {
			require.NotEqual(t, seen[0], seen[1])
		}
	}
}

// TestFullRefresh_countsOnceItsRunHasEnded: persons were refreshed, and the checkpoint of organizations, whose
// refresh is not due, recorded that. Then the run failed and removed nothing, so the refresh is due again.
func TestFullRefresh_countsOnceItsRunHasEnded(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	w.spec["page_size"], w.spec["full_refresh_every"] = 20, "24h"
	a := w.accounts[0]
	ids := a.addMany("persons", 20, a.Company.Now().Add(-30*time.Hour), time.Hour)
	w.tables = []string{"persons"}
	w.requireSync()
	a.Company.Advance(20 * time.Hour)
	w.tables = []string{"persons", "organizations"}
	a.addMany("organizations", 20, a.Company.Now().Add(-time.Hour), time.Minute)
	w.requireSync()
	a.Remove("persons", ids[0])
	a.Company.Advance(5 * time.Hour)
	a.addMany("organizations", 4000, a.Company.Now().Add(-4*time.Hour), time.Second)
	w.simulator.AddFault(simulator.Fault{Path: paths["organizations"][0], At: []int{190}, Action: simulator.Status(500)})
	require.Error(t, w.sync())
	w.undisturbed()
	w.requireSync()
	w.requireSync()
	w.requireTruth("persons")
	require.Len(t, w.rows("persons")["4711"], 19)
}

package histories

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

// requests is the number of requests for files.
func (w *world) requests() int64 { return w.simulator.Usage().ByPath["/v1/files"].Requests }

// withFiles is a world with an account of n files that changed at intervals of an hour.
func withFiles(t *testing.T, n int) (w *world, ids []int64) {
	t.Helper()
	w = newWorld(t, simulator.NewCompany(4711))
	w.tables = []string{"files"}
	return w, w.accounts[0].addMany("files", n, w.company().Now().Add(-time.Duration(n)*time.Hour), time.Hour)
}

// TestNewestFirst_aQuietRunTakesAPage of 100 files, for any page_size.
func TestNewestFirst_aQuietRunTakesAPage(t *testing.T) {
	w, ids := withFiles(t, 250)
	w.requireSync()
	require.EqualValues(t, 3, w.requests())
	w.company().Advance(time.Hour)
	require.EqualValues(t, 2+20, w.requireTokens())
	w.company().Advance(time.Hour)
	for _, id := range ids[:120] {
		w.accounts[0].Change("files", id, "changed")
	}
	require.EqualValues(t, 2+2*20, w.requireTokens(), "120 files have changed")
	w.requireTruth("files")
}

// TestNewestFirst_aFirstLoadOverSeveralRunsReadsEachPageOnce, while files change between the runs.
func TestNewestFirst_aFirstLoadOverSeveralRunsReadsEachPageOnce(t *testing.T) {
	w, ids := withFiles(t, 90)
	a := w.accounts[0]
	w.spec["page_size"], w.spec["max_tokens"] = 4, 2+8*20
	runs := 1
	for w.requireSync(); w.log.Len() > 0; w.requireSync() {
		a.Company.Advance(6 * time.Hour)
		a.Change("files", ids[runs], "changed among those that were read")
		a.Change("files", ids[89-runs], "changed among those that were not")
		a.Remove("files", ids[3+runs])
		a.Remove("files", ids[70+runs])
		a.Add("files", "added", time.Time{})
		require.Less(t, runs, 10)
		runs++
	}
	w.requireTruth("files")
	t.Logf("%d requests in %d runs", w.requests(), runs)
	require.LessOrEqual(t, w.requests(), int64(30+4*runs), "30 pages; in each run what was changed, and the place")
	before := w.requests()
	a.Company.Advance(time.Hour)
	w.requireSync()
	require.EqualValues(t, 1, w.requests()-before)
}

// TestNewestFirst_aFullRefreshThatTheBudgetEndsIsReadOn by the following runs, from the place where it ended.
func TestNewestFirst_aFullRefreshThatTheBudgetEndsIsReadOn(t *testing.T) {
	w, ids := withFiles(t, 90)
	a := w.accounts[0]
	w.spec["page_size"], w.spec["full_refresh_every"] = 4, "24h"
	w.requireSync()
	a.Company.Advance(25 * time.Hour)
	w.spec["max_tokens"] = 2 + 12*20
	w.requireSync()
	require.Contains(t, w.log.String(), "full refresh short")
	a.Change("files", ids[0], "changed")
	before, runs := w.requests(), 0
	for w.requireSync(); w.log.Len() > 0; w.requireSync() {
		a.Company.Advance(time.Minute)
		runs++
	}
	require.Positive(t, runs)
	require.LessOrEqual(t, w.requests()-before, int64(18+2*runs+3), "of 18 pages that were left")
	w.requireTruth("files")
}

// TestNewestFirst_filesOfOneSecond are told apart by their ids.
func TestNewestFirst_filesOfOneSecond(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	w.tables, w.spec["page_size"] = []string{"files"}, 10
	a := w.accounts[0]
	w.requireSync()
	for range 12 {
		a.Company.Advance(time.Minute)
		a.addMany("files", 5, a.Company.Now(), 0)
	}
	w.requireSync()
	w.requireTruth("files")
}

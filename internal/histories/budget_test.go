package histories

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/truth"
)

// overhead is the cost of a run without the pages of incremental tables, in API tokens: the log-in, the lists of users,
// stages and pipelines for look-ups, and the tables pipelines and stages.
const overhead = 2 + 20 + 5 + 5 + 5 + 5

// unchanged is the maximum cost of an incremental run if nothing has changed: one page of each list.
const unchanged = overhead + 10 + 10 + 10 + 20 + 20

// backfilled runs until the budget is no longer reached, and returns the number of runs and their total cost. Each
// run must succeed and make progress.
func (w *world) backfilled(between func()) (runs int, tokens int64) {
	w.t.Helper()
	for runs = 1; runs < 100; runs++ {
		before := map[string]string{}
		if runs > 1 {
			before = w.positions()
		}
		tokens += w.requireTokens()
		if w.log.Len() == 0 {
			return runs, tokens
		}
		require.Contains(w.t, w.log.String(), "budget")
		require.Equal(w.t, 1, strings.Count(w.log.String(), "ends this sync early"), "one warning")
		require.NotEqual(w.t, before, w.positions(), "run %d gets on", runs)
		between()
	}
	w.t.Fatalf("not at the end after %d runs: %v", runs, w.state())
	return 0, 0
}

// large is an account of 60 pages of 10 records.
func large(id int64) *simulator.Company {
	return simulator.Generate(simulator.Config{Seed: 7, CompanyID: id, Deals: 200, Persons: 160, Organizations: 80, Notes: 160})
}

// fullRead is the cost of one run without any limit.
func fullRead(t *testing.T, pageSize int) int64 {
	t.Helper()
	w := newWorld(t, large(4711))
	w.spec["page_size"], w.tables = pageSize, core
	return w.requireTokens()
}

func TestMaxTokens_aBackfillTakesSeveralRuns(t *testing.T) {
	long(t)
	whole := fullRead(t, 10)
	for _, most := range []int64{150, 250, 400} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			w := newWorld(t, large(4711))
			w.spec["page_size"], w.spec["max_tokens"], w.tables = 10, most, core
			runs, tokens := w.backfilled(func() { require.LessOrEqual(t, w.simulator.Usage().Tokens, most+unchanged) })
			w.requireTruth(core...)
			t.Logf("%d runs, %d tokens, where one run takes %d", runs, tokens, whole)
			require.Greater(t, runs, 2)
			// Each run reads again the second of each of its five positions, and the lookback.
			require.LessOrEqual(t, tokens, whole*12/10+int64(runs)*unchanged)
		})
	}
}

func TestMaxTokens_recordsChangeMeanwhile(t *testing.T) {
	long(t)
	w := newWorld(t, large(4711))
	most := 300
	for _, table := range usual {
		if !slices.Contains(core, table) {
			most += 2 * cost(table)
		}
	}
	w.spec["page_size"], w.spec["max_tokens"], w.tables = 10, most, usual
	a, n := w.accounts[0], 0
	w.backfilled(func() {
		a.Company.Advance(6 * time.Hour)
		for _, table := range incremental {
			if !slices.Contains(usual, table) {
				continue
			}
			ids := a.IDs(table)
			a.Change(table, ids[n%len(ids)], "changed")
			a.Change(table, ids[len(ids)-1-n%len(ids)], "changed")
			a.Add(table, "added", time.Time{})
			n++
		}
	})
	w.requireTruth(usual...)
}

// requireExceeded asserts that a run fails for its budget and removes nothing.
func (w *world) requireExceeded(tables ...string) {
	w.t.Helper()
	err := w.sync()
	require.ErrorIs(w.t, err, pipedrive.RateLimitExceeded)
	w.requireTruth(tables...)
}

func TestMaxTokens_withoutStateIsAnError(t *testing.T) {
	long(t)
	w := newWorld(t, large(4711))
	w.backend, w.spec["page_size"] = false, 10
	w.requireSync()
	w.spec["max_tokens"] = 200
	w.requireExceeded(all...)
}

// TestDailyLimit_endsTheRun: Pipedrive refuses a page without warning because the day's budget is used up.
func TestDailyLimit_endsTheRun(t *testing.T) {
	long(t)
	for _, table := range incremental {
		for _, page := range []int{1, 2, 5} {
			t.Run(fmt.Sprintf("%s, page %d", table, page), func(t *testing.T) {
				w := newWorld(t, large(4711))
				w.spec["page_size"], w.tables = 10, []string{table}
				a := w.accounts[0]
				a.addMany(table, max(0, 60-len(a.IDs(table))), a.Company.Now().Add(-60*time.Hour), time.Hour)
				fault := simulator.Fault{Path: paths[table][0], At: []int{page}, Action: simulator.DailyLimit}
				w.simulator.AddFault(fault)
				w.requireSync()
				require.Contains(t, w.log.String(), table)
				// Requests for children run side by side, and those that are answered may have none.
				if truth.Listings(table)[0].Parent.Batch == 0 {
					require.Equal(t, page > 1, w.count(table) > 0, "what was read is delivered")
				}
				w.undisturbed()
				w.requireSync()
				require.Empty(t, w.log.String())
				w.requireTruth(table)

				w.backend = false
				w.simulator.AddFault(fault)
				w.requireExceeded()
			})
		}
	}
}

// TestDailyLimit_atALookup: records whose look-up failed count as unread, even if their list was read.
func TestDailyLimit_atALookup(t *testing.T) {
	for _, table := range []string{"deals", "persons", "organizations"} {
		w := newWorld(t, large(4711))
		w.spec["page_size"], w.tables = 10, []string{table}
		w.requireSync()
		before := w.positions()
		a := w.accounts[0]
		a.Company.Advance(time.Hour)
		for _, id := range a.IDs(table)[:25] {
			a.Change(table, id, "changed")
		}
		w.simulator.AddFault(simulator.Fault{Path: paths["users"][0], At: []int{2}, Action: simulator.DailyLimit}) // the first request is /v1/users/me
		w.requireSync()
		require.Contains(t, w.log.String(), table)
		require.Zero(t, w.sent[table])
		require.Equal(t, before, w.positions())
		w.undisturbed()
		w.requireSync()
		w.requireTruth(table)
	}
}

// TestDailyLimit_aFullTableCannotStop: pipelines and stages have no checkpoint. A run that can't read them fails
// and keeps its checkpoints unchanged.
func TestDailyLimit_aFullTableCannotStop(t *testing.T) {
	long(t)
	for _, table := range full {
		t.Run(table, func(t *testing.T) {
			w := newWorld(t, large(4711))
			w.requireSync()
			before := w.positions()
			w.accounts[0].Company.Advance(time.Hour)
			w.accounts[0].Change("deals", w.accounts[0].IDs("deals")[0], "changed")
			w.simulator.AddFault(simulator.Fault{Path: paths[table][0], Action: simulator.DailyLimit})
			require.ErrorIs(t, w.sync(), pipedrive.RateLimitExceeded)
			require.Equal(t, before, w.positions())
			w.undisturbed()
			w.requireSync()
			w.requireTruth(all...)
		})
	}
}

// TestDailyBudget_aBackfillTakesSeveralDays: the answers' headers announce the rest of the day's budget.
func TestDailyBudget_aBackfillTakesSeveralDays(t *testing.T) {
	long(t)
	// A day without changes costs 272 tokens, with its looks for records without update_time, and leaves the reserve.
	w := newWorld(t, large(4711), simulator.WithDailyBudget(400))
	w.spec["page_size"], w.tables = 10, core
	runs, _ := w.backfilled(func() { w.company().Advance(24 * time.Hour) })
	require.Greater(t, runs, 2)
	w.requireTruth(core...)
}

// TestDailyBudget_incrementalTablesLeaveAReserve for the tables that are always read in full.
func TestDailyBudget_incrementalTablesLeaveAReserve(t *testing.T) {
	const daily, reserve = 220, 100
	w := newWorld(t, large(4711), simulator.WithDailyBudget(daily))
	w.spec["page_size"], w.tables = 10, []string{"persons"}
	tokens := w.requireTokens()
	require.Contains(t, w.log.String(), "budget")
	require.LessOrEqual(t, tokens, int64(daily-reserve))
	require.Greater(t, tokens, int64(daily-reserve-10), "and use up the rest")
}

func TestDailyBudget_withoutStateIsAnError(t *testing.T) {
	w := newWorld(t, large(4711), simulator.WithDailyBudget(300))
	w.backend, w.spec["page_size"], w.tables = false, 10, core
	require.ErrorIs(t, w.sync(), pipedrive.RateLimitExceeded)
}

// thousands is an account of 20,000 records.
func thousands() *simulator.Company {
	return simulator.Generate(simulator.Config{
		Seed: 9, CompanyID: 4711, Deals: 5000, Persons: 7000, Organizations: 3000, Notes: 5000, CustomFieldsPerEntity: 1,
	})
}

func TestCost_anIncrementalRun(t *testing.T) {
	long(t)
	w := newWorld(t, thousands())
	w.tables = core
	a := w.accounts[0]
	w.requireSync()
	a.Company.Advance(time.Hour)
	require.LessOrEqual(t, w.requireTokens(), int64(135), "nothing has changed")
	w.requireTruth(core...)

	// 1 % of the records change: with small pages, more than a page's worth for some tables.
	w.spec["page_size"] = 20
	w.requireTokens()
	require.LessOrEqual(t, w.requireTokens(), int64(135), "nothing has changed, and a page is small")
	a.Company.Advance(time.Hour)
	extra := int64(0)
	for table, n := range map[string]int{"persons": 70, "organizations": 30, "deals": 50, "notes": 50} {
		ids := a.IDs(table)
		for i := range n {
			a.Company.Advance(time.Second)
			a.Change(table, ids[i*len(ids)/n], "changed")
		}
		page := 20
		cost := int64(10)
		if table == "notes" {
			page, cost = 19, 20 // one of them repeats the page before
		}
		// Beside the changed records come those of the position's second and of the two minutes before.
		extra += cost * int64((n+5+page-1)/page)
	}
	tokens := w.requireTokens()
	t.Logf("%d tokens, of which %d for pages of changed records", tokens, extra)
	require.LessOrEqual(t, tokens, int64(unchanged)+extra)
	w.requireTruth(core...)
}

// TestCost_ofOccasionalRequests: the costs, in docs/cost.md, of the daily look for records without an
// update_time, of a full refresh's second look, and of confirming that a list is empty.
func TestCost_ofOccasionalRequests(t *testing.T) {
	long(t)
	w := newWorld(t, simulator.Generate(simulator.Config{
		Seed: 9, CompanyID: 4711, Deals: 50, Persons: 990, Organizations: 50, Notes: 50, CustomFieldsPerEntity: 1,
	}))
	w.tables = core
	a := w.accounts[0]
	w.requireSync()
	a.Company.Advance(time.Hour)
	usual := w.requireTokens()
	a.Company.Advance(25 * time.Hour)
	require.EqualValues(t, 140, w.requireTokens()-usual, "the daily look")
	a.Company.Advance(time.Hour)
	require.Equal(t, usual, w.requireTokens(), "is over")

	w.tables, w.spec["full_refresh_every"] = []string{"persons"}, "48h"
	a.Company.Advance(49 * time.Hour)
	whole := w.requireTokens()
	for _, id := range a.IDs("persons")[:250] {
		a.Remove("persons", id)
	}
	a.Company.Advance(49 * time.Hour)
	require.EqualValues(t, 30, w.requireTokens()-whole, "250 persons are deleted")

	empty := newWorld(t, simulator.NewCompany(4711))
	empty.tables, empty.backend = []string{"notes"}, false
	require.EqualValues(t, 2+20+20, empty.requireTokens(), "the log-in, and the list twice")
}

// TestCost_emptyListsStayEmpty: a list that is read in full is requested once if it had no record the last time, since an
// empty answer can then remove none.
func TestCost_emptyListsStayEmpty(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	w.tables = []string{"goals", "projects", "tasks"}
	const once = 2*20 + 2*10 + 10
	require.EqualValues(t, 2+2*once, w.requireTokens())
	require.EqualValues(t, 2+once, w.requireTokens())
	w.tables = []string{"project_boards", "project_phases"}
	require.EqualValues(t, 2+2*10, w.requireTokens())
	require.EqualValues(t, 2+10, w.requireTokens(), "a list that two tables need")

	for _, table := range []string{"project_boards", "tasks"} {
		w.accounts[0].Add(table, "added", time.Time{})
	}
	w.tables = []string{"*"}
	w.requireSync()
	w.requireTruth("project_boards", "tasks")
	w.company().Refuse("projects", 402)
	w.requireSync()
	w.company().Refuse("projects", 0)
	w.simulator.AddFault(simulator.Fault{Path: paths["tasks"][0], At: []int{1}, Action: simulator.EmptyPage})
	w.requireSync()
	w.requireTruth("project_boards", "tasks")
}

// TestMaxTokens_aRunThatGetsNowhereFails: if max_tokens is too low for the first step, each run starts at the same
// place. It must not report success for ever.
func TestMaxTokens_aRunThatGetsNowhereFails(t *testing.T) {
	long(t)
	for name, test := range map[string]struct {
		fill func(a *account)
		spec map[string]any
	}{
		"more records share a second": {fill: func(a *account) { a.addMany("persons", 40, a.Company.Now(), 0) }},
		"more records within lookback": {fill: func(a *account) {
			a.addMany("persons", 40, a.Company.Now().Add(-time.Minute), time.Second)
		}},
		"more records without update_time": {fill: func(a *account) {
			for range 40 {
				a.AddNeverChanged("persons", "never changed")
			}
			a.addMany("persons", 10, a.Company.Now().Add(-time.Hour), time.Second)
		}},
		"v1 can only be read whole": {
			fill: func(a *account) { a.addMany("persons", 40, a.Company.Now().Add(-40*time.Hour), time.Hour) },
			spec: map[string]any{"api_version": "v1", "max_tokens": 120},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, simulator.NewCompany(4711))
			w.tables, w.spec["page_size"], w.spec["max_tokens"] = []string{"persons"}, 4, 52
			maps.Copy(w.spec, test.spec)
			test.fill(w.accounts[0])
			before := map[string]string{}
			for range 30 {
				if err := w.sync(); err != nil {
					require.ErrorIs(t, err, pipedrive.RateLimitExceeded)
					return
				}
				if w.log.Len() == 0 {
					w.requireTruth("persons")
					return
				}
				require.NotEqual(t, before, w.positions(), "the run succeeds and gets nowhere: %s", w.log.String())
				before = w.positions()
				w.company().Advance(10 * time.Minute)
			}
			t.Fatal("30 runs were not enough")
		})
	}
}

// TestMaxTokens_aRunThatFitsIsComplete: a run that costs exactly its limit is complete.
func TestMaxTokens_aRunThatFitsIsComplete(t *testing.T) {
	long(t)
	for _, backend := range []bool{true, false} {
		t.Run(fmt.Sprintf("backend %t", backend), func(t *testing.T) {
			w := newWorld(t, large(4711))
			w.backend = backend
			w.requireTokens() // the first run with a state also looks for records without update_time
			w.spec["max_tokens"] = w.requireTokens()
			w.requireSync()
			require.Empty(t, w.log.String())
			w.requireTruth(all...)
		})
	}
}

func TestDailyBudget_aRunThatFitsIsComplete(t *testing.T) {
	long(t)
	for _, left := range []int64{0, 5, 15} {
		whole := fullRead(t, 500)
		const reserve = 100 // left by incremental tables for the others
		w := newWorld(t, large(4711), simulator.WithDailyBudget(whole+reserve+left))
		w.tables = core
		w.requireSync()
		require.Empty(t, w.log.String())
		w.requireTruth(core...)
	}
}

// crowded is an account whose list of stages takes n pages of 2.
func crowded(n int) *account {
	a := newAccount("", apiToken, simulator.NewCompany(4711))
	a.Add("pipelines", "pipeline", time.Time{})
	for i := range 2 * n {
		a.Add("stages", fmt.Sprint("stage ", i), time.Time{})
	}
	return a
}

// TestDailyBudget_theReserveIsTheLastCostOfLists: otherwise incremental tables would use up the day before the
// list was read to its end, and the run would fail.
func TestDailyBudget_theReserveIsTheLastCostOfLists(t *testing.T) {
	w := newWorldOf(t, []*account{crowded(60)}, simulator.WithDailyBudget(700))
	a := w.accounts[0]
	w.spec["page_size"], w.tables = 2, []string{"deals", "notes", "organizations", "persons", "stages"}
	w.requireSync()
	require.Empty(t, w.log.String())
	a.Company.Advance(24 * time.Hour)
	for _, table := range w.tables[:4] {
		a.addMany(table, 100, a.Company.Now().Add(-time.Hour), time.Second)
	}
	w.requireSync()
	require.Contains(t, w.log.String(), "budget")
	w.requireTruth("stages")
}

// TestDailyBudget_nothingIsReservedForListsThatWereRead.
func TestDailyBudget_nothingIsReservedForListsThatWereRead(t *testing.T) {
	const daily, reserve = 500, 100
	w := newWorldOf(t, []*account{crowded(30)}, simulator.WithDailyBudget(daily))
	a := w.accounts[0]
	w.spec["page_size"], w.tables = 2, []string{"persons", "stages"}
	w.spec["max_tokens"] = 10_000 // so that stages come before persons
	a.addMany("persons", 100, a.Company.Now().Add(-time.Hour), time.Second)
	tokens := w.requireTokens()
	require.Contains(t, w.log.String(), "budget")
	require.LessOrEqual(t, tokens, int64(daily-reserve))
	require.Greater(t, tokens, int64(daily-reserve-10))
}

// TestMaxTokens_aListThatIsReadInFullRespectsIt from its third page on. It can't stop in the middle, so the run
// fails and removes nothing.
func TestMaxTokens_aListThatIsReadInFullRespectsIt(t *testing.T) {
	const whole = 2 + 30*5 + 5 // the log-in, the stages, and the pipelines for the look-up of their names
	w := newWorldOf(t, []*account{crowded(30)})
	w.spec["page_size"], w.tables = 2, []string{"stages"}
	require.EqualValues(t, whole, w.requireTokens())
	before := w.rows("stages")
	w.accounts[0].RemoveStage()
	for most := int64(20); most < whole-10; most += 40 {
		w.spec["max_tokens"] = most
		w.simulator.ResetUsage()
		err := w.sync()
		require.ErrorIs(t, err, pipedrive.RateLimitExceeded)
		require.ErrorContains(t, err, "pipedrive_stages")
		require.ErrorContains(t, err, fmt.Sprintf("max_tokens allows %d", most))
		require.ErrorContains(t, err, "raise max_tokens")
		require.LessOrEqual(t, w.simulator.Usage().Tokens, most)
		require.Equal(t, before, w.rows("stages"))
	}
	w.spec["max_tokens"] = whole
	w.requireSync()
	w.requireTruth("stages")
}

// TestMaxTokens_aShortListIsAlwaysRead: a list of two pages.
func TestMaxTokens_aShortListIsAlwaysRead(t *testing.T) {
	w := newWorldOf(t, []*account{crowded(30)})
	w.spec["page_size"], w.spec["max_tokens"], w.tables = 30, 2, []string{"stages"}
	require.EqualValues(t, 2+2*5+5, w.requireTokens())
	w.requireTruth("stages")
}

// TestMaxTokens_listsThatAreReadInFullComeFirst: otherwise incremental tables would use up the tokens, and each
// run of a first load would fail.
func TestMaxTokens_listsThatAreReadInFullComeFirst(t *testing.T) {
	w := newWorldOf(t, []*account{crowded(30)})
	a := w.accounts[0]
	a.addMany("persons", 60, a.Company.Now().Add(-100*time.Hour), time.Hour)
	w.spec["page_size"], w.spec["max_tokens"], w.tables = 2, 300, []string{"persons", "stages"}
	runs, _ := w.backfilled(func() {
		require.LessOrEqual(t, w.simulator.Usage().Tokens, int64(300))
		w.requireTruth("stages")
		a.Company.Advance(time.Hour)
	})
	require.Greater(t, runs, 1)
	w.requireTruth("persons", "stages")
}

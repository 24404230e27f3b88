package histories

import (
	"database/sql"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/truth"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/warehouse"
)

// missing is the number of rows that a table lacks or has in an older version.
func (w *world) missing(table string) int {
	w.t.Helper()
	n := 0
	got, changed := w.rows(table)[fmt.Sprint(w.company().ID())], truth.Time(table)
	for _, want := range w.company().Truth(table, everything) {
		row := got[truth.KeyOf(table, want)]
		if row == nil || !row[changed].Is(want[changed]) {
			n++
		}
	}
	return n
}

// TestVerify_lostRowsComeAgain: a destination loses a message and reports success. With verify the next run finds the
// loss; without it the rows stay lost.
func TestVerify_lostRowsComeAgain(t *testing.T) {
	for _, verify := range []bool{true, false} {
		t.Run(fmt.Sprint("verify ", verify), func(t *testing.T) {
			each(t, func(t *testing.T, w *world, a *account, table string) {
				w.spec["verify"], w.spec["page_size"], w.spec["lookback"] = verify, 4, "0s"
				ids := a.addMany(table, 30, a.Company.Now().Add(-30*time.Hour), time.Hour)
				w.requireSync()
				for run := range 3 {
					a.Company.Advance(time.Hour)
					for i := range 10 {
						a.Change(table, ids[3*run+i], fmt.Sprint("changed in run ", run))
						a.Company.Advance(time.Minute)
					}
					w.dropped = func(of string, _ int) bool { return of == table }
					w.requireSync()
					require.Positive(t, w.missing(table), "the message was lost")
				}
				w.dropped = nil
				w.requireSync()
				if verify {
					w.requireTruth(table)
				} else {
					require.Positive(t, w.missing(table))
				}
			})
		})
	}
}

// TestVerify_anotherAccountsStateCantBeRead: the run fails. The lost rows of the first account come again once the
// state is repaired.
func TestVerify_anotherAccountsStateCantBeRead(t *testing.T) {
	var accounts []*account
	for i := range 50 { // some begin after others have ended
		accounts = append(accounts, newAccount(fmt.Sprint("company ", i), fmt.Sprint("token-", i), simulator.NewCompany(int64(1000+i))))
	}
	w := newWorldOf(t, accounts)
	w.tables = []string{"persons"}
	for _, a := range w.accounts {
		a.addMany("persons", 5, a.Company.Now().Add(-30*time.Hour), time.Hour)
	}
	w.requireSync()
	w.accounts[0].Company.Advance(time.Hour)
	w.accounts[0].addMany("persons", 5, w.accounts[0].Company.Now().Add(-50*time.Minute), 10*time.Minute)
	w.dropped = func(string, int) bool { return true }
	w.requireSync()
	w.dropped = nil
	const account = " WHERE key LIKE '%account=1049,%'"
	w.exec("UPDATE " + stateTable + " SET value = 'x' || value" + account)
	require.ErrorContains(t, w.sync(), "the state can't be read")
	w.exec("UPDATE " + stateTable + " SET value = substr(value, 2)" + account)
	w.accounts[0].Company.Advance(time.Hour)
	w.requireSync()
	w.requireTruth("persons")
}

// TestVerify_aTableIsEmptied between two runs, dropped, or loses old rows: the next run reads it from its beginning.
func TestVerify_aTableIsEmptied(t *testing.T) {
	for name, lose := range map[string]func(w *world, table string, ids []int64){
		"emptied":  func(w *world, table string, _ []int64) { w.exec("DELETE FROM pipedrive_" + table) },
		"dropped":  func(w *world, table string, _ []int64) { w.exec("DROP TABLE pipedrive_" + table) },
		"old rows": func(w *world, table string, ids []int64) { w.loseRows(table, ids[1:3]...) },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(_ *testing.T, w *world, a *account, table string) {
				ids := a.addMany(table, 20, a.Company.Now().Add(-30*time.Hour), time.Hour)
				a.AddNeverChanged(table, "never changed")
				for range 2 {
					w.requireSync()
					a.Company.Advance(time.Hour)
					a.Add(table, "new", time.Time{})
				}
				lose(w, table, ids)
				w.requireSync()
				w.requireTruth(table)
			})
		})
	}
}

// TestVerify_costsNothing: a run without faults makes the same requests with verify as without. The exception are
// children whose presence at the destination saves requests.
func TestVerify_costsNothing(t *testing.T) {
	long(t)
	usage := map[bool]simulator.Usage{}
	for _, verify := range []bool{true, false} {
		w := newWorld(t, generated(3, 4711))
		w.spec["verify"], w.spec["page_size"] = verify, 3
		w.tables = declared(func(t *table.Table) bool { return !requested(t.Records) })
		for range 3 {
			w.requireSync()
			w.company().Advance(time.Hour)
			for _, table := range incremental {
				w.accounts[0].Change(table, w.accounts[0].IDs(table)[1], "changed")
			}
		}
		usage[verify] = w.simulator.Usage()
	}
	require.Equal(t, usage[false], usage[true])
}

// TestVerify_anotherProgramRemovesRows after each run: reading again does not help, and after some runs the plugin
// stops trying.
func TestVerify_anotherProgramRemovesRows(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	w.tables = []string{"persons"}
	a := w.accounts[0]
	a.addMany("persons", 50, a.Company.Now().Add(-100*time.Hour), time.Hour)
	w.spec["page_size"] = 5
	for run := range 8 {
		a.Company.Advance(time.Hour)
		a.Add("persons", "new", time.Time{})
		w.requireSync()
		if run > 3 {
			require.LessOrEqual(t, w.sent["persons"], 2, "run %d", run)
		}
		if run == 4 {
			require.Contains(t, w.log.String(), "verify: false")
		} else {
			require.Empty(t, w.log.String())
		}
		w.exec("DELETE FROM pipedrive_persons WHERE id < 40")
	}
}

// TestVerify_abandonedRowsComeADayLater: rows were missing after each of several runs, but no longer after later
// ones.
func TestVerify_abandonedRowsComeADayLater(t *testing.T) {
	each(t, func(t *testing.T, w *world, a *account, table string) {
		w.spec["open_deals_every"] = "0s"
		ids := a.addMany(table, 50, a.Company.Now().Add(-100*time.Hour), time.Hour)
		w.requireSync()
		for run := range 4 {
			w.loseRows(table, ids[10+run])
			a.Company.Advance(time.Hour)
			w.requireSync()
		}
		require.Contains(t, w.log.String(), "verify: false")
		for range 2 {
			a.Company.Advance(11 * time.Hour)
			w.requireSync()
			require.Equal(t, 49, w.count(table))
		}
		a.Company.Advance(3 * time.Hour)
		w.requireSync()
		w.requireTruth(table)

		w.loseRows(table, ids[20])
		a.Company.Advance(time.Hour)
		w.requireSync()
		require.Equal(t, 49, w.count(table), "missing again after the last reading")
	})
}

// TestResume_continuesFromTheArrivedRows: a first run is cut short again and again. Pages are read again only because of
// their lost rows.
func TestResume_continuesFromTheArrivedRows(t *testing.T) {
	long(t)
	each(t, func(t *testing.T, w *world, a *account, table string) {
		goesOn(t, table)
		const page = 20
		rows := 5000 // a message holds 1,000
		whole, saved := rows/page, rows/page/4
		if slices.Contains(oneByOne, table) {
			rows = 500
			whole, saved = rows, 130
		}
		w.spec["page_size"] = page
		// With the usual windows, many readers would have most of the 250 pages under way.
		w.windows, w.spec["concurrency"] = plan.Sizes{First: 3, Window: 4, Split: 2}, 2
		ids := a.addMany(table, rows, a.Company.Now().Add(time.Duration(-2*rows)*time.Minute), time.Minute)
		require.Len(t, ids, rows)
		a.AddNeverChanged(table, "never changed")
		path := paths[table][0]
		requests := func() int64 { return w.simulator.Usage().ByPath[path].Requests }
		for _, at := range []int{130, 80, 60} {
			w.simulator.AddFault(simulator.Fault{Path: path, At: []int{at}, Action: simulator.Status(500)})
			w.lost = 1 // one is still in a buffer
			require.Error(t, w.sync())
			w.undisturbed()
			a.Company.Advance(time.Hour)
			a.Change(table, ids[at], "changed meanwhile")
		}
		w.lost = -1
		before := requests()
		w.requireSync()
		w.requireTruth(table)
		require.Less(t, int(requests()-before), whole-saved, "of %d requests", whole)
	})
}

// TestResume_aSmallFirstLoad: a first load of 20 pages also continues where it was cut short.
func TestResume_aSmallFirstLoad(t *testing.T) {
	long(t)
	w := newWorld(t, simulator.NewCompany(4711))
	w.tables, w.spec["page_size"] = []string{"persons"}, 500
	w.accounts[0].addMany("persons", 10_000, w.company().Now().Add(-10_100*time.Minute), time.Minute)
	w.simulator.AddFault(simulator.Fault{Path: paths["persons"][0], At: []int{18}, Action: simulator.Status(500)})
	require.Error(t, w.sync())
	w.undisturbed()
	w.company().Advance(time.Hour)
	w.simulator.ResetUsage()
	w.requireSync()
	w.requireTruth("persons")
	require.LessOrEqual(t, w.simulator.Usage().ByPath[paths["persons"][0]].Requests, int64(13), "of 20 pages")
}

// TestResume_aGapInTheArrivedRows: the destination lost a message in the middle of a run that was cut short.
func TestResume_aGapInTheArrivedRows(t *testing.T) {
	each(t, func(t *testing.T, w *world, a *account, table string) {
		w.spec["page_size"] = 20
		rows := 4000
		if slices.Contains(oneByOne, table) {
			rows = 400
		}
		a.addMany(table, rows, a.Company.Now().Add(-4100*time.Minute), time.Minute)
		w.simulator.AddFault(simulator.Fault{Path: paths[table][0], At: []int{170}, Action: simulator.Status(500)})
		n := 0
		w.dropped = func(string, int) bool {
			n++
			return n == 2
		}
		require.Error(t, w.sync())
		w.dropped = nil
		w.undisturbed()
		w.requireSync()
		w.requireTruth(table)
	})
}

func TestFullRefresh_removesDeletedRecords(t *testing.T) {
	each(t, func(t *testing.T, w *world, a *account, table string) {
		w.spec["full_refresh_every"] = "24h"
		ids := a.addMany(table, 20, a.Company.Now().Add(-30*time.Hour), time.Hour)
		w.requireSync()
		a.Company.Advance(time.Hour)
		for _, id := range ids[:5] {
			a.Remove(table, id)
		}
		a.Company.Advance(31 * 24 * time.Hour) // after that, deleted deals are no longer listed
		w.spec["full_refresh_every"] = "0s"
		w.requireSync()
		left := 20
		if truth.Family(table) != table { // it reads all children of the parents with lost rows
			left = 15
		}
		require.Len(t, w.rows(table)["4711"], left, "a run as any other")
		w.spec["full_refresh_every"] = "24h"
		w.requireSync()
		require.Len(t, w.rows(table)["4711"], 15)
		w.requireTruth(table)
		require.Empty(t, w.log.String())

		a.Company.Advance(time.Hour)
		a.Add(table, "new", time.Time{})
		w.requireSync()
		require.LessOrEqual(t, w.sent[table], 2, "the next refresh is not due")
		w.requireTruth(table)
	})
}

// TestFullRefresh_dealsThatLeaveTheArchive during the reading of the other list are found in neither list, but are
// not deleted.
func TestFullRefresh_dealsThatLeaveTheArchive(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	w.tables, w.spec["full_refresh_every"] = []string{"deals"}, "24h"
	a := w.accounts[0]
	ids := a.addMany("deals", 300, a.Company.Now().Add(-400*time.Hour), time.Hour)
	for _, id := range ids[:120] {
		a.Company.ArchiveDeal(id)
	}
	w.requireSync()
	a.Company.Advance(25 * time.Hour)
	w.before(paths["deals"][1], 1, func() {
		for _, id := range ids[:118] {
			a.Unarchive(id)
		}
	})
	w.requireSync()
	w.undisturbed()
	require.Equal(t, 300, w.count("deals"))
	w.requireTruth("deals")
}

// TestFullRefresh_leadsThatLeaveTheArchive can't be requested by their ids: the first list is read once more.
func TestFullRefresh_leadsThatLeaveTheArchive(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	w.tables, w.spec["full_refresh_every"] = []string{"leads"}, "24h"
	a := w.accounts[0]
	ids := a.addMany("leads", 20, a.Company.Now().Add(-30*time.Hour), time.Hour)
	for _, id := range ids[:8] {
		a.Company.ArchiveRecord("leads", id, true)
	}
	whole := w.requireTokens()
	a.Company.Advance(25 * time.Hour)
	a.Remove("leads", ids[8])
	w.before(paths["leads"][1], 1, func() {
		for _, id := range ids[:7] {
			a.Company.ArchiveRecord("leads", id, false)
		}
	})
	require.EqualValues(t, whole+20, w.requireTokens())
	w.undisturbed()
	require.Equal(t, 19, w.sent["leads"], "each once")
	w.requireTruth("leads")
}

// refused is a world in which a full refresh missed 11 of 20 persons.
func refused(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, simulator.NewCompany(4711))
	w.tables, w.spec["full_refresh_every"] = []string{"persons"}, "24h"
	a := w.accounts[0]
	ids := a.addMany("persons", 20, a.Company.Now().Add(-30*time.Hour), time.Hour)
	w.requireSync()
	for _, id := range ids[:11] {
		a.Remove("persons", id)
	}
	a.Company.Advance(25 * time.Hour)
	w.requireRefused("11 of the account's 20 rows")
	return w
}

// requireRefused runs a sync that must fail because most rows are missing at Pipedrive, and remove none.
func (w *world) requireRefused(says ...string) {
	w.t.Helper()
	err := w.sync()
	for _, text := range append(says, "more than half", "from pipedrive_persons", "full_refresh_every: 0s", stateTable) {
		require.ErrorContains(w.t, err, text)
	}
	require.NotContains(w.t, err.Error(), "DELETE FROM", "nobody is told to delete all rows")
}

// TestFullRefresh_mostRowsAreGone: no run reads the table until the user decides, with or without lost rows, and none
// costs more than the log-in.
func TestFullRefresh_mostRowsAreGone(t *testing.T) {
	t.Run("nobody decides", func(t *testing.T) {
		w := refused(t)
		for range 3 {
			w.accounts[0].Company.Advance(25 * time.Hour)
			w.simulator.ResetUsage()
			w.requireRefused("11 of the account's 20 rows", "delete at least 2 of them")
			require.EqualValues(t, 2, w.simulator.Usage().Tokens)
			require.Len(t, w.rows("persons")["4711"], 20)
		}
	})
	t.Run("some are deleted", func(t *testing.T) {
		w := refused(t)
		w.exec("DELETE FROM pipedrive_persons WHERE id = 1")
		w.requireRefused("10 of the account's 19 rows", "the keys 2; 3; 4; 5; 6", "delete at least 1 of them")
		w.exec("DELETE FROM pipedrive_persons WHERE id = 2")
		w.requireSync()
		w.requireTruth("persons")
		require.Len(t, w.rows("persons")["4711"], 9)
		w.requireQuiet("persons")
	})
	t.Run("all are deleted", func(t *testing.T) {
		w := refused(t)
		w.exec("DELETE FROM pipedrive_persons")
		w.requireSync()
		w.requireTruth("persons")
		require.Len(t, w.rows("persons")["4711"], 9)
	})
	t.Run("they stay", func(t *testing.T) {
		w := refused(t)
		w.spec["full_refresh_every"] = "0s"
		w.accounts[0].Change("persons", 15, "changed")
		w.requireSync()
		w.requireTruth("persons")
		require.Len(t, w.rows("persons")["4711"], 20)
	})
	t.Run("Pipedrive lists them again", func(t *testing.T) {
		w := refused(t)
		w.exec("DELETE FROM " + stateTable + " WHERE key LIKE 'pipedrive_persons,account=4711,%'")
		w.requireSync()
		w.requireTruth("persons")
	})
}

// TestFullRefresh_mostRowsAreGoneAndOthersCame: rows that the refused run sent, and that arrived after it, decide
// nothing.
func TestFullRefresh_mostRowsAreGoneAndOthersCame(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	w.tables, w.kind, w.spec["full_refresh_every"] = []string{"persons"}, warehouse.DuckDB, "24h"
	a := w.accounts[0]
	ids := a.addMany("persons", 20, a.Company.Now().Add(-30*time.Hour), time.Hour)
	w.requireSync()
	for _, id := range ids[:11] {
		a.Remove("persons", id)
	}
	a.addMany("persons", 20, a.Company.Now(), 0)
	a.Company.Advance(25 * time.Hour)
	for range 3 {
		w.requireRefused("11 of the account's 20 rows", "delete at least 2 of them")
		require.Equal(t, 40, w.count("persons"))
		a.Company.Advance(25 * time.Hour)
	}
	w.exec("DELETE FROM pipedrive_persons WHERE id IN (1, 2)")
	w.requireSync()
	w.requireTruth("persons")
	require.Len(t, w.marked("persons"), 0)
	require.Equal(t, 29, w.count("persons"))
}

// TestFullRefresh_ofManyVersions, in an append-only destination: a row counts once.
func TestFullRefresh_ofManyVersions(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	w.tables, w.appends, w.spec["full_refresh_every"] = []string{"persons"}, true, "24h"
	a := w.accounts[0]
	ids := a.addMany("persons", 20, a.Company.Now().Add(-30*time.Hour), time.Hour)
	for range 3 {
		w.requireSync()
		a.Company.Advance(time.Hour)
		for _, id := range ids[:8] {
			a.Change("persons", id, "changed")
		}
	}
	for _, id := range ids[:8] {
		a.Remove("persons", id)
	}
	a.Company.Advance(25 * time.Hour)
	w.requireSync()
	require.Len(t, w.rows("persons")["4711"], 12)
	w.requireTruth("persons")
}

// TestFullRefresh_keepsRowsThatWereNotRead: nothing is removed for a skipped account, after a reading that the budget ended,
// or from before start_time.
func TestFullRefresh_keepsRowsThatWereNotRead(t *testing.T) {
	prepared := func(t *testing.T) *world {
		t.Helper()
		one := newAccount("one", "token-1", simulator.NewCompany(1))
		two := newAccount("two", "token-2", simulator.NewCompany(2))
		w := newWorldOf(t, []*account{one, two})
		w.tables, w.spec["full_refresh_every"], w.spec["page_size"] = []string{"persons"}, "24h", 5
		for _, a := range w.accounts {
			ids := a.addMany("persons", 20, a.Company.Now().Add(-30*time.Hour), time.Hour)
			defer func() { a.Remove("persons", ids[0]); a.Company.Advance(25 * time.Hour) }()
		}
		w.requireSync()
		return w
	}
	count := func(w *world) (n int) {
		w.query(func(db *sql.DB) { require.NoError(w.t, db.QueryRow("SELECT count(*) FROM pipedrive_persons").Scan(&n)) })
		return n
	}
	t.Run("an account is left out", func(t *testing.T) {
		w := prepared(t)
		w.accounts[1].token, w.spec["on_account_error"] = "revoked", "skip"
		w.requireSync()
		require.Equal(t, 40, count(w))
	})
	t.Run("the budget ends it", func(t *testing.T) {
		w := prepared(t)
		w.spec["max_tokens"] = 55 // less than one account costs
		w.requireSync()
		require.Equal(t, 40, count(w))
		require.Contains(t, w.log.String(), "full refresh short")
		delete(w.spec, "max_tokens")
		w.requireSync()
		require.Equal(t, 40, count(w), "until the next one")
	})
	t.Run("undisturbed", func(t *testing.T) {
		w := prepared(t)
		w.requireSync()
		require.Equal(t, 38, count(w))
	})
}

// TestFullRefresh_ofARunThatFails: one table was refreshed, and the checkpoint of another one recorded that. Then
// the run failed and removed nothing. The table is refreshed again.
func TestFullRefresh_ofARunThatFails(t *testing.T) {
	long(t)
	w := newWorld(t, simulator.NewCompany(4711))
	w.tables, w.spec["page_size"] = []string{"persons", "organizations"}, 20
	w.spec["full_refresh_every"] = "24h"
	a := w.accounts[0]
	ids := a.addMany("persons", 20, a.Company.Now().Add(-30*time.Hour), time.Hour)
	a.addMany("organizations", 4000, a.Company.Now().Add(-4100*time.Minute), time.Minute)
	w.requireSync()
	a.Remove("persons", ids[0])
	a.Company.Advance(25 * time.Hour)
	w.simulator.AddFault(simulator.Fault{Path: paths["organizations"][0], At: []int{190}, Action: simulator.Status(500)})
	require.Error(t, w.sync())
	w.undisturbed()
	w.requireSync()
	require.Len(t, w.rows("persons")["4711"], 20, "what has changed comes first")
	w.requireSync()
	require.Len(t, w.rows("persons")["4711"], 19)
	w.requireTruth("persons")
}

// TestFullRefresh_isCutShortEachTime: changed records still come, with every other run.
func TestFullRefresh_isCutShortEachTime(t *testing.T) {
	for _, verify := range []bool{true, false} {
		t.Run(fmt.Sprint("verify ", verify), func(t *testing.T) {
			each(t, func(t *testing.T, w *world, a *account, table string) {
				w.spec["full_refresh_every"], w.spec["page_size"], w.spec["verify"] = "24h", 2, verify
				w.spec["open_deals_every"] = "0s"
				ids := a.addMany(table, 200, a.Company.Now().Add(-300*time.Hour), time.Hour)
				w.requireSync()
				a.Company.Advance(25 * time.Hour)
				for run := range 4 {
					a.Change(table, ids[run], "changed")
					w.simulator.AddFault(simulator.Fault{Path: paths[table][0], At: []int{60}, Action: simulator.Status(500)})
					err := w.sync()
					w.undisturbed()
					if run%2 == 0 {
						require.Error(t, err, "run %d refreshes", run)
					} else {
						require.NoError(t, err, "run %d reads what has changed", run)
						w.requireTruth(table)
					}
					a.Company.Advance(time.Hour)
				}
			})
		})
	}
}

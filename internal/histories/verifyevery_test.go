package histories

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/truth"
)

// ofTheirOwn are the incremental tables whose records are not children.
var ofTheirOwn = slices.DeleteFunc(slices.Clone(incremental), func(table string) bool { return truth.Family(table) != table })

// eachLarge runs a test, after two runs, for tables that are large enough to be read back only once a day.
func eachLarge(t *testing.T, test func(t *testing.T, w *world, a *account, table string, ids []int64)) {
	t.Helper()
	each(t, func(t *testing.T, w *world, a *account, table string) {
		if !slices.Contains(ofTheirOwn, table) {
			t.Skip("children are read back by each run")
		}
		ids := a.addMany(table, 400, a.Company.Now().Add(-500*time.Hour), time.Hour)
		a.AddNeverChanged(table, "never changed")
		for range 2 {
			w.requireSync()
			a.Company.Advance(time.Hour)
		}
		test(t, w, a, table, ids)
	})
}

// provedAt is the time of a table's last read-back, by its ledger.
func (w *world) provedAt(table string) (at time.Time) {
	w.t.Helper()
	for key, value := range w.state() {
		if !strings.HasPrefix(key, "pipedrive_"+table+",") {
			continue
		}
		var checkpoint struct{ Ledger struct{ At time.Time } }
		require.NoError(w.t, json.Unmarshal([]byte(value), &checkpoint))
		at = checkpoint.Ledger.At
	}
	return at
}

// TestVerifyEvery_aDay: quiet and small runs need no read-back for a day, and send nothing again. The next read-back
// proves the rows of all of them.
func TestVerifyEvery_aDay(t *testing.T) {
	eachLarge(t, func(t *testing.T, w *world, a *account, table string, ids []int64) {
		proved := w.provedAt(table)
		require.NotZero(t, proved)
		for run := range 22 {
			changes := 0
			if run%4 == 1 {
				a.Change(table, ids[run], fmt.Sprint("changed in run ", run))
				changes = 1
			}
			a.Company.Advance(time.Hour)
			w.requireSync()
			require.Equal(t, changes, w.sent[table], "run %d", run)
			require.Equal(t, proved, w.provedAt(table), "run %d", run)
			w.requireTruth(table)
		}
		a.Company.Advance(time.Hour)
		w.requireSync()
		require.Zero(t, w.sent[table])
		require.WithinDuration(t, a.Company.Now(), w.provedAt(table), time.Second)
		w.requireTruth(table)
		require.Empty(t, w.log.String())
	})
}

// TestVerifyEvery_losses: rows that the destination loses in a day of several runs come again with the first run of the
// next day.
func TestVerifyEvery_losses(t *testing.T) {
	for name, lose := range map[string]func(w *world, a *account, table string, ids []int64, run int){
		"a message": func(w *world, _ *account, table string, _ []int64, run int) {
			w.dropped = func(of string, _ int) bool { return of == table && run%2 == 0 }
		},
		"rows of a run before": func(w *world, _ *account, table string, ids []int64, run int) {
			if run == 3 {
				w.loseRows(table, ids[1])
			}
		},
		"old rows": func(w *world, _ *account, table string, ids []int64, run int) {
			if run == 3 {
				w.loseRows(table, ids[20:22]...)
			}
		},
		"old rows, and as many are new": func(w *world, a *account, table string, ids []int64, run int) {
			if run == 3 {
				w.loseRows(table, ids[20:22]...)
			}
			if run < 2 {
				a.Add(table, "new", time.Time{})
			}
		},
		"the table": func(w *world, _ *account, table string, _ []int64, run int) {
			if run == 3 {
				w.exec("DROP TABLE pipedrive_" + table)
			}
		},
		"all rows": func(w *world, _ *account, table string, _ []int64, run int) {
			if run == 3 {
				w.exec("DELETE FROM pipedrive_" + table)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachLarge(t, func(t *testing.T, w *world, a *account, table string, ids []int64) {
				proved := w.provedAt(table)
				for run := range 4 {
					a.Change(table, ids[run], fmt.Sprint("changed in run ", run))
					lose(w, a, table, ids, run)
					a.Company.Advance(time.Hour)
					w.requireSync()
				}
				w.dropped = nil
				require.Equal(t, proved, w.provedAt(table))
				require.Positive(t, w.missing(table))
				a.Company.Advance(24 * time.Hour)
				w.requireSync()
				w.requireTruth(table)
				a.Company.Advance(time.Hour)
				w.requireQuiet(table)
			})
		})
	}
}

// TestVerifyEvery_aFailedRun: the next run reads the table back, and so notices the losses of earlier runs.
func TestVerifyEvery_aFailedRun(t *testing.T) {
	eachLarge(t, func(t *testing.T, w *world, a *account, table string, ids []int64) {
		proved := w.provedAt(table)
		for run := range 3 {
			a.Change(table, ids[run], fmt.Sprint("changed in run ", run))
			a.Company.Advance(time.Hour)
			w.dropped = func(of string, _ int) bool { return of == table && run == 1 }
			w.requireSync()
			require.Equal(t, proved, w.provedAt(table))
		}
		require.Equal(t, 1, w.missing(table))
		w.simulator.AddFault(simulator.Fault{Path: paths[table][0], Action: simulator.Status(500)})
		require.Error(t, w.sync())
		w.undisturbed()
		a.Company.Advance(time.Hour)
		w.requireSync()
		w.requireTruth(table)
		require.LessOrEqual(t, w.sent[table], 5)
	})
}

// TestVerifyEvery_changedTwiceInASecond: a record changes in the second in which a run reads it, and its second version
// is lost. It has that version after the next read-back.
func TestVerifyEvery_changedTwiceInASecond(t *testing.T) {
	eachLarge(t, func(_ *testing.T, w *world, a *account, table string, ids []int64) {
		a.Change(table, ids[1], "first")
		w.requireSync()
		a.Change(table, ids[1], "second")
		a.Company.Advance(time.Hour)
		w.dropped = func(of string, _ int) bool { return of == table }
		w.requireSync()
		w.dropped = nil
		for range 2 {
			a.Company.Advance(25 * time.Hour)
			w.requireSync()
		}
		w.requireTruth(table)
	})
}

// TestVerifyEvery_children: quiet runs need not read tables of children back. A run in which parents change does, if the state
// does not tell their children, and so removes rows that have left their parents.
func TestVerifyEvery_children(t *testing.T) {
	each(t, func(t *testing.T, w *world, a *account, name string) {
		if slices.Contains(ofTheirOwn, name) {
			t.Skip("no children")
		}
		notDue := declared(func(t *table.Table) bool {
			return t.Parent != nil && t.Parent.Table.Parent == nil && t.Parent.Other == ""
		})
		w.spec["open_deals_every"] = "0s"
		ids := a.addMany(name, 150, a.Company.Now().Add(-500*time.Hour), time.Hour)
		w.requireSync()
		a.Company.Advance(time.Hour)
		tokens := w.requireTokens()
		proved := w.provedAt(name)
		for range 2 {
			a.Company.Advance(time.Hour)
			require.Equal(t, tokens, w.requireTokens())
			w.requireTruth(name)
			require.Equal(t, slices.Contains(notDue, name), proved.Equal(w.provedAt(name)))
		}
		for run := range 4 {
			a.Change(name, ids[run], fmt.Sprint("changed in run ", run))
			a.Remove(name, ids[10+run])
			a.Company.Advance(time.Hour)
			w.dropped = func(of string, _ int) bool { return of == name && run == 2 }
			w.requireSync()
			w.dropped = nil
		}
		a.Company.Advance(24 * time.Hour)
		w.requireSync()
		w.requireTruth(name)
		require.Empty(t, w.otherWarnings())
	})
}

// TestVerifyEvery_childrenLeave: rows that have left their parents are removed at once, whether the state knows these or not, and no
// row is taken for lost.
func TestVerifyEvery_childrenLeave(t *testing.T) {
	each(t, func(t *testing.T, w *world, a *account, table string) {
		if slices.Contains(ofTheirOwn, table) {
			t.Skip("no children")
		}
		w.spec["open_deals_every"] = "0s"
		ids := a.addMany(table, 150, a.Company.Now().Add(-500*time.Hour), time.Hour)
		for range 3 {
			w.requireSync()
			a.Company.Advance(time.Hour)
		}
		for _, id := range []int64{ids[149], ids[5], ids[6]} {
			a.Company.RemoveRecord(table, id)
			a.Company.Advance(time.Hour)
			for range 3 {
				w.requireSync()
				w.requireTruth(table)
				require.LessOrEqual(t, w.sent[table], 3)
				require.Empty(t, w.log.String())
				a.Company.Advance(time.Hour)
			}
		}
	})
}

// TestVerifyEvery_lostChildren: a run that reads a table of children back after it has begun leaves missing rows to the next one.
func TestVerifyEvery_lostChildren(t *testing.T) {
	for name, lose := range map[string]func(w *world, table string, ids []int64){
		"a message": func(w *world, table string, _ []int64) {
			w.dropped = func(of string, _ int) bool { return of == table }
		},
		"old rows":  func(w *world, table string, ids []int64) { w.loseRows(table, ids[20:22]...) },
		"all rows":  func(w *world, table string, _ []int64) { w.exec("DELETE FROM pipedrive_" + table) },
		"the table": func(w *world, table string, _ []int64) { w.exec("DROP TABLE pipedrive_" + table) },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world, a *account, table string) {
				if slices.Contains(ofTheirOwn, table) {
					t.Skip("no children")
				}
				w.spec["open_deals_every"] = "0s"
				ids := a.addMany(table, 150, a.Company.Now().Add(-500*time.Hour), time.Hour)
				var lost time.Time
				for run := range 6 {
					if run > 1 {
						a.Change(table, ids[run], fmt.Sprint("changed in run ", run))
					}
					if run == 3 {
						lose(w, table, ids)
						lost = a.Company.Now()
					}
					a.Company.Advance(time.Hour)
					w.requireSync()
					w.dropped = nil
					if name == "a message" && run > 1 {
						require.LessOrEqual(t, w.sent[table], 5, "run %d", run)
					}
				}
				if !w.provedAt(table).After(lost) { // each run reads all parents, so that the state tells their children
					a.Company.Advance(24 * time.Hour)
					w.requireSync()
				}
				w.requireTruth(table)
				a.Company.Advance(time.Hour)
				w.requireQuiet(table)
			})
		})
	}
}

// TestVerifyEvery_aLargeRun sends more than the state keeps exactly.
func TestVerifyEvery_aLargeRun(t *testing.T) {
	long(t)
	w := newWorld(t, simulator.NewCompany(4711))
	w.tables = []string{"persons"}
	a := w.accounts[0]
	ids := a.addMany("persons", 100, a.Company.Now().Add(-500*time.Hour), time.Hour)
	for range 2 {
		w.requireSync()
		a.Company.Advance(time.Hour)
	}
	proved := w.provedAt("persons")
	a.Change("persons", ids[1], "changed")
	a.Company.Advance(time.Minute)
	w.dropped = func(string, int) bool { return true }
	w.requireSync()
	require.Equal(t, proved, w.provedAt("persons"))
	a.addMany("persons", 2500, a.Company.Now(), time.Second)
	a.Company.Advance(2 * time.Hour)
	w.dropped = func(_ string, rows int) bool { return rows < 1000 }
	w.requireSync()
	w.dropped = nil
	require.Positive(t, w.missing("persons"))
	a.Company.Advance(time.Hour)
	w.requireSync()
	w.requireTruth("persons")
}

// TestVerifyEvery_severalAccounts: a table is read back if one of its accounts needs it.
func TestVerifyEvery_severalAccounts(t *testing.T) {
	var accounts []*account
	for i := range 3 {
		accounts = append(accounts, newAccount(fmt.Sprint("company ", i), fmt.Sprint("token-", i), simulator.NewCompany(int64(1000+i))))
	}
	w := newWorldOf(t, accounts)
	w.tables = []string{"persons"}
	for _, a := range w.accounts {
		a.addMany("persons", 200, a.Company.Now().Add(-500*time.Hour), time.Hour)
	}
	for range 4 {
		w.requireSync()
		for _, a := range w.accounts {
			a.Company.Advance(time.Hour)
		}
	}
	w.loseRows("persons", 1)
	w.requireSync()
	require.Equal(t, 597, w.count("persons"), "of each account one is lost")
	w.accounts[2].addMany("persons", 20, w.accounts[2].Company.Now().Add(-30*time.Minute), time.Minute)
	for range 2 {
		for _, a := range w.accounts {
			a.Company.Advance(time.Hour)
		}
		w.requireSync()
	}
	w.requireTruth("persons")
}

// TestHistories_verifyEvery: in a history of runs few read the tables back. A day later the destination has the truth.
func TestHistories_verifyEvery(t *testing.T) {
	children := slices.DeleteFunc(slices.Clone(incremental), func(table string) bool { return slices.Contains(ofTheirOwn, table) })
	rapid.Check(t, func(t *rapid.T) {
		h := newHistoryOf(t, incremental, [][]string{ofTheirOwn, children})
		h.spec["page_size"], h.spec["verify_every"] = 30, "24h"
		for _, table := range h.tables {
			h.account.addMany(table, 100, h.account.Company.Now().Add(-200*time.Hour), time.Hour)
		}
		for range 2 {
			require.NoError(t, h.sync())
			h.account.Company.Advance(time.Hour)
		}
		h.play()
	})
}

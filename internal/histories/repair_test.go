package histories

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/truth"
)

// requireQuiet runs a sync that must find nothing to repair.
func (w *world) requireQuiet(table string) {
	w.t.Helper()
	w.requireSync()
	require.LessOrEqual(w.t, w.sent[table], max(3, w.accounts[0].ofLastParents(table)), "nothing is read again")
	require.Empty(w.t, w.log.String())
}

// TestVerify_oldRowsAreDeletedBehindNewOnes: after the last run the destination has more rows than before it,
// although old ones were deleted.
func TestVerify_oldRowsAreDeletedBehindNewOnes(t *testing.T) {
	for _, appends := range []bool{false, true} {
		t.Run(fmt.Sprint("append ", appends), func(t *testing.T) {
			each(t, func(_ *testing.T, w *world, a *account, table string) {
				w.appends = appends
				ids := a.addMany(table, 30, a.Company.Now().Add(-40*time.Hour), time.Hour)
				w.requireSync()
				for range 2 {
					a.Company.Advance(time.Hour)
					a.addMany(table, 20, a.Company.Now().Add(-30*time.Minute), time.Minute)
					w.requireSync()
				}
				w.loseRows(table, ids[4:12]...)
				a.Company.Advance(time.Hour)
				w.requireSync()
				w.requireTruth(table)
				a.Company.Advance(time.Hour)
				w.requireQuiet(table)
			})
		})
	}
}

// TestVerify_othersWriteToTheTable: rows that other programs write for the same account cause at most three
// readings from the beginning.
func TestVerify_othersWriteToTheTable(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	w.tables, w.spec["verify_every"] = []string{"persons"}, "0s"
	a := w.accounts[0]
	a.addMany("persons", 30, a.Company.Now().Add(-40*time.Hour), time.Hour)
	w.requireSync()
	w.requireSync()
	var sent []int
	for i := range 8 {
		w.exec("INSERT INTO pipedrive_persons (account_id, id, _cq_id, _cq_sync_time, _cq_source_name) SELECT '4711', ?, hex(randomblob(16)), _cq_sync_time, 'another' FROM pipedrive_persons WHERE id = 1", 1000+i)
		a.Company.Advance(time.Hour)
		w.requireSync()
		sent = append(sent, w.sent["persons"])
	}
	require.Equal(t, 3, len(slices.DeleteFunc(slices.Clone(sent), func(n int) bool { return n < 30 })), "readings from the beginning: %v", sent)
}

// TestVerify_appendMode: an append-only destination has several versions of a record. Lost rows come again.
func TestVerify_appendMode(t *testing.T) {
	each(t, func(t *testing.T, w *world, a *account, table string) {
		w.appends, w.spec["page_size"] = true, 4
		ids := a.addMany(table, 30, a.Company.Now().Add(-30*time.Hour), time.Hour)
		w.requireSync()
		for run := range 3 {
			a.Company.Advance(time.Hour)
			for i := range 10 {
				a.Change(table, ids[3*run+i], fmt.Sprint("changed in run ", run))
				a.Company.Advance(time.Minute)
			}
			w.before(paths[table][0], 2, func() {
				a.Company.Advance(time.Second)
				a.Change(table, ids[3*run], "changed during the run") // so it comes twice
			})
			w.dropped = func(of string, _ int) bool { return of == table && run > 0 }
			w.requireSync()
			w.undisturbed()
		}
		require.Positive(t, w.missing(table))
		w.dropped = nil
		w.requireSync()
		w.requireTruth(table)
		a.Company.Advance(time.Hour)
		w.requireQuiet(table)
	})
}

// TestVerify_aClockThatWasAhead for one run: rows that later runs lose come again, no matter if that run's rows are
// older or newer than the lost ones.
func TestVerify_aClockThatWasAhead(t *testing.T) {
	for _, ahead := range []int{0, 1} {
		t.Run(fmt.Sprint("run ", ahead), func(t *testing.T) {
			each(t, func(t *testing.T, w *world, a *account, table string) {
				w.spec["page_size"] = 4
				ids := a.addMany(table, 30, a.Company.Now().Add(-30*time.Hour), time.Hour)
				for run := range 6 {
					w.clockAhead = 0
					if run == ahead {
						w.clockAhead = 24 * time.Hour
					}
					w.dropped = func(of string, _ int) bool { return of == table && (run == 3 || run == 5) }
					w.requireSync()
					require.Empty(t, w.log.String())
					if run == 2 || run == 4 {
						w.requireTruth(table)
					}
					a.Company.Advance(time.Hour)
					a.Change(table, ids[run], "changed")
					a.Add(table, "new", time.Time{})
				}
				require.Positive(t, w.missing(table))
				w.dropped = nil
				w.requireSync()
				w.requireTruth(table)
				a.Company.Advance(time.Hour)
				w.requireQuiet(table)
			})
		})
	}
}

// TestVerify_aColumnIsDropped at the destination: the next run recreates and fills it.
func TestVerify_aColumnIsDropped(t *testing.T) {
	each(t, func(t *testing.T, w *world, a *account, table string) {
		w.spec["verify_every"] = "0s"
		a.addMany(table, 20, a.Company.Now().Add(-30*time.Hour), time.Hour)
		w.requireSync()
		a.Company.Advance(time.Hour)
		w.requireSync()
		w.exec(fmt.Sprintf("ALTER TABLE pipedrive_%s DROP COLUMN %s", table, droppable(table)))
		a.Company.Advance(time.Hour)
		w.requireSync()
		require.Empty(t, w.log.String())
		w.requireTruth(table)
		a.Company.Advance(time.Hour)
		w.requireQuiet(table)
	})
}

// eachCheckpoint rewrites the checkpoints of the state.
func (w *world) eachCheckpoint(change func(checkpoint map[string]any)) {
	w.t.Helper()
	for key, value := range w.state() {
		var checkpoint map[string]any
		require.NoError(w.t, json.Unmarshal([]byte(value), &checkpoint))
		change(checkpoint)
		changed, err := json.Marshal(checkpoint)
		require.NoError(w.t, err)
		w.exec("UPDATE "+stateTable+" SET value = ? WHERE key = ?", string(changed), key)
	}
}

// TestIncremental_aReleaseHasANewColumn: it is NULL in the rows of an earlier release.
func TestIncremental_aReleaseHasANewColumn(t *testing.T) {
	for _, verify := range []bool{true, false} {
		t.Run(fmt.Sprint("verify ", verify), func(t *testing.T) {
			each(t, func(_ *testing.T, w *world, a *account, table string) {
				w.spec["verify"] = verify
				a.addMany(table, 20, a.Company.Now().Add(-30*time.Hour), time.Hour)
				w.requireSync()
				column := droppable(table)
				w.exec(fmt.Sprintf("UPDATE pipedrive_%s SET %s = NULL", table, column))
				w.eachCheckpoint(func(checkpoint map[string]any) {
					columns, _ := checkpoint["columns"].([]any)
					left := slices.DeleteFunc(slices.Clone(columns), func(c any) bool { return strings.HasPrefix(c.(string), column+":") })
					require.Len(w.t, left, len(columns)-1)
					checkpoint["columns"] = left
				})
				a.Company.Advance(time.Hour)
				w.requireSync()
				w.requireTruth(table)
				a.Company.Advance(time.Hour)
				w.requireQuiet(table)
			})
		})
	}
}

// TestIncremental_aStateWithoutColumns belongs to an earlier version: its rows are not read again.
func TestIncremental_aStateWithoutColumns(t *testing.T) {
	each(t, func(_ *testing.T, w *world, a *account, table string) {
		a.addMany(table, 20, a.Company.Now().Add(-30*time.Hour), time.Hour)
		w.requireSync()
		w.eachCheckpoint(func(checkpoint map[string]any) { delete(checkpoint, "columns") })
		a.Company.Advance(time.Hour)
		w.requireQuiet(table)
		w.eachCheckpoint(func(checkpoint map[string]any) { require.NotEmpty(w.t, checkpoint["columns"]) })
	})
}

// TestCustomFields_aNewFieldCostsNothing: a record that gets a value of it has a new update_time.
func TestCustomFields_aNewFieldCostsNothing(t *testing.T) {
	a := withFields(1, "Budget/double")
	a.addMany("deals", 20, a.Company.Now().Add(-30*time.Hour), time.Hour)
	w := typed(t, a)
	w.requireSync()
	a.Company.Advance(time.Hour)
	w.requireQuiet("deals")
	a.Company.AddField(simulator.Field{Entity: "deal", Key: hash("99"), Name: "Later", Type: "double"})
	for range 2 {
		a.Company.Advance(time.Hour)
		w.requireQuiet("deals")
	}
}

// withLater is an account with one deal that has a custom field, and later deals, so that a run with a checkpoint
// does not read the first one again.
func withLater(field string) *account {
	a := withFields(1, field)
	a.addMany("deals", 5, a.Company.Now().Add(-5*time.Minute), time.Minute)
	a.Company.Advance(time.Hour)
	return a
}

// TestCustomFields_aFieldThatReturns has values in records that did not change.
func TestCustomFields_aFieldThatReturns(t *testing.T) {
	a := withLater("Budget/double")
	w := typed(t, a)
	field := a.Company.Fields("deal")[slices.IndexFunc(a.Company.Fields("deal"), func(f simulator.Field) bool { return f.Name == "Budget" })]
	want := truth.Row{"cf_budget": {Kind: "real", Text: "1.0"}}
	w.requireSync()
	require.Equal(t, want, w.custom()["1"])
	a.Company.RemoveField("deal", field.Key)
	a.Change("deals", 1, "changed")
	w.requireSync()
	require.Equal(t, truth.Row{"cf_budget": null}, w.custom()["1"])
	a.Company.Advance(time.Hour)
	a.Add("deals", "later", time.Time{})
	w.requireSync()
	a.Company.AddField(field)
	a.Company.Advance(time.Hour)
	w.requireSync()
	require.Equal(t, want, w.custom()["1"])
}

// TestCustomFields_aFieldOfAnotherType has values in records that did not change.
func TestCustomFields_aFieldOfAnotherType(t *testing.T) {
	a := withLater("Budget/double")
	w := typed(t, a)
	w.requireSync()
	a.Company.UpdateField("deal", hash("10"), func(f *simulator.Field) { f.Type = "varchar" })
	a.Company.UpdateDeal(2, func(d *simulator.Deal) { d.CustomFields = map[string]any{hash("10"): "text"} })
	a.Company.Advance(time.Hour)
	w.requireSync()
	require.GreaterOrEqual(t, w.sent["deals"], 6, "all are read again, once")
	a.Company.Advance(time.Hour)
	w.requireQuiet("deals")
}

// TestIncremental_apiVersionsTakeTurns: API v1 lacks some columns of v2. The rows that it wrote are read again.
func TestIncremental_apiVersionsTakeTurns(t *testing.T) {
	w := newWorld(t, generated(5, 4711))
	w.tables = incremental
	for _, version := range []string{"v2", "v1", "v2"} {
		w.spec["api_version"] = version
		w.accounts[0].Company.Advance(time.Hour)
		w.requireSync()
	}
	w.requireTruth(incremental...)
	for range 2 {
		w.accounts[0].Company.Advance(time.Hour)
		w.requireSync()
		require.LessOrEqual(t, w.sent["deals"], 5, "the form is that of the last run")
	}
}

// TestCustomFields_columnsAndJSONTakeTurns: a destination that replaces whole rows, like the official SQLite one,
// empties the columns of custom fields while they come as JSON.
func TestCustomFields_columnsAndJSONTakeTurns(t *testing.T) {
	a := withLater("Budget/double")
	w := typed(t, a)
	want := truth.Row{"cf_budget": {Kind: "real", Text: "1.0"}}
	w.requireSync()
	require.Equal(t, want, w.custom()["1"])
	w.spec["custom_fields"] = "json"
	a.Company.Advance(time.Hour)
	w.requireSync()
	w.exec("UPDATE pipedrive_deals SET cf_budget = NULL")
	a.Company.Advance(time.Hour)
	w.spec["custom_fields"] = "columns"
	w.requireSync()
	require.Equal(t, want, w.custom()["1"])
}

// TestVerify_appendModeHasMoreRowsThanRecords: many records change during the reading, also in a table that lost
// rows.
func TestVerify_appendModeHasMoreRowsThanRecords(t *testing.T) {
	long(t)
	w := newWorld(t, simulator.NewCompany(4711))
	w.tables, w.appends, w.spec["page_size"] = []string{"persons"}, true, 100
	a := w.accounts[0]
	ids := a.addMany("persons", 1500, a.Company.Now().Add(-1500*time.Hour), time.Hour)
	w.requireSync()
	for _, id := range ids {
		a.Company.Advance(time.Minute)
		a.Change("persons", id, "changed")
	}
	for _, page := range []int{10, 22, 30} {
		w.before(paths["persons"][0], page, func() {
			a.Company.Advance(time.Minute)
			for _, id := range ids[:800] {
				a.Change("persons", id, fmt.Sprint("changed before page ", page))
			}
		})
	}
	messages := 0
	w.dropped = func(string, int) bool {
		messages++
		return messages == 2
	}
	w.requireSync()
	require.Greater(t, w.sent["persons"], 2600, "some come several times")
	require.Positive(t, w.missing("persons"))
	w.dropped = nil
	w.undisturbed()
	a.Company.Advance(time.Hour)
	w.requireSync()
	w.requireTruth("persons")
}

// TestUnchanged_aRecordThatChangesAgainInItsSecond: the two versions have the same update_time. A record whose
// second was over when it was read is not sent again.
func TestUnchanged_aRecordThatChangesAgainInItsSecond(t *testing.T) {
	each(t, func(t *testing.T, w *world, a *account, table string) {
		id := a.Add(table, "first", time.Time{})
		w.requireSync()
		a.Change(table, id, "second") // in the second of the run's start, or later
		w.requireSync()
		w.requireTruth(table)
		a.Change(table, id, "third")
		a.Company.Advance(time.Minute)
		w.requireSync()
		w.requireTruth(table)
		require.Equal(t, 1, w.sent[table])
		a.Company.Advance(time.Minute)
		w.requireSync()
		if !requested(table) { // those are sent again, since they may have changed without their parents
			require.Zero(t, w.sent[table], "nothing changed")
		}
		w.requireTruth(table)
	})
}

// TestUnchanged_aListThatTheBudgetLeftOut: an archived deal changes again in the second in which a run began. The next
// run has no budget for the archive, so it proves nothing of that deal.
func TestUnchanged_aListThatTheBudgetLeftOut(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	a := w.accounts[0]
	w.tables = []string{"deals"}
	id := a.Add("deals", "first", time.Time{})
	a.Company.ArchiveDeal(id)
	w.requireSync()
	a.Change("deals", id, "second") // in the second in which the run began
	a.Company.Advance(time.Minute)
	a.Add("deals", "another", time.Time{})
	w.spec["max_tokens"] = 2 + 10
	w.requireSync()
	require.Contains(t, w.log.String(), "budget")
	delete(w.spec, "max_tokens")
	a.Company.Advance(time.Minute)
	w.requireSync()
	w.requireTruth("deals")
}

// TestUnchanged_anEmptyAnswerThatIsBelieved says nothing about a record that changed again in the second in which a run
// began: the record is sent when an answer has it.
func TestUnchanged_anEmptyAnswerThatIsBelieved(t *testing.T) {
	each(t, func(_ *testing.T, w *world, a *account, table string) {
		id := a.Add(table, "first", time.Time{})
		w.requireSync()
		a.Change(table, id, "second") // in the second in which the run began
		a.Company.Advance(time.Minute)
		w.simulator.AddFault(simulator.Fault{Path: paths[table][0], At: []int{1}, Action: simulator.EmptyPage})
		w.requireSync()
		w.undisturbed()
		a.Company.Advance(time.Minute)
		w.requireSync()
		w.requireTruth(table)
	})
}

// TestUnchanged_aVersionThatWasLost comes again, although the version before, which still exists, has the same
// update_time.
func TestUnchanged_aVersionThatWasLost(t *testing.T) {
	each(t, func(_ *testing.T, w *world, a *account, table string) {
		id := a.Add(table, "first", time.Time{})
		w.requireSync()
		a.Change(table, id, "second") // in the second in which the run began
		a.Company.Advance(time.Minute)
		a.Add(table, "another", time.Time{})
		w.dropped = func(of string, _ int) bool { return of == table }
		w.requireSync()
		w.dropped = nil
		a.Company.Advance(time.Minute)
		w.requireSync()
		w.requireTruth(table)
	})
}

package histories

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/truth"
)

// marked returns the rows of a table that are marked as gone.
func (w *world) marked(of string) (marked []truth.Row) {
	w.t.Helper()
	for _, row := range w.rows(of)["4711"] {
		if row.Removed() {
			marked = append(marked, row)
		}
	}
	return marked
}

// withGone is a world whose next sync is the full refresh of a table with 20 rows, 5 of which are gone.
func (w *world) withGone(a *account, of string) (gone []int64) {
	w.t.Helper()
	w.tables, w.spec["full_refresh_every"] = []string{of}, "24h"
	ids := a.addMany(of, 20, a.Company.Now().Add(-30*time.Hour), time.Hour)
	w.requireSync()
	a.Company.Advance(time.Hour)
	for _, id := range ids[:5] {
		a.Remove(of, id)
	}
	a.Company.Advance(31 * 24 * time.Hour) // after which deleted deals are no longer listed
	return ids[:5]
}

// TestRemovedRows_mark: rows that are gone keep only their keys, and get the moment of their removal.
func TestRemovedRows_mark(t *testing.T) {
	for name, appends := range map[string]bool{"overwrite": false, "append": true} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world, a *account, of string) {
				w.spec["removed_rows"], w.appends = "mark", appends
				w.withGone(a, of)
				w.requireSync()
				require.Len(t, w.marked(of), 5)
				for _, row := range w.marked(of) {
					for column, cell := range row {
						isKey := column == "account_id" || column == table.RemovedColumn || slices.Contains(truth.Keys(of), column)
						require.Equal(t, isKey, cell.Kind != "null", "%s of a marked row", column)
					}
				}
				w.requireTruth(of)
				require.Empty(t, w.log.String())

				w.requireQuiet(of)
				a.Company.Advance(25 * time.Hour)
				w.requireSync()
				require.Equal(t, 15, w.sent[of], "a refresh that marks no row again")
				require.Len(t, w.marked(of), 5)
				w.requireTruth(of)
			})
		})
	}
}

// TestRemovedRows_aRecordThatComesBack is not marked any more.
func TestRemovedRows_aRecordThatComesBack(t *testing.T) {
	for name, appends := range map[string]bool{"overwrite": false, "append": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, simulator.NewCompany(4711))
			w.spec["removed_rows"], w.appends = "mark", appends
			a := w.accounts[0]
			gone := w.withGone(a, "persons")
			w.requireSync()
			require.Len(t, w.marked("persons"), 5)
			a.Company.Advance(time.Hour)
			a.Company.UpdatePerson(gone[0], func(p *simulator.Person) { p.IsDeleted = false })
			w.requireSync()
			require.Len(t, w.marked("persons"), 4)
			w.requireTruth("persons")
			w.requireQuiet("persons")
		})
	}
}

// TestRemovedRows_areStillThere in the next run, because the destination lost the messages that removed them. That run
// removes them again, at no API token.
func TestRemovedRows_areStillThere(t *testing.T) {
	for _, removed := range []string{"delete", "mark"} {
		t.Run(removed, func(t *testing.T) {
			each(t, func(t *testing.T, w *world, a *account, of string) {
				w.spec["removed_rows"] = removed
				w.withGone(a, of)
				w.keeps, w.dropped = true, func(_ string, rows int) bool { return rows == 5 }
				w.requireSync()
				w.keeps, w.dropped = false, nil
				require.Len(t, w.rows(of)["4711"], 20)
				require.Empty(t, w.marked(of))

				a.Company.Advance(time.Minute)
				w.requireSync()
				require.Contains(t, w.log.String(), "removed again")
				require.Equal(t, map[string]int{"delete": 0, "mark": 5}[removed], w.sent[of], "no record is read again")
				require.Len(t, w.marked(of), map[string]int{"delete": 0, "mark": 5}[removed])
				w.requireTruth(of)
				w.requireQuiet(of)
			})
		})
	}
}

// TestRemovedRows_anEarlierVersionMadeTheTable: the new column that marks rows causes no reading from the beginning.
func TestRemovedRows_anEarlierVersionMadeTheTable(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	w.tables = []string{"persons"}
	a := w.accounts[0]
	a.addMany("persons", 20, a.Company.Now().Add(-30*time.Hour), time.Hour)
	w.requireSync()
	w.exec("ALTER TABLE pipedrive_persons DROP COLUMN " + table.RemovedColumn)
	w.eachCheckpoint(func(checkpoint map[string]any) {
		columns, _ := checkpoint["columns"].([]any)
		checkpoint["columns"] = columns[:len(columns)-1]
	})
	w.requireQuiet("persons")
	w.requireTruth("persons")
}

// TestRemovedRows_comeBackBeforeTheyAreRemovedAgain: a record that is back at Pipedrive stays, although its row at the
// destination was to be removed.
func TestRemovedRows_comeBackBeforeTheyAreRemovedAgain(t *testing.T) {
	for _, removed := range []string{"delete", "mark"} {
		t.Run(removed, func(t *testing.T) {
			w := newWorld(t, simulator.NewCompany(4711))
			w.spec["removed_rows"] = removed
			a := w.accounts[0]
			gone := w.withGone(a, "persons")
			w.keeps, w.dropped = true, func(_ string, rows int) bool { return rows == 5 }
			w.requireSync()
			w.keeps, w.dropped = false, nil
			a.Company.Advance(time.Hour)
			a.Company.UpdatePerson(gone[0], func(p *simulator.Person) { p.IsDeleted = false })
			w.requireSync()
			w.requireTruth("persons")
			require.Len(t, w.marked("persons"), map[string]int{"delete": 0, "mark": 4}[removed])
			w.requireQuiet("persons")
		})
	}
}

// TestRemovedRows_waitForARunThatReadsAll: the removals of a run are lost, and the budget cuts the next run short. That
// one removes nothing, since a record that came back may be among the unread ones.
func TestRemovedRows_waitForARunThatReadsAll(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	a := w.accounts[0]
	w.withGone(a, "persons")
	w.keeps = true
	w.requireSync()
	w.keeps = false
	a.Company.Advance(time.Hour)
	a.addMany("persons", 30, a.Company.Now().Add(-30*time.Minute), time.Second)
	w.spec["page_size"], w.spec["max_tokens"] = 10, 22+2*cost("persons")
	w.requireSync()
	require.Greater(t, w.sent["persons"], 0)
	require.Less(t, w.sent["persons"], 30)
	require.Equal(t, 20+w.sent["persons"], w.count("persons"), "nothing is removed")

	w.spec["max_tokens"] = 0
	w.requireSync()
	require.Equal(t, 45, w.count("persons"))
	require.Less(t, w.sent["persons"], 30, "nothing is read again")
	w.requireTruth("persons")
	w.requireQuiet("persons")
}

// TestRemovedRows_comeBackInARunThatIsCutShort: the next run does not read the record again, and its row stays.
func TestRemovedRows_comeBackInARunThatIsCutShort(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	w.spec["lookback"] = "0s"
	a := w.accounts[0]
	gone := w.withGone(a, "persons")
	w.keeps = true
	w.requireSync()
	w.keeps = false
	a.Company.Advance(time.Hour)
	a.Company.UpdatePerson(gone[0], func(p *simulator.Person) { p.IsDeleted = false })
	a.Company.Advance(time.Hour)
	a.addMany("persons", 30, a.Company.Now().Add(-30*time.Minute), time.Second)
	w.spec["page_size"], w.spec["max_tokens"] = 10, 22+2*cost("persons")
	w.requireSync()
	require.Contains(t, w.log.String(), "ends this sync early")
	w.spec["max_tokens"] = 0
	w.requireSync()
	w.requireTruth("persons")
	w.requireQuiet("persons")
}

// TestRemovedRows_areRemovedOnce if both the state and their parents show that they are gone.
func TestRemovedRows_areRemovedOnce(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	w.spec["removed_rows"] = "mark"
	w.withGone(w.accounts[0], "product_prices")
	w.dropped = func(_ string, rows int) bool { return rows == 5 }
	w.requireSync()
	w.dropped = nil
	w.company().Advance(time.Minute)
	w.requireSync()
	require.Equal(t, 5, w.sent["product_prices"])
	require.Len(t, w.marked("product_prices"), 5)
}

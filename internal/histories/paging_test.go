package histories

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

// TestPaging_theFirstRunWithAStateCostsNoMore: its pages already have the records without an update_time.
func TestPaging_theFirstRunWithAStateCostsNoMore(t *testing.T) {
	long(t)
	for _, count := range []int{0, 1, 3, 9, 30} {
		t.Run(fmt.Sprint(count), func(t *testing.T) {
			w := newWorld(t, simulator.NewCompany(4711))
			w.tables, w.spec["page_size"] = []string{"notes"}, 4
			a := w.accounts[0]
			a.addMany("notes", count, a.Company.Now().Add(-60*time.Hour), time.Hour)
			for range count / 3 {
				a.AddNeverChanged("notes", "never changed")
			}
			w.backend = false
			without := w.requireTokens()
			w.backend = true
			require.LessOrEqual(t, w.requireTokens(), without)
			w.requireTruth("notes")
		})
	}
}

// TestPaging_notesOfOneSecondThatMoveAreReadByID: neither offsets nor times give a position.
func TestPaging_notesOfOneSecondThatMoveAreReadByID(t *testing.T) {
	for _, timed := range []bool{true, false} {
		t.Run(fmt.Sprint("timed ", timed), func(t *testing.T) {
			w := newWorld(t, simulator.NewCompany(4711))
			w.tables, w.spec["page_size"] = []string{"notes"}, 4
			a := w.accounts[0]
			if timed {
				a.addMany("notes", 30, a.Company.Now().Add(-time.Hour), 0)
			}
			for range 30 {
				a.AddNeverChanged("notes", "never changed")
			}
			for n := range 25 {
				w.before("/v1/notes", n+2, func() { a.Change("notes", a.IDs("notes")[n], "changed") })
			}
			w.requireSync()
			w.undisturbed()
			a.Company.Advance(time.Minute)
			w.requireSync()
			w.requireTruth("notes")
		})
	}
}

// TestPaging_anEmptyAnswerRemovesNothing: a full refresh removes the records that it did not find, but a list that
// ends with a damaged answer does not count as read.
func TestPaging_anEmptyAnswerRemovesNothing(t *testing.T) {
	for at := 1; at <= 8; at++ {
		each(t, func(_ *testing.T, w *world, a *account, table string) {
			w.spec["page_size"], w.spec["full_refresh_every"] = 4, "24h"
			a.addMany(table, 20, a.Company.Now().Add(-60*time.Hour), time.Hour)
			w.requireSync()
			a.Company.Advance(48 * time.Hour)
			for _, path := range paths[table] {
				w.simulator.AddFault(simulator.Fault{Path: path, At: []int{at}, Action: simulator.EmptyPage})
			}
			w.requireSync()
			w.requireTruth(table)
		})
	}
}

// TestPaging_anAPIThatIgnoresTheSortFails: with max_tokens, the next run continues after the greatest update_time so
// far, which must not belong to a record at the list's end.
func TestPaging_anAPIThatIgnoresTheSortFails(t *testing.T) {
	each(t, func(t *testing.T, w *world, a *account, table string) {
		if !timed(table) {
			t.Skip("goes by id at first, as any list does that is asked for nothing")
		}
		w.spec["page_size"] = 4
		ids := a.addMany(table, 40, a.Company.Now().Add(-60*time.Hour), time.Hour)
		for i, id := range ids { // the newest record of each page comes first
			if i%4 == 0 {
				a.Change(table, id, "changed")
			}
		}
		w.maxTokens(table, 3)
		for _, path := range paths[table] {
			w.simulator.AddFault(simulator.Fault{Path: path, Action: simulator.IgnoreSort})
		}
		require.ErrorContains(t, w.sync(), "do not come in the order of their update_time")
	})
}

package histories

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

// paired is a world with three organizations, and the numbers of the relationships of the first one with the two
// others.
func paired(t *testing.T) (w *world, relationships []int64) {
	t.Helper()
	w = newWorld(t, simulator.NewCompany(4711))
	a := w.accounts[0]
	w.tables, w.spec["lookback"] = []string{"organizations", "organization_relationships"}, "0s"
	a.addMany("organizations", 3, a.Company.Now().Add(-time.Hour), time.Minute)
	a.Company.SetChildrenStampParents(false)
	for _, linked := range []int64{2, 3} {
		relationships = append(relationships, a.Company.AddRecord("organization_relationships", map[string]any{
			"type": "related", "rel_owner_org_id": int64(1), "rel_linked_org_id": linked,
		}))
	}
	return w, relationships
}

// TestRelationships_haveTwoEnds: each comes once, in the version of the end that changed last, for changes of either
// end.
func TestRelationships_haveTwoEnds(t *testing.T) {
	w, _ := paired(t)
	a := w.accounts[0]
	w.requireSync()
	require.Equal(t, 2, w.sent["organization_relationships"])
	w.requireTruth(w.tables...)
	for _, organization := range []int64{2, 1, 3} {
		a.Company.Advance(time.Hour)
		a.Change("organizations", organization, fmt.Sprint("changed ", organization))
		w.requireSync()
		w.requireTruth(w.tables...)
	}
	w.backend = false
	w.requireSync()
	require.Equal(t, 2, w.sent["organization_relationships"])
	w.requireTruth(w.tables...)
}

// TestRelationships_leaveBothEnds: a relationship that the first end no longer has is gone, even if only that end is
// read again.
func TestRelationships_leaveBothEnds(t *testing.T) {
	w, relationships := paired(t)
	a := w.accounts[0]
	w.requireSync()
	a.Company.Advance(time.Hour)
	a.Remove("organization_relationships", relationships[0])
	a.Change("organizations", 1, "changed")
	w.requireSync()
	require.Len(t, w.rows("organization_relationships")["4711"], 1)
	w.requireTruth(w.tables...)
	require.Equal(t, 1, w.sent["organization_relationships"])
}

// TestRelationships_moveToOtherEnds: both the old ends and the new ones are read again.
func TestRelationships_moveToOtherEnds(t *testing.T) {
	w, relationships := paired(t)
	a := w.accounts[0]
	w.requireSync()
	a.Company.Advance(time.Hour)
	a.Company.UpdateRecord("organization_relationships", relationships[1], map[string]any{
		"rel_owner_org_id": int64(3), "rel_linked_org_id": int64(2),
	})
	for id := range int64(3) {
		a.Change("organizations", id+1, "changed")
	}
	w.requireSync()
	w.requireTruth(w.tables...)
}

// TestGoalResults_periods are the goal's days up to today. A goal that is yet to begin takes no request.
func TestGoalResults_periods(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	w.tables = []string{"goal_results"}
	today := w.company().Now()
	day := func(days int) simulator.Date { return simulator.Date(today.AddDate(0, 0, days).Format(time.DateOnly)) }
	for _, days := range []map[string]any{
		{"duration_start": day(-9), "duration_end": day(-2)},
		{"duration_start": day(-9), "duration_end": day(2)},
		{"duration_start": day(-9)},
		{"duration_start": day(0), "duration_end": day(0)},
		{"duration_start": day(1), "duration_end": day(9)},
	} {
		w.company().AddRecord("goals", days)
	}
	w.requireSync()
	w.requireTruth(w.tables...)
	var periods []string
	for _, r := range w.simulator.Requests() {
		if r.Query.Has("period.start") {
			periods = append(periods, r.Query.Get("period.start")+" "+r.Query.Get("period.end"))
		}
	}
	between := func(from, to int) string { return fmt.Sprint(day(from), " ", day(to)) }
	require.ElementsMatch(t, []string{between(-9, -2), between(-9, 0), between(-9, 0), between(0, 0)}, periods)
}

// TestMailThreads_inSeveralFolders are sent once, and their messages requested once.
func TestMailThreads_inSeveralFolders(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	a := w.accounts[0]
	w.tables = []string{"mail_threads", "mail_messages"}
	for _, folders := range [][]string{{"inbox", "sent", "archive", "drafts"}, {"sent", "archive"}, {"inbox", "drafts"}} {
		thread := a.Company.AddRecord("mail_threads", map[string]any{"folders": folders})
		a.Company.AddRecord("mail_messages", map[string]any{"mail_thread_id": thread})
		a.Company.Advance(time.Hour)
	}
	w.requireSync()
	w.requireTruth(w.tables...)
	require.Equal(t, map[string]int{"mail_threads": 3, "mail_messages": 3}, w.sent)
	require.EqualValues(t, 3, w.simulator.Usage().ByPath[paths["mail_messages"][0]].Requests)

	require.EqualValues(t, 2+4*20, w.requireTokens(), "a page of each folder")
	a.Company.Advance(time.Hour)
	a.Change("mail_threads", 2, "answered")
	a.Company.AddRecord("mail_messages", map[string]any{"mail_thread_id": int64(2)})
	require.EqualValues(t, 2+4*20+20, w.requireTokens(), "and the messages of a thread")
	w.requireTruth(w.tables...)
}

// TestMailThreads_inSeveralFoldersWithinABudget that suffices for the messages of each thread once: the run does not give up.
func TestMailThreads_inSeveralFoldersWithinABudget(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	a := w.accounts[0]
	w.tables, w.backend = []string{"mail_messages"}, false
	for range 10 {
		thread := a.Company.AddRecord("mail_threads", map[string]any{"folders": []string{"inbox", "sent", "archive", "drafts"}})
		a.Company.AddRecord("mail_messages", map[string]any{"mail_thread_id": thread})
		a.Company.Advance(time.Hour)
	}
	cost := w.requireTokens()
	w.spec["max_tokens"] = cost
	require.Equal(t, cost, w.requireTokens())
	w.requireTruth(w.tables...)
}

// TestMailThreads_messagesWithinADaysBudget: the list of threads, which begins anew if it is cut short, comes first, and the
// messages come over several days.
func TestMailThreads_messagesWithinADaysBudget(t *testing.T) {
	for _, tables := range [][]string{{"mail_messages"}, {"mail_threads", "mail_messages"}} {
		w := newWorld(t, simulator.NewCompany(4711), simulator.WithDailyBudget(800))
		a := w.accounts[0]
		w.tables, w.spec["page_size"], w.spec["concurrency"] = tables, 10, 1
		a.addMany("mail_messages", 60, a.Company.Now().Add(-40*time.Hour), time.Minute)
		requests, days := int64(0), int64(1)
		for ; ; days++ {
			w.requireSync()
			requests += w.requestsFor("mail_messages")
			if w.log.Len() == 0 {
				break
			}
			require.Less(t, days, int64(10))
			a.Company.Advance(24 * time.Hour)
			w.simulator.ResetUsage()
		}
		require.LessOrEqual(t, requests, 60+days)
		w.requireTruth(tables...)
	}
}

// TestMailThreads_flagsShowWithTheNextMessage, or with a full refresh: the list can't be filtered by other changes.
func TestMailThreads_flagsShowWithTheNextMessage(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	a := w.accounts[0]
	w.tables, w.spec["lookback"] = []string{"mail_threads"}, "0s"
	ids := a.addMany("mail_threads", 3, a.Company.Now().Add(-2*time.Hour), time.Minute)
	at := a.Company.Truth("mail_threads", everything)[0]["update_time"].(time.Time).Add(time.Millisecond) // the same second
	a.Company.Advance(time.Hour)
	w.requireSync()
	a.Company.UpdateRecord("mail_threads", ids[0], map[string]any{"read_flag": true, "update_time": at})
	a.Company.Advance(time.Hour)
	w.requireSync()
	require.Equal(t, "null", w.rows("mail_threads")["4711"][a.Key("mail_threads", ids[0])]["read_flag"].Kind)
	w.spec["full_refresh_every"] = "1h"
	a.Company.Advance(2 * time.Hour)
	w.requireSync()
	w.requireTruth("mail_threads")
}

// TestMailThreads_aMessageComesWhileTheyAreRead: its thread moves ahead of the pages that were read.
func TestMailThreads_aMessageComesWhileTheyAreRead(t *testing.T) {
	for name, state := range map[string]bool{"in a full refresh": true, "without a state": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, simulator.NewCompany(4711))
			a := w.accounts[0]
			w.tables, w.backend, w.spec["page_size"], w.spec["full_refresh_every"] = []string{"mail_threads", "mail_messages"}, state, 4, "24h"
			var threads []int64
			for range 12 {
				threads = append(threads, a.Company.AddRecord("mail_threads", map[string]any{"folders": []string{"archive"}}))
				a.Company.AddRecord("mail_messages", map[string]any{"mail_thread_id": threads[len(threads)-1]})
				a.Company.Advance(time.Hour)
			}
			w.requireSync()
			a.Company.Advance(25 * time.Hour)
			w.hook = func(r *http.Request) {
				if q := r.URL.Query(); q.Get("folder") == "archive" && q.Get("start") != "" && q.Get("start") != "0" {
					w.hook = nil
					a.Company.Advance(time.Second)
					a.Change("mail_threads", threads[0], "answered")
				}
			}
			w.requireSync()
			require.Nil(t, w.hook)
			w.requireTruth(w.tables...)
		})
	}
}

package histories

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

// changelogOfDeals is the path of the list with changelogs and stage changes of deals.
const changelogOfDeals = "/v1/deals/{id}/changelog"

// withMoves is a world with n deals, changed a minute apart. The first half has moved to another stage. The rest has
// never moved: every other one has no stage_change_time, and the others have that of their creation.
func withMoves(t *testing.T, n int) *world {
	t.Helper()
	w := newWorld(t, simulator.NewCompany(4711))
	w.tables, w.spec["lookback"] = []string{"deals", "deal_stage_changes"}, "0s"
	c := w.company()
	now := c.Now()
	for i := range n {
		at := now.Add(time.Duration(i-n) * time.Minute)
		d := simulator.Deal{Title: fmt.Sprint("deal ", i), StageID: 1, AddTime: at.Add(-time.Hour), UpdateTime: &at}
		if i%2 == 1 && i >= n/2 {
			d.StageChangeTime = &d.AddTime
		}
		id := c.AddDeal(d)
		if i < n/2 {
			c.AddRecord("deal_stage_changes", map[string]any{"deal_id": id, "from_stage_id": int64(2), "to_stage_id": int64(1), "deal_update_time": at})
		}
	}
	c.Advance(time.Hour)
	return w
}

// move moves a deal to another stage.
func (a *account) move(id int64) {
	a.Company.UpdateDeal(id, func(d *simulator.Deal) { d.StageID++ })
}

// requireRequests runs a sync that must succeed with the given number of requests for changelogs of deals.
func (w *world) requireRequests(n int64, message string) {
	w.t.Helper()
	w.requireTokens()
	require.Equal(w.t, n, w.simulator.Usage().ByPath[changelogOfDeals].Requests, message)
	w.requireTruth(w.tables...)
}

// TestStageChanges_ofTheDealsThatMoved: each run requests the changelogs of these only, even if other deals change.
func TestStageChanges_ofTheDealsThatMoved(t *testing.T) {
	w := withMoves(t, 40)
	a := w.accounts[0]
	w.requireRequests(20, "of the deals that have ever moved")
	w.requireRequests(0, "nothing changed")
	for id := range int64(40) {
		a.Change("deals", id+1, "another reason")
	}
	a.Company.Advance(time.Minute)
	w.requireRequests(0, "no deal moved")
	a.move(3)
	a.move(33)
	a.Company.Advance(time.Minute)
	a.Change("deals", 5, "yet another reason")
	a.Company.Advance(time.Minute)
	w.requireRequests(2, "two deals moved")
	a.move(3)
	a.Company.ArchiveDeal(3)
	a.Company.ArchiveDeal(7)
	a.Company.Advance(time.Minute)
	w.requireRequests(1, "one of the archived deals moved")
	require.Empty(t, w.log.String())
}

// TestStageChanges_withoutVerify: the moves of all changed deals are read again, since nothing shows that they arrived.
func TestStageChanges_withoutVerify(t *testing.T) {
	w := withMoves(t, 20)
	w.spec["verify"] = false
	w.requireRequests(10, "of the deals that have ever moved")
	w.accounts[0].Change("deals", 1, "another reason")
	w.accounts[0].Change("deals", 11, "another reason")
	w.company().Advance(time.Minute)
	w.requireRequests(1, "of the deal that has ever moved")
}

// TestStageChanges_ofADealThatWasDeleted: it moves, is deleted before the next run, and restored after it. The run
// after that brings the move.
func TestStageChanges_ofADealThatWasDeleted(t *testing.T) {
	w := withMoves(t, 20)
	a := w.accounts[0]
	w.requireSync()
	a.move(3)
	a.Company.DeleteDeal(3)
	a.Company.Advance(time.Minute)
	w.requireSync()
	for _, id := range []int64{4, 5} { // the position passes the time of the move
		a.Change("deals", id, "another reason")
	}
	a.Company.Advance(time.Minute)
	w.requireSync()
	a.Company.UpdateDeal(3, func(d *simulator.Deal) { d.IsDeleted, d.Status, d.DeleteTime = false, "open", nil })
	a.Company.Advance(time.Minute)
	w.requireRequests(1, "of the deal that was restored")
}

// TestStageChanges_inRunsThatTheBudgetEnds: a deal behind the position moves, and changes again before a run reaches
// it.
func TestStageChanges_inRunsThatTheBudgetEnds(t *testing.T) {
	for _, refresh := range []bool{false, true} {
		t.Run(fmt.Sprint("in full refreshes ", refresh), func(t *testing.T) {
			w := withMoves(t, 40)
			a := w.accounts[0]
			w.requireSync()
			for id := range int64(40) {
				a.Company.Advance(time.Minute)
				a.move(id + 1)
			}
			if refresh {
				w.spec["full_refresh_every"] = "24h"
				a.Company.Advance(25 * time.Hour)
			}
			w.spec["max_tokens"] = 2 + 30 + 30 + 10*20 // the log-in, the deals for both tables, and some changelogs
			runs := 0
			for w.requireSync(); strings.Contains(w.log.String(), "ends this sync early"); w.requireSync() {
				a.Company.Advance(time.Minute)
				a.Change("deals", 40, fmt.Sprint("reason ", runs)) // after its move
				a.Company.Advance(time.Minute)
				runs++
				require.Less(t, runs, 20)
			}
			require.Greater(t, runs, 2)
			delete(w.spec, "max_tokens")
			w.requireSync()
			w.requireTruth("deals", "deal_stage_changes")
		})
	}
}

// TestStageChanges_theDestinationLoses rows of deals that moved long before: the next run reads them again, without a
// move.
func TestStageChanges_theDestinationLoses(t *testing.T) {
	w := withMoves(t, 40)
	a := w.accounts[0]
	w.requireSync()
	for id := range int64(4) {
		a.move(id + 1)
	}
	a.Company.Advance(time.Minute)
	w.requireSync()
	w.exec("DELETE FROM pipedrive_deal_stage_changes WHERE deal_id = 2 AND seq = 1")
	a.Company.Advance(time.Minute)
	w.requireSync()
	w.requireTruth("deals", "deal_stage_changes")
	w.requireRequests(0, "nothing changed")
}

// TestStageChanges_costInALargeAccount counts requests by the simulator: the first run requests the deals that have
// ever moved, a quiet run none, and a run after 60 moves those deals.
func TestStageChanges_costInALargeAccount(t *testing.T) {
	long(t)
	w := newWorld(t, simulator.Generate(simulator.Config{Seed: 3, CompanyID: 4711, Deals: 18_000}))
	w.tables = []string{"deals", "deal_stage_changes"}
	a, moved := w.accounts[0], int64(0)
	for _, deal := range a.Company.Truth("deals", everything) {
		if at := deal["stage_change_time"]; at != nil && at != deal["add_time"] && deal["is_deleted"] == false {
			moved++
		}
	}
	spent := func() int64 {
		w.requireTokens()
		return w.simulator.Usage().ByPath[changelogOfDeals].Tokens
	}
	require.Equal(t, 20*moved, spent())
	w.requireTruth("deal_stage_changes")
	a.Company.Advance(time.Hour)
	require.LessOrEqual(t, spent(), int64(20), "nothing changed but, maybe, a deal in the second of the run")
	var open []int64
	for _, deal := range a.Company.Truth("deals", simulator.TruthOptions{}) {
		open = append(open, deal["id"].(int64))
	}
	for i, id := range open[:180] { // 1 % of the deals change, and every third of these moves
		if i%3 == 0 {
			a.move(id)
		} else {
			a.Change("deals", id, "another reason")
		}
	}
	a.Company.Advance(time.Hour)
	require.LessOrEqual(t, spent(), int64(60*20))
	w.requireTruth("deals", "deal_stage_changes")
	a.Company.Advance(time.Hour)
	require.LessOrEqual(t, spent(), int64(20), "nothing changed but, maybe, a deal in the second of the run")
}

// TestChangelog_ofSeveralPages is numbered across them, while new entries come in front.
func TestChangelog_ofSeveralPages(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	w.tables, w.spec["page_size"] = []string{"deal_changelog", "deal_stage_changes"}, 7
	c := w.company()
	deal := c.AddDeal(simulator.Deal{StageID: 1, AddTime: c.Now().Add(-time.Hour), UpdateTime: new(c.Now())})
	c.Advance(time.Minute)
	for i := range 25 {
		c.UpdateDeal(deal, func(d *simulator.Deal) {
			d.Value++
			d.StageID += int64(i % 2)
		})
	}
	w.before(changelogOfDeals, 3, func() {
		c.Advance(time.Minute)
		c.UpdateDeal(deal, func(d *simulator.Deal) { d.Title = "changed while its changelog is read" })
	})
	w.requireSync()
	w.undisturbed()
	c.Advance(time.Minute)
	w.requireSync()
	w.requireTruth("deal_changelog", "deal_stage_changes")
	rows := w.rows("deal_changelog")["4711"]
	require.Len(t, rows, 25+12+1)
	require.Equal(t, "title", rows[fmt.Sprintf("%d/38", deal)]["field_key"].Text)
}

// TestChangelog_theCostIsAnnounced before the first request of a table, as a warning if it takes many runs. Without a
// state the run then fails, and spends nothing on it.
func TestChangelog_theCostIsAnnounced(t *testing.T) {
	w := withMoves(t, 100)
	w.tables, w.spec["max_tokens"] = []string{"deals", "deal_changelog"}, 300
	w.requireSync()
	require.Contains(t, w.log.String(), `"requests":100,"api_tokens":2000`)
	require.Equal(t, 100, w.count("deals"), "their table does not wait for the changelogs")

	w.backend, w.file = false, shared.newFile(t)
	w.simulator.ResetUsage()
	require.ErrorContains(t, w.sync(), "only with backend_options")
	require.Zero(t, w.simulator.Usage().ByPath[changelogOfDeals].Requests)
	w.spec["max_tokens"] = 3000
	w.requireSync()
	w.requireTruth("deals", "deal_changelog")
}

// TestChangelog_isReadOnAfterARunThatWasCutShort, by a failure in the middle of 2,000 changelogs: nothing is lost. The
// next run repeats only the requests since the last stored position, and those whose rows were lost with one message.
func TestChangelog_isReadOnAfterARunThatWasCutShort(t *testing.T) {
	long(t)
	const stored, stage, parts = 100, 20, 64 // requests between two stored positions, and in a stage; verified segments
	for lost, most := range map[int]int{0: stored + stage, 1: 2*stored + stage + 2000/parts} {
		t.Run(fmt.Sprint("lost ", lost), func(t *testing.T) {
			w := withMoves(t, 2000)
			w.tables, w.lost = []string{"deal_changelog"}, lost
			for id := range int64(2000) {
				w.company().Advance(time.Second)
				w.company().AddRecord("deal_changelog", map[string]any{"deal_id": id + 1})
				w.accounts[0].Change("deals", id+1, "another reason")
				w.accounts[0].Change("deals", id+1, "yet another reason")
			}
			w.company().Advance(time.Hour)
			asked := map[string]int{}
			w.simulator.AddFault(simulator.Fault{Path: changelogOfDeals, At: []int{1100}, Action: simulator.Status(500)})
			require.Error(t, w.sync())
			for _, r := range w.simulator.Requests() {
				asked[r.Path]++
			}
			w.undisturbed()
			w.simulator.ResetUsage()
			w.company().Advance(time.Minute)
			w.lost = 0
			w.requireSync()
			w.requireTruth("deal_changelog")
			repeated := 0
			for _, r := range w.simulator.Requests() {
				if strings.HasSuffix(r.Path, "/changelog") && asked[r.Path] > 0 {
					repeated++
				}
			}
			require.LessOrEqual(t, repeated, most)
		})
	}
}

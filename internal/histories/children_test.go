package histories

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/truth"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/warehouse"
)

// childTables are the incremental tables of children.
var childTables = slices.DeleteFunc(slices.Clone(incremental), func(table string) bool { return truth.Family(table) == table })

// withDeals is a world with the products of n deals; the first deal has two.
func withDeals(t *testing.T, n int) (w *world, products []int64) {
	t.Helper()
	w = newWorld(t, simulator.NewCompany(4711))
	a := w.accounts[0]
	w.tables = []string{"deals", "deal_products"}
	deals := a.addMany("deals", n, a.Company.Now().Add(-30*time.Hour), time.Minute)
	for i, deal := range append(deals[:1:1], deals...) {
		changed := a.Company.Now().Add(-30*time.Hour + time.Duration(i)*time.Minute)
		products = append(products, a.Company.AddRecord("deal_products", map[string]any{"deal_id": deal, "deal_update_time": changed}))
	}
	a.Company.Advance(time.Hour)
	return w, products
}

// TestChildren_costNothingButTheirRequests: one reading of the deals serves their own table and those of their children.
func TestChildren_costNothingButTheirRequests(t *testing.T) {
	w, _ := withDeals(t, 250)
	w.tables = []string{"deals"}
	deals := w.requireTokens()
	w.file = shared.newFile(t)
	w.tables = append([]string{"deals"}, "deal_products")
	require.EqualValues(t, 30, w.requireTokens()-deals, "250 deals are three requests")
	w.requireTruth("deals", "deal_products")
	w.requireQuiet("deals")
	w.tables = []string{"deals"}
	quiet := w.requireTokens()
	w.tables = append(w.tables, "deal_products")
	require.Equal(t, quiet, w.requireTokens())
}

// TestChildren_withoutTheirParents: the parents are read once for all tables of children.
func TestChildren_withoutTheirParents(t *testing.T) {
	w := newWorld(t, generated(1, 4711))
	w.tables = []string{"person_emails", "person_phones"}
	w.requireSync()
	w.requireTruth(w.tables...)
	both := w.requireTokens()
	w.tables = []string{"person_emails"}
	require.Equal(t, both, w.requireTokens())
	require.Empty(t, w.sent["persons"])
}

// TestChildren_aTableThatIsNew reads its parents' list from the beginning, and sends no parent again.
func TestChildren_aTableThatIsNew(t *testing.T) {
	for _, child := range []string{"person_emails", "deal_products"} {
		t.Run(child, func(t *testing.T) {
			w := newWorld(t, generated(1, 4711))
			parent := map[string]string{"person_emails": "persons", "deal_products": "deals"}[child]
			w.tables = []string{parent}
			w.requireSync()
			w.tables = append(w.tables, child)
			w.requireSync()
			require.LessOrEqual(t, w.sent[parent], 3)
			w.requireTruth(w.tables...)
			w.requireSync()
			require.LessOrEqual(t, w.sent[child], 8, "the children of the last second's parents")
			require.Empty(t, w.log.String())
		})
	}
}

// TestChildren_leaveTheirParent: rows of a parent that no longer has them are removed, or marked.
func TestChildren_leaveTheirParent(t *testing.T) {
	for _, removed := range []string{"delete", "mark"} {
		for _, of := range some(t, childTables) {
			t.Run(fmt.Sprint(removed, " ", of), func(t *testing.T) {
				w := newWorld(t, generated(1, 4711))
				a := w.accounts[0]
				w.spec["removed_rows"] = removed
				w.tables = []string{of}
				w.requireSync()
				w.requireTruth(of)
				a.Company.Advance(time.Hour)
				was := w.count(of)
				a.Company.RemoveRecord(of, a.IDs(of)[0])
				left := was - len(a.IDs(of))
				require.Positive(t, left)
				w.requireSync()
				w.requireTruth(of)
				require.Len(t, w.marked(of), map[string]int{"delete": 0, "mark": left}[removed])
				require.Equal(t, was-map[string]int{"delete": left, "mark": 0}[removed], w.count(of))
				w.requireSync()
				require.LessOrEqual(t, w.sent[of], max(8, a.ofLastParents(of)), "the children of the last second's parents")
				require.Empty(t, w.log.String())
			})
		}
	}
}

// TestChildren_changeWithoutTheirParent: the products of open deals are read again once a day, and those of all deals with a
// full refresh.
func TestChildren_changeWithoutTheirParent(t *testing.T) {
	w, products := withDeals(t, 3)
	a := w.accounts[0]
	w.spec["lookback"] = "0s"
	w.requireSync()
	a.Company.SetChildrenStampParents(false)
	a.Change("deal_products", products[0], "new")
	a.Remove("deal_products", products[1])
	a.Company.Advance(time.Hour)
	w.requireSync()
	require.Len(t, w.rows("deal_products")["4711"], 4, "not a day later")
	a.Company.Advance(24 * time.Hour)
	w.requireSync()
	w.requireTruth("deal_products") // the deal's counter is that of its last change
	require.Len(t, w.rows("deal_products")["4711"], 3)

	w.spec["open_deals_every"], w.spec["full_refresh_every"] = "0s", "24h"
	a.Change("deal_products", products[2], "newer")
	a.Company.Advance(25 * time.Hour)
	w.requireSync()
	w.requireTruth("deals", "deal_products")
}

// TestChildren_changeWithoutTheirParentWhileTheBudgetIsSmall: each run continues where the last one ended. After the
// products of all open deals, no run reads them for a day.
func TestChildren_changeWithoutTheirParentWhileTheBudgetIsSmall(t *testing.T) {
	w, products := withDeals(t, 250)
	a := w.accounts[0]
	w.tables, w.spec["lookback"], w.spec["open_deals_every"] = []string{"deal_products"}, "0s", "0s"
	w.requireSync()
	a.Company.SetChildrenStampParents(false)
	for _, id := range products {
		a.Change("deal_products", id, "new")
	}
	a.Company.Advance(25 * time.Hour)
	w.requireSync() // also looks for deals without an update_time
	delete(w.spec, "open_deals_every")
	changed := func() (n int) {
		for _, row := range w.rows("deal_products")["4711"] {
			if row["comments"].Text == "new" {
				n++
			}
		}
		return n
	}
	w.spec["max_tokens"] = 2 + 30 + 10 + 10 // the log-in, deals that changed, open deals, and a batch
	for _, want := range []int{101, 201, 251, 251} {
		w.requireSync()
		require.Equal(t, want, changed())
		a.Company.Advance(time.Minute)
	}
	delete(w.spec, "max_tokens")
	require.LessOrEqual(t, w.requireTokens(), int64(2+30), "not again on this day")
	a.Company.Advance(24 * time.Hour)
	require.EqualValues(t, 2+30+10+30+20, w.requireTokens(), "with a look for deals without an update_time")
	w.requireTruth("deal_products")
}

// TestChildren_changeWithoutTheirParentWhileTheBudgetIsTooSmall for the list of open deals: the run ends well, and the
// next attempt is a day later.
func TestChildren_changeWithoutTheirParentWhileTheBudgetIsTooSmall(t *testing.T) {
	w, _ := withDeals(t, 250)
	w.tables, w.spec["lookback"], w.spec["page_size"], w.spec["open_deals_every"] = []string{"deal_products"}, "0s", 20, "0s"
	w.requireSync()
	w.company().Advance(25 * time.Hour)
	w.requireSync() // also looks for deals without an update_time
	delete(w.spec, "open_deals_every")
	w.spec["max_tokens"] = 100
	w.requireSync()
	require.Contains(t, w.log.String(), "ends this sync early")
	require.LessOrEqual(t, w.requireTokens(), int64(2+30+10))
	require.Empty(t, w.log.String())
}

// TestChildren_ofRefusedParents: a batch is halved until the refused parent is alone. Its rows stay, and those of the others come.
func TestChildren_ofRefusedParents(t *testing.T) {
	for _, status := range []int{http.StatusForbidden, http.StatusNotFound, http.StatusGone} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			w, products := withDeals(t, 30)
			a := w.accounts[0]
			w.requireSync()
			a.Company.Advance(time.Hour)
			for _, id := range products {
				a.Change("deal_products", id, "changed")
			}
			w.company().RefuseParent("deals", 7, status)
			w.requireSync()
			stale := 0
			for _, row := range w.rows("deal_products")["4711"] {
				if row["comments"].Text != "changed" {
					require.Equal(t, "7", row["deal_id"].Text)
					stale++
				}
			}
			require.Equal(t, 1, stale)
			w.company().RefuseParent("deals", 7, 0)
			a.Change("deal_products", products[7], "changed")
			w.requireSync()
			w.requireTruth("deals", "deal_products")
		})
	}
}

// TestChildren_ofARefusedParentBehindAGate: the gate is open, as the answers about other parents show.
func TestChildren_ofARefusedParentBehindAGate(t *testing.T) {
	w, _ := withDeals(t, 130)
	w.tables = []string{"deals", "deal_installments"}
	for deal := range int64(130) {
		w.company().AddRecord("deal_installments", map[string]any{"deal_id": deal + 1})
	}
	w.company().RefuseParent("deals", 7, http.StatusForbidden)
	w.requireSync()
	require.Equal(t, 129, w.count("deal_installments"))
}

// TestChildren_ofAListThatIsRefused: the table fails if the first parents are all refused.
func TestChildren_ofAListThatIsRefused(t *testing.T) {
	w, _ := withDeals(t, 130)
	for deal := range int64(130) {
		w.company().RefuseParent("deals", deal+1, http.StatusForbidden)
	}
	err := w.sync()
	require.ErrorContains(t, err, "deal_products")
}

// TestChildren_mostParentsLoseTheirs: the API may have left them out, so the run fails and removes nothing.
func TestChildren_mostParentsLoseTheirs(t *testing.T) {
	w, products := withDeals(t, 20)
	a := w.accounts[0]
	w.requireSync()
	a.Company.Advance(time.Hour)
	for i, id := range products {
		if i < 12 { // of 11 deals
			a.Remove("deal_products", id)
		} else {
			a.Change("deal_products", id, "changed")
		}
	}
	require.ErrorContains(t, w.sync(), "more than half")
	require.Equal(t, 21, w.count("deal_products"))
}

// TestChildren_behindAGate: without the plan the table is left out, unless it is named, and its rows stay.
func TestChildren_behindAGate(t *testing.T) {
	for _, status := range some(t, []int{http.StatusPaymentRequired, http.StatusForbidden}) {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			w := newWorld(t, generated(1, 4711))
			w.tables = []string{"*"}
			w.requireSync()
			rows := w.count("deal_installments")
			require.NotZero(t, rows)
			w.company().Refuse("installments", status)
			w.company().Advance(time.Hour)
			w.accounts[0].Change("deals", 3, "changed")
			w.requireSync()
			require.Contains(t, w.log.String(), "Growth plan")
			require.Equal(t, rows, w.count("deal_installments"))
			w.company().Refuse("installments", 0)
			w.requireSync()
			w.requireTruth("deal_installments")

			w.company().Refuse("installments", status)
			w.company().Advance(time.Hour)
			w.accounts[0].Change("deals", 3, "changed again")
			w.tables = []string{"deals", "deal_installments"}
			require.ErrorContains(t, w.sync(), "deal_installments")
			require.Equal(t, rows, w.count("deal_installments"))
		})
	}
}

// TestChildren_cutShort by the budget: the next runs continue where it ended, and request no deal twice except the
// last.
func TestChildren_cutShort(t *testing.T) {
	w, _ := withDeals(t, 950)
	w.requireSync()
	whole := w.simulator.Usage().Tokens
	w.file = shared.newFile(t)
	w.simulator.ResetUsage()
	w.spec["max_tokens"] = 100
	w.requireSync()
	for runs := 0; strings.Contains(w.log.String(), "ends this sync early"); runs++ {
		w.requireSync()
		require.Less(t, runs, 10)
	}
	w.requireTruth("deals", "deal_products")
	require.Less(t, w.simulator.Usage().Tokens, 3*whole)
}

// TestChildren_ofRefusedParentsAreNotStale: a full refresh does not send them again, so CloudQuery must not remove the
// stale rows of their table.
func TestChildren_ofRefusedParentsAreNotStale(t *testing.T) {
	w, products := withDeals(t, 30)
	w.kind, w.spec["full_refresh_every"] = warehouse.DuckDB, "24h"
	w.tables = []string{"deal_products"}
	a := w.accounts[0]
	w.requireSync()
	a.Remove("deal_products", products[20])
	w.company().RefuseParent("deals", 7, http.StatusForbidden)
	a.Company.Advance(25 * time.Hour)
	w.requireSync()
	require.Equal(t, 31, w.count("deal_products"))
	require.Len(t, w.marked("deal_products"), 1)
}

// TestChildren_ofAParentThatMovesBetweenLists: a deal that leaves the archive before the archived ones are read is in
// neither list of a full refresh. It is requested by its id, even if deals are not synced, so its products stay.
func TestChildren_ofAParentThatMovesBetweenLists(t *testing.T) {
	for _, tables := range [][]string{{"deal_products"}, {"deals", "deal_products"}} {
		for _, kind := range []warehouse.Kind{"", warehouse.BigQuery} {
			t.Run(fmt.Sprint(tables, kind), func(t *testing.T) {
				w, products := withDeals(t, 30)
				w.tables, w.kind, w.spec["full_refresh_every"], w.spec["open_deals_every"] = tables, kind, "24h", "0s"
				a := w.accounts[0]
				for _, deal := range []int64{3, 4, 5} {
					a.Company.ArchiveDeal(deal)
				}
				w.requireSync()
				a.Remove("deal_products", products[20])
				a.Company.Advance(25 * time.Hour)
				w.before("/api/v2/deals/archived", 1, func() { a.Unarchive(4) })
				w.requireSync()
				w.requireTruth("deal_products")
				require.Len(t, w.marked("deal_products"), map[warehouse.Kind]int{"": 0, warehouse.BigQuery: 1}[kind])
			})
		}
	}
}

// TestChildren_inAFullRefreshWithoutTheirParents: children that changed without their parent come, and missing ones
// leave, even if the parents are children themselves.
func TestChildren_inAFullRefreshWithoutTheirParents(t *testing.T) {
	for _, of := range some(t, childTables) {
		t.Run(of, func(t *testing.T) {
			w := newWorld(t, generated(1, 4711))
			w.tables, w.spec["full_refresh_every"] = []string{of}, "24h"
			a := w.accounts[0]
			w.requireSync()
			a.Company.SetChildrenStampParents(false)
			ids := a.IDs(of)
			a.Change(of, ids[0], "changed")
			a.Company.RemoveRecord(of, ids[1])
			a.Company.Advance(25 * time.Hour)
			w.requireSync()
			w.requireTruth(of)
			require.Len(t, a.IDs(of), w.count(of))
		})
	}
}

// TestChildren_moveToAnotherParent: their old parent no longer has them, and they stay.
func TestChildren_moveToAnotherParent(t *testing.T) {
	w, products := withDeals(t, 30)
	a := w.accounts[0]
	w.requireSync()
	a.Company.Advance(time.Hour)
	a.Company.UpdateRecord("deal_products", products[7], map[string]any{"deal_id": int64(20)})
	for deal := range int64(30) {
		a.Change("deals", deal+1, "changed")
	}
	w.requireSync()
	w.requireTruth("deals", "deal_products")
}

// withEmails is a world with persons, each with an e-mail address. Since the first sync one address has left its person, which
// was changed before all others.
func withEmails(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, simulator.NewCompany(4711))
	a := w.accounts[0]
	w.spec["lookback"], w.tables = "0s", []string{"person_emails"}
	persons := a.addMany("persons", 30, a.Company.Now().Add(-30*time.Hour), time.Minute)
	for _, id := range persons {
		a.Company.AddRecord("person_emails", map[string]any{"person_id": id})
	}
	a.Company.Advance(time.Hour)
	w.requireSync()
	a.Company.Advance(time.Hour)
	a.Company.RemoveRecord("person_emails", a.IDs("person_emails")[0])
	for _, id := range persons[1:] {
		a.Company.Advance(time.Minute)
		a.Change("persons", id, "changed")
	}
	a.Company.Advance(time.Hour)
	return w
}

// TestChildren_leaveTheirParentInARunThatIsCutShort, by its budget or by a failure: a later run, which does not read
// the parent again, removes them.
func TestChildren_leaveTheirParentInARunThatIsCutShort(t *testing.T) {
	t.Run("budget", func(t *testing.T) {
		w := withEmails(t)
		w.spec["page_size"], w.spec["max_tokens"] = 10, 2+2*cost("persons")
		w.requireSync()
		require.Contains(t, w.log.String(), "ends this sync early")
		delete(w.spec, "max_tokens")
		w.requireSync()
		require.Less(t, w.sent["person_emails"], 20)
		w.requireTruth("person_emails")
		w.requireSync()
		require.Empty(t, w.log.String())
	})
	t.Run("failure", func(t *testing.T) {
		w := withEmails(t)
		w.spec["page_size"] = 1
		w.simulator.AddFault(simulator.Fault{Path: paths["persons"][0], At: []int{25}, Action: simulator.Status(http.StatusInternalServerError)})
		require.Error(t, w.sync())
		w.undisturbed()
		w.requireSync()
		require.Less(t, w.sent["person_emails"], 20)
		w.requireTruth("person_emails")
	})
}

// TestChildren_ofATableWithoutRows: runs do not take the lack of rows for a loss, and do not read the parents' list
// from its beginning.
func TestChildren_ofATableWithoutRows(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	a := w.accounts[0]
	w.tables, w.spec["page_size"] = []string{"persons", "person_phones"}, 10
	a.addMany("persons", 30, a.Company.Now().Add(-30*time.Hour), time.Minute)
	a.Company.Advance(time.Hour)
	w.requireSync()
	require.Zero(t, w.count("person_phones"))
	for range 2 {
		require.EqualValues(t, 2+cost("persons"), w.requireTokens())
	}
}

// TestChildren_behindAGateThatStaysShut: no run reads the parents' list from its beginning, or from the moment at which
// the account lost the table. When the account gets it, all children come.
func TestChildren_behindAGateThatStaysShut(t *testing.T) {
	w := newWorld(t, generated(1, 4711))
	w.tables, w.spec["page_size"], w.spec["open_deals_every"] = []string{"*"}, 5, "0s"
	w.company().Refuse("installments", http.StatusForbidden)
	w.requireSync()
	w.company().Advance(time.Hour)
	w.requireSync()
	pages := 0
	w.hook = func(r *http.Request) {
		if r.URL.Path == paths["deals"][0] {
			pages++
		}
	}
	w.requireSync()
	require.Equal(t, 1, pages)
	for key, checkpoint := range w.state() {
		if strings.Contains(key, "deal_installments") {
			require.NotContains(t, checkpoint, `"absent"`, "nobody looked for the table")
		}
	}

	w.company().Refuse("installments", 0)
	for _, row := range w.rows("deal_products")["4711"] {
		deal, err := strconv.ParseInt(row["deal_id"].Text, 10, 64)
		require.NoError(t, err)
		w.accounts[0].Change("deals", deal, "changed")
		break
	}
	w.requireSync()
	w.requireSync()
	w.requireTruth("deal_installments")
	w.requireSync()
	pages = 0
	w.requireSync()
	require.Equal(t, 1, pages)
}

// TestChildren_ofAListThatCostsMoreThanARun: each run reads a part of the deals, and the products of these.
func TestChildren_ofAListThatCostsMoreThanARun(t *testing.T) {
	for _, tables := range some(t, [][]string{{"deal_products"}, {"deals", "deal_products"}}) {
		t.Run(strings.Join(tables, " "), func(t *testing.T) {
			w, _ := withDeals(t, 500)
			w.tables, w.spec["page_size"], w.spec["max_tokens"] = tables, 20, 150 // the list costs 250 tokens
			runs, _ := w.backfilled(func() { w.company().Advance(10 * time.Minute) })
			require.Less(t, runs, 20)
			w.requireTruth(tables...)
		})
	}
}

// TestChildren_ofAListThatIsGone: the phases of all boards can't be read, although the account has boards. The run
// fails, and their rows stay.
func TestChildren_ofAListThatIsGone(t *testing.T) {
	w := newWorld(t, generated(1, 4711))
	w.tables = []string{"*"}
	w.requireSync()
	rows := w.count("project_phases")
	require.NotZero(t, rows)
	w.simulator.AddFault(simulator.Fault{Path: "/api/v2/phases", Every: 1, Action: simulator.Status(http.StatusGone)})
	require.ErrorContains(t, w.sync(), "project_phases")
	require.Equal(t, rows, w.count("project_phases"))
}

// oneByOne are the tables of children that take a request for each parent, or whose parents do.
var oneByOne = slices.DeleteFunc(slices.Clone(childTables), func(table string) bool { return truth.Listings(table)[0].Parent.Batch != 1 })

// uncounted reports whether the parents of a table's records have no sign of being childless.
func uncounted(records string) bool {
	return len(declared(func(t *table.Table) bool {
		if t.Records != records {
			return false
		}
		if t.IsCut() {
			t = t.Parent.Table
		}
		return t.Parent.Count == "" && t.Parent.Moved == ""
	})) > 0
}

// requestsFor is the number of requests for a table's list since the simulator's counts were reset.
func (w *world) requestsFor(table string) int64 {
	return w.simulator.Usage().ByPath[paths[table][0]].Requests
}

// TestChildren_oneRequestForEachParent: a first run requests the children of each parent, except those with a counter
// of 0. The next run requests those of changed parents, and of the one that changed last before.
func TestChildren_oneRequestForEachParent(t *testing.T) {
	never := declared(func(t *table.Table) bool { return t.Parent != nil && !t.IsCut() && !t.Parent.Sparse }) // without children
	for _, of := range some(t, oneByOne) {
		t.Run(of, func(t *testing.T) {
			w := newWorld(t, simulator.NewCompany(4711))
			a := w.accounts[0]
			w.tables, w.spec["lookback"] = []string{of}, "0s"
			without := a.addMany(truth.Family(of), 15, a.Company.Now().Add(-60*time.Hour), time.Minute)
			a.addMany(of, 25, a.Company.Now().Add(-30*time.Hour), time.Minute)
			a.Company.Advance(time.Hour)
			run := func() int64 {
				w.simulator.ResetUsage()
				w.requireSync()
				w.requireTruth(of)
				return w.requestsFor(of)
			}
			childless := int64(0) // requests for a parent without children
			switch {
			case uncounted(of) && slices.Contains(never, of):
				childless = 2 // an empty answer is confirmed
			case uncounted(of):
				childless = 1
			}
			require.Equal(t, 25+15*childless, run())
			require.LessOrEqual(t, run(), int64(1))
			a.Company.Advance(time.Hour)
			for _, id := range a.IDs(of)[:3] {
				a.Change(of, id, "changed")
			}
			a.Change(truth.Family(of), without[0], "changed")
			asked := 3 + 1 + childless
			require.LessOrEqual(t, run(), asked)
			require.LessOrEqual(t, run(), asked, "the parents that changed in the last second")
		})
	}
}

// TestChildren_ofParentsThatChangedAtOnce: the runs after that look back on them, and ask for none of their children again, whether
// they have some or not. A parent that comes late is asked for all the same.
func TestChildren_ofParentsThatChangedAtOnce(t *testing.T) {
	for _, of := range some(t, oneByOne) {
		t.Run(of, func(t *testing.T) {
			w := newWorld(t, simulator.NewCompany(4711))
			a, parents := w.accounts[0], truth.Family(of)
			if w.tables = []string{of}; slices.Contains(incremental, parents) {
				w.tables = append(w.tables, parents) // which show that those without children were asked for
			}
			at := a.Company.Now().Add(-time.Minute)
			if slices.Contains(incremental, parents) {
				a.addMany(parents, 15, at, 0)
			}
			a.addMany(of, 25, at, time.Second)
			a.Company.Advance(time.Hour)
			w.requireSync()
			a.Company.Advance(time.Hour)
			for range 2 {
				w.simulator.ResetUsage()
				w.requireSync()
				require.Zero(t, w.requestsFor(of))
				a.Company.Advance(time.Hour)
			}
			if !requested(of) || !timed(parents) {
				return
			}
			w.simulator.ResetUsage()
			a.Add(of, "late", at)
			w.requireSync()
			require.EqualValues(t, 1, w.requestsFor(of))
			w.requireTruth(w.tables...)
		})
	}
}

// TestChildren_ofAParentThatIsRefusedOnce, like one that is too new for some of Pipedrive's servers: the lookback finds it.
func TestChildren_ofAParentThatIsRefusedOnce(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	a := w.accounts[0]
	w.tables = []string{"notes", "note_comments"}
	a.addMany("note_comments", 5, a.Company.Now(), 0)
	w.company().RefuseParent("notes", 2, http.StatusNotFound)
	a.Company.Advance(time.Minute)
	w.requireSync()
	require.Equal(t, 4, w.count("note_comments"))
	w.company().RefuseParent("notes", 2, 0)
	a.Company.Advance(time.Minute)
	w.requireSync()
	w.requireTruth(w.tables...)
}

// TestChildren_ofAParentThatComesLate in a run that does not come to its children: the parent is at the destination then, and the
// next run asks for them all the same.
func TestChildren_ofAParentThatComesLate(t *testing.T) {
	for name, test := range map[string]struct {
		ends func(w *world)
		well bool
	}{
		"a failure": {func(w *world) {
			w.simulator.AddFault(simulator.Fault{Path: paths["note_comments"][0], Action: simulator.Status(502)})
		}, false},
		"the budget": {func(w *world) { w.spec["max_tokens"] = 2 + cost("notes") }, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, simulator.NewCompany(4711))
			a := w.accounts[0]
			w.tables = []string{"notes", "note_comments"}
			at := a.Company.Now()
			a.addMany("note_comments", 5, at, 0)
			a.Company.Advance(time.Minute)
			w.requireSync()
			a.Add("note_comments", "late", at)
			a.Add("notes", "new", time.Time{})
			a.Company.Advance(time.Minute)
			test.ends(w)
			require.Equal(t, test.well, w.sync() == nil)
			w.undisturbed()
			delete(w.spec, "max_tokens")
			require.Equal(t, 7, w.count("notes"))
			require.Equal(t, 5, w.count("note_comments"))
			w.requireSync()
			w.requireTruth(w.tables...)
		})
	}
}

// TestChildren_oneByOneWhileTheBudgetIsSmall: each run goes on where the last one ended, and asks for no parent twice but the last.
func TestChildren_oneByOneWhileTheBudgetIsSmall(t *testing.T) {
	untimed := func(of string) bool { // the first reading of its parents is not in the order of time
		parents := truth.Family(of)
		return slices.Contains(incremental, parents) && !timed(parents)
	}
	for _, of := range some(t, slices.DeleteFunc(slices.Clone(oneByOne), untimed)) {
		t.Run(of, func(t *testing.T) {
			w := newWorld(t, simulator.NewCompany(4711))
			a := w.accounts[0]
			w.tables, w.spec["page_size"] = []string{of}, 10
			a.addMany(of, 40, a.Company.Now().Add(-40*time.Hour), time.Minute)
			w.spec["max_tokens"] = 300
			requests := int64(0)
			runs, _ := w.backfilled(func() { requests += w.requestsFor(of) })
			requests += w.requestsFor(of)
			require.Greater(t, runs, 1)
			require.LessOrEqual(t, requests, int64(40+runs))
			w.requireTruth(of)
		})
	}
}

// TestChildren_oneByOneOfASecond in which more parents changed than a run pays for: each run goes on where the last one ended, and
// asks for no parent twice.
func TestChildren_oneByOneOfASecond(t *testing.T) {
	untimed := func(of string) bool { return !timed(truth.Family(of)) } // a first reading of these is in no order of time
	for _, of := range some(t, slices.DeleteFunc(slices.Clone(oneByOne), untimed)) {
		t.Run(of, func(t *testing.T) {
			w := newWorld(t, simulator.NewCompany(4711))
			a := w.accounts[0]
			w.tables, w.spec["page_size"] = []string{of}, 10
			a.addMany(of, 40, a.Company.Now().Add(-40*time.Hour), 0)
			a.addMany(of, 2, a.Company.Now().Add(-30*time.Hour), 0)
			a.Company.Advance(time.Hour)
			w.spec["max_tokens"] = 260
			requests := int64(0)
			runs, _ := w.backfilled(func() { requests += w.requestsFor(of) })
			requests += w.requestsFor(of)
			require.Greater(t, runs, 1)
			require.EqualValues(t, 42, requests)
			w.requireTruth(of)
		})
	}
}

// TestChildren_oneByOneOfRefusedParents: the rows of the refused parent stay, and those of the others come.
func TestChildren_oneByOneOfRefusedParents(t *testing.T) {
	severalParents := declared(func(t *table.Table) bool { return t.Once })
	ofSeveral := func(of string) bool { return slices.Contains(severalParents, of) }
	for _, of := range some(t, slices.DeleteFunc(slices.Clone(oneByOne), ofSeveral)) {
		t.Run(of, func(t *testing.T) {
			w := newWorld(t, simulator.NewCompany(4711))
			a := w.accounts[0]
			w.tables = []string{of}
			a.addMany(of, 5, a.Company.Now().Add(-40*time.Hour), time.Minute)
			w.requireSync()
			w.requireTruth(of)
			a.Company.Advance(time.Hour)
			ids := a.IDs(of)
			a.Change(of, ids[0], "changed")
			key := a.Key(of, ids[1])
			stays := w.rows(of)[a.ID()][key]
			require.NotNil(t, stays)
			parent := a.IDs(truth.Family(of))[1]
			w.company().RefuseParent(truth.Family(of), parent, http.StatusNotFound)
			a.Change(of, ids[1], "changed")
			w.requireSync()
			require.Equal(t, stays, w.rows(of)[a.ID()][key])
			require.Len(t, w.rows(of)[a.ID()], 5)
			w.company().RefuseParent(truth.Family(of), parent, 0)
			a.Change(truth.Family(of), parent, "changed")
			w.requireSync()
			w.requireTruth(of)
		})
	}
}

// TestChildren_participants: the deal's own person alone makes no row, and takes no request. A deal that loses its last
// further participant is requested once more.
func TestChildren_participants(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	c := w.company()
	w.tables, w.spec["lookback"] = []string{"deal_participants"}, "0s"
	participant := func(deal, person int64) int64 {
		return c.AddRecord("deal_participants", map[string]any{"deal_id": deal, "person_id": person})
	}
	run := func(requests int64, rows int) {
		t.Helper()
		c.Advance(time.Minute)
		w.simulator.ResetUsage()
		w.requireSync()
		w.requireTruth("deal_participants")
		require.Equal(t, rows, len(w.rows("deal_participants")[w.accounts[0].ID()]))
		require.Equal(t, requests, w.requestsFor("deal_participants"))
		c.Advance(time.Minute)
	}
	alone := c.AddDeal(simulator.Deal{PersonID: 7})
	participant(alone, 7)
	without := c.AddDeal(simulator.Deal{})
	participant(without, 9)
	c.Advance(time.Minute)
	both := c.AddDeal(simulator.Deal{PersonID: 7})
	participant(both, 7)
	further := participant(both, 8)
	run(2, 3)
	c.RemoveRecord("deal_participants", further)
	run(1, 1)
	c.UpdateDeal(both, func(d *simulator.Deal) { d.Title = "changed" })
	run(0, 1)
	again := participant(alone, 8)
	run(1, 3)
	c.RemoveRecord("deal_participants", again)
	c.UpdateDeal(both, func(d *simulator.Deal) { d.PersonID = 0 }) // who stays a participant
	run(2, 2)
}

// TestChildren_cutFromChildren come with the answers of their parents, and leave with them.
func TestChildren_cutFromChildren(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	a := w.accounts[0]
	a.addMany("product_variation_prices", 30, a.Company.Now().Add(-30*time.Hour), time.Minute)
	a.Company.Advance(time.Hour)
	tokens := map[string]int64{}
	for _, tables := range [][]string{
		{"product_variations"},
		{"product_variation_prices"},
		{"product_variations", "product_variation_prices"},
		{"products", "product_variation_prices"},
	} {
		w.file, w.tables = shared.newFile(t), tables
		tokens[strings.Join(tables, " ")] = w.requireTokens()
		w.requireTruth(tables...)
		require.Len(t, w.sent, len(tables), "no other rows")
		a.Company.Advance(time.Hour)
		if !slices.Contains(tables, "product_variation_prices") {
			continue
		}
		variation := a.IDs("product_variations")[0]
		a.Remove("product_variations", variation)
		w.requireSync()
		w.requireTruth(tables...)
		require.Empty(t, w.log.String())
	}
	require.Equal(t, tokens["product_variations"], tokens["product_variation_prices"])
	require.LessOrEqual(t, tokens["product_variations product_variation_prices"], tokens["product_variations"])
}

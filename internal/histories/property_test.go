package histories

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/truth"
)

// TestHistories: records are created, changed, archived and deleted between and during runs, some of which fail or end
// early. After one more undisturbed run the destination has the truth.
func TestHistories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { newHistoryOf(t, all, truth.Alike).play() })
}

// history is the drawn history of one account.
type history struct {
	*world
	t        *rapid.T
	account  *account
	tables   []string // whose records change
	lookback time.Duration
	// removable is true if the last run succeeded, so that the next one notices all losses of the destination.
	removable bool
	removals  int             // losses of the destination so far; after the fourth in a row the plugin gives up
	refused   bool            // whether a refused full refresh awaits a decision
	alone     bool            // whether children change without their parents, or can't be read for a while, which only a full refresh finds
	ended     func(well bool) // called after each run, well if it succeeded and lost nothing; may be nil
}

// newHistoryOf draws a history of one of some tables, given by their ways of reading, or of several tables.
func newHistoryOf(t *rapid.T, all []string, ways [][]string, options ...simulator.Option) *history {
	c := simulator.NewCompany(4711)
	c.SetNullsLast(rapid.Bool().Draw(t, "records without update_time last"))
	w := newWorld(t, c, options...)
	h := &history{world: w, t: t, account: w.accounts[0]}
	// Tables are read concurrently, so only the history of a single table repeats itself exactly, which lets rapid
	// shrink it.
	if rapid.IntRange(0, 5).Draw(t, "several tables") == 5 {
		h.tables = rapid.SliceOfNDistinct(rapid.SampledFrom(all), 2, 6, rapid.ID).Draw(t, "tables")
	} else { // each way of reading is equally likely
		h.tables = []string{rapid.SampledFrom(rapid.SampledFrom(ways).Draw(t, "way of reading")).Draw(t, "table")}
	}
	w.tables = h.tables
	w.appends = len(h.tables) == 1 && rapid.IntRange(0, 3).Draw(t, "append") == 3
	h.lookback = rapid.SampledFrom([]time.Duration{0, 2 * time.Minute}).Draw(t, "lookback")
	w.spec["lookback"] = h.lookback.String()
	w.spec["verify_every"] = "0s"
	w.spec["page_size"] = rapid.IntRange(2, 5).Draw(t, "page_size")
	w.spec["full_refresh_every"] = rapid.SampledFrom([]string{"0s", "0s", "1s", "1h"}).Draw(t, "full_refresh_every")
	h.alone = truth.HasChildren(h.tables) && rapid.IntRange(0, 3).Draw(t, "children change alone") == 3
	for _, table := range h.tables {
		for range rapid.IntRange(0, 12).Draw(t, table) {
			h.populate(table)
		}
	}
	if rapid.Bool().Draw(t, "windows") {
		h.divide()
	}
	return h
}

// divide makes several readers read a list at once: its windows are small, and it has enough records for some.
func (h *history) divide() {
	h.windows = plan.Sizes{First: 1, Window: rapid.IntRange(1, 3).Draw(h.t, "pages of a window"), Split: 2}
	for _, table := range h.tables {
		for range rapid.IntRange(0, 40).Draw(h.t, table+" in windows") {
			before := rapid.IntRange(0, 1000).Draw(h.t, "seconds before")
			h.account.Add(table, "older", h.account.Company.Now().Add(-time.Duration(before)*time.Second))
		}
	}
}

// populate adds a record from before the first run. Many share a second, some are ahead of the clock, and some have no
// update_time. The latter come only from old imports: incremental reading can't find one that is created later.
func (h *history) populate(table string) {
	const never = -1
	before := rapid.SampledFrom([]int{never, 0, 1, 1, 1, 2, 100, 1000, -3600}).Draw(h.t, "seconds before")
	if before == never {
		h.account.AddNeverChanged(table, "imported")
		return
	}
	changed := h.account.Company.Now().Add(-time.Duration(before) * time.Second)
	h.account.Add(table, "old", changed)
}

func (h *history) play() {
	for range rapid.IntRange(1, 4).Draw(h.t, "disturbed runs") {
		h.run()
		h.between()
	}
	h.undisturbed()
	delete(h.spec, "max_tokens")
	h.account.Admit()
	if h.spec["verify_every"] != "0s" {
		h.account.Company.Advance(25 * time.Hour)
	}
	if h.alone {
		h.refreshed()
		return
	}
	if err := h.sync(); h.isRefused(err) {
		h.spec["full_refresh_every"] = "0s"
		h.requireSync()
	} else {
		require.NoError(h.t, err)
	}
	require.Empty(h.t, h.warnings())
	h.requireTruth(h.tables...)
}

// refreshed: a full refresh finds children that changed alone, unless it is refused. After one that was cut short, the
// next run reads only the changes.
func (h *history) refreshed() {
	h.spec["full_refresh_every"] = "1s"
	for range 2 {
		h.account.Company.Advance(2 * time.Second)
		err := h.sync()
		if h.isRefused(err) {
			return
		}
		require.NoError(h.t, err)
	}
	h.requireTruth(h.tables...)
}

// warnings are the warnings of the last run. They leave out the one about rows that the run before found to be gone,
// and that this run removes: children that left their parents, and rows of a table whose run failed for another table.
func (h *history) warnings() string {
	if len(h.tables) == 1 && !truth.HasChildren(h.tables) {
		return h.log.String()
	}
	return h.otherWarnings()
}

// otherWarnings are the warnings of the last run, except the one about rows that an earlier run found to be gone and
// that this run removes.
func (w *world) otherWarnings() string {
	lines := slices.DeleteFunc(strings.Split(w.log.String(), "\n"), func(line string) bool { return strings.Contains(line, "they are removed again") })
	return strings.Join(lines, "")
}

// run is a run with changes between its pages, and maybe with a fault or an early end.
func (h *history) run() {
	h.undisturbed()
	delete(h.spec, "max_tokens")
	for range rapid.IntRange(0, 4).Draw(h.t, "changes during the run") {
		at := h.drawPath()
		changes := []truth.Change{h.drawChange()}
		for range rapid.IntRange(0, 2).Draw(h.t, "more at once") {
			changes = append(changes, h.drawChange())
		}
		h.before(at, rapid.IntRange(1, 6).Draw(h.t, "request"), func() {
			for _, c := range changes {
				h.account.Apply(c)
			}
		})
	}
	h.simulator.SetSkew(rapid.SampledFrom([]time.Duration{0, 0, 0, time.Hour}).Draw(h.t, "clock ahead"))
	defer h.simulator.SetSkew(0)
	fails := false
	h.dropped = h.drawDropped()
	defer func() { h.dropped = nil }()
	h.lost = rapid.IntRange(-1, 3).Draw(h.t, "lost")
	ends := []string{"", "", "failure", "failure", "day's budget", "max_tokens", "broken answer", "empty page", "capped pages", "another order"}
	switch rapid.SampledFrom(ends).Draw(h.t, "end") {
	case "failure":
		fails = true
		h.fault(simulator.Status(502))
	case "day's budget":
		h.fault(simulator.DailyLimit)
		fails = len(h.tables) > 1 // if it affects a table that is always read in full
	case "max_tokens":
		h.spec["max_tokens"] = rapid.IntRange(10, 120).Draw(h.t, "max_tokens")
	case "broken answer":
		fails = true
		h.fault(rapid.SampledFrom([]simulator.Action{simulator.TwoLists, simulator.NoNext}).Draw(h.t, "action"))
	case "empty page":
		fails = h.emptyPage()
	case "capped pages":
		h.simulator.AddFault(simulator.Fault{Path: h.drawPath(), Action: simulator.CapPages})
	case "another order": // without an early end, whose few records may be in the right order by chance
		fails = true
		h.simulator.AddFault(simulator.Fault{
			Path: h.drawPath(), Action: rapid.SampledFrom([]simulator.Action{simulator.IgnoreSort, simulator.ReverseSort}).Draw(h.t, "action"),
		})
	}
	err := h.sync()
	h.undisturbed() // requests that a failed run left under way change nothing any more
	h.removable = err == nil
	if h.ended != nil {
		h.ended(err == nil && h.dropped == nil)
	}
	if h.isRefused(err) {
		return
	}
	require.True(h.t, !h.refused || err != nil, "a run ended well although nobody has decided")
	if h.spec["max_tokens"] != nil && errors.Is(err, pipedrive.RateLimitExceeded) {
		return // less than the first step costs
	}
	if !fails && !h.account.Refuses() {
		require.NoError(h.t, err)
	}
}

// isRefused reports whether a run failed because more than half of a table's rows are missing. Then the user decides
// that they stay, or does not decide yet.
func (h *history) isRefused(err error) bool {
	if err == nil || !strings.Contains(err.Error(), "more than half") {
		return false
	}
	h.refused = h.spec["full_refresh_every"] != "0s"
	require.True(h.t, h.refused, "no full refresh is due")
	if rapid.Bool().Draw(h.t, "they stay") {
		h.spec["full_refresh_every"], h.refused = "0s", false
	}
	return true
}

// drawDropped draws the message that the destination loses silently.
func (h *history) drawDropped() func(string, int) bool {
	if h.removals >= 3 || rapid.IntRange(0, 4).Draw(h.t, "lose a message") < 4 {
		return nil
	}
	h.removals++
	n := rapid.IntRange(1, 6).Draw(h.t, "message")
	return func(string, int) bool {
		n--
		return n == 0
	}
}

func (h *history) fault(action simulator.Action) {
	h.simulator.AddFault(simulator.Fault{
		Path: h.drawPath(), At: []int{rapid.IntRange(1, 6).Draw(h.t, "at")}, Action: action,
	})
}

// emptyPage makes a list answer without records, unless the plugin would believe that, for few parents of a sparse
// table. It reports whether the answer is wrong.
func (h *history) emptyPage() (broken bool) {
	f := simulator.Fault{Path: h.drawPath(), At: []int{rapid.IntRange(1, 6).Draw(h.t, "at")}, Action: simulator.EmptyPage}
	if !slices.Contains(truth.Sparse, f.Path) {
		h.simulator.AddFault(f)
	}
	return strings.HasPrefix(f.Path, "/v1/") && slices.ContainsFunc(h.tables, func(table string) bool {
		return slices.ContainsFunc(truth.Listings(table), func(l pipedrive.Listing) bool {
			return l.Path == f.Path && l.Paging == pipedrive.Unpaged && !l.NullIsEmpty
		})
	})
}

func (h *history) between() {
	for range rapid.IntRange(0, 5).Draw(h.t, "changes between runs") {
		h.account.Apply(h.drawChange())
	}
	h.account.Company.Advance(time.Duration(rapid.SampledFrom([]int{0, 0, 1, 60, 3600}).Draw(h.t, "pause")) * time.Second)
	if h.removable && h.removals < 3 && rapid.IntRange(0, 5).Draw(h.t, "delete rows at the destination") == 5 {
		h.deleteRows()
	}
	if rapid.IntRange(0, 20).Draw(h.t, "drop the state") == 20 {
		h.exec("DROP TABLE IF EXISTS " + stateTable) // a run that fails early creates none
		h.refused = false                            // the state has lost it
	}
}

// deleteRows removes rows at the destination, old ones too. Rows removed after a failed run may stay missing: the
// rows before it are then unknown.
func (h *history) deleteRows() {
	h.removals++
	h.refused = false // maybe, since fewer of the missing rows are left
	of := rapid.IntRange(2, 4).Draw(h.t, "one of so many rows")
	for _, table := range h.tables {
		if slices.Contains(incremental, table) {
			h.exec(fmt.Sprintf("DELETE FROM pipedrive_%s WHERE (%s) %% %d = 0", table, strings.Join(truth.Keys(table), " + "), of))
		}
	}
}

func (h *history) drawPath() string {
	return rapid.SampledFrom(paths[rapid.SampledFrom(h.tables).Draw(h.t, "of")]).Draw(h.t, "path")
}

func (h *history) drawChange() truth.Change {
	kinds := []string{"advance", "create", "change", "change", "change", "archive", "delete", "delete"}
	if h.lookback > 0 {
		kinds = append(kinds, "late")
	}
	if h.spec["full_refresh_every"] != "0s" { // a record that moves between lists looks deleted to it
		kinds = append(kinds, "archive", "archive")
	}
	if h.alone {
		kinds = append(kinds, "refuse")
	}
	return truth.Change{
		Kind:    rapid.SampledFrom(kinds).Draw(h.t, "kind"),
		Table:   rapid.SampledFrom(h.tables).Draw(h.t, "table"),
		Record:  rapid.IntRange(0, 30).Draw(h.t, "record"),
		Seconds: rapid.IntRange(0, 3).Draw(h.t, "seconds"),
		Alone:   h.alone && rapid.Bool().Draw(h.t, "alone"),
	}
}

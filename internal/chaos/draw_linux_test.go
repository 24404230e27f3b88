package chaos

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/truth"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/warehouse"
)

// history is the content of a seed: an account, a configuration, and the events during and after each run.
type history struct {
	seed      uint64
	tables    []string
	records   map[string][]int // their ages in seconds, by table; never without an update_time
	pageSize  int
	batchRows int // the destination's
	lookback  time.Duration
	// destination is sqlite, or the official one whose double gets the rows. If appends is true, it has the write mode
	// append. Otherwise it overwrites and removes stale rows.
	destination string
	appends     bool
	refresh     time.Duration // full_refresh_every
	verifyEvery time.Duration // verify_every
	nullsLast   bool          // whether records without an update_time are behind all others
	skewed      bool          // whether the server's clock is ahead in some runs
	alone       bool          // whether children change without their parents, or can't be read for a while
	runs        []run
}

// atOnce is the number of tables in a history with more than one, so that each gets enough events.
const atOnce = 6

// sqlite is the project's own destination.
const sqlite = "sqlite"

// never is the age of a record without an update_time, as from an old import.
const never = -1

// run is a disturbed run and the events after it.
type run struct {
	retries int           // max_retries
	skew    time.Duration // how far the server's clock is ahead
	faults  []simulator.Fault
	events  []event
	// changed are the changes after the run. Then the clock advances by pause, and the destination loses rows in the
	// way of lost, "" for none.
	changed []truth.Change
	pause   time.Duration
	lost    string
}

// event is an event during a run, at the at-th occurrence of a moment.
type event struct {
	moment  string // the path of a request, or a report of the destination
	at      int
	action  string // kill and a process, or the instruction to the destination
	changes []truth.Change
}

// drawing is a source of choices.
type drawing struct {
	*rand.Rand
	history
}

func pick[T any](d *drawing, from ...T) T { return from[d.IntN(len(from))] }

// draw draws a history.
func draw(seed uint64) history {
	d := &drawing{rand.New(rand.NewPCG(seed, 0)), history{seed: seed, records: map[string][]int{}}}
	d.tables = slices.Clone(truth.Tables)
	d.Shuffle(len(d.tables), func(i, j int) { d.tables[i], d.tables[j] = d.tables[j], d.tables[i] })
	d.tables = d.tables[:pick(d, 1, atOnce, atOnce)]
	for _, table := range d.tables {
		for range d.IntN(pick(d, 5, 30, 60)) {
			d.records[table] = append(d.records[table], d.age())
		}
	}
	d.pageSize = pick(d, 2, 2, 3, 5, 10, 50)
	d.batchRows = pick(d, 1, 5, 10, 1000)
	d.lookback = pick(d, 0, 2*time.Minute)
	d.appends = d.IntN(5) == 0
	if d.destination = sqlite; d.IntN(2) == 0 {
		kind := pick(d, warehouse.Kinds()...)
		d.destination, d.appends = string(kind), kind == warehouse.BigQuery
	}
	d.refresh = pick(d, 0, 0, time.Second, time.Hour)
	d.verifyEvery = time.Duration(seed%2) * 24 * time.Hour
	d.nullsLast = d.IntN(2) == 0
	d.skewed = d.IntN(4) == 0
	d.alone = truth.HasChildren(d.tables) && d.IntN(2) == 0
	for range 1 + d.IntN(4) {
		d.runs = append(d.runs, d.run())
	}
	return d.history
}

// age draws the age of a record at the first run, in seconds. Many share a second, some are ahead of the clock.
func (d *drawing) age() int {
	return pick(d, never, 0, 1, 1, 1, 2, 100, 1000, 100_000, d.IntN(10_000_000), -3600)
}

func (d *drawing) run() run {
	r := run{retries: pick(d, 0, 2, 4), pause: time.Duration(pick(d, 0, 1, 60, 3600, 86400)) * time.Second}
	if d.skewed {
		r.skew = pick(d, 0, 0, time.Hour)
	}
	for range d.IntN(3) {
		r.faults = append(r.faults, simulator.Fault{
			Path: pick(d, d.path(), d.path(), "/v1/users", "/api/v2/stages"), At: []int{1 + d.IntN(6)},
			Action: pick(d, simulator.EmptyPage, simulator.TwoLists, simulator.NoNext, simulator.BurstLimit, simulator.Status(502), simulator.StatusHTML(502), simulator.Reset, simulator.CutBody,
				simulator.HTMLPage, simulator.NullBody, simulator.NullData, simulator.ExpiredToken, simulator.DailyLimit),
		})
	}
	r.faults = slices.DeleteFunc(r.faults, func(f simulator.Fault) bool {
		empty := f.Action == simulator.EmptyPage || f.Action == simulator.NullData
		return empty && slices.Contains(truth.Sparse, f.Path) // the plugin believes it
	})
	if d.IntN(4) == 0 {
		// Without an early end, since the few records before it may be in the right order by chance.
		r.faults = slices.DeleteFunc(r.faults, func(f simulator.Fault) bool { return f.Action == simulator.DailyLimit })
		r.faults = append(r.faults, simulator.Fault{Path: d.path(), Action: pick(d, simulator.CapPages, simulator.IgnoreSort, simulator.ReverseSort)})
	}
	for range d.IntN(3) {
		r.events = append(r.events, d.disturbance())
	}
	for range d.IntN(4) {
		r.events = append(r.events, event{moment: d.path(), at: 1 + d.IntN(6), changes: d.changes()})
	}
	r.changed = d.changes()
	if d.IntN(6) == 0 {
		table := pick(d, d.tables...)
		r.lost = pick(d, "file", "state", "all tables", "table "+table, "rows of "+table, "some rows of "+table)
	}
	return r
}

// disturbance draws an action or a failure of a process.
func (d *drawing) disturbance() event {
	table, at := "pipedrive_"+pick(d, d.tables...), pick(d, 1, 1, 2, 3, 1+d.IntN(10))
	repeated := []string{d.path(), d.path(), "batch of " + table}
	once := []string{
		"read of " + stateTable, "read of " + table, "end of rows", "written rows",
		"batch of " + stateTable, "end of state", "written state",
	}
	switch d.IntN(3) {
	case 0:
		return event{moment: "batch of " + pick(d, table, table, table, stateTable), at: at, action: "drop"}
	case 1:
		return event{moment: pick(d, repeated...), at: at, action: pick(d, processes...)}
	}
	return event{moment: pick(d, once...), at: 1, action: pick(d, append(processes, "fail", "full disk")...)}
}

// onlyLogs reports whether the destination only logs that it could not write a batch.
func (h *history) onlyLogs() bool {
	return h.destination != sqlite && h.destination != string(warehouse.PostgreSQL)
}

// processes are the ways to kill one.
var processes = []string{"kill source", "kill destination", "kill cli"}

func (d *drawing) path() string { return pick(d, truth.Paths[pick(d, d.tables...)]...) }

func (d *drawing) changes() (changes []truth.Change) {
	kinds := []string{"advance", "create", "change", "change", "change", "archive", "delete", "delete"}
	if d.lookback > 0 {
		kinds = append(kinds, "late")
	}
	if d.refresh > 0 { // a record that moves between lists looks deleted to it
		kinds = append(kinds, "archive", "archive")
	}
	if d.alone {
		kinds = append(kinds, "refuse")
	}
	for range d.IntN(5) {
		changes = append(changes, truth.Change{
			Kind: pick(d, kinds...), Table: pick(d, d.tables...), Record: d.IntN(60), Seconds: d.IntN(4), Alone: d.alone && d.IntN(2) == 0,
		})
	}
	return changes
}

func (h history) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: page_size %d, lookback %v, full_refresh_every %v, verify_every %v, destination %s, its batch_size %d, append %t, children alone %t\n",
		h.seed, h.pageSize, h.lookback, h.refresh, h.verifyEvery, h.destination, h.batchRows, h.appends, h.alone)
	for _, table := range slices.Sorted(maps.Keys(h.records)) {
		fmt.Fprintf(&b, "  %s of these ages: %v\n", table, h.records[table])
	}
	for i, r := range h.runs {
		fmt.Fprintf(&b, "  run %d, max_retries %d, the server's clock ahead by %v\n", i+1, r.retries, r.skew)
		for _, f := range r.faults {
			fmt.Fprintf(&b, "    requests %v to %s: %s\n", f.At, f.Path, f.Action)
		}
		for _, e := range r.events {
			fmt.Fprintf(&b, "    %s, number %d: %s%v\n", e.moment, e.at, e.action, e.changes)
		}
		fmt.Fprintf(&b, "    afterwards %v, %v pass, the destination loses %q\n", r.changed, r.pause, r.lost)
	}
	return b.String()
}

package histories

import (
	"cmp"
	"context"
	"database/sql"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/truth"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/warehouse"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

var update = flag.Bool("update", false, "write the table of TestDoubles into the docs")

// modes are CloudQuery's write modes.
var modes = []string{"overwrite-delete-stale", "overwrite", "append"}

// removals are the fates of deleted rows after a full refresh: of an incremental table, and of one that is read in
// full. A row is removed, marked, or left with the sync time of an older run.
var removals = map[string][2]string{
	"sqlite overwrite-delete-stale":     {"removed", "removed"},
	"sqlite overwrite":                  {"removed", "left"},
	"sqlite append":                     {"removed", "left"},
	"bigquery overwrite-delete-stale":   {"marked", "left"},
	"bigquery overwrite":                {"marked", "left"},
	"bigquery append":                   {"marked", "left"},
	"duckdb overwrite-delete-stale":     {"removed", "removed"},
	"duckdb overwrite":                  {"marked", "left"},
	"duckdb append":                     {"marked", "left"},
	"postgresql overwrite-delete-stale": {"removed", "removed"},
	"postgresql overwrite":              {"removed", "left"},
	"postgresql append":                 {"removed", "left"},
	"snowflake overwrite-delete-stale":  {"removed", "removed"},
	"snowflake overwrite":               {"marked", "left"},
	"snowflake append":                  {"marked", "left"},
}

// TestDoubles plays the same histories on each destination and in each write mode. The docs quote the results.
func TestDoubles(t *testing.T) {
	long(t)
	const histories = 10
	var lines strings.Builder
	for _, kind := range append([]warehouse.Kind{""}, warehouse.Kinds()...) {
		for _, mode := range modes {
			name := cmp.Or(string(kind), "sqlite") + " " + mode
			t.Run(name, func(t *testing.T) {
				outcomes := make([][]string, len(outcome{}.columns()))
				for n := range histories {
					o := playOn(t, kind, mode, n)
					for i, value := range o.columns() {
						outcomes[i] = append(outcomes[i], value)
					}
					require.Equal(t, removals[name], o.deleted, "history %d", n)
				}
				fmt.Fprintf(&lines, "| %s | `%s` |", cmp.Or(string(kind), "sqlite"), mode)
				for _, values := range outcomes {
					fmt.Fprintf(&lines, " %s |", tally(values))
				}
				lines.WriteString("\n")
			})
		}
	}
	if t.Failed() {
		return
	}
	const page = "../../docs/operations.md"
	place := regexp.MustCompile(`(?m)(^\| destination \| write mode \|.*\n\| ---.*\n)((?:\|.*\n)*)`)
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	found := place.FindSubmatch(text)
	require.NotNil(t, found, "%s has no place for the table", page)
	if *update {
		text = place.ReplaceAll(text, []byte("${1}"+lines.String()))
		require.NoError(t, os.WriteFile(page, text, 0o644))
		return
	}
	require.Equal(t, lines.String(), string(found[2]), "run `go test ./internal/histories -run TestDoubles -update`")
}

// TestDoubles_everyTableArrives with all of its rows and columns.
func TestDoubles_everyTableArrives(t *testing.T) {
	for _, kind := range some(t, warehouse.Kinds()) {
		t.Run(string(kind), func(t *testing.T) {
			w := newWorld(t, generated(2, 4711))
			w.kind, w.keepsStale, w.spec["custom_fields"], w.tables = kind, true, "columns", nil
			for _, of := range tables.All() {
				w.tables = append(w.tables, of.Records)
			}
			w.requireSync()
			w.requireTruth(all...)
			for _, table := range w.tables {
				require.Equal(t, w.sent[table], w.count(table), table)
			}
			require.Empty(t, w.destinationLog.String())
		})
	}
}

// TestDoubles_staleRowsStay after a full refresh if the run ends before CloudQuery removed them. The next run, which
// reads only the changes, marks them, and CloudQuery removes no others.
func TestDoubles_staleRowsStay(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	w.kind, w.tables, w.spec["full_refresh_every"] = warehouse.DuckDB, []string{"persons"}, "24h"
	a := w.accounts[0]
	ids := a.addMany("persons", 20, a.Company.Now().Add(-30*time.Hour), time.Hour)
	w.requireSync()
	a.Remove("persons", ids[0])
	a.Company.Advance(25 * time.Hour)
	w.keepsStale = true
	w.requireSync()
	require.Equal(t, 20, w.count("persons"))
	w.keepsStale = false
	a.Company.Advance(time.Hour)
	w.requireSync()
	require.Equal(t, 20, w.count("persons"))
	require.Len(t, w.marked("persons"), 1)
	w.requireTruth("persons")
}

// tally is the values in the order of their frequency; the frequency is left out if there is only one value.
func tally(values []string) string {
	count := map[string]int{}
	for _, v := range values {
		count[v]++
	}
	different := slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), strings.Compare(a, b))
	})
	if len(different) == 1 {
		return different[0]
	}
	for i, v := range different {
		different[i] = fmt.Sprintf("%s (%d of %d)", v, count[v], len(values))
	}
	return strings.Join(different, ", ")
}

// outcome is the result of a history.
type outcome struct {
	fails   []string  // names of failed ones
	loses   []string  // names of those that end well although the destination lost a batch
	rows    string    // of existing records: equal, or the kinds of difference
	deleted [2]string // removed, marked or left, of an incremental table and one that is read in full
	last    string    // a run without changes: quiet, or its activity
}

func (o outcome) columns() []string {
	return []string{named(o.fails), named(o.loses), o.rows, o.deleted[0], o.deleted[1], o.last}
}

// named are runs by their names.
func named(runs []string) string {
	if len(runs) == 5 {
		return "all"
	}
	return cmp.Or(strings.Join(runs, " and "), "none")
}

// playOn plays a history of five runs and one more without changes. Records change during the first and the second run;
// in some histories the second loses a batch. After the third some are deleted, and a full refresh is due.
func playOn(t *testing.T, kind warehouse.Kind, mode string, n int) (o outcome) {
	t.Helper()
	draw := rand.New(rand.NewPCG(uint64(n), 1))
	w := newWorld(t, simulator.NewCompany(4711))
	a, table, whole := w.accounts[0], incrementalOf(n), "stages"
	path := paths[table][0]
	w.kind, w.appends, w.keepsStale, w.tables = kind, mode == "append", mode == "overwrite", []string{table, whole}
	w.spec["page_size"], w.spec["full_refresh_every"], w.destination = 5, "24h", map[string]any{}
	if n%2 == 0 { // a record that changes during a run comes twice in a batch, or else in two
		w.destination["batch_size"] = 3
	}
	run := func(name string) {
		if w.sync() != nil {
			o.fails = append(o.fails, name)
		} else if w.destinationLog.Len() > 0 {
			o.loses = append(o.loses, name)
		}
		w.undisturbed()
	}
	a.addMany(table, 20, a.Company.Now().Add(-30*time.Hour), time.Hour)
	a.addMany(whole, 5, time.Time{}, 0)
	early := a.IDs(table)[draw.IntN(8)]
	w.before(path, 3, func() { a.Change(table, early, "changed during the first run") })
	run("first")

	a.Company.Advance(time.Hour)
	early = a.IDs(table)[draw.IntN(20)]
	a.Change(table, early, "changed before the second run")
	a.Company.Advance(time.Second)
	for range 6 {
		a.Apply(truth.Change{Kind: []string{"create", "change"}[draw.IntN(2)], Table: table, Record: draw.IntN(30)})
	}
	a.Apply(truth.Change{Kind: "change", Table: whole, Record: draw.IntN(30)})
	w.before(path, 2, func() {
		a.Company.Advance(time.Second)
		a.Change(table, early, "changed during the second run")
	})
	w.loseBatch(table, n%4 < 2)
	run("second")
	w.loseBatch(table, false)
	a.Company.Advance(time.Hour)
	run("third")

	gone := [2]map[string]bool{{}, {}}
	for i, of := range []string{table, whole} {
		for range 2 {
			live := a.IDs(of)
			id := live[draw.IntN(len(live))]
			gone[i][a.Key(of, id)] = true
			a.Remove(of, id)
		}
	}
	a.Company.Advance(25 * time.Hour)
	for _, name := range []string{"refresh", "fifth"} {
		run(name)
		a.Company.Advance(time.Hour)
	}
	o.last = w.quiet(table)
	kinds := map[string]bool{}
	for i, of := range []string{table, whole} {
		var differences []truth.Difference
		differences, o.deleted[i] = w.compared(of, gone[i])
		for _, d := range differences {
			kinds[string(d.Kind)] = true
		}
	}
	o.rows = cmp.Or(strings.Join(slices.Sorted(maps.Keys(kinds)), " and "), "equal")
	return o
}

// incrementalOf is a table of the n-th way of reading. It has no deals, since deleted deals are still listed.
func incrementalOf(n int) string {
	var first []string
	for _, way := range truth.Alike {
		if table := way[len(way)-1]; table != "deals" {
			first = append(first, table)
		}
	}
	return first[n%len(first)]
}

// loseBatch makes the destination lose the first batch of a table in each run. SQLite's loses none.
func (w *world) loseBatch(table string, lost bool) {
	delete(w.destination, "fail")
	if lost {
		w.destination["fail"] = map[string][]int{"pipedrive_" + table: {1}}
	}
}

// quiet describes the activity of a run without changes, except the readings of tables in full.
func (w *world) quiet(table string) string {
	err, again := w.sync(), 0
	if requested(table) { // the children of the deal that changed last are always sent again
		again = w.accounts[0].ofLastParents(table)
	}
	switch {
	case err != nil:
		return "fails"
	case w.log.Len() > 0:
		return "warns"
	case w.sent[table] > again:
		return "reads again"
	}
	return "quiet"
}

// compared are the differences between a table and the truth, and the fate of the rows that are deleted at Pipedrive.
// If a destination appends, the newest version counts.
func (w *world) compared(table string, gone map[string]bool) (differences []truth.Difference, deleted string) {
	w.t.Helper()
	a := w.accounts[0]
	w.query(func(db *sql.DB) {
		rows, err := truth.Rows(context.Background(), db, table)
		require.NoError(w.t, err)
		if w.appends || w.kind == warehouse.BigQuery {
			newest := map[string]truth.Row{}
			for _, row := range rows {
				newest[row.Key(table)] = row
			}
			rows = slices.Collect(maps.Values(newest))
		}
		found := map[string]bool{}
		for _, row := range rows {
			if gone[row.Key(table)] {
				found[map[bool]string{true: "marked", false: "left"}[row.Removed()]] = true
			}
		}
		deleted = cmp.Or(strings.Join(slices.Sorted(maps.Keys(found)), " and "), "removed")
		differences = truth.Compare(table, a.Company.Truth(table, everything), rows, func(row truth.Row) bool { return gone[row.Key(table)] })
	})
	return differences, deleted
}

// TestDoubles_aRecordThatChangesWhileItIsRead comes in a separate batch the second time, with and without verification:
// of two versions in one batch, Snowflake inserts both.
func TestDoubles_aRecordThatChangesWhileItIsRead(t *testing.T) {
	for _, verify := range []bool{true, false} {
		t.Run(fmt.Sprint("verify ", verify), func(t *testing.T) {
			w := newWorld(t, simulator.NewCompany(4711))
			w.kind, w.tables, w.spec["page_size"], w.spec["verify"] = warehouse.Snowflake, []string{"persons"}, 5, verify
			a := w.accounts[0]
			ids := a.addMany("persons", 20, a.Company.Now().Add(-30*time.Hour), time.Hour)
			w.before(paths["persons"][0], 3, func() { a.Change("persons", ids[0], "changed") })
			w.requireSync()
			require.Equal(t, 20, w.count("persons"))
			w.requireTruth("persons")
		})
	}
}

// TestDoubles_aRecordThatChangesBetweenWindows comes a second time with the last window, and so do the children in its
// lists. Without a state the rows sent before are unknown.
func TestDoubles_aRecordThatChangesBetweenWindows(t *testing.T) {
	for _, tables := range [][]string{{"persons", "person_emails"}, {"person_emails"}} {
		t.Run(strings.Join(tables, " and "), func(t *testing.T) {
			w := newWorld(t, simulator.NewCompany(4711))
			w.kind, w.backend, w.tables, w.spec["page_size"] = warehouse.Snowflake, false, tables, 5
			w.windows = plan.Sizes{First: 1, Window: 2, Split: 2}
			a := w.accounts[0]
			emails := a.addMany("person_emails", 60, a.Company.Now().Add(-70*time.Hour), time.Hour)
			w.before(paths["persons"][0], 6, func() { a.Change("person_emails", emails[0], "changed") })
			w.requireSync()
			require.Equal(t, len(a.IDs("person_emails")), w.count("person_emails"))
			w.requireTruth(tables...)
		})
	}
}

package histories

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/truth"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/warehouse"
)

// versionedWays are the tables that may have a history, in groups that are read alike.
func versionedWays() (ways [][]string) {
	for _, way := range truth.Alike {
		if with := slices.DeleteFunc(slices.Clone(way), func(of string) bool { return !slices.Contains(truth.Versioned, of) }); len(with) > 0 {
			ways = append(ways, with)
		}
	}
	return ways
}

// eachVersioned runs a test for each table that may have a history, with -short for one. The world's simulator logs the
// versions that it sends.
func eachVersioned(t *testing.T, test func(t *testing.T, w *world, a *account, of string, seen *truth.Seen)) {
	t.Helper()
	for _, of := range some(t, truth.Versioned) {
		t.Run(of, func(t *testing.T) {
			seen := &truth.Seen{}
			w := newWorld(t, simulator.NewCompany(4711), simulator.WithAnswerHook(seen.Note))
			w.tables, w.spec["history"] = []string{of}, []string{of}
			test(t, w, w.accounts[0], of, seen)
		})
	}
}

// history returns the rows of a history by version, without the removals, and the number of all rows.
func (w *world) history(of string) (versions map[truth.Version]truth.Row, removals map[string]truth.Row, rows int) {
	w.t.Helper()
	versions, removals = map[truth.Version]truth.Row{}, map[string]truth.Row{}
	w.query(func(db *sql.DB) {
		all, err := truth.Rows(context.Background(), db, of+"_history")
		require.NoError(w.t, err)
		rows = len(all)
		for _, row := range all {
			if row.Removed() {
				require.Equal(w.t, row[table.ValidFromColumn], row[table.RemovedColumn])
				removals[row["id"].Text] = row
			} else {
				versions[row.Version()] = row
			}
		}
	})
	return versions, removals, rows
}

// requireCurrent: the history has the current version of each record, with the values of all columns.
func (w *world) requireCurrent(of string) {
	w.t.Helper()
	versions, _, _ := w.history(of)
	want := w.company().Truth(of, everything)
	var rows []truth.Row
	for _, record := range want {
		row := versions[truth.Version{ID: fmt.Sprint(record["id"]), ValidFrom: truth.ValidFrom(record)}]
		require.NotNil(w.t, row, "%s: the history lacks the current version of %v of %v", of, record["id"], record["update_time"])
		row = maps.Clone(row)
		delete(row, table.ValidFromColumn)
		rows = append(rows, row)
	}
	require.Empty(w.t, truth.Compare(of, want, rows, nil))
}

// requireVersions: the history has exactly these versions, each in one row.
func (w *world) requireVersions(of string, want map[truth.Version]bool) {
	w.t.Helper()
	versions, removals, rows := w.history(of)
	require.ElementsMatch(w.t, slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(versions)))
	require.Equal(w.t, len(versions)+len(removals), rows, "each in one row")
}

// TestHistory_hasEachVersionThatARunSaw, at no API token: records change between runs and during the reading.
func TestHistory_hasEachVersionThatARunSaw(t *testing.T) {
	eachVersioned(t, func(t *testing.T, w *world, _ *account, of string, seen *truth.Seen) {
		without := newWorld(t, simulator.NewCompany(4711))
		without.tables = w.tables
		want := map[truth.Version]bool{}
		for _, w := range []*world{w, without} {
			w.spec["page_size"] = 5
			b := w.accounts[0]
			ids := b.addMany(of, 17, b.Company.Now().Add(-30*time.Hour), time.Hour)
			b.AddNeverChanged(of, "never changed")
			w.before(paths[of][0], 3, func() { b.Change(of, ids[0], "while it is read") })
		}
		for run := range 5 {
			tokens := w.requireTokens()
			require.Equal(t, without.requireTokens(), tokens, "run %d", run)
			maps.Copy(want, seen.Take(of))
			w.requireVersions(of, want)
			w.requireCurrent(of)
			w.requireTruth(of)
			require.Equal(t, w.sent[of], w.sent[of+"_history"])
			for _, w := range []*world{w, without} {
				b := w.accounts[0]
				b.Company.Advance(time.Hour)
				ids := b.IDs(of)
				for _, id := range ids[run : run+3] {
					b.Change(of, id, fmt.Sprint("after run ", run))
				}
				b.Add(of, "new", time.Time{})
			}
		}
		require.Greater(t, len(want), 17+4*4)
	})
}

// TestHistory_beginsWithTheCurrentVersions of all records, for the tokens of a first reading, if the table exists
// already.
func TestHistory_beginsWithTheCurrentVersions(t *testing.T) {
	eachVersioned(t, func(t *testing.T, w *world, a *account, of string, seen *truth.Seen) {
		delete(w.spec, "history")
		w.spec["page_size"] = 5
		a.addMany(of, 17, a.Company.Now().Add(-30*time.Hour), time.Hour)
		first := w.requireTokens()
		a.Company.Advance(time.Hour)
		w.requireQuiet(of)

		w.spec["history"] = []string{of}
		a.Company.Advance(time.Hour)
		require.LessOrEqual(t, w.requireTokens(), first)
		w.requireVersions(of, seen.Take(of))
		w.requireCurrent(of)
		require.Equal(t, 17, w.sent[of+"_history"])
		a.Company.Advance(time.Hour)
		w.requireQuiet(of)
		require.Zero(t, w.sent[of+"_history"])
		w.requireTruth(of)
	})
}

// TestHistory_beginsWithinABudget: each run continues where the last one ended, and reads the changes since.
func TestHistory_beginsWithinABudget(t *testing.T) {
	eachVersioned(t, func(t *testing.T, w *world, a *account, of string, _ *truth.Seen) {
		delete(w.spec, "history")
		w.spec["page_size"] = 5
		ids := a.addMany(of, 40, a.Company.Now().Add(-60*time.Hour), time.Hour)
		whole := w.requireTokens()
		w.spec["history"], w.spec["max_tokens"] = []string{of}, whole/2+2
		for runs := 1; ; runs++ {
			require.Less(t, runs, 8, "the runs get on")
			a.Company.Advance(time.Hour)
			a.Change(of, ids[runs], "changed")
			w.requireSync()
			if _, _, rows := w.history(of); rows >= 40 && w.log.Len() == 0 {
				require.Greater(t, runs, 1, "one run is not enough")
				break
			}
		}
		w.requireCurrent(of)
		w.requireTruth(of)
	})
}

// TestHistory_removals end the history of a record once, at no API token. A record that comes back unchanged has a
// version from then on.
func TestHistory_removals(t *testing.T) {
	for _, removed := range []string{"delete", "mark"} {
		t.Run(removed, func(t *testing.T) {
			seen := &truth.Seen{}
			w := newWorld(t, simulator.NewCompany(4711), simulator.WithAnswerHook(seen.Note))
			w.spec["removed_rows"], w.spec["history"] = removed, []string{"persons"}
			a := w.accounts[0]
			gone := w.withGone(a, "persons")
			w.dropped = func(table string, rows int) bool { return table == "persons_history" && rows == 5 }
			w.requireSync()
			w.dropped = nil
			_, removals, _ := w.history("persons")
			require.Empty(t, removals)

			a.Company.Advance(time.Minute)
			w.requireSync()
			require.Contains(t, w.log.String(), "removed again")
			require.Equal(t, map[string]int{"delete": 0, "mark": 5}["delete"], w.sent["persons"])
			w.requireVersions("persons", seen.Take("persons"))
			_, removals, _ = w.history("persons")
			require.Len(t, removals, 5)
			at := a.Company.Now().UTC().Format(time.DateTime)
			for _, row := range removals {
				require.Equal(t, at, row[table.RemovedColumn].Text)
				for column, cell := range row {
					known := slices.Contains([]string{"account_id", "id", table.ValidFromColumn, table.RemovedColumn}, column)
					require.Equal(t, known, cell.Kind != "null", column)
				}
			}

			a.Company.Advance(25 * time.Hour)
			w.requireSync()
			require.Zero(t, w.sent["persons_history"], "a full refresh that finds nothing new")

			at = a.Company.Now().UTC().Format(time.DateTime)
			a.Company.UpdatePerson(gone[0], func(p *simulator.Person) { p.IsDeleted = false })
			w.requireSync()
			versions, _, _ := w.history("persons")
			require.Contains(t, versions, truth.Version{ID: fmt.Sprint(gone[0]), ValidFrom: at})
			w.requireTruth("persons")
			w.requireQuiet("persons")
			_, _, rows := w.history("persons")
			require.Equal(t, 20+5+1, rows)
		})
	}
}

// TestHistory_aRecordThatComesBackAsItWas has a version from the full refresh that found it, after its removal.
func TestHistory_aRecordThatComesBackAsItWas(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	w.spec["history"] = []string{"persons"}
	a := w.accounts[0]
	var was *time.Time
	gone := w.withGone(a, "persons")
	a.Company.UpdatePerson(gone[0], func(p *simulator.Person) { was = p.UpdateTime })
	w.requireSync()
	a.Company.Advance(25 * time.Hour)
	a.Company.UpdatePerson(gone[0], func(p *simulator.Person) { p.IsDeleted, p.UpdateTime = false, was })
	found := a.Company.Now().UTC().Format(time.DateTime)
	w.requireSync()
	versions, removals, rows := w.history("persons")
	back := versions[truth.Version{ID: fmt.Sprint(gone[0]), ValidFrom: found}]
	require.NotNil(t, back, "from the run that found it")
	require.Equal(t, was.UTC().Format(time.DateTime), back["update_time"].Text)
	require.Less(t, removals[fmt.Sprint(gone[0])][table.RemovedColumn].Text, found)
	w.requireTruth("persons")
	a.Company.Advance(time.Hour)
	w.requireQuiet("persons")
	_, _, after := w.history("persons")
	require.Equal(t, rows, after)
}

// TestHistory_hasEachRemovalOnce, even if the destination did not remove the rows from the table.
func TestHistory_hasEachRemovalOnce(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	w.spec["history"] = []string{"persons"}
	w.withGone(w.accounts[0], "persons")
	w.keeps = true
	w.requireSync()
	w.keeps = false
	w.company().Advance(time.Minute)
	w.requireSync()
	require.Contains(t, w.log.String(), "removed again")
	require.Equal(t, 15, w.count("persons"))
	_, removals, rows := w.history("persons")
	require.Len(t, removals, 5)
	require.Equal(t, 20+5, rows)
}

// TestHistory_property: events happen between and during the runs. The history has each version that a run sent to the
// table, if it ended well and lost no message. In the end it has the current versions, and none that Pipedrive never
// sent.
func TestHistory_property(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seen := &truth.Seen{}
		h := newHistoryOf(t, truth.Versioned, versionedWays(), simulator.WithAnswerHook(seen.Note))
		h.spec["history"] = h.tables
		want, sent := map[string]map[truth.Version]bool{}, map[string]map[truth.Version]bool{}
		for _, of := range h.tables {
			want[of], sent[of] = map[truth.Version]bool{}, map[truth.Version]bool{}
		}
		h.inserted = func(of string, rows arrow.RecordBatch) {
			if sent[of] != nil {
				noteVersions(t, sent[of], rows)
			}
		}
		h.ended = func(well bool) {
			for of, versions := range sent {
				if well {
					maps.Copy(want[of], versions)
				}
				clear(versions)
			}
		}
		h.play()
		h.ended(true)
		for _, of := range h.tables {
			versions, _, _ := h.history(of)
			for version := range want[of] {
				require.True(t, versions[version] != nil, "%s: the history lacks %v", of, version)
			}
			ever := seen.Take(of)
			for version, row := range versions {
				require.True(t, ever[version] || ever[asSent(row)], "%s: %v was never sent", of, version)
			}
			h.requireCurrent(of)
		}
	})
}

// noteVersions notes the versions in rows of a table, except marks of removed rows.
func noteVersions(t tester, versions map[truth.Version]bool, rows arrow.RecordBatch) {
	text := func(column string, row int) string {
		i := rows.Schema().FieldIndices(column)
		require.Len(t, i, 1)
		return rows.Column(i[0]).ValueStr(row)
	}
	for i := range int(rows.NumRows()) {
		if text(table.RemovedColumn, i) != array.NullValueStr {
			continue
		}
		at := text("update_time", i)
		if at == array.NullValueStr {
			at = text("add_time", i)
		}
		from, err := time.Parse(time.DateTime+"Z", strings.Replace(at, "T", " ", 1))
		require.NoError(t, err)
		versions[truth.Version{ID: text("id", i), ValidFrom: from.Format(time.DateTime)}] = true
	}
}

// asSent is the version in the row of a record that came back unchanged, by the record's own times.
func asSent(row truth.Row) truth.Version {
	at := row["update_time"].Text
	if at == "" {
		at = row["add_time"].Text
	}
	return truth.Version{ID: row["id"].Text, ValidFrom: at}
}

// TestHistory_beginsBesideChildren that are up to date: they are not requested again, and no API token is kept for
// them.
func TestHistory_beginsBesideChildren(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	w.tables, w.spec["page_size"] = []string{"deals", "deal_products"}, 5
	a := w.accounts[0]
	a.addMany("deal_products", 40, a.Company.Now().Add(-60*time.Hour), time.Hour)
	w.requireSync()
	a.Company.Advance(time.Hour)
	quiet := w.requireTokens()

	const pages, users = 8, 20 // owners' names are looked up
	whole := quiet + (pages-1)*int64(cost("deals")) + users
	w.spec["history"], w.spec["max_tokens"] = []string{"deals"}, whole+int64(cost("deal_products"))
	a.Company.Advance(time.Hour)
	require.Equal(t, whole, w.requireTokens())
	require.Empty(t, w.log.String())
	w.requireCurrent("deals")
	w.requireTruth("deals", "deal_products")
}

// TestHistory_onEachDestination: two versions of a record in one run are two rows. A version that is sent twice is one
// row, unless the destination appends.
func TestHistory_onEachDestination(t *testing.T) {
	for _, kind := range append([]warehouse.Kind{""}, warehouse.Kinds()...) {
		t.Run(cmp.Or(string(kind), "sqlite"), func(t *testing.T) {
			seen := &truth.Seen{}
			w := newWorld(t, simulator.NewCompany(4711), simulator.WithAnswerHook(seen.Note))
			w.kind, w.keepsStale, w.deterministic = kind, true, true
			w.tables, w.spec["history"], w.spec["page_size"] = []string{"persons"}, []string{"persons"}, 5
			a := w.accounts[0]
			ids := a.addMany("persons", 17, a.Company.Now().Add(-30*time.Hour), time.Hour)
			w.before(paths["persons"][0], 3, func() { a.Change("persons", ids[0], "changed") })
			w.requireSync()
			want := seen.Take("persons")
			require.Len(t, want, 18)
			w.requireVersions("persons", want)
			require.Empty(t, w.destinationLog.String())

			a.Company.Advance(time.Hour)
			w.exec("DROP TABLE " + stateTable) // so that everything comes again
			w.requireSync()
			require.Equal(t, 17, w.sent["persons_history"])
			if kind != warehouse.BigQuery {
				w.requireVersions("persons", want)
			}
			w.requireCurrent("persons")
		})
	}
}

// TestHistory_appended: a version is appended once for each run that sends it. Runs with verification send none again,
// including full refreshes.
func TestHistory_appended(t *testing.T) {
	eachVersioned(t, func(t *testing.T, w *world, a *account, of string, seen *truth.Seen) {
		w.appends, w.spec["full_refresh_every"], w.spec["page_size"] = true, "24h", 5
		ids := a.addMany(of, 17, a.Company.Now().Add(-30*time.Hour), time.Hour)
		want := map[truth.Version]bool{}
		for run := range 4 {
			w.requireSync()
			maps.Copy(want, seen.Take(of))
			w.requireVersions(of, want)
			a.Company.Advance(13 * time.Hour)
			a.Change(of, ids[run], "changed")
			a.Company.Advance(time.Minute) // records that change in the second of a run come again with the next one
		}
		require.Len(t, want, 17+3)
	})
}

// TestHistory_lostRows come again with the next run, if the records have not changed since.
func TestHistory_lostRows(t *testing.T) {
	eachVersioned(t, func(t *testing.T, w *world, a *account, of string, seen *truth.Seen) {
		ids := a.addMany(of, 17, a.Company.Now().Add(-30*time.Hour), time.Hour)
		w.requireSync()
		a.Company.Advance(time.Hour)
		for _, id := range ids[:5] {
			a.Change(of, id, "changed")
		}
		w.dropped = func(table string, _ int) bool { return table == of+"_history" }
		w.requireSync()
		w.dropped = nil
		_, _, rows := w.history(of)
		require.Equal(t, 17, rows)

		a.Company.Advance(time.Hour)
		w.requireSync()
		w.requireVersions(of, seen.Take(of))
		w.requireTruth(of)
		a.Company.Advance(time.Hour)
		w.requireQuiet(of)
		require.Zero(t, w.sent[of+"_history"])

		w.exec("DROP TABLE pipedrive_" + of + "_history")
		w.requireSync()
		w.requireCurrent(of)
		_, _, rows = w.history(of)
		require.Equal(t, 17, rows, "earlier versions are gone for good")
	})
}

// TestHistory_ofSeveralAccountsInShards: each history is in the shard of its table, so both cost the requests of one.
func TestHistory_ofSeveralAccountsInShards(t *testing.T) {
	long(t)
	w, without := several(t, 2), several(t, 2)
	for _, w := range []*world{w, without} {
		w.tables, w.spec["custom_fields"] = truth.Versioned, "columns"
	}
	w.spec["history"] = truth.Versioned
	const shards = 5
	for run := range 2 {
		for i := range int32(shards) {
			w.shard, without.shard = &plugin.Shard{Num: i + 1, Total: shards}, &plugin.Shard{Num: i + 1, Total: shards}
			require.Equal(t, without.requireTokens(), w.requireTokens(), "run %d, shard %d", run, i+1)
		}
	}
	for _, of := range truth.Versioned {
		w.query(func(db *sql.DB) {
			var rows, records int
			const count = "SELECT count(*), count(DISTINCT account_id || ' ' || id) FROM "
			require.NoError(t, db.QueryRow(count+"pipedrive_"+of+"_history").Scan(&rows, &records))
			require.Equal(t, []int{w.count(of), w.count(of)}, []int{rows, records}, of)
			var columns []string
			for _, table := range []string{of, of + "_history"} {
				var names string
				require.NoError(t, db.QueryRow(`SELECT coalesce(group_concat(name ORDER BY name), '')
					FROM pragma_table_info(?) WHERE name LIKE 'cf\_%' ESCAPE '\'`, "pipedrive_"+table).Scan(&names))
				columns = append(columns, names)
			}
			require.Equal(t, columns[0], columns[1], of)
		})
	}
	w.requireTruth(truth.Versioned...)
}

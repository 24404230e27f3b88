package progress

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// notesTable is a table of records without an update_time.
var notesTable = &table.Table{Records: "notes", Columns: []table.Column{{Name: "id", Type: table.Int, Key: true}, {Name: "content"}}}

// at is a moment, in seconds of the tests' time.
func at(second int64) time.Time { return time.Unix(second, 0).UTC() }

// sentRows returns rows whose update_time is their id in seconds. A negative id stands for a row without update_time.
func sentRows(ids ...int64) *SentVersions {
	l := NewSentVersions(notesTable)
	for _, id := range ids {
		l.sent[key(id)] = id
		if id < 0 {
			l.sent[key(id)] = never
		}
	}
	return l
}

// readBackOf returns rows of a run in the form of a read-back.
func readBackOf(c checkpoint, syncTime int64, ids ...int64) *readBack {
	there := &readBack{now: 1000, older: c.Ahead}
	for _, id := range ids {
		for k, second := range sentRows(id).sent {
			there.add(version{key: k, at: second, sync: syncTime})
		}
	}
	there.compact()
	return there
}

func TestCheckpoint_reconcile(t *testing.T) {
	all := []int64{-1, 10, 20, 30, 40}
	verified, positions := map[string]plan.Position{"list": {Changed: at(5), Complete: true}}, map[string]plan.Position{"list": {Changed: at(40), Complete: true}}
	for name, test := range map[string]struct {
		there   []int64
		change  func(*checkpoint)
		sync    int64 // of the present rows
		want    map[string]plan.Position
		missing int64
	}{
		"all is there":                   {there: all, want: positions},
		"of a run that was cut short":    {there: all, change: func(c *checkpoint) { c.Finished = false }, want: positions},
		"the last is missing":            {there: all[:4], want: map[string]plan.Position{"list": {Changed: at(30), Complete: true}}, missing: 1},
		"one in the middle is missing":   {there: []int64{-1, 10, 30, 40}, want: map[string]plan.Position{"list": {Changed: at(10), Complete: true}}, missing: 1},
		"the one without time":           {there: all[1:], want: verified, missing: 1},
		"the first behind it":            {there: []int64{-1, 20, 30, 40}, want: verified, missing: 1},
		"an older version":               {there: []int64{-1, 10, 20, 30, 39}, want: map[string]plan.Position{"list": {Changed: at(30), Complete: true}}, missing: 1},
		"rows of an earlier run":         {there: all, sync: 3, change: func(c *checkpoint) { c.Before = 3 }, want: verified, missing: 5},
		"sent twice, and kept twice":     {there: append(all, all...), want: positions},
		"the table is empty":             {want: map[string]plan.Position{}, missing: 1},
		"fewer rows than there were":     {there: all, change: func(c *checkpoint) { c.MinRows = 9 }, want: map[string]plan.Position{}, missing: 4},
		"nothing was sent, all is there": {there: all, change: func(c *checkpoint) { c.Sent = nil }, want: positions},
	} {
		t.Run(name, func(t *testing.T) {
			c := checkpoint{Version: 1, Positions: positions, Verified: verified, Finished: true, Sent: sentRows(all...).segments(rankOf(positions))}
			if test.change != nil {
				test.change(&c)
			}
			there := readBackOf(c, cmp.Or(test.sync, 7), test.there...)
			next, lost := c.reconcile(there, nil)
			require.Equal(t, test.want, next.Positions)
			require.Equal(t, test.missing, lost.missing)
			require.Empty(t, next.Sent)
		})
	}
}

// TestCheckpoint_reconcileOfAReadingByID: it sends rows in no order of time, so the ids show the place to continue
// from.
func TestCheckpoint_reconcileOfAReadingByID(t *testing.T) {
	times := map[int64]int64{11: 90, 12: 30, 13: 70, 14: never, 15: 20}
	rows := func(ids ...int64) *SentVersions {
		l := NewSentVersions(notesTable)
		for _, id := range ids {
			l.sent[key(id)] = times[id]
		}
		return l
	}
	place := func(id, read int64) plan.Position {
		return plan.Position{Changed: at(90), ByID: &pipedrive.Place{Key: pipedrive.Key{Number: id}, Read: read}}
	}
	for name, test := range map[string]struct {
		verified plan.Position
		reached  int64 // 0 stands for 14
		there    []int64
		others   map[string]plan.Position // of the table's other listings
		want     plan.Position
		missing  int64
	}{
		"all is there":                      {there: []int64{11, 12, 13, 14}, want: place(14, 4)},
		"more than the checkpoint knows of": {there: []int64{11, 12, 13, 14, 15}, want: place(14, 4)},
		"the last are missing":              {there: []int64{11, 12}, want: place(12, 2), missing: 2},
		"one is missing":                    {there: []int64{11, 13, 14, 15}, want: place(11, 1), missing: 1},
		"the first is missing":              {there: []int64{12, 13, 14}, missing: 1},
		"of a reading that went on":         {verified: place(7, 5), there: []int64{11, 12, 13}, want: place(13, 8), missing: 1},
		"and lost its beginning":            {verified: place(7, 5), want: place(7, 5), missing: 4},
		"changed records behind the place":  {reached: 12, there: []int64{11, 12, 13}, want: place(12, 3), missing: 1},
		"beside another listing": {
			verified: place(7, 5), there: []int64{11, 12, 14}, others: map[string]plan.Position{"other": {Changed: at(95)}},
			want: place(7, 5), missing: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := checkpoint{Version: 1, Positions: map[string]plan.Position{"list": place(cmp.Or(test.reached, 14), 4)}, Verified: map[string]plan.Position{"list": test.verified}}
			maps.Copy(c.Positions, test.others)
			c.Sent = rows(11, 12, 13, 14).segments(rankOf(c.Positions))
			there := &readBack{now: 1000}
			for k, second := range rows(test.there...).sent {
				there.add(version{key: k, at: second, sync: 7})
			}
			there.compact()
			sent, _, _ := there.parts(c)
			next, missing := c.reconcileSent(sent)
			require.Equal(t, test.want, next.Positions["list"])
			require.Equal(t, test.missing, missing)
			require.True(t, next.Positions["other"].Changed.Before(at(95)), "goes back in time")
		})
	}
}

func TestSentVersions_segmentsAreBounded(t *testing.T) {
	for _, sent := range []int64{10_000, 10 * mostRanks} {
		l := NewSentVersions(notesTable)
		for id := range sent {
			l.sent[key(id)] = id / 7 * 7
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		parts := l.segments(rankOf(nil))
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64*mostRanks), "memory is for a sample")
		require.LessOrEqual(t, len(parts), maxSegments)
		require.Greater(t, len(parts), maxSegments/2)
		var rows int64
		for i, p := range parts {
			rows += p.Rows
			require.LessOrEqual(t, p.Rows, 2*sent/maxSegments)
			require.True(t, i == 0 || p.To > parts[i-1].To)
		}
		require.Equal(t, sent, rows)
		require.Equal(t, (sent-1)/7*7, parts[len(parts)-1].To)
	}
}

func TestIsAbsent(t *testing.T) {
	for text, want := range map[string]bool{
		`ERROR: relation "pipedrive_deals" does not exist (SQLSTATE 42P01)`:                 true,
		`ERROR: relation "crm.pipedrive_deals" does not exist (SQLSTATE 42P01)`:             true,
		`ERROR: relation "crm"."pipedrive_deals" does not exist`:                            true,
		"SQL logic error: no such table: pipedrive_deals (1)":                               true,
		"read pipedrive_deals: no such table: main.pipedrive_deals":                         true,
		"Error 1146 (42S02): Table 'crm.pipedrive_deals' doesn't exist":                     true,
		"Catalog Error: Table with name pipedrive_deals does not exist!":                    true,
		"googleapi: Error 404: Not found: Table p:d.pipedrive_deals, notFound":              true,
		"Not found: Table my-project:crm.pipedrive_deals was not found in location EU":      true,
		"Object 'DB.SCHEMA.PIPEDRIVE_DEALS' does not exist or not authorized.":              true,
		"code: 60, message: Table default.pipedrive_deals does not exist":                   true,
		"code: 60, message: Unknown table expression identifier 'default.pipedrive_deals'":  true,
		"mssql: Invalid object name 'pipedrive_deals'.":                                     true,
		"mssql: Invalid object name 'dbo.pipedrive_deals'.":                                 true,
		"[TABLE_OR_VIEW_NOT_FOUND] The table or view `crm`.`pipedrive_deals` was not found": true,
		`ERROR: column "_cq_sync_time" does not exist (SQLSTATE 42703)`:                     false,
		"database is locked (5) (SQLITE_BUSY)":                                              false,
		`read pipedrive_deals: FATAL: database "x" does not exist (SQLSTATE 3D000)`:         false,
		`read pipedrive_deals: FATAL: role "cq" does not exist (SQLSTATE 28000)`:            false,
		`read pipedrive_deals: schema "crm" does not exist`:                                 false,
		"Not found: Dataset p:pipedrive_deals":                                              false,
		`relation "pipedrive_deals_archive" does not exist`:                                 false,
		`relation "old_pipedrive_deals" does not exist`:                                     false,
		"no such table: pipedrive_persons":                                                  false,
		`SQL logic error: no such column: "_cq_sync_time" (1), read pipedrive_deals`:        false,
		`dial unix /tmp/pipedrive_deals: connect: file does not exist`:                      false,
	} {
		require.Equal(t, want, isAbsent(errors.New(text), "pipedrive_deals"), text)
	}
}

func TestLacksColumn(t *testing.T) {
	for text, want := range map[string]bool{
		`ERROR: column "title" does not exist (SQLSTATE 42703)`:                                                                         true,
		`read pipedrive_deals: SQL logic error: no such column: "title" (1)`:                                                            true,
		`Error 1054 (42S22): Unknown column 'title' in 'field list'`:                                                                    true,
		`Binder Error: Referenced column "title" not found in FROM clause!`:                                                             true,
		"googleapi: Error 400: Unrecognized name: title at [1:8]":                                                                       true,
		"SQL compilation error: invalid identifier 'TITLE'":                                                                             true,
		"mssql: Invalid column name 'title'.":                                                                                           true,
		`sql: Scan error on column index 4, name "\"title\"": converting driver.Value type string ("title") to a int64: invalid syntax`: true,
		`sql: Scan error on column index 4, name "\"title\"": converting driver.Value type string ("seven") to a int64: invalid syntax`: false,
		`ERROR: column "subtitle" does not exist`:                                                                                       false,
		`ERROR: relation "title" does not exist`:                                                                                        false,
		"database is locked (5) (SQLITE_BUSY)":                                                                                          false,
		"context deadline exceeded":                                                                                                     false,
	} {
		require.Equal(t, want, lacksColumn(errors.New(text), "title"), text)
	}
}

func TestReadBack_memoryIsForDistinctRecords(t *testing.T) {
	a := &readBack{now: 1_000_000}
	for sync := range int64(100) {
		for id := range key(5000) {
			a.add(version{key: id, at: sync / 2, sync: sync + 1})
			require.LessOrEqual(t, cap(a.versions), 10_000)
		}
	}
	a.compact()
	require.Len(t, a.versions, 5000)
	for _, v := range a.versions {
		require.Equal(t, version{key: v.key, at: 49, sync: 100}, v)
	}
}

// TestReadBack_expectedRowsAreHeldOnce: a slice that grew would hold some of them twice meanwhile.
func TestReadBack_expectedRowsAreHeldOnce(t *testing.T) {
	const rows = 50_000
	a := newReadBack(checkpoint{MinRows: rows}, at(0))
	room := &a.versions[:1][0]
	for id := range key(rows + 100) {
		a.add(version{key: id})
	}
	require.Same(t, room, &a.versions[0])
	require.Less(t, cap(a.versions), rows*11/10)
}

func TestReadBack_clocks(t *testing.T) {
	a := &readBack{now: 100, older: span{From: 500, To: 600}}
	for i, sync := range []int64{0, 90, 80, 500, 600, 700} {
		a.add(version{key: key(i), sync: sync})
	}
	a.compact()
	require.EqualValues(t, 90, a.before)
	require.Equal(t, span{From: 500, To: 700}, a.ahead)
	sent, _, rest := a.parts(checkpoint{Before: 90, Sent: []segment{{To: 0}}})
	require.EqualValues(t, 1, sent[0].Rows, "only 700 is neither known nor from before")
	require.EqualValues(t, 5, rest.Rows)
}

// TestColumnsToLookFor_aLargeTableInTurn: if a table has too many values, several runs check all columns in turn.
func TestColumnsToLookFor_aLargeTableInTurn(t *testing.T) {
	columns := []table.Column{{Name: "id", Type: table.Int, Key: true}, {Name: "update_time", Type: table.Timestamp, IncrementalKey: true}}
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		columns = append(columns, table.Column{Name: name})
	}
	of := &table.Table{Records: "deals", Columns: columns}
	r := &Tracker{table: of}
	for _, c := range columns {
		r.last.Columns = append(r.last.Columns, signature(c))
	}
	for rows, runs := range map[int64]int{1: 1, maxCells / 10: 1, maxCells / 25 * 4: 3, maxCells / 100 * 19: 5} {
		seen := map[string]bool{}
		for run := range runs {
			r.last.MinRows, r.last.ColumnLooks = rows, run
			some := columnsToLookFor([]*Tracker{r})
			require.LessOrEqual(t, (int64(len(some))+4)*rows, int64(maxCells))
			for _, c := range some {
				seen[c.Name] = true
			}
		}
		require.Len(t, seen, 5, "%d rows", rows)
	}
	for rows, columns := range map[int64]int{20_000: 5, 100_000: 1, 200_000: 1} {
		r.last.MinRows = rows
		require.Len(t, columnsToLookFor([]*Tracker{r}), columns, "of %d rows, each of which an official destination sends by itself", rows)
	}
	r.last.MinRows = 0
	require.Empty(t, columnsToLookFor([]*Tracker{r}), "how many rows there are is not known")
	r.last.MinRows = 10 * maxCells
	require.Empty(t, columnsToLookFor([]*Tracker{r}), "the columns that verifying needs are more than that")
}

// TestTracker_verifiesATableThatIsNotThere: an absent table that was seen before was dropped. One that was never seen
// may be in another destination: it is read again once, and then looked for a few more times.
func TestTracker_verifiesATableThatIsNotThere(t *testing.T) {
	positions := map[string]plan.Position{"list": {Changed: at(40), Complete: true}}
	for name, test := range map[string]struct {
		found     bool
		absent    int
		positions map[string]plan.Position
		absences  int  // the count afterwards
		doubtful  bool // whether the run's end looks for the table
		unseen    bool
	}{
		"seen once":              {found: true, positions: map[string]plan.Position{}},
		"seen after a vain look": {found: true, absent: 1, positions: map[string]plan.Position{}, absences: 1},
		"never looked for":       {positions: map[string]plan.Position{}, doubtful: true},
		"looked for in vain":     {absent: 1, positions: positions, absences: 2, unseen: true},
		"for the last time":      {absent: maxAbsent - 1, positions: positions, absences: maxAbsent, unseen: true},
		"given up":               {absent: maxAbsent, positions: positions, absences: maxAbsent, unseen: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := NewTracker(nil, &table.Table{Records: "deals"}, Options{Account: "4711", Verify: true})
			r.last = checkpoint{Version: 1, Finished: true, Positions: positions, Sent: sentRows(10, 40).segments(rankOf(positions)), Found: test.found, Absent: test.absent}
			next := r.reconcile(ReadBacks{err: fmt.Errorf("%w: no such table", errAbsent)})
			require.Equal(t, test.positions, next.Positions)
			require.Equal(t, test.found, next.Found)
			require.Equal(t, test.absences, next.Absent)
			require.Equal(t, test.doubtful, r.doubtful)
			require.Equal(t, test.found, r.readBack != nil, "what is known to be there: nothing")
			require.Equal(t, test.unseen, r.verification.Unseen)
		})
	}
}

package progress

import (
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
)

// The sync times of the rows that a ledger's read-back saw, and of those that came later.
const (
	before = 5
	since  = 7
)

// ledgerOf returns the ledger of a run that read some rows back and sent others, both in the form of [sentRows].
func ledgerOf(rest, own []int64) *ledger {
	l := &ledger{
		At: at(100), Positions: map[string]plan.Position{"list": {Changed: at(5), Whole: at(5)}},
		Rest: newBuckets(len(rest)), Own: recordsOf(sentRows(own...).sent),
	}
	for k, second := range sentRows(rest...).sent {
		l.Rest.add(version{key: k, at: second})
	}
	return l
}

// numbers are the whole numbers of a closed interval.
func numbers(from, to int64) (ids []int64) {
	for id := from; id <= to; id++ {
		ids = append(ids, id)
	}
	return ids
}

// TestLedger_reconcile: a run read 100 rows back and sent two more. The next run sent another one and changed three.
func TestLedger_reconcile(t *testing.T) {
	proved := map[string]plan.Position{"list": {Changed: at(5)}}
	positions := map[string]plan.Position{"list": {Changed: at(500)}}
	fromBeginning := map[string]plan.Position{}
	for name, test := range map[string]struct {
		change  func(there map[key]version)
		partial bool
		want    map[string]plan.Position
		missing int64
	}{
		"all is there":                       {want: positions},
		"a row of the first run is missing":  {change: func(there map[key]version) { delete(there, 101) }, want: proved, missing: 1},
		"a row of the second run is missing": {change: func(there map[key]version) { delete(there, 203) }, want: proved, missing: 1},
		"an older version is there": {
			change: func(there map[key]version) { there[11] = version{key: 11, at: 11, sync: before} }, want: proved, missing: 1,
		},
		"the version of a run before is there": {
			change: func(there map[key]version) { there[11] = version{key: 11, at: 211, sync: since} }, want: proved, missing: 1,
		},
		"a version of the same second is there": {
			change: func(there map[key]version) { there[11] = version{key: 11, at: 311, sync: before} }, want: proved, missing: 1,
		},
		"a newer version is there": {
			change: func(there map[key]version) { there[11] = version{key: 11, at: 400, sync: since} }, want: proved, missing: 1,
		},
		"a newer version of a run that failed": {
			change:  func(there map[key]version) { there[11] = version{key: 11, at: 400, sync: since} },
			partial: true, want: positions,
		},
		"rows that a failed run has added": {
			change:  func(there map[key]version) { there[400] = version{key: 400, at: 400, sync: since} },
			partial: true, want: positions,
		},
		"an old row is missing":   {change: func(there map[key]version) { delete(there, 50) }, want: fromBeginning, missing: 1},
		"an old row was replaced": {change: func(there map[key]version) { there[50] = version{key: 50, at: 49, sync: before} }, want: fromBeginning},
		"another row is there":    {change: func(there map[key]version) { there[400] = version{key: 400, at: 400, sync: before} }, want: fromBeginning},
		"all old rows are missing": {
			change: func(there map[key]version) {
				maps.DeleteFunc(there, func(k key, _ version) bool { return k <= 100 && k != 11 && k != 12 && k != 13 })
			},
			want: fromBeginning, missing: 96, // at least, since one may have been record 203
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := ledgerOf(numbers(1, 100), []int64{101, 102}).with(map[key]int64{11: 311, 12: 312, 13: 313, 203: 300}, nil)
			l.Partial = test.partial
			c := checkpoint{Version: 1, Positions: positions, Finished: true, Before: before, Ledger: l}
			there := map[key]version{}
			for _, id := range numbers(1, 100) {
				there[key(id)] = version{key: key(id), at: id, sync: before}
			}
			for _, v := range append(l.Own, l.Later...) {
				there[v.key] = version{key: v.key, at: v.at, sync: since}
			}
			if test.change != nil {
				test.change(there)
			}
			back := &readBack{now: 1000}
			for _, v := range there {
				back.add(v)
			}
			back.end()
			next, lost := c.reconcile(back, nil)
			require.Equal(t, test.want, next.Positions)
			require.Equal(t, test.missing, lost.missing)
			require.Nil(t, next.Ledger)
		})
	}
}

// TestLedger_lost: each missing old row is found, whether later runs sent old records or new ones.
func TestLedger_lost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rest := rapid.Int64Range(20, 3000).Draw(t, "rows")
		l := ledgerOf(numbers(1, rest), nil)
		sent := map[key]int64{}
		for range rapid.IntRange(0, laterPerBucket*len(l.Rest)).Draw(t, "sent") {
			sent[key(rapid.Int64Range(1, 2*rest).Draw(t, "record"))] = 5000
		}
		l = l.with(sent, nil)
		there := &readBack{}
		for _, id := range numbers(1, rest) {
			if !l.Later.has(key(id)) {
				there.add(version{key: key(id), at: id, sync: before})
			}
		}
		for _, v := range l.Later {
			there.add(version{key: v.key, at: v.at, sync: since})
		}
		there.end()
		require.Equal(t, noLoss, l.lost(there))
		require.Zero(t, l.missing(there, before))
		i := rapid.IntRange(0, len(there.versions)-1).Draw(t, "lost")
		lost := there.versions[i]
		there.versions = append(there.versions[:i:i], there.versions[i+1:]...)
		if l.Later.has(lost.key) {
			require.EqualValues(t, 1, l.missing(there, before))
		} else {
			require.True(t, l.lost(there).old)
		}
	})
}

// TestLedger_state: the state keeps a ledger unchanged, in a bounded number of bytes.
func TestLedger_state(t *testing.T) {
	l := ledgerOf(numbers(1, 100_000), numbers(200_000, 200_000+maxRecords-1)).with(map[key]int64{5: 7, 6: never, 1 << 63: 9}, nil)
	l.Known, l.AllTimeless = records{{key: 3, at: never}}, true
	l.Whole, l.Parents = keySet{9: true, 1 << 63: true}, parents{3: 9, 4: 1 << 63}
	text, err := json.Marshal(l)
	require.NoError(t, err)
	require.Less(t, len(text), 40_000)
	var kept ledger
	require.NoError(t, json.Unmarshal(text, &kept))
	require.Equal(t, l, &kept)
	for _, broken := range []string{`{"rest":"AAAA"}`, `{"own":"gA=="}`, `{"own":"?"}`, `{"rest":"?"}`} {
		require.Error(t, json.Unmarshal([]byte(broken), &kept), broken)
	}
}

// TestTracker_due lists the conditions for a read-back.
func TestTracker_due(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Tracker)
		want   bool
	}{
		"a quiet day":                   {},
		"no ledger":                     {func(t *Tracker) { t.last.Ledger = nil }, true},
		"each run":                      {func(t *Tracker) { t.VerifyEvery = 0 }, true},
		"a day later":                   {func(t *Tracker) { t.Began = at(1000).Add(24 * time.Hour) }, true},
		"a clock that was ahead":        {func(t *Tracker) { t.Began = at(999) }, true},
		"a failed run":                  {func(t *Tracker) { t.last.Finished = false }, true},
		"a run that was killed":         {func(t *Tracker) { t.last.Ledger.Partial = true }, true},
		"a loss":                        {func(t *Tracker) { t.last.Failures = 1 }, true},
		"a table that is given up":      {func(t *Tracker) { t.last.GivenUp = at(1) }, true},
		"a table that was never seen":   {func(t *Tracker) { t.last.Found = false }, true},
		"a refused full refresh":        {func(t *Tracker) { t.last.Refused = &refused{} }, true},
		"rows that are to leave":        {func(t *Tracker) { t.last.Removing = []key{1} }, true},
		"a full refresh":                {func(t *Tracker) { t.RefreshEvery, t.last.Refreshed = time.Hour, at(1) }, true},
		"a full refresh that is not":    {func(t *Tracker) { t.RefreshEvery, t.last.Refreshed = 10*time.Hour, at(1) }, false},
		"a new column":                  {func(t *Tracker) { t.last.Columns = []string{"id:int"} }, true},
		"few rows were sent":            {func(t *Tracker) { t.last.Ledger = ledgerOf(numbers(1, 1000), []int64{1001}) }, false},
		"many rows were sent":           {func(t *Tracker) { t.last.Ledger = ledgerOf(numbers(1, 1000), numbers(1001, 1032)) }, true},
		"a record of the run's second":  {func(t *Tracker) { t.last.Began = at(1002); t.last.Ledger.Own = records{{key: 1, at: 1001}} }, true},
		"a record of the second before": {func(t *Tracker) { t.last.Began = at(1003); t.last.Ledger.Own = records{{key: 1, at: 1001}} }, false},
		"a look for records without time": {func(t *Tracker) {
			t.VerifyEvery, t.Began = 48*time.Hour, at(1000).Add(25*time.Hour)
			t.last.Positions = map[string]plan.Position{"list": {Looked: at(1000)}}
		}, true},
		"a look for known ones": {func(t *Tracker) {
			t.VerifyEvery, t.Began, t.last.Ledger.AllTimeless = 48*time.Hour, at(1000).Add(25*time.Hour), true
			t.last.Positions = map[string]plan.Position{"list": {Looked: at(1000)}}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			tracker := NewTracker(nil, notesTable, Options{Account: "1", Verify: true, VerifyEvery: 24 * time.Hour, Began: at(5000)})
			tracker.last = checkpoint{Finished: true, Found: true, Began: at(4000), Ledger: ledgerOf(numbers(1, 1000), nil)}
			tracker.last.Ledger.At = at(1000)
			if test.change != nil {
				test.change(tracker)
			}
			require.Equal(t, test.want, tracker.due())
		})
	}
}

// TestSumOf: not all combinations of many hashes are tried.
func TestSumOf(t *testing.T) {
	require.True(t, sumOf([]digest{1, 2, 4}, 2, 6))
	require.False(t, sumOf([]digest{1, 2, 4}, 2, 7))
	require.False(t, sumOf([]digest{1, 2, 4}, 4, 7))
	require.True(t, sumOf(make([]digest, 1000), 500, 7))
	require.False(t, sumOf(make([]digest, 1000), 1000, 7))
}

package pipedrive

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var timedListing = TimedV1("/v1/things", 0, nil)

// at is a second of the tests' day; none is an absent update_time.
func at(second int) string {
	return time.Date(2026, 1, 1, 0, 0, second, 0, time.UTC).Format(time.DateTime)
}

const none = ""

// timedList is a v1 list that sorts by update_time and knows updated_since.
type timedList struct {
	rows   []item
	before func(request int)              // may change the rows
	order  func(request int, rows []item) // may change the order of an answer's rows
	cut    func(limit int) int            // how many rows an answer has; it then does not say whether more follow
}

func (l *timedList) answer(n int, r *http.Request) reply {
	if l.before != nil {
		l.before(n)
	}
	q := r.URL.Query()
	rows := slices.Clone(l.rows)
	if since, err := time.Parse(time.RFC3339, q.Get("updated_since")); err == nil {
		rows = slices.DeleteFunc(rows, func(i item) bool {
			changed, ok := i.RecordTime()
			return !ok || changed.Before(since)
		})
	}
	slices.SortFunc(rows, func(a, b item) int {
		if q.Get("sort") == timedListing.Sort.Get("sort") {
			return cmp.Compare(a.ID, b.ID)
		}
		return cmp.Or(cmp.Compare(a.UpdateTime, b.UpdateTime), cmp.Compare(a.ID, b.ID))
	})
	if q.Get("sort") == timedListing.NewestFirst.Get("sort") {
		slices.Reverse(rows)
	}
	if l.order != nil {
		l.order(n, rows)
	}
	from, _ := strconv.Atoi(q.Get("start"))
	limit, _ := strconv.Atoi(q.Get("limit"))
	from = min(from, len(rows))
	if l.cut != nil {
		limit = l.cut(limit)
	}
	to := min(from+limit, len(rows))
	var parts []string
	for _, i := range rows[from:to] {
		parts = append(parts, fmt.Sprintf(`{"id":%d,"update_time":%q}`, i.ID, i.UpdateTime))
	}
	if l.cut != nil {
		return reply{body: fmt.Sprintf(`{"success":true,"data":[%s]}`, strings.Join(parts, ","))}
	}
	return reply{body: fmt.Sprintf(
		`{"success":true,"data":[%s],"additional_data":{"pagination":{"start":%d,"limit":%d,"more_items_in_collection":%t,"next_start":%d}}}`,
		strings.Join(parts, ","), from, limit, to < len(rows), to)}
}

func (l *timedList) set(id int64, update string) {
	l.rows = slices.DeleteFunc(l.rows, func(i item) bool { return i.ID == id })
	if update != "deleted" {
		l.rows = append(l.rows, item{ID: id, UpdateTime: update})
	}
}

// read returns the ids with the last update_time of each, and the number of requests.
func (l *timedList) read(t *testing.T, q Query) (map[int64]string, int) {
	t.Helper()
	c, api := start(l.answer)
	got := map[int64]string{}
	for page, err := range Pages(context.Background(), c, timedListing, q, nil, decodeItem) {
		require.NoError(t, err)
		for _, i := range page {
			got[i.ID] = i.UpdateTime
		}
	}
	return got, len(api.requests)
}

func TestPages_oldestFirstByOffset(t *testing.T) {
	rows := func(seconds ...int) *timedList {
		l := &timedList{}
		for i, s := range seconds {
			l.rows = append(l.rows, item{ID: int64(i + 1), UpdateTime: at(s)})
		}
		return l
	}
	for name, test := range map[string]struct {
		list     *timedList
		change   func(*timedList)
		requests int // at most
	}{
		"each second its own":          {rows(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), nil, 5},
		"all in one second":            {rows(5, 5, 5, 5, 5, 5, 5, 5, 5, 5), nil, 6},
		"a second that fills pages":    {rows(1, 5, 5, 5, 5, 5, 5, 5, 9, 9), nil, 7},
		"one row":                      {rows(3), nil, 1},
		"no rows":                      {rows(), nil, 2}, // one of them confirms it
		"a read row changes":           {rows(1, 2, 3, 4, 5, 6, 7, 8), func(l *timedList) { l.set(1, at(30)) }, 6},
		"a read row is deleted":        {rows(1, 2, 3, 4, 5, 6, 7, 8), func(l *timedList) { l.set(2, "deleted") }, 6},
		"the last read row is deleted": {rows(1, 2, 3, 4, 5, 6, 7, 8), func(l *timedList) { l.set(3, "deleted") }, 6},
		"rows of a full second change": {rows(5, 5, 5, 5, 5, 5, 5, 5), func(l *timedList) { l.set(1, at(9)); l.set(2, at(9)) }, 9},
		"rows of a full second go":     {rows(5, 5, 5, 5, 5, 5, 5, 5), func(l *timedList) { l.set(1, "deleted"); l.set(3, "deleted") }, 9},
	} {
		t.Run(name, func(t *testing.T) {
			l := test.list
			if test.change != nil {
				l.before = func(n int) {
					if n == 2 {
						test.change(l)
					}
				}
			}
			got, requests := l.read(t, Query{Limit: 3, Order: OldestFirst})
			for _, i := range l.rows {
				require.Equal(t, i.UpdateTime, got[i.ID], "record %d", i.ID)
			}
			require.LessOrEqual(t, requests, test.requests)
		})
	}
}

// TestPages_oldestFirstLastRowMoves: the last record that was read is changed and keeps its place.
func TestPages_oldestFirstLastRowMoves(t *testing.T) {
	l := &timedList{rows: []item{{1, at(5)}, {2, at(5)}, {3, at(5)}, {4, at(5)}}}
	l.before = func(n int) {
		if n == 2 { // the page that begins with record 3, by offset
			l.set(1, "deleted")
			l.set(3, at(9))
		}
	}
	got, _ := l.read(t, Query{Limit: 3, Order: OldestFirst})
	require.Equal(t, map[int64]string{1: at(5), 2: at(5), 3: at(9), 4: at(5)}, got)
}

func TestPages_oldestFirstSince(t *testing.T) {
	l := &timedList{rows: []item{{1, at(1)}, {2, at(2)}, {3, none}, {4, at(2)}, {5, at(3)}}}
	got, _ := l.read(t, Query{Limit: 2, Order: OldestFirst, Since: time.Date(2026, 1, 1, 0, 0, 2, 999, time.UTC)})
	require.Equal(t, map[int64]string{2: at(2), 4: at(2), 5: at(3)}, got, "those of the very second are in")
}

func TestPages_oldestFirstWithRecordsThatHaveNoTime(t *testing.T) {
	l := &timedList{rows: []item{{1, none}, {2, none}, {3, none}, {4, none}, {5, none}, {6, at(1)}, {7, at(2)}, {8, at(3)}}}
	got, _ := l.read(t, Query{Limit: 2, Order: OldestFirst})
	require.Len(t, got, 8)
	got, _ = l.read(t, Query{Limit: 2, Order: NewestFirst})
	require.Len(t, got, 8)
}

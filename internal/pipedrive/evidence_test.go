package pipedrive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// readIDs reads a listing and returns the count of each id, and the number of requests.
func readIDs(t *testing.T, answer func(int, *http.Request) reply, l Listing, q Query) (map[int64]int, int, error) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	c, api := start(func(n int, r *http.Request) reply {
		if n > 500 {
			cancel(errors.New("read for ever"))
		}
		return answer(n, r)
	})
	got := map[int64]int{}
	for page, err := range Pages(ctx, c, l, q, nil, decodeItem) {
		if err != nil {
			return got, len(api.requests), err
		}
		for _, i := range page {
			got[i.ID]++
		}
	}
	return got, len(api.requests), nil
}

func numbered(n int, second func(i int) int) *timedList {
	l := &timedList{}
	for i := range n {
		l.rows = append(l.rows, item{ID: int64(i + 1), UpdateTime: at(second(i))})
	}
	return l
}

// TestPages_anEmptyAnswerInTheMiddleIsNotTheEnd: an answer that has lost its records and says that none follow
// costs a list none of its rows, even while records move.
func TestPages_anEmptyAnswerInTheMiddleIsNotTheEnd(t *testing.T) {
	const empty = `{"success":true,"data":null,"additional_data":{"pagination":{"more_items_in_collection":false}}}`
	for _, order := range []Order{ByID, OldestFirst, NewestFirst} {
		for _, moves := range []bool{false, true} {
			for at1 := 1; at1 <= 9; at1++ {
				for _, inARow := range []int{1, 2} {
					t.Run(fmt.Sprintf("order %d, moves %t, %d from request %d", order, moves, inARow, at1), func(t *testing.T) {
						l := numbered(12, func(i int) int { return i / 2 })
						l.before = func(n int) {
							if moves && n == 2 {
								l.set(map[Order]int64{ByID: 1, OldestFirst: 1, NewestFirst: 12}[order], at(40))
							}
						}
						if inARow == 2 && at1 == 1 {
							t.Skip("a list that is empty twice is empty")
						}
						got, _, err := readIDs(t, func(n int, r *http.Request) reply {
							a := l.answer(n, r)
							if at1 <= n && n < at1+inARow {
								return reply{body: empty}
							}
							return a
						}, timedListing, Query{Limit: 3, Order: order})
						require.NoError(t, err)
						require.Len(t, got, 12)
					})
				}
			}
		}
	}
}

// TestPages_theLastRecordIsDeleted: an empty page is correct then, and the page before confirms it.
func TestPages_theLastRecordIsDeleted(t *testing.T) {
	for _, order := range []Order{ByID, OldestFirst, NewestFirst} {
		l := numbered(4, func(i int) int { return i })
		l.before = func(n int) {
			if n == 2 {
				l.set(3, "deleted")
				l.set(4, "deleted")
				if order == NewestFirst {
					l.set(1, "deleted")
					l.set(2, "deleted")
					l.set(3, at(3))
					l.set(4, at(4))
				}
			}
		}
		_, requests, err := readIDs(t, l.answer, timedListing, Query{Limit: 3, Order: order})
		require.NoError(t, err)
		require.LessOrEqual(t, requests, 4)
	}
}

// TestPages_anEmptyListIsAskedForAgain: the first answer may be broken, and would empty the table.
func TestPages_anEmptyListIsAskedForAgain(t *testing.T) {
	for name, test := range map[string]struct {
		listing     Listing
		empty, full string
	}{
		"offset": {offsetListing, `{"success":true,"data":null}`, `{"success":true,"data":[{"id":1}],"additional_data":{"pagination":{"more_items_in_collection":false}}}`},
		"cursor": {cursorListing, `{"success":true,"data":[],"additional_data":{"next_cursor":null}}`, `{"success":true,"data":[{"id":1}],"additional_data":{"next_cursor":null}}`},
	} {
		t.Run(name, func(t *testing.T) {
			answer := func(n int, _ *http.Request) reply {
				if n == 1 {
					return reply{body: test.empty}
				}
				return reply{body: test.full}
			}
			got, requests, err := readIDs(t, answer, test.listing, Query{Limit: 5})
			require.NoError(t, err)
			require.Len(t, got, 1)
			require.Equal(t, 2, requests)
			got, requests, err = readIDs(t, answer, test.listing, Query{Limit: 5, MayBeEmpty: true})
			require.NoError(t, err)
			require.Empty(t, got)
			require.Equal(t, 1, requests)
		})
	}
}

var timedCursorListing = TimedV2("/api/v2/things", 0, nil)

// cursorPages are the pages of a cursor listing, one after another.
func cursorPages(pages ...[]item) func(int, *http.Request) reply {
	return func(_ int, r *http.Request) reply {
		n, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
		var parts []string
		for _, i := range pages[n] {
			parts = append(parts, fmt.Sprintf(`{"id":%d,"update_time":%q}`, i.ID, i.UpdateTime))
		}
		next := "null"
		if n+1 < len(pages) {
			next = fmt.Sprintf("%q", strconv.Itoa(n+1))
		}
		return reply{body: fmt.Sprintf(`{"success":true,"data":[%s],"additional_data":{"next_cursor":%s}}`, strings.Join(parts, ","), next)}
	}
}

// TestPages_aCursorListInAnotherOrderFails: if an API ignored the sort, a resumed run would skip records that it
// has not read.
func TestPages_aCursorListInAnotherOrderFails(t *testing.T) {
	for name, test := range map[string]struct {
		order Order
		pages [][]item
	}{
		"by id, in a page":                          {ByID, [][]item{{{2, at(1)}, {1, at(2)}}}},
		"by id, from page to page":                  {ByID, [][]item{{{2, at(1)}}, {{1, at(2)}}}},
		"oldest first, in a page":                   {OldestFirst, [][]item{{{1, at(2)}, {2, at(1)}}}},
		"oldest first, from page to page":           {OldestFirst, [][]item{{{1, at(2)}}, {{2, at(1)}}}},
		"newest first, in a page":                   {NewestFirst, [][]item{{{1, at(1)}, {2, at(2)}}}},
		"newest first, from page to page":           {NewestFirst, [][]item{{{1, at(1)}}, {{2, at(2)}}}},
		"records without a time are in the middle":  {OldestFirst, [][]item{{{1, at(1)}, {2, none}}, {{3, at(2)}}}},
		"records without a time are at either side": {OldestFirst, [][]item{{{1, none}, {2, at(1)}, {3, none}}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := readIDs(t, cursorPages(test.pages...), timedCursorListing, Query{Limit: 5, Order: test.order})
			require.ErrorContains(t, requireCode(t, err, ExternalAPIError), "do not come in the order of their")
		})
	}
}

func TestPages_aCursorListInItsOrderIsRead(t *testing.T) {
	for name, test := range map[string]struct {
		order Order
		pages [][]item
	}{
		"without a time first":       {OldestFirst, [][]item{{{1, none}, {4, none}}, {{2, none}, {3, at(1)}}}},
		"without a time last":        {OldestFirst, [][]item{{{4, at(1)}}, {{2, none}}, {{1, none}, {3, none}}}},
		"newest, without a time":     {NewestFirst, [][]item{{{4, at(3)}, {2, at(1)}}, {{1, none}, {3, none}}}},
		"ties in any order":          {OldestFirst, [][]item{{{4, at(1)}, {2, at(1)}}, {{3, at(1)}, {1, at(1)}}}},
		"a record that changes":      {OldestFirst, [][]item{{{1, at(1)}, {2, at(2)}}, {{3, at(3)}, {4, at(4)}, {1, at(9)}}}},
		"an empty page in the midst": {ByID, [][]item{{{1, none}, {2, none}}, {}, {{3, none}, {4, none}}}},
		"a page that comes twice":    {ByID, [][]item{{{1, none}, {2, none}}, {{1, none}, {2, none}}, {{3, none}, {4, none}}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, _, err := readIDs(t, cursorPages(test.pages...), timedCursorListing, Query{Limit: 2, Order: test.order})
			require.NoError(t, err)
			require.Len(t, got, 4)
		})
	}
}

// TestPages_cursorsThatBringNothingNewFail: next_cursor always differs, but the page stays the same.
func TestPages_cursorsThatBringNothingNewFail(t *testing.T) {
	fields := Listing{Path: "/api/v2/fields", Paging: Cursor}
	for name, test := range map[string]struct {
		listing Listing
		order   Order
		data    []string
	}{
		"by id":                 {timedCursorListing, ByID, []string{items(1, 2)}},
		"all in one second":     {timedCursorListing, OldestFirst, []string{`[{"id":1,"update_time":"2026-01-01 00:00:00"}]`, `[{"id":2,"update_time":"2026-01-01 00:00:00"}]`}},
		"empty pages":           {timedCursorListing, ByID, []string{"[]"}},
		"records without an id": {fields, ByID, []string{`[{"key":"a"}]`, `[{"key":"b"}]`}},
	} {
		t.Run(name, func(t *testing.T) {
			_, requests, err := readIDs(t, func(n int, _ *http.Request) reply {
				return reply{body: fmt.Sprintf(`{"success":true,"data":%s,"additional_data":{"next_cursor":"c%d"}}`, test.data[n%len(test.data)], n)}
			}, test.listing, Query{Limit: 2, Order: test.order})
			requireCode(t, err, ExternalAPIError)
			require.LessOrEqual(t, requests, len(test.data)+2)
		})
	}
}

// TestPages_aServerThatCapsItsPages: it serves three records whatever the limit, and does not say whether more
// follow.
func TestPages_aServerThatCapsItsPages(t *testing.T) {
	for name, ids := range map[string][]int64{
		"in order":                  {1, 2, 3, 4, 5, 6, 7, 8, 9, 10},
		"in no order":               {5, 9, 1, 2, 8, 3, 4, 10, 7, 6},
		"as many as the cap":        {1, 2, 3},
		"fewer than the cap":        {1, 2},
		"one":                       {1},
		"a last page with only one": {1, 2, 3, 4, 5, 6, 7},
	} {
		t.Run(name, func(t *testing.T) {
			got, requests, err := readIDs(t, func(_ int, r *http.Request) reply {
				from, _ := strconv.Atoi(r.URL.Query().Get("start"))
				from = min(from, len(ids))
				return reply{body: fmt.Sprintf(`{"success":true,"data":%s}`, items(ids[from:min(from+3, len(ids))]...))}
			}, Listing{Path: "/things", Paging: Offset}, Query{Limit: 5})
			require.NoError(t, err)
			require.Equal(t, slices.Sorted(slices.Values(ids)), slices.Sorted(maps.Keys(got)))
			require.LessOrEqual(t, requests, len(ids)/2+3)
		})
	}
}

// TestPages_pagesThatAreCutToOneRecord: no record repeats the page before, which would show that the list has
// moved. So larger pages are requested; if that does not help, the reading fails rather than lose records.
func TestPages_pagesThatAreCutToOneRecord(t *testing.T) {
	for name, test := range map[string]struct {
		listing Listing
		order   Order
		change  string // of the first record
		cut     func(limit int) int
		fails   bool
	}{
		"by id, one is deleted":      {timedListing, ByID, "deleted", func(limit int) int { return limit / 2 }, false},
		"oldest first, one changes":  {timedListing, OldestFirst, at(50), func(limit int) int { return limit / 2 }, false},
		"whatever limit is asked of": {timedListing, ByID, "deleted", func(int) int { return 1 }, true},
	} {
		t.Run(name, func(t *testing.T) {
			l := numbered(9, func(i int) int { return i })
			l.cut = test.cut
			l.before = func(n int) {
				if n == 2 {
					l.set(l.rows[0].ID, test.change)
				}
			}
			got, _, err := readIDs(t, l.answer, test.listing, Query{Limit: 2, Order: test.order})
			if test.fails {
				requireCode(t, err, ExternalAPIError)
				return
			}
			require.NoError(t, err)
			require.Len(t, got, 9)
		})
	}
}

// TestPages_aListInTheOppositeOrderWhoseLastSecondsAreTied: the first page holds only the last second, whose
// records come by falling ids, so that it looks like a shuffled one. No record before that second was read.
func TestPages_aListInTheOppositeOrderWhoseLastSecondsAreTied(t *testing.T) {
	for name, change := range map[string]func(l *timedList, n int){
		"": func(*timedList, int) {},
		"behind timeless ones": func(l *timedList, n int) {
			if n == 1 {
				l.set(20, none)
				l.set(21, none)
			}
		},
		"and the first is deleted": func(l *timedList, n int) {
			if n == 2 {
				l.set(9, "deleted")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := numbered(9, func(i int) int { return i - i%3 })
			l.before = func(n int) { change(l, n) }
			l.order = func(_ int, rows []item) {
				slices.Reverse(rows)
				slices.SortStableFunc(rows, func(a, b item) int { // NULL first, as in PostgreSQL
					return cmp.Compare(min(len(a.UpdateTime), 1), min(len(b.UpdateTime), 1))
				})
			}
			_, _, err := readIDs(t, l.answer, timedListing, Query{Limit: 2, Order: OldestFirst})
			if ties, ok := errors.AsType[*TiesError](err); ok {
				require.Zero(t, ties.Since, "the rest by id is all")
				return
			}
			requireCode(t, err, ExternalAPIError)
		})
	}
}

// TestPages_aListWithoutPages comes in one answer, and in a second one if the first is empty.
func TestPages_aListWithoutPages(t *testing.T) {
	const none, two = `{"success":true,"data":[]}`, `{"success":true,"data":[{"id":2},{"id":1}]}`
	for name, test := range map[string]struct {
		answers  []string
		want     map[int64]int
		requests int
	}{
		"full":             {[]string{two}, map[int64]int{1: 1, 2: 1}, 1},
		"empty":            {[]string{none, none}, map[int64]int{}, 2},
		"empty, then full": {[]string{none, two}, map[int64]int{1: 1, 2: 1}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			got, requests, err := readIDs(t, func(n int, r *http.Request) reply {
				require.Empty(t, r.URL.RawQuery)
				return reply{body: test.answers[n-1]}
			}, Listing{Path: "/v1/users"}, Query{Limit: 1})
			require.NoError(t, err)
			require.Equal(t, test.want, got)
			require.Equal(t, test.requests, requests)
		})
	}
}

// TestPages_emptyAnswersAtTwoPlacesDoNotAddUp: three at one place and one at the next don't prove the end.
func TestPages_emptyAnswersAtTwoPlacesDoNotAddUp(t *testing.T) {
	pages := cursorPages([]item{{1, none}}, []item{{2, none}}, []item{{3, none}})
	got, requests, err := readIDs(t, func(n int, r *http.Request) reply {
		if slices.Contains([]int{2, 3, 4, 6}, n) {
			return reply{body: `{"success":true,"data":[],"additional_data":{"next_cursor":null}}`}
		}
		return pages(n, r)
	}, cursorListing, Query{Limit: 1})
	require.NoError(t, err)
	require.Equal(t, map[int64]int{1: 1, 2: 1, 3: 1}, got)
	require.Equal(t, 7, requests)
}

// TestPages_aPageOfOneRecordOverlaps: a record that moves up across its edge is not lost.
func TestPages_aPageOfOneRecordOverlaps(t *testing.T) {
	c, _ := start(offsetList(func(n int) []int64 {
		if n == 1 {
			return []int64{1, 2, 3}
		}
		return []int64{2, 3}
	}))
	pages, err := collect(t, c, offsetListing, 1)
	require.NoError(t, err)
	require.Equal(t, []int64{1, 2, 3}, slices.Concat(pages...))
}

func TestPages_aFullPageWithoutNextCursorIsBroken(t *testing.T) {
	bubble(t, func(t *testing.T) {
		pages := cursorPages([]item{{1, none}, {2, none}}, []item{{3, none}})
		cut := func(most int) func(int, *http.Request) reply {
			return func(n int, r *http.Request) reply {
				if n <= most {
					return reply{body: `{"success":true,"data":[{"id":1},{"id":2}]}`}
				}
				return pages(n, r)
			}
		}
		got, _, err := readIDs(t, cut(1), cursorListing, Query{Limit: 2})
		require.NoError(t, err)
		require.Len(t, got, 3)
		_, _, err = readIDs(t, cut(100), cursorListing, Query{Limit: 2})
		require.ErrorContains(t, requireCode(t, err, ExternalAPIError), "whether another follows")
	})
}

// TestPages_aShortPageWithoutNextCursorIsAskedForAgain: it may have lost its end.
func TestPages_aShortPageWithoutNextCursorIsAskedForAgain(t *testing.T) {
	pages := cursorPages([]item{{1, none}, {2, none}}, []item{{3, none}})
	got, _, err := readIDs(t, func(n int, r *http.Request) reply {
		if n == 1 {
			return reply{body: `{"success":true,"data":[{"id":1},{"id":2}]}`}
		}
		return pages(n, r)
	}, cursorListing, Query{Limit: 5})
	require.NoError(t, err)
	require.Equal(t, map[int64]int{1: 1, 2: 1, 3: 1}, got)
}

// TestPages_aLastPageWithoutNextCursorIsRead: an API may leave out a null. The second answer, which confirms the
// first, is not mistaken for the page before it.
func TestPages_aLastPageWithoutNextCursorIsRead(t *testing.T) {
	for name, l := range map[string]Listing{"by id": cursorListing, "in no order": {Path: "/api/v2/fields", Paging: Cursor}} {
		t.Run(name, func(t *testing.T) {
			got, requests, err := readIDs(t, func(_ int, r *http.Request) reply {
				if r.URL.Query().Get("cursor") == "b" {
					return reply{body: `{"success":true,"data":[{"id":3}]}`}
				}
				return reply{body: `{"success":true,"data":[{"id":1},{"id":2}],"additional_data":{"next_cursor":"b"}}`}
			}, l, Query{Limit: 2})
			require.NoError(t, err)
			require.Equal(t, map[int64]int{1: 1, 2: 1, 3: 1}, got)
			require.Equal(t, 3, requests)
		})
	}
}

func TestPages_anAnswerWithTwoListsIsBroken(t *testing.T) {
	bubble(t, func(t *testing.T) {
		answer := func(most int) func(n int, _ *http.Request) reply {
			return func(n int, _ *http.Request) reply {
				if n <= most {
					return reply{body: `{"success":true,"data":[{"id":1},{"id":2}],"data":[],"additional_data":{"next_cursor":null}}`}
				}
				return reply{body: `{"success":true,"data":[{"id":1,"name":"a","name":"b"},{"id":2}],"additional_data":{"next_cursor":null}}`}
			}
		}
		got, _, err := readIDs(t, answer(1), cursorListing, Query{Limit: 5})
		require.NoError(t, err)
		require.Len(t, got, 2)
		_, _, err = readIDs(t, answer(100), cursorListing, Query{Limit: 5})
		require.ErrorContains(t, requireCode(t, err, ExternalAPIError), "twice")
	})
}

// TestPages_tiesWhoseOrderChanges: the order of 70 records of one second changes with each answer by update_time.
// The reading fails at once, and by id all records come.
func TestPages_tiesWhoseOrderChanges(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, timeOf := range map[string]func(i int) string{
		"of one second":  func(int) string { return at(5) },
		"without a time": func(int) string { return none },
	} {
		t.Run(name, func(t *testing.T) {
			l := &timedList{rows: []item{{1, at(1)}, {2, at(2)}, {99, at(30)}}}
			for i := range 70 {
				l.rows = append(l.rows, item{int64(10 + i), timeOf(i)})
			}
			l.order = func(_ int, rows []item) {
				from := slices.IndexFunc(rows, func(i item) bool { return i.UpdateTime == timeOf(0) })
				to := from
				for to < len(rows) && rows[to].UpdateTime == timeOf(0) {
					to++
				}
				random.Shuffle(to-from, func(i, j int) { rows[from+i], rows[from+j] = rows[from+j], rows[from+i] })
			}
			got, requests, err := readIDs(t, l.answer, timedListing, Query{Limit: 20, Order: OldestFirst})
			var ties *TiesError
			require.ErrorAs(t, err, &ties)
			requireCode(t, err, ExternalAPIError)
			require.LessOrEqual(t, requests, 3)
			l.order = nil // by id, answers keep their order
			rest, _, err := readIDs(t, l.answer, timedListing, Query{Limit: 20, Order: ByID, Since: ties.Since})
			require.NoError(t, err)
			maps.Copy(got, rest)
			require.Len(t, got, 73)
		})
	}
}

// TestPages_theLastRecordOfAListThatIsReadByTimeIsDeleted: its second is empty then, and capped pages do not say
// that they are the last.
func TestPages_theLastRecordOfAListThatIsReadByTimeIsDeleted(t *testing.T) {
	for deleted := 1; deleted <= 8; deleted++ {
		l := &timedList{rows: []item{{1, at(1)}, {2, at(2)}, {3, at(3)}, {4, at(3)}, {5, at(60)}}, cut: func(limit int) int { return limit / 2 }}
		l.before = func(n int) {
			if n == 2 {
				l.set(1, at(3)) // makes the reading continue by time
			}
			if n == deleted {
				l.set(5, "deleted")
			}
		}
		got, requests, err := readIDs(t, l.answer, timedListing, Query{Limit: 4, Order: OldestFirst})
		require.NoError(t, err, "deleted before request %d", deleted)
		require.Subset(t, slices.Collect(maps.Keys(got)), []int64{1, 2, 3, 4})
		require.LessOrEqual(t, requests, 12)
	}
}

// TestPages_aSecondWhoseOrderChangesAndFitsInAPage is read in one answer.
func TestPages_aSecondWhoseOrderChangesAndFitsInAPage(t *testing.T) {
	for _, order := range []Order{OldestFirst, NewestFirst} {
		l := numbered(60, func(i int) int { return i / 4 })
		random := rand.New(rand.NewPCG(1, 2))
		l.order = func(_ int, rows []item) {
			random.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
			slices.SortStableFunc(rows, func(a, b item) int {
				if order == NewestFirst {
					a, b = b, a
				}
				return strings.Compare(a.UpdateTime, b.UpdateTime)
			})
		}
		got, requests, err := readIDs(t, l.answer, timedListing, Query{Limit: 10, Order: order})
		require.NoError(t, err)
		require.Len(t, got, 60)
		require.LessOrEqual(t, requests, 13)
	}
}

// TestPages_aListThatMovesBeforeEachRequestIsRead: a busy list is read to its end, and the number of requests
// depends little on how busy it is.
func TestPages_aListThatMovesBeforeEachRequestIsRead(t *testing.T) {
	const rows, limit = 600, 20
	for name, test := range map[string]struct {
		order  Order
		change func(l *timedList, n int)
		most   int // requests
	}{
		"by id, one is deleted":           {ByID, func(l *timedList, n int) { l.set(int64(n), "deleted") }, 50},
		"by id, many are deleted at once": {ByID, deleteAt(20, 1, 250), 80},
		"oldest first, one changes":       {OldestFirst, func(l *timedList, n int) { l.set(int64(n), at(5000+n)) }, 50},
		"oldest first, pages change": {OldestFirst, func(l *timedList, n int) {
			for i := range limit {
				l.set(int64(n*limit+i)%rows+1, at(5000+n))
			}
		}, 60},
		"newest first, one changes": {NewestFirst, func(l *timedList, n int) { l.set(int64(rows-n), at(5000+n)) }, 60},
		"newest first, a page is new": {NewestFirst, func(l *timedList, n int) { // as in seed 3967106105222791393
			for i := range limit - 1 {
				if n == 2 || n == 5 {
					l.set(int64(10_000*n+i), at(5000+n))
				}
			}
		}, 50},
	} {
		t.Run(name, func(t *testing.T) {
			l := numbered(rows, func(i int) int { return i })
			l.before = func(n int) {
				if n > 1 && n < 400 {
					test.change(l, n)
				}
			}
			got, requests, err := readIDs(t, l.answer, timedListing, Query{Limit: limit, Order: test.order})
			if ties, ok := errors.AsType[*TiesError](err); ok {
				var rest map[int64]int
				rest, _, err = readIDs(t, l.answer, timedListing, Query{Limit: limit, Since: ties.Since})
				maps.Copy(got, rest)
			}
			require.NoError(t, err)
			require.LessOrEqual(t, requests, test.most)
			for _, i := range l.rows {
				if i.ID <= rows {
					require.Contains(t, got, i.ID)
				}
			}
		})
	}
}

func deleteAt(request int, from, to int64) func(*timedList, int) {
	return func(l *timedList, n int) {
		for id := from; n == request && id <= to; id++ {
			l.set(id, "deleted")
		}
	}
}

// TestPages_aPageIsAgainTheOneBefore: a page's worth of records was changed meanwhile, so the next page repeats
// the last one. All records of the list lack update_time, as in a second look for such records.
func TestPages_aPageIsAgainTheOneBefore(t *testing.T) {
	for _, changed := range []int{1, 3, 4, 5, 9, 30} {
		l := numbered(12, func(int) int { return 1 })
		for i := range l.rows {
			l.rows[i].UpdateTime = none
		}
		l.before = func(n int) {
			if n == 2 {
				for i := range changed {
					l.set(int64(100+i), at(9))
				}
			}
		}
		got, _, err := readIDs(t, l.answer, timedListing, Query{Limit: 4, Order: NewestFirst})
		require.NoError(t, err)
		for id := range int64(12) {
			require.Contains(t, got, id+1)
		}
	}
}

// TestPages_recordsWithoutAnIDAreNotLost: a list in the order of ids fails without them; any other is read.
func TestPages_recordsWithoutAnIDAreNotLost(t *testing.T) {
	answer := func(_ int, r *http.Request) reply {
		from, _ := strconv.Atoi(r.URL.Query().Get("start"))
		data := []string{`{"key":"a"}`, `{"key":"b"}`, `{"key":"c"}`}[min(from, 3):]
		data = data[:min(2, len(data))]
		return reply{body: fmt.Sprintf(`{"success":true,"data":[%s],"additional_data":{"pagination":{"more_items_in_collection":%t}}}`,
			strings.Join(data, ","), from+2 < 3)}
	}
	got, _, err := readIDs(t, answer, Listing{Path: "/v1/things", Paging: Offset}, Query{Limit: 2})
	require.NoError(t, err)
	require.Equal(t, map[int64]int{0: 3}, got)
	for _, order := range []Order{ByID, OldestFirst} {
		_, _, err = readIDs(t, answer, timedListing, Query{Limit: 2, Order: order})
		requireCode(t, err, ExternalAPIError)
	}
}

// TestPages_recordsWithoutATimeThatAreNeverWhereTheyWere: each page is in order, but none continues the page
// before. They have to be read by id.
func TestPages_recordsWithoutATimeThatAreNeverWhereTheyWere(t *testing.T) {
	l := &timedList{rows: []item{{1, none}, {2, none}, {3, none}, {4, none}}}
	l.order = func(n int, rows []item) {
		copy(rows, []item{{4, none}, {3, none}, {2, none}, {1, none}})
		if n%2 == 0 {
			copy(rows, []item{{4, none}, {2, none}, {1, none}, {3, none}})
		}
	}
	_, requests, err := readIDs(t, l.answer, timedListing, Query{Limit: 2, Order: NewestFirst})
	var ties *TiesError
	require.ErrorAs(t, err, &ties)
	require.LessOrEqual(t, requests, 22)
}

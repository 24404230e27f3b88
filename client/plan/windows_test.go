package plan

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// record is a record of a list by update_time, which is a number of seconds.
type record struct{ id, second int }

func (r record) RecordKey() pipedrive.Key { return pipedrive.Key{Number: int64(r.id)} }

func (r record) RecordTime() (time.Time, bool) { return moment(r.second), true }

func moment(second int) time.Time { return at(0).Add(time.Duration(second) * time.Second) }

// list is a list that is read by windows.
type list struct {
	t       require.TestingT
	records []record
	page    int
	windows *Windows
	readers []*windowReader
	sent    map[int]int // the last version by id
	pages   int         // that were requested
	over    bool        // whether the list's end was read: later changes are left to the next run
}

// windowReader is a reader of a window, with the page that it has got and not sent yet.
type windowReader struct {
	*Window
	after record
	page  []record
	end   bool
}

func newList(t require.TestingT, page, began int, sizes Sizes, records ...record) *list {
	f := Facts{Began: moment(began), Lookback: 5 * time.Second, Sizes: sizes}
	return &list{
		t: t, records: records, page: page, sent: map[int]int{},
		windows: Divide(Unit{Order: pipedrive.OldestFirst}, page, f),
	}
}

// begin starts a reader of a window, if there is one.
func (l *list) begin() bool {
	v := l.windows.Next(16)
	if v != nil {
		l.readers = append(l.readers, &windowReader{Window: v, after: record{second: -1 << 30}})
	}
	return v != nil
}

// get gets the next page of a window. A server that lies says that the list ends there.
func (l *list) get(r *windowReader, lies bool) {
	l.pages++
	from, _ := slices.BinarySearchFunc(l.records, r.after, func(of, after record) int {
		if moment(of.second).Before(r.Since) || compare(of, after) <= 0 {
			return -1
		}
		return 1
	})
	r.page = slices.Clone(l.records[from:min(from+l.page, len(l.records))])
	r.end = len(r.page) < l.page || lies
	l.over = l.over || r.end && (r.Until.IsZero() || l.trusts(r))
	if n := len(r.page); n > 0 {
		r.after = r.page[n-1]
	}
}

// trusts reports whether an end of the list can't be told from a false one: in the last window, and in the first one if no
// other has had records. An undivided list is trusted as well.
func (l *list) trusts(r *windowReader) bool {
	first := l.windows.windows[0]
	onItsWay := slices.ContainsFunc(l.readers, func(of *windowReader) bool { return of.Window != first && len(of.page) > 0 })
	others := slices.ContainsFunc(l.windows.windows, func(v *Window) bool { return v != first && v.pages > 0 })
	return r.Last || r.Window == first && !onItsWay && !others
}

// change changes a record. If onItsWay is true, that is one that a reader has got and not sent yet, if there is one.
func (l *list) change(i int, onItsWay bool, second int) {
	for _, r := range l.readers {
		if onItsWay && len(r.page) > 0 {
			i = max(i, slices.IndexFunc(l.records, func(of record) bool { return of.id == r.page[0].id }))
		}
	}
	l.records[i].second = second
	slices.SortFunc(l.records, compare)
}

func compare(a, b record) int {
	return cmp.Or(cmp.Compare(a.second, b.second), cmp.Compare(a.id, b.id))
}

// send sends the page that a reader got.
func (l *list) send(i int) {
	r := l.readers[i]
	var whole, part Span
	for _, of := range r.page {
		whole.Add(of.RecordTime())
	}
	l.windows.Open(r.Window, whole)
	ended := false
	for _, of := range r.page {
		ended = ended || r.EndsAt(of.RecordTime())
		if !r.Sends(of.RecordTime()) {
			continue
		}
		part.Add(of.RecordTime())
		require.GreaterOrEqual(l.t, of.second, l.sent[of.id], "an older version of %d comes after a newer one", of.id)
		l.sent[of.id] = of.second
	}
	if len(r.page) > 0 {
		l.windows.Read(r.Window, part)
	}
	if ended || r.end {
		l.windows.End(r.Window, ended || r.Until.IsZero())
		l.readers = slices.Delete(l.readers, i, i+1)
	}
	r.page, r.end = nil, false
	for _, of := range l.records {
		if l.page < 10 && moment(of.second).Before(l.windows.Seen()) {
			require.Equal(l.t, of.second, l.sent[of.id], "record %d was changed before %s", of.id, l.windows.Seen())
		}
	}
}

// TestWindows_missNothingInAnyOrder while records change and answers falsely say that the list has
// ended. No older version of a record comes after a newer one, and all records before the position were sent.
func TestWindows_missNothingInAnyOrder(t *testing.T) {
	divided := 0
	rapid.Check(t, func(t *rapid.T) {
		const began = 1000
		var records []record
		second := rapid.IntRange(0, 900).Draw(t, "first")
		for id := range rapid.IntRange(0, 150).Draw(t, "records") {
			second = min(second+rapid.SampledFrom([]int{0, 0, 1, 1, 2, 5, 200}).Draw(t, "gap"), began)
			records = append(records, record{id + 1, second})
		}
		l := newList(t, rapid.IntRange(1, 6).Draw(t, "page"), began, Sizes{
			First: rapid.IntRange(1, 3).Draw(t, "before windows"), Window: rapid.IntRange(1, 4).Draw(t, "window"), Split: 2,
		}, records...)
		now, lies := began, rapid.Bool().Draw(t, "lies")
		more := func() bool {
			later := len(l.readers) > 0 && rapid.IntRange(0, 3).Draw(t, "begin") > 0
			return !later && l.begin() || len(l.readers) > 0
		}
		for more() {
			i := rapid.IntRange(0, len(l.readers)-1).Draw(t, "reader")
			switch r := l.readers[i]; {
			case !l.over && len(records) > 0 && rapid.IntRange(0, 4).Draw(t, "change") == 0:
				now++
				l.change(rapid.IntRange(0, len(l.records)-1).Draw(t, "record"), rapid.Bool().Draw(t, "on its way"), now)
			case r.page == nil && !r.end:
				l.get(r, lies && !l.trusts(r) && rapid.IntRange(0, 9).Draw(t, "lie") == 0)
			default:
				l.send(i)
			}
		}
		for _, of := range l.records {
			require.Equal(t, of.second, l.sent[of.id], "record %d", of.id)
		}
		if l.windows.Divided() {
			divided++
		}
	})
	require.Positive(t, divided)
}

// TestWindows_aWindowOfWhichNothingWasReadIsNotSplit: its number of remaining pages is unknown.
func TestWindows_aWindowOfWhichNothingWasReadIsNotSplit(t *testing.T) {
	w := newList(t, 10, 1000, Sizes{First: 1, Window: 2, Split: 2}).windows
	v := &Window{Unit: Unit{Since: moment(100), Until: moment(990)}, started: true, span: time.Second}
	w.windows, w.next, w.pages = []*Window{v}, w.tail, 1000
	require.Nil(t, w.Next(16))
	v.seen, v.pages = moment(200), 1
	require.Equal(t, moment(595), w.Next(16).Since)
}

// TestSizes_tellTheCostOfWindows, of a reading that is divided; a shorter one has none.
func TestSizes_tellTheCostOfWindows(t *testing.T) {
	for pages, want := range map[int64]struct{ extra, longest int64 }{0: {0, 0}, 53: {0, 53}, 54: {2, 54}, 400: {12, 54}} {
		require.Equal(t, want.extra, DefaultSizes.Extra(pages), "%d pages", pages)
		require.Equal(t, want.longest, DefaultSizes.Longest(pages), "%d pages", pages)
	}
}

// TestSizes_tellTheCostOfPagesAhead of a list by offset.
func TestSizes_tellTheCostOfPagesAhead(t *testing.T) {
	for pages, want := range map[int]struct {
		vain    int
		longest int64
	}{0: {0, 0}, 33: {0, 33}, 34: {1, 34}, 100: {3, 62}, 400: {12, 105}} {
		require.Equal(t, want.vain, DefaultSizes.Vain(pages), "%d pages", pages)
		require.Equal(t, want.longest, DefaultSizes.LongestAhead(int64(pages)), "%d pages", pages)
	}
}

// TestWindows_aShortListIsNotDivided however many years it covers.
func TestWindows_aShortListIsNotDivided(t *testing.T) {
	for _, years := range []int{1, 10, 50} {
		var records []record
		for i := range 5000 {
			records = append(records, record{i + 1, i * years * 365 * 24 * 3600 / 5000})
		}
		l := newList(t, 500, records[4999].second+100, Sizes{}, records...)
		l.read(16)
		require.Len(t, l.sent, len(records))
		require.Equal(t, 11, l.pages)
	}
}

// TestWindows_aShortListThatIsOldTakesOneRequestMore, unless its records become less dense: the time since the newest one
// looks like more of the list.
func TestWindows_aShortListThatIsOldTakesOneRequestMore(t *testing.T) {
	for name, gap := range courses {
		if name == "less dense" || name == "dense, then one an hour" {
			continue
		}
		for _, spans := range []int{20, 50, 200} {
			l := newCourse(t, gap, 1050)
			newest := l.records[1049].second
			l.windows = Divide(Unit{Order: pipedrive.OldestFirst}, l.page, Facts{Began: moment(spans * newest)})
			l.rounds(8)
			require.Len(t, l.sent, len(l.records))
			require.Equal(t, 11+1, l.pages, "%s, %d times as old as long", name, spans)
			require.False(t, l.windows.Divided())
			require.Equal(t, moment(newest), l.windows.Seen())
		}
	}
}

// TestWindows_aPageOnItsWayContradictsAFalseEnd of the first window.
func TestWindows_aPageOnItsWayContradictsAFalseEnd(t *testing.T) {
	l := newCourse(t, courses["even"], 10_000)
	for len(l.readers) < 2 {
		for !l.begin() {
			l.get(l.readers[0], false)
			l.send(0)
		}
	}
	l.get(l.readers[1], false)
	l.get(l.readers[0], true)
	l.send(0)
	l.rounds(8)
	require.Len(t, l.sent, len(l.records))
}

// TestWindows_anEvenListIsDividedByItsPages: each pays for its windows.
func TestWindows_anEvenListIsDividedByItsPages(t *testing.T) {
	for _, pages := range []int{30, 40, 50, 60} {
		l := newCourse(t, courses["even"], pages*100)
		l.rounds(8)
		require.Equal(t, pages == 60, l.windows.Divided(), "%d pages", pages)
	}
}

// read reads a list by up to the given number of readers, in an arbitrary order. The first reader is slow.
func (l *list) read(readers int) {
	order := rand.New(rand.NewPCG(1, 2))
	for l.begin() || len(l.readers) > 0 {
		for len(l.readers) < readers && l.begin() {
		}
		i := order.IntN(len(l.readers))
		if i == 0 && order.IntN(8) > 0 {
			i = len(l.readers) - 1
		}
		if r := l.readers[i]; r.page == nil && !r.end {
			l.get(r, false)
		} else {
			l.send(i)
		}
	}
}

// TestWindows_aSlowReaderHoldsTheOthers: few windows behind its own are read until it gets further.
func TestWindows_aSlowReaderHoldsTheOthers(t *testing.T) {
	const readers, windows = 3, 400 / 20
	var records []record
	for i := range 40_000 {
		records = append(records, record{i + 1, i * 7})
	}
	l := newList(t, 100, 40_000*7+100, Sizes{}, records...)
	for len(l.readers) < readers {
		for !l.begin() {
			l.get(l.readers[0], false)
			l.send(0)
		}
	}
	slow := l.readers[0].Window
	for i := 1; i < len(l.readers); {
		l.get(l.readers[i], false)
		l.send(i)
		for len(l.readers) < readers && l.begin() {
		}
	}
	require.Less(t, len(l.windows.windows), windows*3/4)
	require.Equal(t, slow, l.readers[0].Window)
	l.read(readers)
	require.Len(t, l.sent, len(records))
	require.LessOrEqual(t, l.pages, 412)
}

// courses are those of the records' density: the seconds between a record and the one before, given its index among 40,000.
var courses = map[string]func(i int) int{
	"even":                    func(int) int { return 7 },
	"denser":                  func(i int) int { return 1 + (40_000-i)/1500 },
	"less dense":              func(i int) int { return 1 + i/1500 },
	"in bursts":               func(i int) int { return 1 + i/2000%2*30 },
	"empty years":             func(i int) int { return 5 + i%10_000/9_999*30_000_000 },
	"dense, then one an hour": func(i int) int { return 1 + i/20_000*3600 },
	"an import":               func(i int) int { return 6 * min(1, max(10_000-i, i/20_000)) },
	"many each night":         func(i int) int { return 1 + i%1100/1000*860 },
}

// newCourse is a list of records on pages of 100, whose density takes a course.
func newCourse(t require.TestingT, gap func(i int) int, records int) *list {
	all, second := make([]record, records), 0
	for i := range all {
		second += gap(i * 40_000 / records)
		all[i] = record{i + 1, second}
	}
	return newList(t, 100, second+100, Sizes{}, all...)
}

// TestWindows_costFewRequestsMore: 3 % if the density of the records changes slowly, a handful more if not.
func TestWindows_costFewRequestsMore(t *testing.T) {
	most := map[string]int{"denser": 414, "less dense": 424, "in bursts": 424, "empty years": 425, "dense, then one an hour": 416, "many each night": 426}
	for name, gap := range courses {
		t.Run(name, func(t *testing.T) {
			l := newCourse(t, gap, 40_000)
			l.read(16)
			require.Len(t, l.sent, len(l.records))
			require.LessOrEqual(t, l.pages, cmp.Or(most[name], 412))
		})
	}
}

// rounds reads a list by readers that get a page in each round. It returns the number of rounds.
func (l *list) rounds(readers int) (rounds int) {
	for {
		for len(l.readers) < readers && l.begin() {
		}
		if len(l.readers) == 0 {
			return rounds
		}
		for i, r := range slices.Backward(slices.Clone(l.readers)) {
			l.get(r, false)
			l.send(i)
		}
		rounds++
	}
}

// TestWindows_keepTheReadersBusy: 412 pages take 26 rounds of 16 readers at the least. An import is read by one of them.
func TestWindows_keepTheReadersBusy(t *testing.T) {
	for name, gap := range courses {
		t.Run(name, func(t *testing.T) {
			most := 52
			if name == "an import" {
				most += 100
			}
			require.LessOrEqual(t, newCourse(t, gap, 40_000).rounds(16), most)
		})
	}
}

// TestWindows_manyReadersDoNotMultiplyTheRequests where the density changes at once.
func TestWindows_manyReadersDoNotMultiplyTheRequests(t *testing.T) {
	second := 0
	gap := func(int) int {
		second++
		return 5 + second%10_000/9_999*30_000_000
	}
	l := newCourse(t, gap, 100_000)
	l.rounds(64)
	require.Len(t, l.sent, len(l.records))
	require.LessOrEqual(t, l.pages, 1060)
}

// TestWindows_divideAListOfMediumLengthThatGrows, although at no time many pages seem to be left.
func TestWindows_divideAListOfMediumLengthThatGrows(t *testing.T) {
	l := newCourse(t, func(i int) int { return 80_000_000 / (i + 2000) }, 6000)
	require.LessOrEqual(t, l.rounds(4), 50)
	require.LessOrEqual(t, l.pages, 63)
}

// TestWindows_theListsEndIsNotTheOthersEnd: windows before it that no reader has begun are read, and none twice.
func TestWindows_theListsEndIsNotTheOthersEnd(t *testing.T) {
	w := newList(t, 10, 1000, Sizes{First: 1, Window: 2, Split: 2}).windows
	until := func(since, until, pages int) *Window {
		return &Window{Unit: Unit{Since: moment(since), Until: moment(until)}, started: true, span: 10 * time.Second, seen: moment(since + 10), pages: pages}
	}
	large, newest := until(0, 900, 40), until(900, 994, 10)
	w.windows, w.next, w.pages = []*Window{large, newest}, w.tail, 50
	rest := w.splitLargest()
	w.End(newest, false)
	require.Equal(t, rest, w.Next(2))
	require.NotNil(t, w.Next(2), "a part of the largest window")
	for _, v := range w.windows {
		v.started = true
		w.End(v, true)
	}
	last := w.Next(2)
	require.True(t, last.Last)
	require.Equal(t, newest.seen, last.Since)
}

package plan

import (
	"cmp"
	"slices"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// Sizes are the sizes of windows, in pages.
type Sizes struct {
	// First is the number of full pages that one reader reads before a unit is divided. A small unit takes no more
	// requests than it has pages.
	First int
	// Window is the least number of pages of a window, approximately. The last page reaches past the window's end, by half
	// a page on average, so smaller windows would cost too many requests.
	Window int
	// Split is the least number of remaining pages for which a window is split. A window is split only if the pages justify
	// one more.
	Split int
}

// DefaultSizes are windows that cost about 3 % more requests for 400 pages, and less for more.
var DefaultSizes = Sizes{First: 3, Window: 24, Split: 4}

// divisible is the least number of pages for which a unit is divided: those that justify two windows and the last one.
func (s Sizes) divisible() int { return 3 * s.perWindow() }

// perWindow is the number of pages that justify a window.
func (s Sizes) perWindow() int { return s.Window - s.Window/4 }

// Extra is the approximate number of further requests that a first reading of the given pages takes: for its windows,
// and for a look at the records without an update_time, which windows leave out.
func (s Sizes) Extra(pages int64) int64 {
	if pages < int64(s.divisible()) {
		return 0
	}
	return pages/int64(2*s.perWindow()) + 1
}

// Vain is the number of pages of a list by offset that may be requested before their turn and in vain, given the number of
// pages that were read: 3 for 100, with windows of 24 pages.
func (s Sizes) Vain(pages int) int { return pages * 18 / (25 * s.Window) }

// Longest is the approximate number of pages of a first reading that follow one another; the others are read beside
// them.
func (s Sizes) Longest(pages int64) int64 { return min(pages, int64(s.divisible())) }

// LongestAhead is the approximate number of pages of a list by offset that follow one another, if others are requested
// before their turn.
func (s Sizes) LongestAhead(pages int64) (longest int64) {
	for read := 0; int64(read) < pages; read += 1 + s.Vain(read) {
		longest++
	}
	return longest
}

// Span is the part of a list that a page covers.
type Span struct {
	First, Last time.Time // of the records with an update_time; zero for none
	Records     int
}

// Add adds the next record, given its update_time and whether it has one.
func (s *Span) Add(at time.Time, timed bool) {
	s.Records++
	if timed && s.First.IsZero() {
		s.First = at
	}
	if timed {
		s.Last = later(s.Last, at)
	}
}

// Windows divides a unit that is read by update_time into windows of time, for several readers side by side. They are
// cut from the oldest side on, by the density of the records so far. So a run that is cut short has read nearly all
// records before the unread ones. A window ends only with the first record behind its end. If a list ends before, or
// its records do not keep their places, the last window reads all records from there on. There is none if only the first
// window had records: one reader has read the list to its end.
//
// The last window has the records that changed since the run began, and the span before that the lookback covers. It
// begins when all rows of the others were sent, so that no version of a record comes after a newer one. Windows is not
// safe for concurrent use.
type Windows struct {
	Sizes
	unit    Unit
	page    int           // records of a full page; 0 if the unit is never divided
	tail    time.Time     // the latest beginning of the last window
	windows []*Window     // in the order of time
	next    time.Time     // beginning of the next window that has not been cut yet; zero before the first cut
	first   time.Time     // of the oldest record
	denser  bool          // whether the records became denser before the first cut
	span    time.Duration // mean of a page, at the newest record that has been read
	newest  time.Time     // the time of that record
	pages   int           // pages that were read
	before  int           // pages that were read before the first cut
	short   bool          // whether the first window's reader met the list's end
	doubt   *time.Time    // moment from which all records have to be read again; nil for none
	stopped bool
}

// Window is a part of a unit.
type Window struct {
	Unit
	// Last is true for the window that is read when all others have ended.
	Last bool

	started, ended bool
	seen           time.Time
	pages          int
	span           time.Duration // mean of a page
}

// Divide returns the windows of a unit, at first one for the whole unit. page is the number of records of a full page;
// 0 for a unit that one reader reads.
func Divide(u Unit, page int, f Facts) *Windows {
	if u.Order != pipedrive.OldestFirst || u.Rule != All {
		page = 0
	}
	return &Windows{
		Sizes: cmp.Or(f.Sizes, DefaultSizes), unit: u, page: page, windows: []*Window{{Unit: u}},
		tail: f.Began.Add(-f.Lookback - time.Second).Truncate(time.Second),
	}
}

// Next returns a window for an idle reader, nil if there is none at the moment. readers is the number of readers that may
// read the unit at once.
func (w *Windows) Next(readers int) *Window {
	if w.stopped {
		return nil
	}
	v := w.waiting()
	if v == nil && w.Divided() && !w.windows[len(w.windows)-1].Last {
		v = w.further(max(1, readers))
	}
	if v != nil {
		v.started = true
	}
	return v
}

// waiting is the oldest window that no reader has begun; nil for none.
func (w *Windows) waiting() *Window {
	for _, v := range w.windows {
		if !v.started {
			return v
		}
	}
	return nil
}

// mostAhead is the greatest number of windows behind the oldest one under way, for each one under way. A run that is
// cut short has to read them again, so one slow reader must not cost the work of all others.
const mostAhead = 4

// further makes another window, nil if none is due. Ahead of the windows with a read page, it makes no more than their
// number, and only one after windows with few pages: the density of the records there is only a guess.
func (w *Windows) further(readers int) *Window {
	unread, underWay, ahead := 0, 0, 0
	for _, v := range w.windows {
		if underWay > 0 {
			ahead++
		}
		if v.ended {
			continue
		}
		if underWay++; v.pages == 0 {
			unread++
		}
	}
	behind := !w.next.Before(w.tail)
	switch {
	case underWay == 0 && w.readByOne():
		w.windows, w.next, w.page, w.doubt = w.windows[:1], time.Time{}, 0, nil
		return nil
	case underWay == 0 && (w.doubt != nil || behind):
		return w.last()
	case behind, w.doubt != nil, ahead > mostAhead*underWay:
		return w.splitLargest()
	case unread == 0, 2*unread <= underWay && w.reaches() && w.missing() <= w.perWindow():
		return w.cut(readers)
	}
	return nil
}

// reaches reports whether the list is likely to reach as far as the windows. A short list with old records does not, so
// the second window is read alone, unless its answer takes longer than a page of the first.
func (w *Windows) reaches() bool { return len(w.windows) > 2 || w.windows[0].pages > w.before+1 }

// readByOne reports whether the first reader has read the whole list to its end: no other window had records.
func (w *Windows) readByOne() bool {
	return w.short && !slices.ContainsFunc(w.windows[1:], func(v *Window) bool { return v.pages > 0 })
}

// cut cuts the next window. Its pages are a reader's share of the remaining ones, within limits, so that all readers end
// at about the same time.
func (w *Windows) cut(readers int) *Window {
	share := (int(w.tail.Sub(w.next)/w.span) + w.left()) / readers
	pages := min(max(share, w.Window), 3*w.Window/2)
	v := w.window(w.next)
	w.windows = append(w.windows, v)
	w.end(v, w.next, times(w.span, pages))
	return v
}

// missing is the approximate number of pages that the windows lack to be justified, the last one and the look for records
// without an update_time included. It is negative if they have more.
func (w *Windows) missing() int { return (len(w.windows)+1)*w.perWindow() - w.pages - w.left() }

// longest is longer than the time that any list covers.
const longest = 100 * 365 * 24 * time.Hour

// times is a multiple of a span, which may be years long.
func times(span time.Duration, by int) time.Duration {
	return time.Duration(min(float64(span)*float64(by), float64(longest)))
}

// window is a window that does not begin the unit. An empty answer does no harm there, since it proves no end.
func (w *Windows) window(from time.Time) *Window {
	v := &Window{Unit: w.unit, span: w.span}
	v.Since, v.MayBeEmpty = from, true
	return v
}

// last is the last window.
func (w *Windows) last() *Window {
	v := &Window{Unit: w.unit, Last: true}
	if v.Since = w.tail; w.doubt != nil {
		v.Since = earlier(*w.doubt, w.tail)
	}
	w.windows = append(w.windows, v)
	return v
}

// splitLargest splits the window under way with the most remaining pages, for readers that would be idle otherwise; nil
// if that would cost too many requests.
func (w *Windows) splitLargest() *Window {
	at, most := -1, 0
	for i, v := range w.windows {
		if left := v.left(); v.pages > 0 && left >= w.Split && left > most && !w.doubted(v) {
			at, most = i, left
		}
	}
	if at < 0 || w.missing() > -w.perWindow() {
		return nil
	}
	v := w.windows[at]
	return w.split(at, v.seen.Add(v.Until.Sub(v.seen)/2))
}

// split ends the window at an index at a moment, where another begins.
func (w *Windows) split(at int, middle time.Time) *Window {
	v := w.windows[at]
	middle = middle.Truncate(time.Second)
	if !middle.After(later(v.Since, v.seen)) || !middle.Before(v.Until) {
		return nil
	}
	rest := w.window(middle)
	rest.span = v.span
	rest.Until, v.Until = v.Until, middle
	w.windows = slices.Insert(w.windows, at+1, rest)
	return rest
}

// left is the approximate number of remaining pages of a window; 0 if unknown.
func (v *Window) left() int {
	if v.ended || v.span <= 0 || v.Until.IsZero() {
		return 0
	}
	return int(v.Until.Sub(later(v.Since, v.seen)) / v.span)
}

// left is the approximate number of remaining pages of all windows under way.
func (w *Windows) left() (pages int) {
	for _, v := range w.windows {
		if w.doubted(v) {
			continue
		}
		left := v.left()
		if v.Until.Equal(w.next) {
			left = w.unknown(left)
		}
		pages += left
	}
	return pages
}

// unknown is the approximate number of pages in a time of which no page is known, given their number at the density of the
// newest page. Where records became denser, they mostly go on to do so.
func (w *Windows) unknown(pages int) int {
	if w.denser {
		return 2 * pages
	}
	return pages
}

// Open notes the span of a page that a reader has got and not sent yet. If the newest window would end after few pages
// because the records have become less dense, it gets longer. A page that reaches past all windows shows the density of
// the records there. A page that begins behind its window shows that there are none between.
func (w *Windows) Open(v *Window, s Span) {
	if w.next.IsZero() || v.Last || s.Last.Before(v.Until) {
		return
	}
	if s.Last.After(w.next) && s.Records > 0 {
		w.span, w.newest = w.mean(w.span, s, lasting), s.Last
	}
	switch first := s.First.Truncate(time.Second); {
	case w.next.Equal(v.Until) && v.pages < w.Window/2:
		v.span = w.span
		w.end(v, s.Last, times(v.span, w.Window))
	case first.After(v.Until) && first.After(w.next):
		w.next = earlier(first, w.tail)
	}
}

// end ends the newest window some time after a moment, in whole seconds. The next window begins there.
func (w *Windows) end(v *Window, from time.Time, width time.Duration) {
	at := from.Add(max(time.Second, width)).Truncate(time.Second)
	if w.tail.Sub(at) < width/2 {
		at = w.tail
	}
	v.Until, w.next = at, at
}

// Read notes the span of the page's records that belong to a window. They were sent.
func (w *Windows) Read(v *Window, s Span) {
	w.pages++
	v.pages++
	v.seen = later(v.seen, s.Last)
	if w.first.IsZero() {
		w.first = s.First
	}
	if w.page == 0 || v.Last || 2*s.Records < w.page || !s.Last.After(s.First) {
		return
	}
	of := v.pages // of the mean
	if w.Divided() {
		of++ // the window began with one of the pages before
	}
	v.span = w.mean(v.span, s, min(of, lasting))
	if !s.Last.Before(w.newest) {
		w.span, w.newest = v.span, s.Last
	}
	switch i := slices.Index(w.windows, v); {
	case w.next.IsZero():
		w.begin(v)
	case v.left() <= 2*w.Window:
	case i == len(w.windows)-1 && w.next.Equal(v.Until):
		w.end(v, v.seen, times(v.span, w.Window))
	default:
		w.split(i, v.seen.Add(times(v.span, w.Window)))
	}
}

// begin divides the unit if it seems to have enough pages. v is its only window so far.
func (w *Windows) begin(v *Window) {
	w.denser = v.seen.Sub(w.first) > times(v.span, 9*v.pages)/8
	left := w.unknown(int(w.tail.Sub(v.seen) / v.span))
	if v.pages >= w.First && left >= w.Window && v.pages+left >= w.divisible() {
		w.before = v.pages
		w.end(v, v.seen, times(v.span, w.Window))
	}
}

// lasting is the number of pages over which a mean span is taken. A batch of changes each night, on several pages, is no
// measure of the days.
const lasting = 5

// mean is the mean span of a full page, given that of the pages before, the span of another page, and the number of pages
// that count.
func (w *Windows) mean(before time.Duration, s Span, of int) time.Duration {
	span := time.Duration(min(float64(s.Last.Sub(s.First))*float64(w.page)/float64(s.Records), float64(longest)))
	if before != 0 {
		span = before + (span-before)/time.Duration(of)
	}
	return max(span, time.Second)
}

// End notes that a window was read: to its end, or only to the last noted page. In that case all records from there on
// have to be read again, unless the first window's reader was the only one to find records.
func (w *Windows) End(v *Window, whole bool) {
	v.ended = true
	if !whole && !v.Last {
		w.short = w.short || v == w.windows[0]
		w.Doubt(later(v.Since, v.seen))
	}
}

// Doubt notes that records behind a moment may be missing. Windows behind it that no reader has begun become part of the
// last one.
func (w *Windows) Doubt(since time.Time) {
	if w.doubt != nil {
		since = earlier(since, *w.doubt)
	}
	w.doubt = &since
	w.windows = slices.DeleteFunc(w.windows, func(v *Window) bool { return !v.started && w.doubted(v) })
}

// doubted reports whether the last window reads all of a window again.
func (w *Windows) doubted(v *Window) bool { return w.doubt != nil && !v.Since.Before(*w.doubt) }

// Stop prevents further windows.
func (w *Windows) Stop() { w.stopped = true }

// Divided reports whether the unit was divided.
func (w *Windows) Divided() bool { return !w.next.IsZero() }

// Seen is the update_time up to which all records were sent; zero for none.
func (w *Windows) Seen() (seen time.Time) {
	for _, v := range w.windows {
		if w.doubt == nil || v.Last || !v.seen.After(*w.doubt) {
			seen = later(seen, v.seen)
		}
		if !v.ended {
			break
		}
	}
	return seen
}

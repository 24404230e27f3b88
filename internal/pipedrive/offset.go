package pipedrive

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// offset is a position in a listing by offset.
//
// An offset is the number of records before a page. If a record is deleted during the reading, all later ones move up
// by one, some of them into a page that was already read. In a list by update_time, a changed record has the same
// effect. So each page begins with the last record of the one before. If it begins with a new record, the page before
// is read again.
type offset struct {
	start   int64 // of the next page
	overlap int64 // number of its records that repeat the page before
	margin  int64 // the overlap of later pages; it grows in a list that moves
	back    int64 // length of the last step back; 0 once the reading continues from there
	size    int   // records of the largest page so far
	reach   int64 // start of the furthest page so far
	again   int   // repeated readings of pages since the last new record
	checked bool  // whether the list's last page was requested by offset, because nothing had shown its order
	beyond  int   // pages in a row that were the furthest so far and brought no new record
}

const (
	// mostAgain is the number of repeated readings of pages after which a list without the announced records is an
	// error.
	mostAgain = 100
	// mostAgainByTime is the same limit for a list by update_time. Such a list can be read by id instead, since
	// records that share a time may change their places from answer to answer.
	mostAgainByTime = 10
	// mostBeyond is the greatest number of pages in a row without a new record where new ones were expected. A list by
	// NewestFirst has such pages when a page's worth of records changed during the reading.
	mostBeyond = 7
	// mostBack is the longest step back, in records.
	mostBack = math.MaxInt32
)

// TiesError is the end of a reading that can't continue: of a list by update_time in which many records share a second
// and do not keep their places, or of a resumed list whose keys are not in order. The same list by id, from Since on,
// has the missing records.
type TiesError struct {
	// Since is the second; zero if the list has to be read from its beginning.
	Since time.Time
	cause error
}

func (e *TiesError) Error() string { return e.cause.Error() }

func (e *TiesError) Unwrap() error { return e.cause }

// resume continues behind the last record of another reading. That record has moved up by the records deleted
// since, and down by the new ones, so only the order of keys shows its place. The first page must begin with a
// record that was read before; otherwise the reading steps back.
func (p *pager[T]) resume(from Place) {
	p.sequence.resume(from.Key)
	p.seek(max(0, from.Read-1), 1)
}

// followOffset moves on by offset, or by time in a list by OldestFirst whose records move.
func (p *pager[T]) followOffset(page envelope[T]) ([]T, error) {
	s := &p.sequence
	if len(page.records) == 0 {
		return nil, p.followEmpty(page)
	}
	p.size = max(p.size, len(page.records))
	s.settle(page.records[0])
	if s.sorting == presumed && (page.records[0].RecordKey().Number == 0 || !s.inOrder(page.records, false)) {
		s.sorting = unsorted
	}
	if s.sorting == unsorted {
		return p.forward(page, p.unrepeated(page))
	}
	switch {
	case s.sorting == keyed && s.resumed() && !s.inKeyOrder(page.records):
		return nil, p.ties()
	case !s.inOrder(page.records, p.start == 0):
		return nil, p.broken(s.disorder())
	case p.start > 0:
		if moved, err := p.moved(page); moved {
			return nil, err
		}
	}
	if p.back > 0 {
		p.margin, p.back = max(1, min(p.back, int64(p.size/4))), 0
	}
	return p.forward(page, s.take(page.records))
}

// followUndeclared requests the next page if the answer says that more records follow. If none of that page's records
// is new, the listing ignores start, and the list has ended.
func (p *pager[T]) followUndeclared(page envelope[T]) []T {
	if len(page.records) == 0 {
		p.ended = p.confirmed()
		return nil
	}
	fresh := p.sequence.take(page.records)
	more, known, next := p.more(page)
	if p.ended = !more || !known || len(fresh) == 0; !p.ended {
		p.seek(next, 0)
	}
	return fresh
}

// moved reports whether a page does not continue the one before. It then requests another page.
func (p *pager[T]) moved(page envelope[T]) (bool, error) {
	switch s := &p.sequence; {
	case p.overlap == 0:
		return true, p.widen()
	case !s.seen(page.records[0]), s.shuffled(page.records):
		return true, p.readAgain()
	}
	return false, nil
}

// unrepeated returns the records of a page that did not come before in the same form.
func (p *pager[T]) unrepeated(page envelope[T]) []T {
	if p.repeats(page) {
		return nil
	}
	return page.records
}

// forward moves behind a page that has some new records.
func (p *pager[T]) forward(page envelope[T], fresh []T) ([]T, error) {
	more, known, next := p.more(page)
	if len(fresh) == 0 && !known && len(page.records) < p.size { // not more than the overlap
		more = false
	} else if err := p.progress(len(fresh)); err != nil {
		return nil, err
	}
	p.reach = max(p.reach, p.start)
	s := &p.sequence
	s.read = p.start + int64(len(page.records))
	switch {
	case !more:
		return fresh, p.end()
	case s.sorting == oldestFirst && s.endShuffled(page.records):
		return fresh, p.readSecond()
	case s.sorting == oldestFirst && p.jumps && len(fresh) > 0 && !s.timeless() && p.second().After(p.since):
		p.before = secondOf(page.records[0])
		p.seekTime(p.second())
	default:
		if err := p.seekBehind(page, next); err != nil {
			return nil, err
		}
	}
	return fresh, nil
}

// progress counts the furthest pages without a new record, and the pages that are read again because the list has
// moved.
func (p *pager[T]) progress(fresh int) error {
	switch {
	case fresh > 0:
		p.again, p.beyond = 0, 0
	case p.start > p.reach && p.again > 0:
		return p.count()
	case p.start > p.reach:
		if p.beyond++; p.beyond > mostBeyond {
			return p.broken(fmt.Sprintf("the page that starts at %d brings no record that was not there before", p.start))
		}
	}
	return nil
}

// seekBehind moves on to the page that starts at next, less the overlap. In a list by NewestFirst whose last
// second is unordered, the overlap is the whole second and the record before, since no record of that second has a
// fixed place.
func (p *pager[T]) seekBehind(page envelope[T], next int64) error {
	overlap, most := p.margin, int64(len(page.records))-1
	if p.sequence.sorting == newestFirst && p.sequence.endShuffled(page.records) {
		if overlap = max(overlap, p.sequence.ending(page.records)+1); overlap > most {
			return p.ties()
		}
	}
	overlap = min(overlap, most)
	switch {
	case p.sequence.sorting == unsorted:
		overlap = 0
	case p.beyond > 0 && p.again == 0: // new records lie further behind; if this step is too far, the next page shows it
		next += int64(p.size) << p.beyond
	}
	if next-overlap <= p.start {
		return p.broken(fmt.Sprintf("the page that starts at %d says that the next one starts at %d", p.start, next))
	}
	p.before = secondOf(page.records[0])
	p.seek(next-overlap, overlap)
	return nil
}

// more reports whether records follow the page, whether the answer says so, and where they start.
// more_items_in_collection decides, not the presence of next_start ([Pipedrive: pagination]). If neither is given,
// the end is unknown, since a server may send pages that are shorter than the limit.
//
// [Pipedrive: pagination]: https://pipedrive.readme.io/docs/core-api-concepts-pagination
func (p *pager[T]) more(page envelope[T]) (more, known bool, next int64) {
	next = p.start + int64(len(page.records))
	if page.NextStart != nil {
		next = *page.NextStart
	}
	if page.More != nil {
		return *page.More, true, next
	}
	return true, page.NextStart != nil, next
}

// followEmpty moves on from an empty page. If it should have repeated records of the page before, either these
// were deleted or the answer is broken. The page before shows which.
func (p *pager[T]) followEmpty(page envelope[T]) error {
	more, known, _ := p.more(page)
	switch {
	case p.overlap > 0 && p.sequence.sorting == oldestFirst:
		return p.readEarlier()
	case p.overlap > 0 && p.sequence.sorting != unsorted:
		return p.readAgain()
	case more && known:
		return p.count()
	}
	if p.confirmed() {
		return p.end()
	}
	return nil
}

// widen requests larger pages, from the last record on, after a page of one record had no room for a repeated one.
func (p *pager[T]) widen() error {
	if p.limit >= p.listing.Most() {
		return p.broken("its pages have one record each, so that none repeats the page before")
	}
	p.limit = min(10*p.limit, p.listing.Most())
	p.query.Set("limit", strconv.Itoa(p.limit))
	p.seek(p.start-1, 1)
	return p.count()
}

// readAgain goes back after a page that does not continue the one before. In a list that moves a lot, each step
// goes further back.
func (p *pager[T]) readAgain() error {
	if p.sequence.sorting == oldestFirst {
		return p.readSecond()
	}
	if p.sequence.byTime() && p.again >= mostAgainByTime {
		return p.ties()
	}
	p.back = min(4*max(p.back, p.margin), mostBack)
	start := max(0, p.start-p.back)
	p.seek(start, min(start, p.back))
	return p.count()
}

// readSecond requests the last record's second from its beginning, in a list by OldestFirst, and each later page
// by time. A page then begins with all records of a second, wherever they moved. If a second fills pages, or
// records have no update_time, only their ids keep them in place.
func (p *pager[T]) readSecond() error {
	if s := &p.sequence; s.sorting == oldestFirst && !s.timeless() && p.second().After(p.since) {
		p.jumps = true
		p.seekTime(p.second())
		return p.count()
	}
	return p.ties()
}

// readEarlier goes back from an empty page of a list by OldestFirst: first to the last record's second, then to
// the page before, then to the beginning.
func (p *pager[T]) readEarlier() error {
	switch last := p.second(); {
	case p.start > 0 && !p.sequence.timeless() && last.After(p.since):
		p.seekTime(last)
	case p.before.Before(p.since) && p.before.After(p.asked.Since):
		p.seekTime(p.before)
	default:
		p.since = p.asked.Since
		p.setSince()
		p.seek(0, 0)
	}
	return p.count()
}

// end ends the reading, except in one case: the list was requested by time from the same second that it begins
// with. Nothing has shown its order then. If it comes newest first, in spite of the request, all other records lie
// behind. The last page by offset shows it.
func (p *pager[T]) end() error {
	s := &p.sequence
	switch {
	case s.sorting != oldestFirst || s.rises || !p.since.After(p.asked.Since):
		p.ended = true
	case p.checked:
		return p.ties()
	default:
		p.checked, p.jumps, p.since = true, false, p.asked.Since
		p.setSince()
		start := max(0, int64(len(s.tied)-p.limit))
		p.seek(start, min(start, 1))
	}
	return nil
}

// ties is the error of a list whose records have to be read by id: from the second before which all were read, or
// from the beginning.
func (p *pager[T]) ties() error {
	since := p.since
	if !p.sequence.rises {
		since = p.asked.Since
	}
	message := "many records share a second of update_time and do not keep their places"
	if !p.sequence.byTime() {
		message = p.sequence.disorder()
	}
	return &TiesError{Since: since, cause: p.broken(message)}
}

// count counts a page that is read again.
func (p *pager[T]) count() error {
	if p.again++; p.again > mostAgain {
		return p.broken(fmt.Sprintf("the page that starts at %d does not go on from the one before", p.start))
	}
	return nil
}

// second is the last record's second, in a list by OldestFirst.
func (p *pager[T]) second() time.Time { return time.Unix(p.sequence.last, 0).UTC() }

func secondOf(r Record) time.Time {
	at, _ := r.RecordTime()
	return at.UTC().Truncate(time.Second)
}

func (p *pager[T]) seek(start, overlap int64) {
	p.start, p.overlap = start, overlap
	p.query.Set("start", strconv.FormatInt(start, 10))
}

// seekTime moves to the first record of a second. That second repeats the last record so far, unless the record
// has moved.
func (p *pager[T]) seekTime(t time.Time) {
	p.since, p.reach = t, 0
	p.setSince()
	p.narrowed()
	p.seek(0, 1)
}

func (p *pager[T]) setSince() {
	if p.query.Del("updated_since"); !p.since.IsZero() {
		p.query.Set("updated_since", sinceText(p.since))
	}
}

// narrowed reports that the reading leaves out records without an update_time from here on.
func (p *pager[T]) narrowed() {
	if p.asked.Narrowed != nil {
		p.asked.Narrowed()
	}
}

package pipedrive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Record is what a listing is made of.
type Record interface {
	// RecordID is the record's id in Pipedrive.
	RecordID() int64
	// RecordTime is its update_time; false where it has none.
	RecordTime() (time.Time, bool)
}

// Pages reads listing l page after page. A page is yielded once its answer was read in full and decoded,
// and not held on to. The iteration ends with the list or with the first error, which is an [*Error] or
// the cause of ctx's end.
func Pages[T Record](ctx context.Context, c *Client, l Listing, q Query, m *Meter, decode Decode[T]) iter.Seq2[[]T, error] {
	return func(yield func([]T, error) bool) {
		if l.Paging == Offset {
			q.Limit = max(q.Limit, 2) // of which one repeats the page before
		}
		p := &pager[T]{
			client: c, listing: l, limit: q.Limit, query: l.values(q), meter: m, decode: decode,
			ordered: l.Paging == Offset && (q.Order == ByID || !l.Timed()), cursors: map[string]bool{},
			oldestFirst: q.Order == OldestFirst && l.Timed(), since: q.Since, allow: q.Allow,
		}
		for !p.ended {
			records, err := p.next(ctx)
			if err != nil {
				yield(nil, err)
				return
			}
			if len(records) > 0 && !yield(records, nil) {
				return
			}
		}
	}
}

// pager is a position in a listing.
type pager[T Record] struct {
	client  *Client
	listing Listing
	limit   int
	query   url.Values // of the page that comes next
	meter   *Meter
	decode  Decode[T]

	allow   func() error    // asked before each page
	cursors map[string]bool // that were followed, in a cursor listing

	start   int64 // of the page that comes next, in an offset listing
	first   int64 // the id that the page before begins with; 0 where that page is read again
	ordered bool  // whether the records of an offset listing have come in the order of their ids so far
	lastID  int64 // the greatest id so far, while they have

	again int // how often pages were read again since there was a new record, in an offset listing

	oldestFirst bool      // whether the records of an offset listing come in the order of update_time
	last        place     // of the last record so far, while they do
	since       time.Time // updated_since of the page that comes next, in such a listing
	ended       bool
}

// next reads a page and moves the position behind it.
func (p *pager[T]) next(ctx context.Context) ([]T, error) {
	if p.allow != nil {
		if err := p.allow(); err != nil {
			return nil, err
		}
	}
	page, err := p.read(ctx)
	if err != nil {
		return nil, err
	}
	switch p.listing.Paging {
	case Cursor:
		return page.records, p.followCursor(page)
	case Offset:
		if p.oldestFirst {
			return page.records, p.followTime(page)
		}
		return p.followOffset(page)
	}
	p.ended = true
	return page.records, nil
}

func (p *pager[T]) read(ctx context.Context) (envelope[T], error) {
	r := request{path: p.listing.Path, query: p.query, cost: p.listing.Cost, scopes: p.listing.Scopes, meter: p.meter}
	decode := func(body []byte) (envelope[T], error) {
		return decodeEnvelope(body, p.listing.Paging == Offset, p.decode)
	}
	page, err := get(ctx, p.client, r, decode)
	if len(p.listing.IncludeOptional) == 0 || !isStatus(err, http.StatusBadRequest) || p.query.Has("cursor") {
		return page, err
	}
	p.query.Set("include_fields", strings.Join(p.listing.Include, ","))
	page, again := get(ctx, p.client, r, decode)
	switch {
	case isStatus(again, http.StatusBadRequest):
		return page, err // it was not about the optional fields
	case again != nil:
		return page, again
	}
	p.client.config.Logger.Info().Str("path", r.path).Strs("fields", p.listing.IncludeOptional).
		Msg("the account has no such fields; they stay NULL")
	return page, nil
}

func isStatus(err error, status int) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == status
}

func (p *pager[T]) followCursor(page envelope[T]) error {
	if page.nextCursor == "" {
		p.ended = true
		return nil
	}
	if p.cursors[page.nextCursor] {
		return p.broken("the answer's next_cursor is one that was followed already")
	}
	p.cursors[page.nextCursor] = true
	p.query.Set("cursor", page.nextCursor)
	return nil
}

// followOffset moves on by offset. An offset says how many records come before, so a record that is
// deleted while the list is being read moves all later ones up by one, across the edge of a page that
// was already read. As long as the list comes in the order of ids, each page therefore begins with the
// last record of the one before; where that record is not found, the page before is read again.
func (p *pager[T]) followOffset(page envelope[T]) ([]T, error) {
	if p.ordered && p.start > 0 && (len(page.records) == 0 || page.records[0].RecordID() > p.lastID) {
		p.first = 0
		return nil, p.readAgain(max(0, p.start-int64(p.limit)+1))
	}
	if len(page.records) > 1 {
		first := page.records[0].RecordID()
		if first != 0 && first == p.first {
			return nil, p.broken(fmt.Sprintf("the page that starts at %d begins as the one before", p.start))
		}
		p.first = first
	}
	fresh, err := p.unseen(page.records)
	if err != nil {
		return nil, err
	}
	if len(fresh) > 0 {
		p.again = 0
	}
	more, next := p.more(page)
	if !more {
		p.ended = true
		return fresh, nil
	}
	if p.ordered {
		next--
	}
	if next <= p.start {
		return nil, p.broken(fmt.Sprintf("the page that starts at %d says that the next one starts at %d", p.start, next))
	}
	p.seek(next)
	return fresh, nil
}

// place is where a record stands in the order of update_time. One that was changed stands elsewhere.
type place struct {
	id      int64
	changed time.Time
}

func placeOf(r Record) place {
	changed, _ := r.RecordTime()
	return place{r.RecordID(), changed}
}

// followTime moves on by time, in a listing by offset whose records come in the order of update_time. There
// a record that is changed moves to the end, and all between move up by one, across the edge of a page that
// was already read. Each page therefore asks for what was changed since the last record of the one before,
// and so begins with the records of that second again. Only where they fill a page, and where records have
// no update_time, the next one is asked for by offset, and begins with the last record of the one before;
// where that one is not found in its place, the second is read again from its beginning.
func (p *pager[T]) followTime(page envelope[T]) error {
	moved := p.start > 0 && (len(page.records) == 0 || placeOf(page.records[0]) != p.last)
	more, next := p.more(page)
	switch {
	case moved:
		return p.readAgain(0)
	case !more:
		p.ended = true
		return nil
	case len(page.records) == 0:
		return p.broken("an empty page says that more records follow")
	}
	last := page.records[len(page.records)-1]
	p.last = placeOf(last)
	if changed, ok := last.RecordTime(); ok && changed.Truncate(time.Second).After(p.since) {
		p.since, p.again = changed.Truncate(time.Second), 0
		p.query.Set("updated_since", sinceText(p.since))
		p.seek(0)
		return nil
	}
	if next-1 <= p.start {
		return p.broken(fmt.Sprintf("the page that starts at %d says that the next one starts at %d", p.start, next))
	}
	p.seek(next - 1)
	return nil
}

// more reports whether records follow the page, and where. more_items_in_collection decides, not the
// presence of next_start ([Pipedrive: pagination]); where neither is given, a full page may have a next.
//
// [Pipedrive: pagination]: https://pipedrive.readme.io/docs/core-api-concepts-pagination
func (p *pager[T]) more(page envelope[T]) (more bool, next int64) {
	next = p.start + int64(p.limit)
	if page.NextStart != nil {
		next = *page.NextStart
	}
	if page.More == nil {
		return page.NextStart != nil || len(page.records) >= p.limit, next
	}
	return *page.More, next
}

// unseen returns the records behind the greatest id so far, and remembers the new greatest. A list that was
// to come in the order of ids and does not can't be read safely; one whose order was never promised is
// read as it comes.
func (p *pager[T]) unseen(records []T) ([]T, error) {
	inOrder := slices.IsSortedFunc(records, func(a, b T) int { return cmp.Compare(a.RecordID(), b.RecordID()) })
	switch {
	case p.ordered && !inOrder && p.listing.Sort != nil:
		return nil, p.broken("its records do not come in the order of their ids")
	case !p.ordered, !inOrder:
		p.ordered = false
		return records, nil
	}
	for i, r := range records {
		if r.RecordID() > p.lastID {
			p.lastID = records[len(records)-1].RecordID()
			return records[i:], nil
		}
	}
	return nil, nil
}

func (p *pager[T]) seek(start int64) {
	p.start = start
	p.query.Set("start", strconv.FormatInt(start, 10))
}

// mostAgain is how often pages are read again before a list is given up that promises records and has none.
const mostAgain = 100

func (p *pager[T]) readAgain(start int64) error {
	if p.again++; p.again > mostAgain {
		return p.broken(fmt.Sprintf("the page that starts at %d does not go on from the one before", p.start))
	}
	p.seek(start)
	return nil
}

func (p *pager[T]) broken(message string) error {
	r := request{path: p.listing.Path}
	return p.client.failure(r, http.StatusOK, "the list can't be read to its end: "+message, nil)
}

package pipedrive

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Key identifies a record within its listing: by a number or by a text. The zero Key identifies none.
type Key struct {
	Number int64  `json:"number,omitempty"`
	Text   string `json:"text,omitempty"`
}

// Compare orders keys: by number, then by text.
func (k Key) Compare(l Key) int {
	return cmp.Or(cmp.Compare(k.Number, l.Number), cmp.Compare(k.Text, l.Text))
}

// Record is an element of a listing.
type Record interface {
	// RecordKey returns the record's key.
	RecordKey() Key
	// RecordTime returns its update_time; false if it has none.
	RecordTime() (time.Time, bool)
}

// Pages reads listing l page by page. It yields a page after its answer was read in full and decoded, and keeps no
// reference to it. The iteration ends with the list or with the first error, which is an [*Error], a [*TiesError] or
// the cause of ctx's end.
//
// A list ends only with positive evidence: an answer that is declared the last one and that continues the page before.
// An empty answer has to be confirmed first.
func Pages[T Record](ctx context.Context, c *Client, l Listing, q Query, m *Meter, decode Decode[T]) iter.Seq2[[]T, error] {
	return func(yield func([]T, error) bool) {
		q.Limit = min(q.Limit, l.Most())
		if l.Paging == Offset {
			q.Limit = max(q.Limit, 2) // one of them repeats the page before
		}
		p := &pager[T]{
			client: c, listing: l, limit: q.Limit, query: l.values(q), meter: m, decode: decode, asked: q,
			sequence: sequence[T]{sorting: l.sorting(q)},
			cursors:  map[string]bool{}, digests: map[uint64]bool{},
			offset: offset{margin: 1}, since: q.Since, ahead: ahead{early: map[string]*early{}},
		}
		var stop context.CancelFunc
		p.waiting, stop = context.WithCancel(ctx)
		defer p.group.Wait() // the API has charged the requests that were sent
		defer stop()
		if q.After != nil && p.sequence.sorting == sorted && l.Paging == Offset {
			p.resume(*q.After)
		}
		for !p.ended {
			records, err := p.next(ctx)
			if len(records) > 0 && !yield(records, nil) {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// pager is a position in a listing.
type pager[T Record] struct {
	client  *Client
	listing Listing
	asked   Query
	limit   int
	query   url.Values // of the next page
	meter   *Meter
	decode  Decode[T]
	ended   bool

	sequence sequence[T]     // the records so far
	digests  map[uint64]bool // the pages so far, if their records have no order
	digest   uint64          // the page before, if its records have an order
	empty    int             // empty pages in a row
	idle     int             // requests in a row that brought no new record

	cursors map[string]bool // followed so far, in a cursor listing
	silent  bool            // whether an answer without a next_cursor was requested again

	offset
	since  time.Time // updated_since of the next page; it changes only in a list by OldestFirst
	before time.Time // second of the first record of the page before, in a list by OldestFirst
	jumps  bool      // whether each page is requested by time, in a list by OldestFirst
	ahead
}

// next reads a page and moves the position behind it.
func (p *pager[T]) next(ctx context.Context) ([]T, error) {
	early, inTurn := p.held(), 0
	if early == nil {
		inTurn = 1
		if err := p.allow(inTurn); err != nil {
			return nil, err
		}
	}
	p.requestAhead(ctx, inTurn)
	p.turns++
	page, err := p.read(ctx, early)
	if err != nil {
		return nil, err
	}
	if len(page.records) > 0 {
		p.empty = 0
	}
	var fresh []T
	switch p.listing.Paging {
	case Cursor:
		fresh, err = p.followCursor(page)
	case Offset:
		fresh, err = p.followOffset(page)
	case Undeclared:
		fresh = p.followUndeclared(page)
	default:
		fresh, p.ended = page.records, len(page.records) > 0 || p.confirmed()
	}
	if len(fresh) > 0 {
		p.idle = 0
		if p.asked.Reached != nil {
			p.asked.Reached(p.sequence.place())
		}
	}
	return fresh, err
}

// mostEmpty is the number of repeated requests for an empty page after one that announced more records. A broken
// answer is then more likely than the deletion of all following records.
const mostEmpty = 3

// confirmed counts an empty page at the end of the list, and reports whether the list has ended.
func (p *pager[T]) confirmed() bool {
	p.empty++
	switch {
	case p.sequence.began && p.start == 0:
		return p.empty > mostEmpty
	case p.asked.MayBeEmpty && !p.sequence.began:
		return true
	}
	return p.empty > 1
}

var errNoNext = errors.New("the answer has a full page and does not say whether another follows")

func (p *pager[T]) read(ctx context.Context, early *early) (envelope[T], error) {
	r := p.request()
	r.early, r.again = early, func() error { return p.allow(1) }
	page, err := get(ctx, p.client, r, p.decodePage)
	if early != nil && early.large() {
		p.vain++
	}
	if len(p.listing.IncludeOptional) == 0 || !isStatus(err, http.StatusBadRequest) || p.query.Has("cursor") {
		return page, err
	}
	p.query.Set("include_fields", strings.Join(p.listing.Include, ","))
	page, again := get(ctx, p.client, r, p.decodePage)
	switch {
	case isStatus(again, http.StatusBadRequest):
		return page, err // the error has another cause than the optional fields
	case again != nil:
		return page, again
	}
	p.client.config.Logger.Info().Str("path", r.path).Strs("fields", p.listing.IncludeOptional).
		Msg("the account has no such fields; they stay NULL")
	return page, nil
}

// request is the one for the next page.
func (p *pager[T]) request() request {
	return request{path: p.listing.Path, query: p.query, cost: p.listing.Cost, scopes: p.listing.Scopes, meter: p.meter}
}

func (p *pager[T]) decodePage(body *body) (envelope[T], error) {
	page, err := decodeEnvelope(body, p.listing, p.decode)
	if err == nil && p.listing.Paging == Cursor && !page.saysNext && len(page.records) >= p.limit {
		err = errNoNext
	}
	p.largest = max(p.largest, body.length)
	return page, err
}

func isStatus(err error, status int) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == status
}

// followCursor continues with next_cursor. Records must come in the requested order. It tolerates one page without a
// new record, but not two: a list whose cursors always differ could go on for ever.
func (p *pager[T]) followCursor(page envelope[T]) ([]T, error) {
	last := page.nextCursor == ""
	switch {
	case last && len(page.records) == 0:
		p.ended = p.confirmed()
		return nil, nil
	case last && !page.saysNext && !p.silent: // API v2 always has next_cursor, so the answer may be damaged
		p.silent = true
		return nil, nil
	case p.cursors[page.nextCursor]:
		return nil, p.broken("the answer's next_cursor is one that was followed already")
	}
	fresh, err := p.unseen(page)
	if err != nil {
		return nil, err
	}
	if p.idle++; len(fresh) == 0 && p.idle > 1 && !last {
		return nil, p.broken("its pages bring no record that was not there before")
	}
	p.ended = last
	p.cursors[page.nextCursor] = true
	p.query.Set("cursor", page.nextCursor)
	return fresh, nil
}

// unseen returns the new records of a page of a cursor listing.
func (p *pager[T]) unseen(page envelope[T]) ([]T, error) {
	if len(page.records) == 0 || p.repeats(page) {
		return nil, nil
	}
	s := &p.sequence
	s.settle(page.records[0])
	switch {
	case s.sorting == keyed:
		return s.take(page.records), nil
	case s.sorting == unsorted:
		return page.records, nil
	case !s.inOrder(page.records, !s.began), !s.follows(page.records[0]):
		return nil, p.broken(s.disorder())
	}
	return s.take(page.records), nil
}

// repeats reports whether a page is the one before. If records have no order, it compares the page with all pages
// so far.
func (p *pager[T]) repeats(page envelope[T]) bool {
	if p.sequence.sorting != unsorted {
		before := p.digest
		p.digest = page.digest
		return p.sequence.began && page.digest == before
	}
	seen := p.digests[page.digest]
	p.digests[page.digest] = true
	p.sequence.began = true
	return seen
}

func (p *pager[T]) broken(message string) error {
	r := request{path: p.listing.Path}
	return p.client.failure(r, http.StatusOK, "the list can't be read to its end: "+message, nil)
}

package pipedrive

import (
	"context"
	"strconv"
)

// Page is one page of a listing, without those around it.
type Page[T Record] struct {
	Records []T
	// More is true if records follow, or may follow.
	More bool
}

// PageAt reads the page of listing l that begins behind start records; lists that are not by offset begin at 0 only.
// Unlike [Pages] it does not prove that the answer is right, so no row may depend on it. A wrong page only makes an
// estimate wrong.
func PageAt[T Record](ctx context.Context, c *Client, l Listing, q Query, start int64, m *Meter, decode Decode[T]) (Page[T], error) {
	q.Limit = min(q.Limit, l.Most())
	p := &pager[T]{client: c, listing: l, limit: q.Limit, query: l.values(q), meter: m, decode: decode, asked: q}
	if start > 0 {
		p.query.Set("start", strconv.FormatInt(start, 10))
	}
	page, err := p.read(ctx, nil)
	more := page.nextCursor != ""
	if l.Paging == Offset {
		said, known, _ := p.more(page)
		more = said && (known || len(page.records) >= q.Limit)
	}
	return Page[T]{Records: page.records, More: more}, err
}

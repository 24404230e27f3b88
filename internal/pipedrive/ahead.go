package pipedrive

import (
	"bytes"
	"context"
	"io"
	"maps"
	"strconv"
	"sync"
	"time"
)

// aheadBytes bounds the bodies of the pages that wait for their turn, in bytes.
const aheadBytes = 8 << 20

// ahead are the pages of a list by offset that were requested before their turn. Like other pages, each begins with the
// last record of the one before, so a list that moved meanwhile shows. Pages behind the list's end, and those of a list
// that moved, are requested in vain.
type ahead struct {
	pages  map[string]*pageAhead // by query
	unused int                   // pages that were requested and not used, or not yet
	taken  int                   // pages of the list that were read
	length int                   // of the last body, in bytes
	group  sync.WaitGroup
}

// pageAhead is the body of a page that was requested before its turn.
type pageAhead struct {
	body []byte
	err  error
	done chan struct{} // closed when the body is there
}

// requestAhead requests pages behind the next one, unless the list has moved: then they begin elsewhere.
func (p *pager[T]) requestAhead(ctx context.Context) {
	if p.again > 0 || p.beyond > 0 {
		clear(p.pages)
		return
	}
	if p.asked.Ahead == nil || !p.listing.ReadAhead() || !p.sequence.byID() {
		return
	}
	step := int64(p.size) - p.overlap
	most := min(p.asked.Ahead(p.taken), aheadBytes/max(1, p.length)) - p.unused
	for start := p.start + step; most > 0; start += step {
		query := maps.Clone(p.query)
		query.Set("start", strconv.FormatInt(start, 10))
		key := query.Encode()
		if p.pages[key] != nil {
			continue
		}
		if p.asked.Allow != nil && p.asked.Allow() != nil {
			return
		}
		page := &pageAhead{done: make(chan struct{})}
		p.pages[key], p.unused, most = page, p.unused+1, most-1
		r := p.request()
		r.query = query
		p.group.Go(func() {
			defer close(page.done)
			page.body, page.err = get(ctx, p.client, r, func(b *body) ([]byte, error) { return io.ReadAll(b) })
		})
	}
}

// fromAhead returns the next page if it was requested before its turn. If its body is not that of a page, ok is false: it has
// to be requested again.
func (p *pager[T]) fromAhead(ctx context.Context) (page envelope[T], ok bool, err error) {
	key := p.query.Encode()
	requested := p.pages[key]
	if requested == nil {
		return page, false, nil
	}
	delete(p.pages, key)
	select {
	case <-requested.done:
	case <-ctx.Done():
		return page, false, context.Cause(ctx)
	}
	if requested.err != nil {
		return page, false, requested.err
	}
	p.unused--
	body := p.client.open(io.NopCloser(bytes.NewReader(requested.body)), func(time.Duration) {})
	defer body.close()
	page, err = p.decodePage(body)
	return page, err == nil, nil
}

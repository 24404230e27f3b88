package pipedrive

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// aheadBytes bounds the bodies of the pages that wait for their turn, in bytes, if none is larger than those so far.
	aheadBytes = 16 << 20
	// mostEarly bounds the body of such a page, in bytes. A larger page is requested again in its turn.
	mostEarly = 2 << 20
)

// Ahead bounds the pages that are requested before their turn.
type Ahead struct {
	Vain   int // that may be requested in vain
	AtOnce int // that may wait for their turn
}

// ahead are the pages of a list by offset that were requested before their turn. Like every page, such a page begins with
// the last record of the page before, so it shows whether the list has moved meanwhile.
type ahead struct {
	early      map[string]*early // by query
	waiting    context.Context   //nolint:containedctx // of early requests that wait for the limits; it ends with the list
	turns      int               // pages whose turn has come
	vain       int               // pages that were requested early and not used
	largest    int               // the largest body so far, in bytes
	unanswered atomic.Int64      // early requests under way
	group      sync.WaitGroup
}

// early is a request before its turn. In its turn, its answer is that of the first attempt.
type early struct {
	done     chan struct{} // closed when the answer was read
	response *response     // without a body
	text     []byte        // the body
	broke    error         // that broke the body off
	err      error
	taken    bool
}

// held returns the request for the next page if it was sent early. If only others were, or the list has moved, these
// are in vain.
func (p *pager[T]) held() *early {
	key := p.query.Encode()
	next := p.early[key]
	if p.again > 0 || p.beyond > 0 {
		next = nil
	}
	if next == nil {
		p.vain += len(p.early)
		clear(p.early)
	}
	delete(p.early, key)
	return next
}

// requestAhead requests pages behind the next one, for which inTurn requests are still to be sent.
func (p *pager[T]) requestAhead(ctx context.Context, inTurn int) {
	step := int64(p.size) - p.overlap
	byID := p.listing.ReadAhead() && p.sequence.byID()
	if p.asked.Ahead == nil || !byID || p.again > 0 || p.beyond > 0 || step < 1 || p.largest > mostEarly {
		return
	}
	bounds := p.asked.Ahead(p.turns)
	most := min(bounds.Vain-p.vain, bounds.AtOnce, aheadBytes/max(1, p.largest)) - len(p.early)
	for start := p.start + step; most > 0; start += step {
		query := maps.Clone(p.query)
		query.Set("start", strconv.FormatInt(start, 10))
		key := query.Encode()
		if p.early[key] != nil {
			continue
		}
		if p.allow(inTurn+1) != nil {
			return
		}
		p.early[key] = p.send(ctx, query)
		most--
	}
}

// allow returns an error if the budget does not allow a number of requests, besides the early ones under way.
func (p *pager[T]) allow(requests int) error {
	if p.asked.Allow == nil {
		return nil
	}
	return p.asked.Allow(requests + int(p.unanswered.Load()))
}

// send sends a request early.
func (p *pager[T]) send(ctx context.Context, query url.Values) *early {
	e, r := &early{done: make(chan struct{})}, p.request()
	r.query, r.waiting = query, p.waiting
	p.unanswered.Add(1)
	p.group.Go(func() {
		defer close(e.done)
		defer p.unanswered.Add(-1)
		e.receive(ctx, p.client, r)
	})
	return e
}

// receive sends the request and reads the answer.
func (e *early) receive(ctx context.Context, c *Client, r request) {
	if e.response, e.err = c.send(ctx, r); e.err != nil {
		return
	}
	body := e.response.body
	defer body.close()
	e.text, e.broke = io.ReadAll(io.LimitReader(body, mostEarly+1))
	if e.broke == nil {
		r.meter.charged(r.cost)
		e.response.charged = true
	}
}

// large reports whether the answer is too large to be kept.
func (e *early) large() bool { return len(e.text) > mostEarly }

// answer returns the answer to a request, or that of its first attempt, which was sent early.
func (c *Client) answer(ctx context.Context, r request) (*response, error) {
	e := r.early
	if e == nil {
		return c.send(ctx, r)
	}
	select {
	case <-e.done:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if e.taken || e.large() {
		if err := r.again(); err != nil {
			return nil, err
		}
		return c.send(ctx, r)
	}
	if e.taken = true; e.err != nil {
		return nil, e.err
	}
	var text io.Reader = bytes.NewReader(e.text)
	if e.broke != nil {
		text = io.MultiReader(text, failing{e.broke})
	}
	began := time.Now()
	e.response.body = c.open(io.NopCloser(text), func(waited time.Duration) { c.limiter.decoded(time.Since(began) - waited) })
	return e.response, nil
}

// failing is a reader that fails.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

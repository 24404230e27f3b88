package client

import (
	"context"
	"errors"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// division is the reading of a unit, by one reader or, after it was divided into windows, by several. A reader holds
// the reading's turn while it sends a page, and while a window begins or ends.
type division struct {
	*reading
	listing pipedrive.Listing
	from    plan.Progress
	unit    plan.Unit
	outcome plan.Outcome
	windows *plan.Windows
	group   *errgroup.Group
	readers int          // windows under way
	waiting atomic.Int64 // readers with a page that is not sent yet
	budget  error        // of a reader that the budget stopped
}

// divided reads a unit of a listing. If the budget ends, it stops, but readers that need no further page read to their
// ends. The outcome covers the records that were read without a gap.
func (r *reading) divided(ctx context.Context, l pipedrive.Listing, p plan.Progress, u plan.Unit) (plan.Outcome, error) {
	d := &division{reading: r, listing: l, from: p, unit: u, outcome: u.Begin(), windows: plan.Divide(u, r.fullPage(l), r.facts())}
	d.group, ctx = errgroup.WithContext(ctx)
	if r.notLast {
		r.account.notLast.Add(1)
		defer r.account.notLast.Add(-1)
	}
	r.turn.Lock()
	d.begin(ctx)
	r.turn.Unlock()
	err := d.group.Wait()
	if err == nil {
		err = d.budget
	}
	d.outcome.Narrowed = d.outcome.Narrowed || d.windows.Divided()
	d.outcome.Seen, d.outcome.Stopped = d.windows.Seen(), err != nil
	return d.outcome, err
}

// fullPage is the number of records of a listing's full page; 0 if its units are never divided. That is so under
// max_tokens, since windows take requests, and a position moves only over windows without a gap.
func (r *reading) fullPage(l pipedrive.Listing) int {
	if r.atOnce() == 1 {
		return 0
	}
	return min(r.account.query.Limit, l.Most())
}

// begin starts readers of windows, as many as are useful.
func (d *division) begin(ctx context.Context) {
	for d.readers == 0 || d.mayAdd() {
		v := d.windows.Next(d.mostReaders())
		if v == nil {
			return
		}
		d.readers++
		d.account.readers.Add(1)
		d.group.Go(func() error {
			return recovered(func() error {
				err := d.window(ctx, v)
				d.account.readers.Add(-1)
				d.turn.Lock()
				defer d.turn.Unlock()
				d.readers--
				if err == nil {
					d.begin(ctx)
				}
				return err
			})
		})
	}
}

// mayAdd reports whether one more reader is useful. It is not if the account's readers already use up its burst limit,
// or if pages wait for the destination.
func (d *division) mayAdd() bool { return d.waiting.Load() <= 1 && d.readers < d.mostReaders() }

// mostReaders is the number of useful readers of the unit, given those of other units of the account. A table with several
// lists, which are read one after the other, takes the longest. So until its last list begins, each other table has few
// readers.
func (d *division) mostReaders() int {
	useful := d.account.client.Useful()
	most := useful - int(d.account.readers.Load()) + d.readers
	if d.account.notLast.Load() > 0 && !d.notLast {
		most = min(most, max(2, useful/8))
	}
	return most
}

// window reads a window page by page.
func (d *division) window(ctx context.Context, v *plan.Window) error {
	if v.Last {
		if err := d.separate(ctx); err != nil {
			return err
		}
	}
	whole, err := d.readWindow(ctx, v)
	d.turn.Lock()
	defer d.turn.Unlock()
	ties, unsteady := errors.AsType[*pipedrive.TiesError](err)
	switch {
	case unsteady && (v.Last || !d.windows.Divided()):
		d.outcome.Unsteady, d.outcome.Rest, err = true, ties.Since, nil
		d.windows.Stop()
	case unsteady:
		d.windows.Doubt(ties.Since)
		err = nil
	case d.mayStop(err):
		d.budget = err
		d.windows.Stop()
		return nil
	}
	if err == nil {
		d.windows.End(v, whole || unsteady)
	}
	return err
}

// separate keeps the following rows out of the batch of the rows before, those of the table itself and of children in
// its lists. A record that changed meanwhile comes again. Without a state, the rows themselves do not show which ones
// those are.
func (d *division) separate(ctx context.Context) error {
	for _, of := range append([]*reading{d.reading}, d.followers...) {
		sendsRows := of == d.reading && !of.silent || of != d.reading && of.family.lists != nil
		if of.progress != nil || !sendsRows {
			continue
		}
		if err := of.hand(ctx, separator{}); err != nil {
			return err
		}
	}
	return nil
}

// readWindow reads the pages of a window, and reports whether it was read to its end.
func (d *division) readWindow(ctx context.Context, v *plan.Window) (whole bool, err error) {
	l, q := d.listing, d.account.query
	q.Allow = func(pages int) error {
		d.turn.Lock()
		defer d.turn.Unlock()
		all := d.listing
		all.Cost *= pages + d.readers - 1 // the other readers may request a page too
		return d.checkBudget(all)
	}
	q.Order, q.Since, q.After, q.MayBeEmpty = v.Order, v.Since, v.After, v.MayBeEmpty || d.account.wasEmpty(d.table)
	var reached pipedrive.Place
	q.Ahead = d.ahead
	q.Narrowed = d.narrowed
	q.Reached = func(place pipedrive.Place) { reached = place }
	if len(v.Parents) > 0 {
		l, q.MayBeEmpty = d.listingOf(l, v.Parents), d.mayHaveNone(v.Parents)
	}
	ended, err := d.pages(ctx, l, q, d.decode(v.Unit), func(page []*table.Row) (bool, error) {
		return d.sendPage(ctx, v, page, reached)
	})
	d.turn.Lock()
	defer d.turn.Unlock()
	return ended || v.Until.IsZero(), err
}

// ahead bounds the pages that are requested before their turn, given the number of those whose turn has come. They use the
// places of readers that the account does not need.
func (d *division) ahead(pages int) pipedrive.Ahead {
	d.turn.Lock()
	defer d.turn.Unlock()
	if d.atOnce() == 1 {
		return pipedrive.Ahead{}
	}
	return pipedrive.Ahead{Vain: d.windows.Vain(pages), AtOnce: d.mostReaders() - d.readers}
}

// narrowed notes that records without an update_time were left out.
func (d *division) narrowed() {
	d.turn.Lock()
	defer d.turn.Unlock()
	d.outcome.Narrowed = true
}

// sendPage sends a page of a window, notes the unit's progress, and reports whether the window ends there.
func (d *division) sendPage(ctx context.Context, v *plan.Window, page []*table.Row, reached pipedrive.Place) (ended bool, err error) {
	d.waiting.Add(1)
	d.turn.Lock()
	defer d.turn.Unlock()
	d.waiting.Add(-1)
	var whole plan.Span
	for _, row := range page {
		whole.Add(row.RecordTime())
	}
	if v.Since.After(d.unit.Since) && !v.Last && !whole.First.IsZero() && whole.First.Before(v.Since) {
		d.windows.Doubt(v.Since) // the API ignores updated_since
		return true, nil
	}
	d.windows.Open(v, whole)
	part, ended, err := d.page(ctx, d.listing, page, v.Unit)
	if err != nil {
		return false, err
	}
	d.windows.Read(v, part)
	d.outcome.Records, d.outcome.Pages = d.outcome.Records+len(page), d.outcome.Pages+1
	d.outcome.Seen, d.outcome.Reached = d.windows.Seen(), reached
	if at, ok := plan.Reached(d.from, d.unit, d.outcome, d.facts()); ok && d.incremental() {
		if err := d.storeReached(ctx, d.listing.Key(), at); err != nil {
			return false, err
		}
	}
	d.begin(ctx)
	return ended, nil
}

package client

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/rs/zerolog"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// Stream reads a table of an account and sends each page on as soon as it is decoded: from beginning to end,
// or, where the table is incremental and there is a state, from its cursor. It is the only loop that does;
// no table has one of its own.
func (r *reading) Stream(ctx context.Context, res chan<- any) error {
	r.res = res
	err := r.prepare(ctx)
	if err == nil {
		err = r.all(ctx)
	}
	switch {
	case err != nil && !r.mayStop(err):
		return err
	case err != nil:
		r.account.run.stopped(r.table.Name(), r.account, err)
	}
	r.report()
	if !r.incremental() {
		return nil
	}
	if r.refreshing {
		if err := r.findGone(ctx, err == nil); err != nil {
			return err
		}
	}
	if r.refreshing || r.cursor.Refreshed.IsZero() {
		r.cursor.refreshed = r.account.began
	}
	r.settle()
	return r.keep(ctx)
}

// all reads what the table is made of.
func (r *reading) all(ctx context.Context) error {
	if r.table.Describes != nil {
		rows, err := describe(ctx, r.table, r.account, &r.meter)
		if err != nil {
			return err
		}
		return r.send(ctx, rows)
	}
	if list := r.account.lookups.of(r.table); list != nil {
		rows, err := list.copies(ctx, r.account, &r.meter)
		if err != nil {
			return err
		}
		return r.send(ctx, rows)
	}
	for _, listing := range r.account.listings(r.table) {
		if err := r.listing(ctx, listing); err != nil {
			return err
		}
	}
	return nil
}

// reading is a table of an account that is being read. It is what the table's resolver gets as its client.
type reading struct {
	table   *table.Table
	account *Account
	schema  *schema.Table
	res     chan<- any
	decoder *table.Decoder
	finish  func(*table.Row) // replaces a row's ids by what is looked up
	last    cursor           // of the run before
	cursor  cursor

	arrival    *arrival        // what the destination held when the run began; nil where that is not known
	removed    []key           // that are gone at Pipedrive
	verified   map[string]mark // from which the run went on
	ledger     *ledger         // nil where nothing is going to verify the run
	doubtful   bool            // whether the table may have been dropped, or never come to the backend
	refreshing bool            // whether the run reads all records to see which are gone

	meter pipedrive.Meter
	pages int
	noted int // pages at the last checkpoint
	rows  int
	odd   map[int]int // values that are of another kind than their column, by column
}

// ID is that of the account.
func (r *reading) ID() string { return r.account.ID() }

func (r *reading) log() *zerolog.Logger {
	log := r.account.logger.With().Str("table", r.table.Name()).Str("account_id", r.account.id).Logger()
	return &log
}

// incremental reports whether the table goes on from where the last run ended.
func (r *reading) incremental() bool { return r.table.Incremental && r.account.state != nil }

// prepare loads what is needed before the first row.
func (r *reading) prepare(ctx context.Context) (err error) {
	t, a := r.table, r.account
	r.decoder = table.NewDecoder(t.Columns, a.source)
	if r.decoder.Custom, err = a.customFieldsV1(ctx, t, &r.meter); err != nil {
		return err
	}
	r.finish, err = a.columnLookups(ctx, t, &r.meter)
	return err
}

// begin finds where to go on from, given what the destination has, and keeps that for the state before the first row
// is sent: what the run sends from then on takes the place of what the last one sent, which then can't be verified any
// more.
func (r *reading) begin(ctx context.Context, back readBack) (err error) {
	a := r.account
	if r.cursor, err = r.verify(ctx, back); err != nil {
		return err
	}
	changed := r.fill()
	since := r.cursor.Refreshed
	r.refreshing = a.refresh > 0 && !since.IsZero() && a.began.Sub(since) >= a.refresh && !r.last.Refreshing
	r.cursor.Refreshing = r.refreshing
	if (a.verify || r.refreshing || changed) && len(r.last.Marks) > 0 {
		if err := a.state.store(ctx, a.key(r.table), r.cursor); err != nil {
			return err
		}
	}
	if r.refreshing {
		r.cursor.Marks = map[string]mark{}
	}
	r.verified = maps.Clone(r.cursor.Marks)
	if a.verify || r.refreshing {
		r.ledger = newLedger()
	}
	return a.state.forget(ctx, a.otherForms(r.table))
}

// settle puts down what the destination held before and is to hold on to, once all is sent.
func (r *reading) settle() {
	if r.account.verify && r.arrival != nil {
		replaced, rest := r.arrival.kept(r.ledger.sent, r.removed)
		r.cursor.Replaced, r.cursor.Rest, r.arrival = replaced, &rest, nil
	}
}

// keep puts down how far the run got and what it sent.
func (r *reading) keep(ctx context.Context) error {
	c := r.cursor
	if r.account.verify {
		c.Verified, c.Sent = r.verified, r.ledger.segments()
	}
	known := r.account.verify && len(r.ledger.sent) >= settledRows
	for listing, m := range c.Marks {
		if !m.equal(r.verified[listing]) {
			r.account.state.moved.Store(true)
		}
	}
	return r.account.state.storeCursor(ctx, r.account.key(r.table), r.table, c, known, r.doubtful)
}

// settledRows is how many rows a run has to send for their table to be at the destination when the run ends:
// several messages' worth. Destinations make a table with the first of its rows.
const settledRows = 5_000

// checkpointPages is how many pages of a table a run sends before it writes down how far it got; each further
// time it is a quarter of those that it sent until then, if that is more.
const checkpointPages = 40

// checkpoint writes down how far the run got, for the next one to go on from should this one be cut short.
func (r *reading) checkpoint(ctx context.Context, l pipedrive.Listing, m mark) error {
	if !r.account.verify || r.refreshing || r.pages-r.noted < max(checkpointPages, r.noted/4) {
		return nil
	}
	r.noted = r.pages
	r.cursor.Marks[l.Key()] = m
	if err := r.keep(ctx); err != nil {
		return err
	}
	if err := r.account.state.flush(ctx); err != nil {
		r.account.logger.Info().Err(err).Str("table", r.table.Name()).Msg("how far the run got can't be written down now")
	}
	return nil
}

// errBudget stops the reading of a table whose next page would go over max_tokens or the day's budget.
var errBudget = &pipedrive.Error{Code: pipedrive.RateLimitExceeded, Daily: true}

// mayStop reports whether the table can end here without loss: its cursor says where the next run goes on.
func (r *reading) mayStop(err error) bool {
	var e *pipedrive.Error
	return r.incremental() && errors.As(err, &e) && e.Daily
}

// listing reads one of the table's listings.
func (r *reading) listing(ctx context.Context, l pipedrive.Listing) error {
	a := r.account
	q := a.query
	q.Allow = func() error { return r.affords(l) }
	if !r.incremental() {
		if r.table.Incremental {
			q.Since = a.start
		}
		_, err := r.pagesOf(ctx, l, q, changedBefore(q.Since), nil)
		return err
	}
	m := r.cursor.Marks[l.Key()]
	err := r.timed(ctx, l, q, &m)
	r.cursor.Marks[l.Key()] = m
	return err
}

// timed reads a listing from its mark on and moves the mark, also where the budget ends the reading.
func (r *reading) timed(ctx context.Context, l pipedrive.Listing, q pipedrive.Query, m *mark) error {
	a := r.account
	// Where an answer lost its records, the next run asks for the same ones. But a refresh removes their rows.
	q.MayBeEmpty = !r.refreshing
	if err := r.neverChanged(ctx, l, q, m); err != nil { // an earlier run read all others
		return err
	}
	q.Since = m.since(a.lookback)
	if q.Since.IsZero() {
		q.Since = a.start
	}
	if !l.Timed() {
		return r.untimed(ctx, l, q, m)
	}
	narrowed := !q.Since.IsZero()
	q.Order, q.Narrowed = pipedrive.OldestFirst, func() { narrowed = true }
	seen, err := r.pagesOf(ctx, l, q, nil, func(seen time.Time) error {
		return r.checkpoint(ctx, l, m.stopped(seen, a.began, a.lookback))
	})
	reached := seen
	if ties, ok := errors.AsType[*pipedrive.TiesError](err); ok {
		rest := q
		rest.Order, rest.Since = pipedrive.ByID, ties.Since
		seen, err = r.pagesOf(ctx, l, rest, nil, nil)
	}
	if err != nil {
		// The records came in the order of update_time: what was read is all up to the last of it.
		*m = m.stopped(reached, a.began, a.lookback)
		return err
	}
	*m = m.advanced(later(reached, seen), a.began)
	if !m.Complete && a.start.IsZero() && narrowed {
		m.Ends = 1
		if q.Since.IsZero() {
			m.Ends = 2 // the reading began at the other end
		}
		return r.neverChanged(ctx, l, q, m)
	}
	m.Complete = true
	return nil
}

// untimed reads a listing that can't be read from a moment on: all of its pages, of which the rows from
// the cursor on are sent, and those that have no update_time.
func (r *reading) untimed(ctx context.Context, l pipedrive.Listing, q pipedrive.Query, m *mark) error {
	seen, err := r.pagesOf(ctx, l, q, changedBefore(q.Since), nil)
	if err == nil {
		*m = m.advanced(seen, r.account.began)
		m.Complete = true
	}
	return err
}

// changedBefore reports of a row whether it was last changed before a moment.
func changedBefore(since time.Time) func(*table.Row) bool {
	return func(row *table.Row) bool {
		changed, ok := row.RecordTime()
		return ok && changed.Before(since)
	}
}

// neverChanged reads the records that have no update_time, where that is still to be done. updated_since
// leaves them out, so a first run that used it has not seen them.
func (r *reading) neverChanged(ctx context.Context, l pipedrive.Listing, q pipedrive.Query, m *mark) error {
	q.Since, q.MayBeEmpty, q.Narrowed = time.Time{}, false, nil
	for ; 0 < m.Ends && m.Ends <= len(endsOfList); m.Ends++ {
		q.Order = endsOfList[m.Ends-1]
		err := r.timeless(ctx, l, q)
		if _, ok := errors.AsType[*pipedrive.TiesError](err); ok {
			q.Order = pipedrive.ByID
			err = r.timeless(ctx, l, q)
		}
		if err != nil {
			return err
		}
	}
	if m.Ends > 0 {
		m.Ends, m.Complete = 0, true
	}
	return nil
}

// timeless sends a listing's records that have no update_time. In the orders of update_time none follow those that
// have one.
func (r *reading) timeless(ctx context.Context, l pipedrive.Listing, q pipedrive.Query) error {
	for page, err := range pipedrive.Pages(ctx, r.account.client, l, q, &r.meter, r.decoder.Record) {
		if err != nil {
			return err
		}
		all := len(page)
		found := slices.DeleteFunc(page, func(row *table.Row) bool { _, ok := row.RecordTime(); return ok })
		if err := r.send(ctx, found); err != nil {
			return err
		}
		if len(found) < all && q.Order != pipedrive.ByID {
			break
		}
	}
	return nil
}

// pagesOf reads pages, sends the rows that are not known, and returns the greatest update_time in them, which
// it also tells sent after each page.
func (r *reading) pagesOf(ctx context.Context, l pipedrive.Listing, q pipedrive.Query, known func(*table.Row) bool, sent func(seen time.Time) error) (time.Time, error) {
	var seen time.Time
	for page, err := range pipedrive.Pages(ctx, r.account.client, l, q, &r.meter, r.decoder.Record) {
		if err != nil {
			return seen, err
		}
		fresh := page[:0:len(page)]
		for _, row := range page {
			if known == nil || !known(row) {
				fresh = append(fresh, row)
			}
		}
		if err := r.send(ctx, fresh); err != nil {
			return seen, err
		}
		for _, row := range page {
			if changed, ok := row.RecordTime(); ok && changed.After(seen) {
				seen = changed
			}
		}
		if sent != nil {
			if err := sent(seen); err != nil {
				return seen, err
			}
		}
	}
	return seen, nil
}

// reserve is how many of the day's API tokens incremental tables leave to those that are always read in
// full, without which the run fails.
const reserve = 100

// affords returns an error if the next page of a listing would go over the run's or the day's budget.
// Tables that are always read in full cost next to nothing and are not held back by max_tokens.
func (r *reading) affords(l pipedrive.Listing) error {
	a := r.account
	if most := a.run.maxTokens; most > 0 && r.table.Incremental && a.run.Tokens()+int64(l.Cost) > most {
		e := *errBudget
		e.Message = fmt.Sprintf("the run has used %d API tokens, and max_tokens allows %d", a.run.Tokens(), most)
		return &e
	}
	if left, known := a.client.TokensLeft(); known && r.incremental() && left < int64(l.Cost)+reserve {
		e := *errBudget
		e.Message = fmt.Sprintf("the account has %d API tokens left for today", left)
		return &e
	}
	return nil
}

// send sends a page of rows on.
func (r *reading) send(ctx context.Context, page []*table.Row) error {
	if len(page) == 0 {
		return nil
	}
	r.pages++
	r.rows += len(page)
	for _, row := range page {
		r.finish(row)
		for _, column := range row.Mismatch {
			if r.odd == nil {
				r.odd = map[int]int{}
			}
			r.odd[column]++
		}
	}
	if r.ledger != nil {
		r.ledger.add(page)
	}
	select {
	case r.res <- page:
		r.account.rows.Add(int64(len(page)))
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// columnLookups loads what a table's columns look up, and returns what replaces a row's ids by what was found.
func (a *Account) columnLookups(ctx context.Context, t *table.Table, m *pipedrive.Meter) (func(*table.Row), error) {
	found := map[int]func(int64) table.Value{}
	for i, c := range t.Columns {
		looked := a.source(c).Lookup()
		if looked == nil {
			continue
		}
		var err error
		if found[i], err = a.lookup(ctx, looked, m); err != nil {
			return nil, err
		}
	}
	return func(r *table.Row) {
		for i, find := range found {
			if id := r.Values[i]; id.Valid {
				r.Values[i] = find(id.Number)
			}
		}
	}, nil
}

// report logs what the table took.
func (r *reading) report() {
	log := r.log()
	for column, count := range r.odd {
		log.Warn().Str("column", r.table.Columns[column].Name).Int("values", count).
			Msg("Pipedrive sent values of another kind than the column's type; they are NULL")
	}
	log.Info().Int("pages", r.pages).Int("rows", r.rows).
		Int64("requests", r.meter.Requests()).Int64("api_tokens", r.meter.Tokens()).
		Int64("retries", r.meter.Retries()).Dur("waited_ms", r.meter.Waited()).
		Msg("table was read")
}

package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/progress"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// Stream reads a table of an account and sends each page as soon as it is decoded. It reads from beginning to end or,
// if the table is incremental and there is a state, from its checkpoint. All tables share this one loop.
func (r *reading) Stream(ctx context.Context, res chan<- any) error {
	r.res = res
	err := r.prepare(ctx)
	if err == nil {
		err = r.all(ctx)
	}
	if r.err = err; r.silent {
		return err
	}
	switch {
	case err != nil && !r.mayStop(err):
		return err
	case err != nil:
		r.account.run.stopped(r.table.Name(), r.account, err)
	}
	r.report()
	r.ended.Store(err == nil)
	if r.progress == nil {
		r.account.noteFullReading(r.table, r.fullReading())
		return nil
	}
	complete := err == nil && (r.family == nil || !r.family.unavailable)
	if err := r.findRemoved(ctx, complete); err != nil {
		return err
	}
	return r.progress.StoreEnd(ctx, complete && r.proven(), r.togetherWithParents())
}

// togetherWithParents reports whether the children of all parents were read, from one reading with the parents' own table.
func (r *reading) togetherWithParents() bool {
	for of := r; of.family != nil; of = of.family.leader {
		if of.family.leader == nil || len(of.family.refs.errs) > 0 {
			return false
		}
	}
	root := r.root()
	return root != r && !root.silent
}

// proven reports whether each answer about changes had records or was confirmed, including those of the leader.
func (r *reading) proven() bool {
	if r.family != nil && r.family.leader != nil && !r.family.leader.proven() {
		return false
	}
	return !r.believed
}

// all reads the sources of the table.
func (r *reading) all(ctx context.Context) error {
	if r.table.Describes != nil {
		rows, err := loadDescribed(ctx, r.table, r.account, &r.meter)
		if err != nil {
			return err
		}
		return r.take(ctx, "", rows, rows)
	}
	if err := r.listings(ctx); err != nil {
		return err
	}
	switch {
	case r.listed == nil:
		return nil
	case r.silent:
		return r.readMissing(ctx, r.listed.Missing(r.parentsOfRows(ctx)))
	}
	return r.readMissing(ctx, r.listed.Missing(r.account.lastReading(r.table).Keys))
}

// listings reads the table's listings, or takes the records from the shared lists.
func (r *reading) listings(ctx context.Context) error {
	if list := r.account.lookups.of(r.table); list != nil {
		rows, err := list.loadCopies(ctx, r.account, &r.meter)
		if err != nil {
			return err
		}
		return r.take(ctx, "", rows, rows)
	}
	if r.of != nil {
		return r.keepHistory()
	}
	if r.family != nil {
		return r.readChildren(ctx)
	}
	listings := r.account.listings(r.table)
	for i, listing := range listings {
		r.notLast = i+1 < len(listings)
		if err := r.listing(ctx, listing); err != nil {
			return err
		}
		for _, f := range r.followers {
			f.family.parents(listing.Key()).whole = true
		}
	}
	return nil
}

// reading is the reading of a table of an account. The table's resolver gets it as its client.
//
// Tables of children follow the reading of their parents' list, their leader, which hands each page to them.
type reading struct {
	table    *table.Table
	account  *Account
	schema   *schema.Table
	res      chan<- any
	decoder  *table.Decoder    // each unit has a clone of it
	progress *progress.Tracker // nil if the table is read in full
	// listed are the records of a table that is read in full from several lists, with a state. They are also the
	// parents of a list that a full refresh reads only for their children.
	listed  *progress.SentVersions
	missing *progress.Missing // the records to send; nil for all
	meter   pipedrive.Meter
	own     pipedrive.Meter // of the table's own pages; meter includes those of look-ups

	family    *family       // of a table of children
	ready     chan struct{} // closed when a table of children can take parents
	followers []*reading    // tables of children that follow the reading
	notLast   bool          // whether the list under way is not the table's last
	history   *reading      // of the versions of the table's records; nil for none
	of        *reading      // of a history: that of its table
	silent    bool          // whether the list is read only for the followers
	done      chan struct{} // closed when a leader has ended
	err       error         // of a leader, including one after which the run may stop well
	halve     sync.Once
	half      int64 // half of the API tokens that were left when it began

	versions *table.Versions   // of a history
	removals progress.Removals // of records that are gone

	turn     sync.Mutex                  // held while a page is sent: windows and units that are read side by side take turns
	mu       sync.Mutex                  // held while rows are counted and sent
	lookups  []columnLookup              // each without its list until a row needs it
	decoded  int64                       // records of the pages that were read
	skipped  int64                       // records that a unit's rule left out, or that were sent before
	sentOnce map[pipedrive.Key]time.Time // times of the sent records, if each is sent once
	// believed is true if an empty answer was accepted, and not replaced by one with records.
	believed bool

	sent  int // pages
	rows  int
	ended atomic.Bool // whether the table was read to its end
}

func newReading(a *Account, t *table.Table) *reading {
	r := &reading{table: t, account: a, ready: make(chan struct{}), done: make(chan struct{})}
	r.meter.Whole, r.own.Whole = &a.meter, &r.meter
	return r
}

// ID is the account's.
func (r *reading) ID() string { return r.account.ID() }

func (r *reading) log() *zerolog.Logger {
	log := r.account.tableLogger(r.table)
	return &log
}

// tableLogger is the logger of a table of the account.
func (a *Account) tableLogger(t *table.Table) zerolog.Logger {
	return a.logger.With().Str("table", t.Name()).Str("account_id", a.id).Logger()
}

// incremental reports whether the reading continues from the last run.
func (r *reading) incremental() bool { return r.first() != nil }

// first is the progress that decides the beginning: the table's own, or that of the first table of children; nil if the
// table is read in full.
func (r *reading) first() *progress.Tracker {
	if r.silent {
		return r.followers[0].first()
	}
	return r.progress
}

// position is the position from which to read a listing, given its key: the earliest of all tables that take part.
func (r *reading) position(key string) (p plan.Progress) {
	if !r.incremental() {
		return p
	}
	p.Position = r.first().Position(key)
	for _, of := range r.kin() {
		if of.progress == nil || of == r.history {
			continue
		}
		if at := of.progress.Position(key); at.Changed.Before(p.Position.Changed) {
			p.Position = at
		}
	}
	if r.history != nil {
		p.Position = p.Position.Earlier(r.history.progress.Position(key))
	}
	return p
}

// moving are the tables whose position in a listing the reading moves: its own, its history, and those whose records
// are cut from it. No position moves back, with one exception: during a reading by id its time is the start of a run,
// and at the end that of a record.
func (r *reading) moving(key string, to plan.Position) (moving []*reading) {
	if key == "" {
		return nil
	}
	for _, of := range r.kin() {
		cut := of.family != nil && of.family.leader == r && of.family.lists != nil && of.family.broken == nil
		takesPart := of == r && !r.silent || of == r.history || cut
		if !takesPart || of.progress == nil {
			continue
		}
		if at := of.progress.Position(key); at.ByID != nil || !to.Changed.Before(at.Changed) {
			moving = append(moving, of)
		}
	}
	return moving
}

// storeReached stores a listing's position at intervals. If each parent's rows take a request, the rows are written
// first: a destination may hold thousands of them in memory.
func (r *reading) storeReached(ctx context.Context, key string, at plan.Position) error {
	for _, of := range r.moving(key, at) {
		if !of.progress.StoresAfter(of.steps()) {
			continue
		}
		if of.asksForEach() {
			if err := of.hand(ctx, separator{}); err != nil {
				return err
			}
		}
		if err := of.progress.StoreReached(ctx, key, at, of.steps()); err != nil {
			return err
		}
	}
	return nil
}

// asksForEach reports whether each parent takes a request of its own, for the table's rows or for the records that they
// are cut from.
func (r *reading) asksForEach() bool {
	if r.family != nil && r.family.lists != nil {
		return r.family.leader != nil && r.family.leader.asksForEach()
	}
	return r.family != nil && r.family.asking != nil &&
		!slices.ContainsFunc(r.account.listings(r.table), func(l pipedrive.Listing) bool { return l.Parent.Batch != 1 })
}

// steps are the number of pages that the table sent or, of requests for children, the number of requests. Many of these
// may have no rows.
func (r *reading) steps() int {
	if r.family != nil && r.family.asking != nil {
		return r.family.requests
	}
	return r.sent
}

// prepare loads the lists that the first row needs.
func (r *reading) prepare(ctx context.Context) (err error) {
	t, a := r.table, r.account
	if r.of != nil {
		r.versions = t.Versions(r.of.table)
		return nil
	}
	r.decoder, r.lookups = t.Decoder(a.sources(t)), a.columnLookups(t)
	several := !t.Incremental && a.run.state != nil && len(a.listings(t)) > 1
	if several || r.silent && r.family == nil && r.incremental() && r.first().Refreshing() {
		r.listed = progress.NewSentVersions(t)
	}
	r.decoder.Custom, err = a.loadCustomFieldsV1(ctx, t, &r.meter)
	return err
}

// mayStop reports whether the table can end here without loss, since the next run continues from its checkpoint.
func (r *reading) mayStop(err error) bool {
	var e *pipedrive.Error
	return r.incremental() && errors.As(err, &e) && e.Daily
}

// listing reads one of the table's listings by its strategy.
func (r *reading) listing(ctx context.Context, l pipedrive.Listing) error {
	strategy := plan.Whole(l, r.facts())
	if r.incremental() {
		strategy = plan.For(l, r.facts())
	}
	return r.strategyOf(ctx, l, l.Key(), strategy, r.position(l.Key()))
}

// strategyOf reads a listing by a strategy, stage by stage, from a position on, and moves the position.
func (r *reading) strategyOf(ctx context.Context, l pipedrive.Listing, key string, strategy plan.Strategy, p plan.Progress) error {
	for stage := strategy.Next(p); len(stage) > 0; stage = strategy.Next(p) {
		outcomes, err := r.stage(ctx, l, p, stage)
		for i, outcome := range outcomes {
			p = strategy.Advance(p, stage[i], outcome)
		}
		for _, f := range r.followers {
			ps := f.family.parents(l.Key())
			ps.through, ps.looked = p.Position.Through(), p.Position.Looked
		}
		for _, of := range r.moving(key, p.Position) {
			of.progress.Move(key, p.Position)
		}
		if err == nil {
			err = r.storeReached(ctx, key, p.Position)
		}
		if err != nil {
			return err
		}
	}
	return r.refusal()
}

// stage reads the units of a stage side by side, as many at once as the account may have requests under way. When it
// returns, all their rows were sent. The first error ends the units under way, unless it is the budget's end: then a
// unit that needs no further page reads to its end, which saves the next run that unit. Units that were not read to
// their ends have the outcome of stopped ones.
func (r *reading) stage(ctx context.Context, l pipedrive.Listing, p plan.Progress, units []plan.Unit) ([]plan.Outcome, error) {
	outcomes, budget := make([]plan.Outcome, len(units)), make(chan error, len(units))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(r.atOnce())
	for i, u := range units {
		outcomes[i].Stopped = true
		group.Go(func() error {
			return recovered(func() (err error) {
				if len(budget) > 0 {
					return nil
				}
				if outcomes[i], err = r.unit(ctx, l, p, u); r.mayStop(err) {
					budget <- err
					return nil
				}
				return err
			})
		})
	}
	err := group.Wait()
	if err == nil && len(budget) > 0 {
		err = <-budget
	}
	return outcomes, err
}

// atOnce is the number of units that are read at once. Under max_tokens it is one: a position moves only over units
// without a gap, and later units would use up the tokens of the first.
func (r *reading) atOnce() int {
	if r.account.run != nil && r.account.run.maxTokens > 0 {
		return 1
	}
	return r.account.atOnce()
}

// balance is an error if some of the records were neither sent nor left out by a rule.
func (r *reading) balance(s *sink) error {
	if left := r.decoded - r.skipped - s.skipped; left != s.sent {
		return fmt.Errorf("of %d records, %d should have been sent, and %d were", r.decoded, left, s.sent)
	}
	return nil
}

// facts are the inputs of the reading's plan.
func (r *reading) facts() plan.Facts {
	f := plan.Facts{Began: r.account.began, Lookback: r.account.lookback, Spare: r.account.spare(), Sizes: r.account.run.machine.Windows}
	if r.table.Incremental {
		f.Start = r.account.start
	}
	if r.incremental() {
		f.Refresh = r.first().Refreshing()
	}
	return f
}

// unit reads a unit and sends the records that its rule lets through.
func (r *reading) unit(ctx context.Context, l pipedrive.Listing, p plan.Progress, u plan.Unit) (plan.Outcome, error) {
	if r.family != nil && len(u.Parents) == 0 {
		return u.Begin(), nil
	}
	o, err := r.divided(ctx, l, p, u)
	if refused(err, u) && (len(u.Parents) > 1 || !r.mayBeUnavailable()) {
		return r.refuse(ctx, l, p, u, err)
	}
	if err == nil {
		r.unitRead(u, o)
	}
	return o, err
}

// unitRead notes that a unit was read to its end.
func (r *reading) unitRead(u plan.Unit, o plan.Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.family != nil {
		r.childrenRead(u)
	}
	r.believed = r.believed || u.MayBeEmpty && !u.Since.IsZero() && o.Records == 0
}

// pages reads a list page by page until send reports its end. It reports whether send did. Numbered records are held
// until the last page has come.
func (r *reading) pages(
	ctx context.Context, l pipedrive.Listing, q pipedrive.Query, decode pipedrive.Decode[*table.Row],
	send func(page []*table.Row) (ended bool, err error),
) (ended bool, err error) {
	var held []*table.Row
	for page, err := range r.account.pages(ctx, l, q, &r.own, decode) {
		if err != nil {
			return false, err
		}
		if r.table.Numbered() {
			held = append(held, page...)
			continue
		}
		if ended, err := send(page); ended || err != nil {
			return ended, err
		}
	}
	if len(held) == 0 {
		return false, nil
	}
	r.table.Number(held, r.account.sources(r.table))
	return send(held)
}

// page sends the records of a page that belong to the table, that the unit's rule lets through and that the destination
// lacks in this version. It returns the span of the records before the unit's end, and reports whether the unit ends on
// the page.
func (r *reading) page(ctx context.Context, l pipedrive.Listing, page []*table.Row, u plan.Unit) (part plan.Span, ended bool, err error) {
	wanted := make([]*table.Row, 0, len(page))
	for _, row := range page {
		changed, timed := row.RecordTime()
		ended = ended || u.EndsAt(changed, timed)
		if u.Behind(changed, timed) {
			continue
		}
		part.Add(changed, timed)
		known := r.unchanged(l.Key(), row) || r.missing != nil && !r.missing.Has(row)
		if u.Sends(changed, timed) && !known && row.Belongs() && !r.leaves(row) {
			wanted = append(wanted, row)
		}
	}
	if !r.silent {
		err = r.take(ctx, l.Key(), page, wanted)
	} else if r.listed != nil {
		r.listed.Add(page)
	}
	if err == nil {
		err = r.handOn(ctx, l, page, u)
	}
	return part, ended, err
}

// unchanged reports whether the destination has this version of a record from a listing, in the table and in its
// history.
func (r *reading) unchanged(listing string, row *table.Row) bool {
	return r.progress != nil && r.progress.Unchanged(listing, row) && (r.history == nil || r.history.progress.Unchanged(listing, row))
}

// take sends the wanted records of a listing's page. If a list for look-ups can't be read, no record of the page counts
// as read.
func (r *reading) take(ctx context.Context, listing string, page, wanted []*table.Row) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.lookUp(ctx, wanted); err != nil {
		return err
	}
	if r.table.Once {
		wanted = slices.DeleteFunc(wanted, r.again)
	}
	if r.family != nil && r.family.gathers() {
		r.noteChildren(page)
	}
	r.decoded += int64(len(page))
	r.skipped += int64(len(page) - len(wanted))
	return r.send(ctx, listing, wanted)
}

// again reports whether a record was already sent, in this version or a later one.
func (r *reading) again(row *table.Row) bool {
	key := table.KeyOf(row.Key(r.table.Key()))
	changed, _ := row.RecordTime()
	if sent, before := r.sentOnce[key]; before && !changed.After(sent) {
		return true
	}
	if key.Text = strings.Clone(key.Text); r.sentOnce == nil {
		r.sentOnce = map[pipedrive.Key]time.Time{}
	}
	r.sentOnce[key] = changed
	return false
}

// send sends the rows of a listing's page to the sink, which empties the page.
func (r *reading) send(ctx context.Context, listing string, page []*table.Row) error {
	if len(page) == 0 {
		return nil
	}
	r.sent++
	r.rows += len(page)
	if r.progress != nil {
		if r.progress.MustSeparate(page) {
			if err := r.hand(ctx, separator{}); err != nil {
				return err
			}
		}
		r.progress.Sent(page)
	} else if r.listed != nil {
		r.listed.Add(page)
	}
	if r.history != nil { // before the sink forgets the rows
		if err := r.history.sendVersions(ctx, listing, page); err != nil {
			return err
		}
	}
	rows := int64(len(page))
	if err := r.hand(ctx, page); err != nil {
		return err
	}
	r.account.rows.Add(rows)
	return nil
}

// hand hands something to the table's sink.
func (r *reading) hand(ctx context.Context, part any) error {
	select {
	case r.res <- part:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// report logs the pages, rows and costs of the table.
func (r *reading) report() {
	meter := &r.meter
	if list := r.account.lookups.of(r.table); list != nil && list.probed {
		meter = &list.meter
	}
	r.log().Info().Int("pages", r.sent).Int("rows", r.rows).Int64("unchanged", r.skipped).
		Int64("requests", meter.Requests()).Int64("api_tokens", meter.Tokens()).
		Int64("retries", meter.Retries()).Dur("waited_ms", meter.Waited()).
		Msg("table was read")
}

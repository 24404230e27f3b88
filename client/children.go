package client

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/progress"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// family is the part of a reading that only tables of children have.
type family struct {
	leader  *reading // reads the parents' list in this run; nil if look-ups share that list
	columns *table.ParentColumns
	lists   *table.ListDecoder // nil if requests read the records
	cutting sync.Mutex         // held while lists are decoded

	of          map[string]*parents            // by the key of the parents' listing
	asking      *parents                       // whose children are being asked for
	done        map[pipedrive.Key]bool         // parents of several listings whose children were read
	found       map[pipedrive.Key][]*table.Row // children by parent, until all requests about the parent are answered
	refs        refusals
	broken      error // of a list in another form: the table fails once its parents were read
	requests    int   // units whose children were all read
	unavailable bool  // whether the first request showed that the account lacks the table
}

// parents are the parents of a listing whose children are to be read.
type parents struct {
	due    map[pipedrive.Key]plan.Parent
	values map[pipedrive.Key][]table.Value
	own    map[pipedrive.Key]table.Value // of parents that are requested although their counter shows no further child
	latest time.Time                     // update_time of all that were read
	last   int                           // number of those that are due, of the second of the latest
	looked time.Time                     // time of the last look for those without an update_time
	whole  bool                          // whether the listing was read to its end
	// through is the update_time up to which all parents were read, if the listing was not read to its end.
	through time.Time
}

// refusals are the answers to requests for children of parents that are gone or that the user may not see.
type refusals struct {
	errs     []error
	answered int // parents of other requests
}

// newFamily returns the family of a table of children; the leader is nil if look-ups share the parents' list.
func newFamily(a *Account, t *table.Table, leader *reading) *family {
	of := t.Parent.Table
	if leader != nil {
		of = leader.table
	}
	f := &family{
		leader: leader, columns: t.ParentColumns(of, a.sources(t), a.began),
		of: map[string]*parents{}, done: map[pipedrive.Key]bool{}, found: map[pipedrive.Key][]*table.Row{},
	}
	if t.IsCut() {
		f.lists = f.columns.ListDecoder(of, a.sources(t))
	}
	return f
}

// led adds each history to the reading of its table, and each incremental table of children to a reading of its
// parents' list. That is the reading of the parents' own table, if one beginning suits both. Otherwise the list is read
// for the children alone, once for all such tables. led returns the readings that follow no other.
func led(readings []*reading) (leaders []*reading) {
	var children, ofChildren []*reading
	for _, r := range readings {
		switch t := r.table; {
		case t.Of != nil:
			r.join(leaders)
		case t.Parent == nil:
			leaders = append(leaders, r)
		case !t.Parent.Table.Incremental:
			r.family = newFamily(r.account, t, nil)
			leaders = append(leaders, r)
		case t.Parent.Table.Parent != nil:
			ofChildren = append(ofChildren, r)
		default:
			children = append(children, r)
		}
	}
	for _, r := range ofChildren {
		children = r.ledIn(children)
	}
	for _, r := range children {
		leaders = r.ledIn(leaders)
	}
	return leaders
}

// ledIn adds a table of children to one of the readings of its parents' list, or makes a further one. It returns all
// readings.
func (r *reading) ledIn(leaders []*reading) []*reading {
	of := r.table.Parent.Table
	i := slices.IndexFunc(leaders, func(l *reading) bool {
		return l.account == r.account && l.table.Records == of.Records && l.joins(r)
	})
	if i < 0 {
		i, leaders = len(leaders), append(leaders, newReading(r.account, of))
		leaders[i].silent = true
	}
	leaders[i].followers = append(leaders[i].followers, r)
	r.family = newFamily(r.account, r.table, leaders[i])
	return leaders
}

// joins reports whether a table of children can follow a reading of its parents' list.
func (r *reading) joins(child *reading) bool {
	if !r.incremental() || !child.incremental() {
		return r.incremental() == child.incremental()
	}
	if r.first().Refreshing() != child.first().Refreshing() {
		return false
	}
	return !slices.ContainsFunc(r.account.listings(r.table.Root()), func(l pipedrive.Listing) bool {
		return !r.first().Position(l.Key()).Joins(child.first().Position(l.Key()))
	})
}

// kin are the reading itself and those that follow it: its history, the tables of children, and their children.
func (r *reading) kin() []*reading {
	kin := []*reading{r}
	for _, f := range r.followers {
		kin = append(kin, f.kin()...)
	}
	if r.history != nil {
		kin = append(kin, r.history)
	}
	return kin
}

// parents returns the parents of a listing.
func (f *family) parents(listing string) *parents {
	if f.of[listing] == nil {
		f.of[listing] = &parents{
			due: map[pipedrive.Key]plan.Parent{}, values: map[pipedrive.Key][]table.Value{}, own: map[pipedrive.Key]table.Value{},
		}
	}
	return f.of[listing]
}

// readChildren reads a table of children. Of a table behind a gate, the first request shows whether the account has it,
// since a request needs a parent. If the account lacks the table, it is left out and its rows stay, unless the
// configuration names it. The positions move all the same. Otherwise each run would read the parents' list from the
// moment at which the account lost the table. When the account gets the table, the next run reads all of it.
func (r *reading) readChildren(ctx context.Context) error {
	err := r.allChildren(ctx)
	e, ok := errors.AsType[*pipedrive.Error](err)
	if !ok || !r.mayBeUnavailable() || !saysAbsent(e, r.table.Gate) || r.account.run.named[r.table.Records] {
		if r.progress != nil && r.family.refs.answered > 0 {
			r.progress.NoteAvailable()
		}
		return err
	}
	r.family.unavailable = true
	r.log().Warn().Err(err).Str("needs", r.table.Gate.Needs).Msg("the account does not have this table; its rows stay as they are")
	if r.progress == nil {
		return nil
	}
	r.progress.NoteUnavailable()
	for _, ps := range r.family.of {
		clear(ps.due)
	}
	return r.askAll(ctx)
}

// mayBeUnavailable reports whether the table is behind a gate that no answer has shown to be open.
func (r *reading) mayBeUnavailable() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return announcedLate(r.table) && r.family.refs.answered == 0
}

// allChildren reads a table of children: after the leader has read the parents' list and handed on each page, or else
// from the shared list at once.
func (r *reading) allChildren(ctx context.Context) error {
	if r.family.leader == nil {
		rows, err := r.account.lookups.list(r.table.Parent.Table).load(ctx, r.account, &r.meter)
		if err == nil {
			err = r.follow(ctx, "", rows)
		}
		if err != nil {
			return err
		}
		r.family.parents("").whole = true
		return r.askAll(ctx)
	}
	leader := r.family.leader
	close(r.ready)
	<-leader.done
	if leader.err != nil && !r.mayStop(leader.err) {
		if leader.silent {
			return leader.err
		}
		return errStopped // the leader reports it
	}
	if r.family.broken != nil {
		return r.family.broken
	}
	if err := r.askAll(ctx); err != nil {
		return err
	}
	if leader.err != nil || r.progress == nil || len(r.table.Parent.Recheck) == 0 || !r.progress.RecheckDue(r.account.recheckEvery) {
		return leader.err
	}
	err := r.recheck(ctx)
	if err != nil && r.mayStop(err) {
		r.progress.RecheckStopped()
	}
	return err
}

// recheck requests the children of some parents that did not change, in the order of the parents' ids. If the budget
// ends that, the next run continues there.
func (r *reading) recheck(ctx context.Context) error {
	of := r.table.Parent.Table
	decoder := table.NewDecoder(of.Columns, r.account.sources(of))
	for _, parents := range r.table.Parent.Recheck {
		q := r.account.query
		q.Allow = func(int) error { return r.checkBudget(parents) }
		from := r.progress.RecheckFrom(parents.Key())
		for page, err := range r.account.pages(ctx, parents, q, &r.own, decoder.Record) {
			if err != nil {
				return err
			}
			r.note(parents.Key(), time.Time{}, slices.DeleteFunc(page, func(row *table.Row) bool {
				return row.RecordKey().Compare(from) <= 0 || r.progress.WasReread(row.RecordKey())
			}))
		}
		if err := r.askInTurn(ctx, parents.Key()); err != nil {
			return err
		}
	}
	r.progress.RecheckDone()
	return nil
}

// askInTurn requests the children of the noted parents, with as many requests under way as allowed.
func (r *reading) askInTurn(ctx context.Context, listing string) error {
	ps := r.family.parents(listing)
	all := ps.due
	for _, l := range r.account.listings(r.table) {
		for some := range slices.Chunk(slices.SortedFunc(maps.Keys(all), pipedrive.Key.Compare), r.batch(l)*r.atOnce()) {
			ps.due = map[pipedrive.Key]plan.Parent{}
			for _, key := range some {
				ps.due[key] = all[key]
			}
			if err := r.ask(ctx, asking{listing: l, of: listing}); err != nil {
				return err
			}
			r.progress.RecheckReached(listing, some[len(some)-1])
		}
	}
	return nil
}

// parentsOfRows are the parents whose children the destination has rows of. A table that can't be read back keeps its
// rows.
func (r *reading) parentsOfRows(ctx context.Context) (parents progress.Keys) {
	for _, f := range r.kin() {
		if f.progress == nil { // its list is read for others alone
			continue
		}
		if of, err := f.progress.ReadBackParents(ctx); err == nil {
			parents = append(parents, of...)
		}
	}
	slices.Sort(parents)
	return slices.Compact(parents)
}

// handOn hands the parents of a page to the tables of their children, if the unit's rule lets them through.
func (r *reading) handOn(ctx context.Context, l pipedrive.Listing, page []*table.Row, u plan.Unit) error {
	if len(r.followers) == 0 {
		return nil
	}
	sent := slices.DeleteFunc(slices.Clone(page), func(row *table.Row) bool {
		return !u.Sends(row.RecordTime()) || r.missing != nil && !r.missing.Has(row)
	})
	for _, f := range r.followers {
		select {
		case <-f.ready:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if err := f.follow(ctx, l.Key(), sent); err != nil {
			return err
		}
	}
	return nil
}

// follow takes parents of a listing: it sends the children in their lists, or notes the parents whose children are to
// be read.
func (r *reading) follow(ctx context.Context, listing string, rows []*table.Row) error {
	r.readBackFor(ctx, rows)
	if r.family.lists == nil {
		r.note(listing, plan.Begins(r.from(asking{key: r.positionOf(listing)}), r.facts()), rows)
		return nil
	}
	page, wanted := r.cut(listing, rows)
	return r.take(ctx, listing, page, wanted)
}

// readBackFor reads the table back unless the state tells all children of some parents.
func (r *reading) readBackFor(ctx context.Context, rows []*table.Row) {
	if r.progress == nil {
		return
	}
	parents := make([]pipedrive.Key, len(rows))
	for i, row := range rows {
		parents[i] = row.RecordKey()
	}
	r.account.repaired(r.progress.ReadBackFor(ctx, parents))
}

// repaired adds rows that a run found to be missing after it had begun.
func (a *Account) repaired(v progress.Verification) {
	a.run.mu.Lock()
	defer a.run.mu.Unlock()
	a.verification.Repaired += v.Repaired
	a.verification.Unseen = a.verification.Unseen || v.Unseen
}

// cut returns the children in the lists of parents, and those among them that the destination lacks in this version.
// Parents that are children themselves may come from several units at once. After a list in another form it returns
// none.
func (r *reading) cut(listing string, rows []*table.Row) (page, wanted []*table.Row) {
	r.family.cutting.Lock()
	defer r.family.cutting.Unlock()
	if r.family.broken != nil {
		return nil, nil
	}
	for _, parent := range rows {
		children, err := r.family.lists.Decode(parent)
		if err != nil {
			r.family.broken = pipedrive.Errorf(pipedrive.ExternalAPIError, "%v; skip_tables leaves the table out", err)
			return nil, nil
		}
		page = append(page, children...)
		for _, row := range children {
			if !r.unchanged(listing, row) {
				wanted = append(wanted, row)
			}
		}
		if !r.family.gathers() {
			r.reread(parent.RecordKey(), children)
		}
	}
	return page, wanted
}

// gathers reports whether a parent's children are complete only after several pages.
func (f *family) gathers() bool { return f.asking != nil || f.leader != nil && f.leader.family != nil }

// reread notes that all children of a parent were read, including the records that are cut from them.
func (r *reading) reread(parent pipedrive.Key, children []*table.Row) {
	if r.progress != nil {
		r.progress.Reread(parent, children)
	}
	for _, f := range r.followers {
		f.gathered(parent)
	}
}

// gathered notes that all children of a parent were read, given those that several pages brought.
func (r *reading) gathered(parent pipedrive.Key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reread(parent, r.family.found[parent])
	delete(r.family.found, parent)
}

// keep notes that a parent's children can't be read: their rows stay.
func (r *reading) keep(parent pipedrive.Key) {
	for _, of := range r.kin() {
		if of.progress != nil {
			of.progress.Keep(parent)
		}
	}
}

// note notes the parents whose children are to be read. If the table is incremental on a column of its parents, a
// parent has changed if that column has a later time; otherwise all parents count as changed. Earlier runs have read
// the children of parents that changed before since.
func (r *reading) note(listing string, since time.Time, rows []*table.Row) {
	of, ps := r.table.Parent, r.family.parents(listing)
	needs, moved, changed, position := needsOf(of), r.movedSince(), -1, r.from(asking{key: r.positionOf(listing)})
	if i := r.table.Time(); i >= 0 {
		changed = of.Table.Column(r.account.sources(r.table)(r.table.Columns[i]).OfParent())
	}
	for _, row := range rows {
		p := plan.Parent{Key: row.RecordKey()}
		if changed >= 0 {
			p.Changed = row.Value(changed).Time()
		}
		ps.without(p.Key)
		ps.reach(p.Changed)
		childless := needs.childless(row)
		further := childless && of.Own != "" && r.haveChildren([]pipedrive.Key{p.Key})
		switch {
		case needs.skips(row):
			r.keep(p.Key)
		case childless && !further, !r.family.columns.Begun(row):
			r.reread(p.Key, nil)
		case r.unmoved(needs, p, row, moved), r.wereRead(listing, p, row),
			!p.Changed.IsZero() && p.Changed.Before(since), position.Passed(p):
			// its rows stay
		default:
			ps.add(p, r.family.columns.Values(row))
			if further {
				ps.own[p.Key] = row.Value(needs.own)
			}
		}
	}
}

// without removes a parent that the list repeats.
func (ps *parents) without(key pipedrive.Key) {
	if p, due := ps.due[key]; due && ps.isOfLatest(p) {
		ps.last--
	}
	delete(ps.due, key)
	delete(ps.own, key)
}

// reach notes the update_time of a parent.
func (ps *parents) reach(changed time.Time) {
	if !changed.After(ps.latest) {
		return
	}
	if changed.Truncate(time.Second).After(ps.latest) {
		ps.last = 0
	}
	ps.latest = changed
}

// add adds a parent that is due, and the values that its children get.
func (ps *parents) add(p plan.Parent, values []table.Value) {
	ps.due[p.Key], ps.values[p.Key] = p, values
	if ps.isOfLatest(p) {
		ps.last++
	}
}

// isOfLatest reports whether a parent is of the latest second.
func (ps *parents) isOfLatest(p plan.Parent) bool {
	return !p.Changed.IsZero() && p.Changed.Truncate(time.Second).Equal(ps.latest.Truncate(time.Second))
}

// ask requests the children of a listing's parents from the table's position there on, or all of them if no position is
// named.
func (r *reading) ask(ctx context.Context, a asking) error {
	strategy := r.perParent(a)
	r.family.asking = r.family.parents(a.of)
	return r.strategyOf(ctx, a.listing, a.key, strategy, plan.Progress{Position: r.from(a)})
}

// from is the position from which to read.
func (r *reading) from(a asking) (p plan.Position) {
	if a.key != "" {
		p = r.position(a.key).Position
	}
	return p
}

// stagesAhead is the number of units in a stage for each request that may be under way. A longer stage waits less for
// its slowest unit, and takes more memory.
const stagesAhead = 2

// batch is the number of parents that a request names. It is at most the number of records of a page, so that a run
// that the budget ends may already have read their children.
func (r *reading) batch(l pipedrive.Listing) int { return min(l.Parent.Batch, r.account.query.Limit) }

// owed is the least number of API tokens that the requests for the children of the parents so far take. The reading of
// the parents' list leaves these tokens. Otherwise its tables of children would make no progress if the list costs as
// much as a run may.
func (r *reading) owed() (tokens int64) {
	for _, f := range r.followers {
		if f.family.lists != nil {
			continue
		}
		for _, l := range f.account.listings(f.table) {
			for _, n := range f.family.owed(f.table.Parent.Table.Once) {
				tokens += int64(l.Cost * ((n + f.batch(l) - 1) / f.batch(l)))
			}
		}
	}
	return tokens
}

// owed is the number of parents, by listing, whose children are to be read. once is true if several listings have the same
// parents. Those of the latest second don't count: the position moves between them only once all of them are known.
func (f *family) owed(once bool) (parents []int) {
	counted := map[pipedrive.Key]bool{}
	for _, of := range f.of {
		n := len(of.due) - of.last
		if once {
			for key := range of.due {
				if counted[key] {
					n--
				}
				counted[key] = true
			}
		}
		parents = append(parents, max(0, n))
	}
	return parents
}

// perParent returns the strategy for a listing of children.
func (r *reading) perParent(a asking) plan.Strategy {
	ps, facts := r.family.parents(a.of), r.facts()
	facts.Looked, facts.Parents = ps.looked, ps.through
	due := []plan.Parent{{Changed: ps.latest, Childless: true}} // the position moves to it
	for key, p := range ps.due {
		if !r.family.done[key] {
			due = append(due, p)
		}
	}
	return plan.PerParent(due, r.from(a), r.batch(a.listing), stagesAhead*r.account.atOnce(), ps.whole, facts)
}

// decode returns the decoder of a unit's records.
func (r *reading) decode(u plan.Unit) pipedrive.Decode[*table.Row] {
	decode := r.decoder.Clone().Record
	if len(u.Parents) == 0 {
		return decode
	}
	asking := r.family.asking
	parents := make(map[pipedrive.Key][]table.Value, len(u.Parents))
	for _, key := range u.Parents {
		parents[key] = asking.values[key]
	}
	fill := r.family.columns.Filler(parents)
	return func(b []byte) (*table.Row, int, error) {
		row, end, err := decode(b)
		if end < 0 {
			return nil, end, nil
		}
		if err == nil {
			err = fill(row)
		}
		if err == nil && len(asking.own) > 0 {
			if own, alone := asking.own[r.family.columns.ParentOf(row)]; alone {
				r.table.LeaveOut(row, own)
			}
		}
		return row, end, err
	}
}

// listingOf is the list of the children of the given parents.
func (r *reading) listingOf(l pipedrive.Listing, parents []pipedrive.Key) pipedrive.Listing {
	of := l.Of(parents)
	for param, column := range l.Parent.Columns { // a request names one parent
		of = of.With(param, r.family.columns.Day(column, r.family.asking.values[parents[0]]))
	}
	return of
}

// mayHaveNone reports whether an empty answer about the parents is credible without a confirmation.
func (r *reading) mayHaveNone(parents []pipedrive.Key) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.table.Parent.Sparse && !r.haveChildren(parents)
}

// haveChildren reports whether the destination had rows of any of the parents when the run began; false if that is
// unknown.
func (r *reading) haveChildren(parents []pipedrive.Key) bool {
	return slices.ContainsFunc(r.kin(), func(of *reading) bool { return of.progress != nil && of.progress.HaveChildren(parents) })
}

// leaves reports whether a child is left to another parent that has changed later. The run requests the children of
// that parent too.
func (r *reading) leaves(row *table.Row) bool {
	if r.family == nil || r.family.asking == nil || r.table.Parent.Other == "" {
		return false
	}
	due := r.family.asking.due
	asked := due[r.family.columns.ParentOf(row)]
	return !asked.Changed.IsZero() && slices.ContainsFunc(r.family.columns.Others(row), func(key pipedrive.Key) bool {
		other, read := due[key]
		return read && cmp.Or(other.Changed.Compare(asked.Changed), other.Key.Compare(asked.Key)) > 0
	})
}

// noteChildren keeps the records of a page by their parents.
func (r *reading) noteChildren(page []*table.Row) {
	for _, row := range page {
		if !row.Belongs() {
			continue
		}
		parent := r.family.columns.ParentOf(row)
		r.family.found[parent] = append(r.family.found[parent], row)
	}
}

// childrenRead notes that all children of a unit's parents were read.
func (r *reading) childrenRead(u plan.Unit) {
	r.family.requests++
	r.family.refs.answered += len(u.Parents)
	for _, parent := range u.Parents {
		r.reread(parent, r.family.found[parent])
		delete(r.family.found, parent)
		if r.table.Parent.Table.Once {
			r.family.done[parent] = true
		}
	}
}

// mostRefused is the number of refused parents after which the list itself counts as refused.
const mostRefused = 20

// refuse handles the refusal of a unit's parents, which were deleted since their list was read or are hidden from the
// user. A unit of several parents is halved until such parents are alone; their rows stay. If the first parent that is
// alone is refused before any other was answered, the table may be behind a gate.
func (r *reading) refuse(ctx context.Context, l pipedrive.Listing, p plan.Progress, u plan.Unit, err error) (plan.Outcome, error) {
	stopped := plan.Outcome{Stopped: true}
	if n := len(u.Parents); n > 1 {
		for _, half := range [][]pipedrive.Key{u.Parents[:n/2], u.Parents[n/2:]} {
			u.Parents = half
			if o, err := r.unit(ctx, l, p, u); err != nil || o.Stopped {
				return stopped, err
			}
		}
		return plan.Outcome{}, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	refs := &r.family.refs
	refs.errs = append(refs.errs, err)
	r.keep(u.Parents[0])
	if refs.answered == 0 && len(refs.errs) == mostRefused {
		return stopped, err
	}
	return plan.Outcome{}, nil
}

// refused reports whether an error is about a unit's parents.
func refused(err error, u plan.Unit) bool {
	e, ok := errors.AsType[*pipedrive.Error](err)
	about := []int{http.StatusForbidden, http.StatusNotFound, http.StatusGone}
	return ok && e.Absent && slices.Contains(about, e.Status) && len(u.Parents) > 0
}

// refusal returns an error if all parents were refused: then the list does not exist.
func (r *reading) refusal() error {
	if r.family == nil || len(r.family.refs.errs) == 0 {
		return nil
	}
	if n := len(r.family.refs.errs); r.family.refs.answered == 0 && (!r.incremental() || n >= mostRefused) {
		return r.family.refs.errs[0]
	}
	r.log().Info().Int("parents", len(r.family.refs.errs)).
		Msg("parents were deleted meanwhile, or the user may not see them; their children's rows stay as they are")
	return nil
}

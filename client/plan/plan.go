package plan

import (
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// Facts are the inputs of a plan besides the position.
type Facts struct {
	// Began is the moment at which the run began. No position passes it.
	Began time.Time
	// Start is the moment before which records are left out, zero for none.
	Start time.Time
	// Lookback is the span before a position that is read again.
	Lookback time.Duration
	// Refresh is true if the run reads all records to find deletions.
	Refresh bool
	// Spare is true if the run has API tokens left for work that can wait.
	Spare bool
	// Parents is the update_time up to which all parents were read, if their list was not read to its end.
	Parents time.Time
	// Looked is the time of the last look for parents without an update_time, for [PerParent].
	Looked time.Time
	// Sizes are the sizes of windows; zero for DefaultSizes.
	Sizes Sizes
}

// Rule selects the records of a unit that are sent. The others are skipped by the rule.
type Rule int

// The rules.
const (
	// All records.
	All Rule = iota
	// Changed leaves out the records that were last changed before the unit's Since.
	Changed
	// Timeless leaves out the records that have an update_time. In the orders of update_time, the first such
	// record ends the unit.
	Timeless
)

// Unit is one reading of a listing, page by page.
type Unit struct {
	Order pipedrive.Order
	// Since is the moment to read from, zero for the listing's beginning.
	Since time.Time
	// Until is the moment at which a window ends; zero for the listing's end.
	Until time.Time
	Rule  Rule
	// MayBeEmpty is true if an empty answer does no harm: the next run reads the same records again.
	MayBeEmpty bool
	// Parents are the parents of the unit's records. A unit of [PerParent] without parents needs no request.
	Parents []pipedrive.Key
	// After is the place where another run left the reading; nil for the beginning.
	After *pipedrive.Place

	remainder bool          // whether it completes a unit whose records did not keep their places
	resumable bool          // whether another run can continue where this one stops
	number    int           // of a unit of PerParent, from 0
	through   time.Time     // the latest update_time of its parents and of those before; zero for none
	after     pipedrive.Key // of the last of them that has one
}

// Begin is the outcome of a unit before its first record.
func (u Unit) Begin() Outcome {
	o := Outcome{Narrowed: !u.Since.IsZero()}
	if u.After != nil {
		o.Reached = *u.After
	}
	return o
}

// Sends reports whether the unit's rule lets a record through.
func (u Unit) Sends(changed time.Time, timed bool) bool {
	switch {
	case u.Behind(changed, timed):
		return false
	case u.Rule == Changed:
		return !timed || !changed.Before(u.Since)
	case u.Rule == Timeless:
		return !timed
	default:
		return true
	}
}

// Behind reports whether a record lies behind the unit's end.
func (u Unit) Behind(changed time.Time, timed bool) bool {
	return timed && !u.Until.IsZero() && !changed.Before(u.Until)
}

// EndsAt reports whether a record is the first one behind all records that the unit needs.
func (u Unit) EndsAt(changed time.Time, timed bool) bool {
	return u.Order != pipedrive.ByID && !u.Sends(changed, timed)
}

// Outcome is the result of a unit.
type Outcome struct {
	// Seen is the latest update_time that was read, zero for none.
	Seen time.Time
	// Records is the number of records that were read, and Pages that of their pages.
	Records, Pages int
	// Reached is the place where another run can continue; the zero Place for none.
	Reached pipedrive.Place
	// Stopped is true if the budget, or the end of the run, cut the unit short.
	Stopped bool
	// Narrowed is true if the API left out records without an update_time.
	Narrowed bool
	// Unsteady is true if many records shared a second and did not keep their places. The same records by id, from
	// Rest on, complete the unit.
	Unsteady bool
	Rest     time.Time
}

// Progress is the state of a listing's reading in a run.
type Progress struct {
	Position Position

	current  bool // whether the records that earlier runs read by id are up to date
	again    bool // whether the list was read, so that only its newest records are left, which are read again
	read     bool // whether the due records were read, so that only records without an update_time are left
	reached  time.Time
	narrowed bool
	rest     *time.Time // start of the rest that is to be read by id
	units    int        // units of PerParent that were read without a gap
}

// Strategy is a way to read a listing.
type Strategy interface {
	// Next returns the next stage: units that may be read side by side; none at the end.
	Next(p Progress) []Unit
	// Advance returns the progress after a unit.
	Advance(p Progress, u Unit, o Outcome) Progress
}

// For returns the strategy for a listing of an incremental table.
func For(l pipedrive.Listing, f Facts) Strategy {
	switch {
	case l.Timed():
		return since{f}
	case l.NewestFirst != nil:
		return newestFirst{facts: f, only: l.Sort == nil}
	}
	return scan{f}
}

// Whole returns the strategy for a listing of a table that is read in full, from Start on. Each end of a list is
// confirmed. Lists by offset are read by id: by update_time, a change during the reading takes more requests, and sends a
// record twice.
func Whole(l pipedrive.Listing, f Facts) Strategy {
	if l.Timed() && l.Paging == pipedrive.Cursor {
		f.Refresh = true
		return since{f}
	}
	return full{f, l.NewestFirst != nil && l.Sort == nil}
}

// newestAgain is the unit that reads the newest records once more, after a reading of all records newest first. A
// record that changed meanwhile has moved ahead of the pages that were read. The lookback finds records that came late.
func newestAgain(f Facts) Unit {
	return Unit{Order: pipedrive.NewestFirst, Since: f.Began.Add(-f.Lookback), Rule: Changed, MayBeEmpty: true}
}

// moves reports whether records may have moved past a unit that was read newest first. None has if all came on one
// page.
func moves(o Outcome) bool { return !o.Stopped && o.Pages > 1 }

// full reads all records by id, or newest first if the listing has only that order.
type full struct {
	facts Facts
	only  bool // whether the listing has no order by id
}

func (s full) Next(p Progress) []Unit {
	switch {
	case p.read:
		return nil
	case p.again && p.rest == nil:
		return []Unit{newestAgain(s.facts)}
	case s.only && p.rest == nil:
		return []Unit{{Since: s.facts.Start, Rule: Changed, Order: pipedrive.NewestFirst}}
	}
	return []Unit{{Since: s.facts.Start, Rule: Changed}}
}

func (s full) Advance(p Progress, _ Unit, o Outcome) Progress {
	if o.Unsteady && s.only && p.rest == nil {
		p.rest = &o.Rest
		return p
	}
	if s.only && !p.again && moves(o) {
		p.rest, p.again = nil, true
		return p
	}
	p.read = !o.Stopped
	return p
}

// scan reads all records by id and skips the unchanged ones, for lists that the API can't filter by change.
type scan struct{ facts Facts }

func (s scan) Next(p Progress) []Unit {
	if p.read {
		return nil
	}
	return []Unit{{Since: from(p, s.facts), Rule: Changed, MayBeEmpty: !s.facts.Refresh}}
}

func (s scan) Advance(p Progress, _ Unit, o Outcome) Progress {
	if !o.Stopped {
		p.read = true
		p.Position = p.Position.ended(o.Seen, s.facts.Began)
		p.Position.Complete = true
	}
	return p
}

// newestFirst reads the most recently changed records first, until it meets the position. The first reading and a
// full refresh read all records by id. If a run is cut short there, it leaves a place, and the next run continues
// from it after reading the records that changed meanwhile.
//
// A listing that has only this order is read to its end the first time. Such a reading can't be resumed. A full refresh
// reads its newest records once more. Otherwise a record that changed meanwhile would count as gone.
type newestFirst struct {
	facts Facts
	only  bool // whether the listing has no order by id
}

func (s newestFirst) Next(p Progress) []Unit {
	u := Unit{Since: from(p, s.facts), Rule: Changed, MayBeEmpty: !s.facts.Refresh}
	switch {
	case p.read:
		return nil
	case p.rest != nil:
	case p.again:
		return []Unit{newestAgain(s.facts)}
	case p.Position.Complete && !s.facts.Refresh, p.Position.ByID != nil && !p.current:
		u.Order = pipedrive.NewestFirst
	default:
		u.Since, u.After, u.resumable = s.facts.Start, p.Position.ByID, true
	}
	if s.only && p.rest == nil {
		u.Order, u.After, u.resumable = pipedrive.NewestFirst, nil, false
	}
	return []Unit{u}
}

func (s newestFirst) Advance(p Progress, u Unit, o Outcome) Progress {
	switch {
	case o.Unsteady && !p.Position.Complete && !s.only:
		p.Position = Position{}
	case o.Unsteady:
		p.rest = &o.Rest
	case u.resumable:
		p.Position, p.read = s.first(p.Position, o), !o.Stopped
	case p.Position.ByID == nil:
		again := s.only && s.facts.Refresh && !p.again && moves(o)
		p = scan{s.facts}.Advance(p, u, o)
		if again {
			p.rest, p.again, p.read = nil, true, false
		}
	case !o.Stopped:
		p.current = true
	}
	return p
}

// first is the position after a reading of all records by id, or of a part of them.
func (s newestFirst) first(p Position, o Outcome) Position {
	switch {
	case !o.Stopped:
		p = p.ended(o.Seen, s.facts.Began)
		p.Complete = true
	case o.Reached.Read > 0:
		p.Changed, p.ByID = s.facts.Began, &o.Reached
	}
	return p
}

// since reads the records that were changed since the position, longest ago first. Once, it also reads the records
// without an update_time, which updated_since leaves out.
type since struct{ facts Facts }

// ends are the orders in which records without an update_time come first. Pipedrive does not document whether it
// sorts them before or behind all others, so both ends are searched.
var ends = []pipedrive.Order{pipedrive.OldestFirst, pipedrive.NewestFirst}

func (s since) Next(p Progress) []Unit {
	timeless := 0 < p.Position.Ends && p.Position.Ends <= len(ends)
	switch {
	case timeless && p.rest != nil:
		return []Unit{{Rule: Timeless, remainder: true}}
	case timeless:
		return []Unit{{Order: ends[p.Position.Ends-1], Rule: Timeless}}
	case p.rest != nil:
		return []Unit{{Since: *p.rest, MayBeEmpty: !s.facts.Refresh, remainder: true}}
	case !p.read:
		return []Unit{{Order: pipedrive.OldestFirst, Since: from(p, s.facts), MayBeEmpty: !s.facts.Refresh}}
	}
	return nil
}

func (s since) Advance(p Progress, u Unit, o Outcome) Progress {
	p.rest = nil
	switch {
	case o.Unsteady && !u.remainder:
		p.rest, p.reached, p.narrowed = &o.Rest, o.Seen, o.Narrowed
		return p
	case u.Rule == Timeless:
		return s.foundTimeless(p, o)
	case !u.remainder:
		p.reached, p.narrowed = o.Seen, o.Narrowed
	}
	fromBeginning := from(p, s.facts).IsZero()
	if o.Stopped {
		p.Position = s.stopped(p, p.reached)
		return p
	}
	p.read = true
	p.Position = p.Position.ended(later(p.reached, o.Seen), s.facts.Began)
	p.Position.Ends = s.ends(p, fromBeginning)
	if p.Position.Ends == 0 {
		p.Position.Complete = true
	}
	if p.Position.Looked.IsZero() || fromBeginning {
		p.Position.Looked = s.facts.Began
	}
	return p
}

// stopped is the position of a reading that was stopped at a second. The records came in the order of update_time, so
// all up to the last one were read. If the reading began at the beginning, the position is not complete, even if an
// earlier reading found an empty list. Records without an update_time may lie ahead.
func (s since) stopped(p Progress, seen time.Time) Position {
	at := p.Position.stopped(seen, s.facts.Began, s.facts.Lookback)
	at.Complete = at.Complete && !from(p, s.facts).IsZero()
	return at
}

// lookEvery is the interval between looks for records without an update_time. An import may have created some
// since; each look costs a request per end of the listing.
const lookEvery = 24 * time.Hour

// ends is the end of the listing at which to look next for records without an update_time, after all others were read.
func (s since) ends(p Progress, fromBeginning bool) int {
	due := s.facts.Spare && p.Position.LookDue(s.facts.Began)
	switch {
	case !s.facts.Start.IsZero() || fromBeginning && !p.narrowed:
		return 0
	case fromBeginning:
		return len(ends) // the reading began at the other end
	case p.Position.Complete && !due:
		return 0
	}
	return 1
}

// foundTimeless moves on to the next end.
func (s since) foundTimeless(p Progress, o Outcome) Progress {
	if o.Stopped {
		return p
	}
	if p.Position.Ends++; p.Position.Ends > len(ends) {
		p.Position.Ends, p.Position.Complete, p.Position.Looked = 0, true, s.facts.Began
	}
	return p
}

// Reached is the position of a unit under way, for a checkpoint. It equals the position of a unit that is stopped
// there.
func Reached(p Progress, u Unit, o Outcome, f Facts) (Position, bool) {
	o.Stopped = true
	switch {
	case u.resumable:
		return newestFirst{facts: f}.first(p.Position, o), o.Reached.Read > 0
	case u.Order == pipedrive.OldestFirst && u.Rule == All:
		return since{f}.stopped(p, o.Seen), true
	}
	return Position{}, false
}

// Begins is the moment from which a reading continues, given its position.
func Begins(at Position, f Facts) time.Time { return from(Progress{Position: at}, f) }

// from is the moment at which a reading begins.
func from(p Progress, f Facts) time.Time {
	if at := p.Position.since(f.Lookback); !at.IsZero() {
		return at
	}
	return f.Start
}

// Package plan decides how a run reads a listing: the order, the first moment and the records to send. It is pure. A
// strategy turns a position into units of reading, and the outcome of a unit into the next position. So the logic of
// incremental tables can be tested without a server.
package plan

import (
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// Position is the part of a listing that has been read. Its JSON form is part of the state.
type Position struct {
	// Changed is the update_time up to which all records have been sent. Records of that second may be missing, so
	// the second is read again.
	Changed time.Time `json:"changed"`
	// Stopped is true if the last run ended here because of its budget. The next run continues from this second,
	// without a lookback.
	Stopped bool `json:"stopped,omitempty"`
	// Complete is true once the listing has been read from its beginning to its end, including records without an
	// update_time, which updated_since never finds.
	Complete bool `json:"complete"`
	// Ends is the end of the listing at which to look next for records without an update_time, after all others
	// were read: 1 and then 2 for those of ends, 0 for none.
	Ends int `json:"ends,omitempty"`
	// Looked is the time of the last look for records without an update_time. Some may have been created since.
	Looked time.Time `json:"looked,omitzero"`
	// ByID is the place that an unfinished first reading by id has reached; nil if there is none. Changed then
	// applies to the records up to that place.
	ByID *pipedrive.Place `json:"by_id,omitempty"`
	// Whole is the beginning of the last run that read the listing to its end; only PerParent has it. A parent that
	// lies behind Changed may have moved at any moment since Whole.
	Whole time.Time `json:"whole,omitzero"`
	// After is the key of the last parent in the second of Changed whose children were read, together with those of
	// all parents before it; the zero Key for none. Only PerParent has it, since a run may not pay for all parents
	// that changed in a second.
	After pipedrive.Key `json:"after,omitzero"`
}

// Equal reports whether two positions are the same.
func (p Position) Equal(q Position) bool {
	return p.Changed.Equal(q.Changed) && p.Stopped == q.Stopped && p.Complete == q.Complete && p.Ends == q.Ends &&
		p.place() == q.place() && p.After == q.After
}

// Passed reports whether the children of a parent were read, although the parent changed in the second of the
// position.
func (p Position) Passed(parent Parent) bool {
	return p.After != pipedrive.Key{} && parent.second().Equal(p.Changed) && parent.Key.Compare(p.After) <= 0
}

// Joins reports whether one reading can continue from both positions, from the earlier one on.
func (p Position) Joins(q Position) bool { return p.Equal(q) || p.plain() && q.plain() }

// Earlier is the position from which one reading can continue for both. If one of them is a place of a reading by id,
// it is the listing's beginning, unless both are equal.
func (p Position) Earlier(q Position) Position {
	switch {
	case p.Equal(q):
		return p
	case p.ByID != nil || q.ByID != nil:
		return Position{}
	case q.Changed.Before(p.Changed):
		p, q = q, p
	}
	p.Complete = p.Complete && q.Complete
	if q.Looked.Before(p.Looked) {
		p.Looked = q.Looked
	}
	if !p.Complete {
		p.Ends = 0 // the records without an update_time are looked for again
	}
	return p
}

// plain reports whether exactly the records up to the position were read.
func (p Position) plain() bool { return p.Complete && !p.Stopped && p.Ends == 0 && p.ByID == nil }

// Through is the update_time up to which all records were read; zero for none. In a reading by id, a record with any
// update_time may follow.
func (p Position) Through() time.Time {
	if p.ByID != nil {
		return time.Time{}
	}
	return p.Changed
}

// place is the last record of a reading by id, the zero Place for none.
func (p Position) place() pipedrive.Place {
	if p.ByID == nil {
		return pipedrive.Place{}
	}
	return *p.ByID
}

// LookDue reports whether a run that began at a moment has to look for records without an update_time.
func (p Position) LookDue(began time.Time) bool {
	return !p.Looked.IsZero() && began.Sub(p.Looked) >= lookEvery
}

// NoLaterThan is the position, moved back to a moment if it is later.
func (p Position) NoLaterThan(at time.Time) Position {
	if p.Changed.After(at) {
		p.Changed, p.Stopped, p.After = at, false, pipedrive.Key{}
	}
	return p
}

// since is the moment from which to read a listing, zero for its beginning.
func (p Position) since(lookback time.Duration) time.Time {
	if p.Changed.IsZero() || p.Stopped {
		return p.Changed
	}
	return p.Changed.Add(-lookback)
}

// ended is the position of a listing that was read to its end. It never moves back. It never passes the beginning of
// the run, since a later change may have been missed.
func (p Position) ended(seen, began time.Time) Position {
	return Position{Changed: later(p.Changed, earlier(seen, began)), Complete: p.Complete, Looked: p.Looked}
}

// stopped is the position of a listing that was read up to a second. The next run has no lookback, since it might
// otherwise make no progress. So the position stays behind the records that only the lookback finds.
func (p Position) stopped(seen, began time.Time, lookback time.Duration) Position {
	if seen = earlier(seen, began.Add(-lookback)); !seen.After(p.Changed) {
		return p
	}
	return Position{Changed: later(p.Changed, seen), Stopped: true, Complete: p.Complete, Looked: p.Looked, Whole: p.Whole}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		a = b
	}
	return a.UTC().Truncate(time.Second)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Package plan decides what a run reads of a listing: in which order, from which moment on, and which of the records
// count. It is pure. A strategy turns a position into units of reading, and the outcome of a unit into the next
// position, so that all that makes a table incremental can be tested without a server.
package plan

import (
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// Position is how far a listing has been read. Its JSON form is part of the state.
type Position struct {
	// Changed is the update_time up to which all records have been sent. Those of that very second may be incomplete,
	// so they are read again.
	Changed time.Time `json:"changed"`
	// Stopped is true where the last run ended here for want of budget. The next one goes on from this very second,
	// without looking back.
	Stopped bool `json:"stopped,omitempty"`
	// Complete is true once the listing has been read from its beginning to its end, records without an update_time
	// included, which updated_since never finds.
	Complete bool `json:"complete"`
	// Ends is the end of the listing at which records without an update_time are to be looked for next, once all
	// others were read: 1 and then 2 for those of ends, 0 where there is nothing to look for.
	Ends int `json:"ends,omitempty"`
	// Looked is when records without an update_time were last looked for. Some may have been created since.
	Looked time.Time `json:"looked,omitzero"`
	// ByID is how far a first reading of all records by id has come, where a run left it unfinished; nil otherwise.
	// Changed then is for the records up to there.
	ByID *pipedrive.Place `json:"by_id,omitempty"`
}

// Equal reports whether two positions lie at the same place.
func (p Position) Equal(q Position) bool {
	return p.Changed.Equal(q.Changed) && p.Stopped == q.Stopped && p.Complete == q.Complete && p.Ends == q.Ends &&
		p.place() == q.place()
}

// place is the record up to which a reading by id has come, the zero Place for none.
func (p Position) place() pipedrive.Place {
	if p.ByID == nil {
		return pipedrive.Place{}
	}
	return *p.ByID
}

// NoLaterThan is the position, moved back to a moment if it is later.
func (p Position) NoLaterThan(at time.Time) Position {
	if p.Changed.After(at) {
		p.Changed, p.Stopped = at, false
	}
	return p
}

// since is the moment from which a listing is to be read, zero for its beginning.
func (p Position) since(lookback time.Duration) time.Time {
	if p.Changed.IsZero() || p.Stopped {
		return p.Changed
	}
	return p.Changed.Add(-lookback)
}

// ended is the position of a listing that was read to its end: never backwards, and never past the moment at which
// the run began, since a change after that may have been missed.
func (p Position) ended(seen, began time.Time) Position {
	return Position{Changed: later(p.Changed, earlier(seen, began)), Complete: p.Complete, Looked: p.Looked}
}

// stopped is the position of a listing that was read up to a second. The next run does not look back, or it might
// never get further; so the position stays behind what lookback is there to find.
func (p Position) stopped(seen, began time.Time, lookback time.Duration) Position {
	if seen = earlier(seen, began.Add(-lookback)); !seen.After(p.Changed) {
		return p
	}
	return Position{Changed: later(p.Changed, seen), Stopped: true, Complete: p.Complete, Looked: p.Looked}
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

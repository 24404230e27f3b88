package progress

import (
	"maps"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// checkpoint is how far an incremental table of an account has been read: one position for each of its listings. What
// a run sent may be lost on its way to the destination, so that its checkpoint is a claim, which the next run
// verifies.
type checkpoint struct {
	Version int `json:"version"`
	// Positions are how far the last run got, by [pipedrive.Listing.Key].
	Positions map[string]plan.Position `json:"marks"`
	// Began is when the last run began that read the table to its end, by the API's clock; zero where that is not known, or
	// rows of that run are lost.
	Began time.Time `json:"began,omitzero"`
	// Finished is true where that run ended well, so that its positions can be trusted where they can't be
	// verified. A run that is under way writes its positions too, unfinished.
	Finished bool `json:"finished"`
	// Verified are the positions from which that run went on.
	Verified map[string]plan.Position `json:"verified,omitempty"`
	// Sent is what that run sent.
	Sent []segment `json:"sent,omitempty"`
	// Rest are the rows that were there before that run and that it neither sent nor removed, once it had read
	// the table to its end; nil where that is not known.
	Rest *fingerprint `json:"rest,omitempty"`
	// Ledger is set where the last run read the table back and sent little, and as long as runs after it go on without that: then
	// Rest is nil.
	Ledger *ledger `json:"ledger,omitempty"`
	// Replaced are the versions that were there before of what it sent. They still are where all that was lost.
	Replaced fingerprint `json:"replaced,omitzero"`
	// Before is the greatest sync time of the rows that were there before, in microseconds since 1970; those of the
	// run have a later one.
	Before int64 `json:"before,omitempty"`
	// Ahead are sync times of rows that were there before although they are later: by a clock that was ahead.
	Ahead span `json:"ahead,omitzero"`
	// Columns are those that the rows are filled with; nil in a state of a version that did not keep them.
	Columns []string `json:"columns,omitempty"`
	// Looked counts the runs that saw whether the destination has all columns of a table that is too large to see
	// all of them at once.
	Looked int `json:"looked,omitempty"`
	// Least is how many rows the destination has at least.
	Least int64 `json:"least,omitempty"`
	// Found is true once the table was seen in the backend: if it is not there any more, it was dropped.
	Found bool `json:"found,omitempty"`
	// Absent counts the runs that filled it and then looked for it in vain: its rows go elsewhere, or under
	// another name. As long as none has, a table that is not there was dropped. A small one is then read
	// again once, which costs next to nothing; a large one is looked for by the run that first fills it.
	Absent int `json:"absent,omitempty"`
	// Failures counts the runs in a row of which rows were missing.
	Failures int `json:"failures,omitempty"`
	// GivenUp is when missing rows were no longer read again, for that; zero where none are known to be missing.
	GivenUp time.Time `json:"given_up,omitzero"`
	// Refreshed is when the table was last read from its beginning.
	Refreshed time.Time `json:"refreshed,omitzero"`
	// Refreshing is true while a run reads the table from its beginning to find deletions. If that run does
	// not end well, the next one reads what has changed, as any other, and the one after it tries again.
	Refreshing bool `json:"refreshing,omitempty"`
	// Refused is what a full refresh would have removed, had it not been more than half of the rows; nil once
	// somebody has decided.
	Refused *refused `json:"refused,omitempty"`
	// Removing are the keys, in ascending order, of the rows that the last run was to remove from the destination, or could
	// not see to be gone: until they are, or are sent again, each run that reads the table to its end removes them again.
	Removing []key `json:"removing,omitempty"`
	// Shut is true if the account did not have the table when it was last asked for it.
	Shut bool `json:"shut,omitempty"`
	// Again is when the children of parents that did not change were last read.
	Again time.Time `json:"again,omitzero"`
	// Together is true if the last run read the table of children, and that of their parents from the same reading, to their ends. A
	// run that is under way, or failed, has it not.
	Together bool `json:"together,omitempty"`
	// AgainFrom are the last parents, by list, whose children were read again since then: the budget ended that.
	AgainFrom map[string]pipedrive.Key `json:"again_from,omitempty"`
	// children is true for a table of children.
	children bool
	// ledger, refreshed, again and againFrom are those of this run; againFrom is nil where it stays. They count once the run ends
	// well.
	ledger    *ledger
	refreshed time.Time
	again     time.Time
	againFrom map[string]pipedrive.Key
}

// Complete is false for a value without positions.
func (c *checkpoint) Complete() bool { return c.Positions != nil }

// maxAbsent is how many runs look for the table in the backend until it was seen there. A destination logs each
// vain look as an error.
const maxAbsent = 3

// maxFailures is how often in a row rows may be missing until verifying gives up: then the state is kept in
// another destination than the rows, or somebody else writes or removes rows.
const maxFailures = 3

// givenUpFor is how long the rows that are missing then are not read again.
const givenUpFor = 24 * time.Hour

// neverMade reports whether the account has not had the table in any run, which then was not made at the destination.
func (c checkpoint) neverMade() bool { return c.Shut && !c.Found }

// verifiable reports whether there is something to verify, and a table to read it from.
func (c checkpoint) verifiable() bool {
	return !c.neverMade() && (len(c.Positions) > 0 || len(c.Sent) > 0) && c.Absent < maxAbsent
}

// restart has the table read from its beginning.
func (c *checkpoint) restart() {
	c.Positions, c.Refreshed = map[string]plan.Position{}, time.Time{}
}

// trusted is the checkpoint to go on from where nothing is known of what arrived: that of the last run, if it
// ended well.
func (c checkpoint) trusted() checkpoint {
	next := checkpoint{
		Version: StateVersion, Finished: true, Positions: maps.Clone(c.Positions), Before: c.Before, Ahead: c.Ahead, Least: c.Least,
		Began: c.Began, Found: c.Found, Absent: c.Absent, Columns: c.Columns, Looked: c.Looked, Refreshed: c.Refreshed, GivenUp: c.GivenUp,
		Removing: c.Removing, Again: c.Again, AgainFrom: c.AgainFrom, Shut: c.Shut,
	}
	if !c.Finished {
		next.Positions = maps.Clone(c.Verified)
	}
	if next.Positions == nil {
		next.Positions = map[string]plan.Position{}
	}
	return next
}

// sentRows is how many rows the last run sent.
func (c checkpoint) sentRows() (n int64) {
	for _, s := range c.Sent {
		n += s.Rows
	}
	return n
}

// rows is how many rows the last run sent, or 1 where an earlier one did. The position of a table of children does not tell
// that: no parent may have any.
func (c checkpoint) rows() int64 {
	n := c.sentRows()
	if c.children {
		return max(n, c.expected())
	}
	for _, m := range c.trusted().Positions {
		if n == 0 && !m.Changed.IsZero() {
			n = 1
		}
	}
	return n
}

// expected is about how many rows the destination has.
func (c checkpoint) expected() int64 {
	if c.Rest != nil {
		return c.Rest.Rows + c.sentRows()
	}
	return max(c.Least, c.sentRows())
}

// before are the checkpoint's positions, none of them later than a moment. A reading by id sends rows of any time, so that
// its position is the one from which the last run went on.
func (c checkpoint) before(at time.Time) map[string]plan.Position {
	positions := maps.Clone(c.Positions)
	for listing, m := range positions {
		if positions[listing] = m.NoLaterThan(at); m.ByID != nil {
			positions[listing] = c.Verified[listing]
		}
	}
	return positions
}

// byID reports whether positions are those of a reading by number, and so the segments of the rows that it sent: the
// table has one listing, whose first reading has not ended.
func byID(positions map[string]plan.Position) bool {
	for _, p := range positions {
		return len(positions) == 1 && p.ByID != nil && p.ByID.Key.Text == ""
	}
	return false
}

// behind are the positions of a reading by number that goes on behind the last of some segments. These may have records
// that were changed before the reading came to them.
func (c checkpoint) behind(arrived []segment) map[string]plan.Position {
	positions := maps.Clone(c.Positions)
	for listing, p := range positions {
		place := pipedrive.Place{Key: pipedrive.Key{Number: min(arrived[len(arrived)-1].To, p.ByID.Key.Number)}}
		if from := c.Verified[listing].ByID; from != nil {
			place.Read = from.Read
		}
		for _, s := range arrived {
			place.Read += s.Rows
		}
		p.ByID = &place
		positions[listing] = p
	}
	return positions
}

// earliest is the moment from which some listing is read; zero for its beginning.
func (c checkpoint) earliest() time.Time {
	var first time.Time
	for _, m := range c.Positions {
		if first.IsZero() || m.Changed.Before(first) {
			first = m.Changed
		}
	}
	return first
}

package progress

import (
	"maps"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// checkpoint has the position of each listing of an account's incremental table. It is a claim, since sent rows may be
// lost on the way to the destination. The next run verifies it.
type checkpoint struct {
	Version int `json:"version"`
	// Positions are those of the last run, by [pipedrive.Listing.Key].
	Positions map[string]plan.Position `json:"marks"`
	// Began is the start of the last run that read the table to its end, by the API's clock. It is zero if the start
	// is unknown or the run's rows are lost.
	Began time.Time `json:"began,omitzero"`
	// Finished is true if that run ended well. Only then can its positions be trusted without verification. A run
	// under way stores its positions as unfinished.
	Finished bool `json:"finished"`
	// Verified are the positions at the start of that run.
	Verified map[string]plan.Position `json:"verified,omitempty"`
	// Sent are the fingerprints of the rows that the run sent.
	Sent []segment `json:"sent,omitempty"`
	// Rest is the fingerprint of the other rows: those that existed before the run and that it neither sent nor
	// removed. It is nil if the run did not read the table to its end or did not read it back.
	Rest *fingerprint `json:"rest,omitempty"`
	// Ledger is set if the last run read the table back and sent few rows. Later runs keep it as long as they do
	// without a read-back. Then Rest is nil.
	Ledger *ledger `json:"ledger,omitempty"`
	// Replaced is the fingerprint of the earlier versions of the sent rows. If all sent rows are lost, these versions
	// are still at the destination.
	Replaced fingerprint `json:"replaced,omitzero"`
	// Before is the greatest sync time of the rows that existed before the run, in microseconds since 1970. Rows of
	// the run have later ones.
	Before int64 `json:"before,omitempty"`
	// Ahead are later sync times of rows that existed before the run too: a clock was ahead.
	Ahead span `json:"ahead,omitzero"`
	// Columns are the filled columns of the rows; nil in the state of an early version.
	Columns []string `json:"columns,omitempty"`
	// ColumnLooks counts the runs that checked whether the destination has some of the columns. In a large table, each
	// run checks other ones.
	ColumnLooks int `json:"looked,omitempty"`
	// MinRows is the least number of rows at the destination.
	MinRows int64 `json:"least,omitempty"`
	// ReadRows is the number of rows in the last read-back. It counts all versions of a record, at a destination that only
	// appends and in a history.
	ReadRows int64 `json:"read_rows,omitempty"`
	// Found is true once a run has seen the table in the backend. If such a table is absent, it was dropped.
	Found bool `json:"found,omitempty"`
	// Absent counts the runs that filled the table and did not find it afterwards: its rows go to another destination,
	// or to a table with another name. While it is 0, an absent table counts as dropped. A small table is then read
	// again once, at little cost. A large one is looked for at the end of the run that first fills it.
	Absent int `json:"absent,omitempty"`
	// Failures counts consecutive runs that found rows missing.
	Failures int `json:"failures,omitempty"`
	// GivenUp is the time at which too many Failures ended the repeated reading of missing rows; zero if no row is
	// known to be missing.
	GivenUp time.Time `json:"given_up,omitzero"`
	// Refreshed is the time of the last reading from the beginning.
	Refreshed time.Time `json:"refreshed,omitzero"`
	// Refreshing is true during a full refresh. If that run fails, the next one reads only changes, and the one after
	// it refreshes again.
	Refreshing bool `json:"refreshing,omitempty"`
	// Refused is a full refresh that would have removed more than half of the rows; nil after the user's decision.
	Refused *refused `json:"refused,omitempty"`
	// Removing are the keys, in ascending order, of rows whose removal is not confirmed. Each run that reads the table
	// to its end removes them again, until a read-back finds them gone or they are sent again.
	Removing []key `json:"removing,omitempty"`
	// Unavailable is true if the account lacked the table at the last request for it.
	Unavailable bool `json:"shut,omitempty"`
	// Rechecked is the time of the last reading of the children of unchanged parents.
	Rechecked time.Time `json:"again,omitzero"`
	// Together is true if the last run read both a table of children and their parents' table to their ends, in one
	// reading of the parents' list. It is false during a run, and after a failed one.
	Together bool `json:"together,omitempty"`
	// RecheckFrom are the last parents whose children were read before the budget ended such a reading, by list.
	RecheckFrom map[string]pipedrive.Key `json:"again_from,omitempty"`
	// children is true for a table of children.
	children bool
	// The fields of this run. They replace those above once the run ends well; a nil recheckFrom changes nothing.
	ledger      *ledger
	refreshed   time.Time
	rechecked   time.Time
	recheckFrom map[string]pipedrive.Key
}

// mostRows is more than any table has. A damaged state could otherwise ask for any amount of memory.
const mostRows = 1 << 30

// Complete reports whether the value has positions and possible numbers of rows.
func (c *checkpoint) Complete() bool {
	possible := func(rows int64) bool { return 0 <= rows && rows < mostRows }
	return c.Positions != nil && possible(c.expected()) && possible(c.ReadRows)
}

// maxAbsent is the number of runs that look for a table that was never seen. A destination logs each failed look as an
// error.
const maxAbsent = 3

// maxFailures is the number of consecutive runs with missing rows after which reading them again is given up. Then the
// state belongs to another destination than the rows, or another program writes or removes rows.
const maxFailures = 3

// givenUpFor is the time until the next attempt to read the missing rows.
const givenUpFor = 24 * time.Hour

// neverCreated reports whether no run has created the table, because the account has always lacked it.
func (c checkpoint) neverCreated() bool { return c.Unavailable && !c.Found }

// verifiable reports whether there are rows to verify, in a table that can be found.
func (c checkpoint) verifiable() bool {
	return !c.neverCreated() && (len(c.Positions) > 0 || len(c.Sent) > 0) && c.Absent < maxAbsent
}

// restart makes the run read the table from its beginning.
func (c *checkpoint) restart() {
	c.Positions, c.Refreshed = map[string]plan.Position{}, time.Time{}
}

// trusted is the checkpoint to continue from if the destination's rows are unknown: that of the last run, if the run
// ended well, or else the one that it started from.
func (c checkpoint) trusted() checkpoint {
	next := checkpoint{
		Version: StateVersion, Finished: true, Positions: maps.Clone(c.Positions), Before: c.Before, Ahead: c.Ahead, MinRows: c.MinRows,
		Began: c.Began, Found: c.Found, Absent: c.Absent, Columns: c.Columns, ColumnLooks: c.ColumnLooks,
		Refreshed: c.Refreshed, GivenUp: c.GivenUp, Removing: c.Removing, Rechecked: c.Rechecked, RecheckFrom: c.RecheckFrom,
		Unavailable: c.Unavailable, ReadRows: c.ReadRows,
	}
	if !c.Finished {
		next.Positions = maps.Clone(c.Verified)
	}
	if next.Positions == nil {
		next.Positions = map[string]plan.Position{}
	}
	return next
}

// sentRows is the number of rows that the last run sent.
func (c checkpoint) sentRows() (n int64) {
	for _, s := range c.Sent {
		n += s.Rows
	}
	return n
}

// rows is the number of rows that the last run sent, or 1 if only an earlier run sent some. Positions do not prove
// that for a table of children, since there may be none.
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

// expected is the approximate number of rows at the destination.
func (c checkpoint) expected() int64 {
	if c.Rest != nil {
		return c.Rest.Rows + c.sentRows()
	}
	return max(c.MinRows, c.sentRows())
}

// before returns the positions, limited to a moment. A reading by id sends rows in no order of time, so its position
// goes back to the one at the start of the last run.
func (c checkpoint) before(at time.Time) map[string]plan.Position {
	positions := maps.Clone(c.Positions)
	for listing, m := range positions {
		if positions[listing] = m.NoLaterThan(at); m.ByID != nil {
			positions[listing] = c.Verified[listing]
		}
	}
	return positions
}

// byID reports whether the positions, and so the segments of sent rows, are those of a reading by numeric id. That is
// the unfinished first reading of a table with one listing.
func byID(positions map[string]plan.Position) bool {
	for _, p := range positions {
		return len(positions) == 1 && p.ByID != nil && p.ByID.Key.Text == ""
	}
	return false
}

// behind returns the positions after the last of some segments of a reading by numeric id. The segments may have
// records that changed before the reading reached them.
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

// earliest is the earliest position of a listing; zero for the beginning.
func (c checkpoint) earliest() time.Time {
	var first time.Time
	for _, m := range c.Positions {
		if first.IsZero() || m.Changed.Before(first) {
			first = m.Changed
		}
	}
	return first
}

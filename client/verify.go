package client

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/schema"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
)

// readBack is what reading a table back from the destination brought.
type readBack struct {
	found   map[string]*arrival // by account
	lacking *lackingError       // nil where no column is known to be missing
	err     error
}

// of returns what the destination holds of an account.
func (b readBack) of(account string) *arrival {
	if found := b.found[account]; found != nil {
		return found
	}
	return &arrival{}
}

// readBack reads a table back from the destination for all accounts that have something to verify, before any of the
// run's rows can get there.
func (r *Run) readBack(ctx context.Context, readings []*reading) readBack {
	var due []*reading
	for _, rd := range readings {
		if rd.account.verify && rd.last.verifiable() {
			due = append(due, rd)
		}
	}
	if len(due) == 0 {
		return readBack{}
	}
	var lacking *lackingError
	back := r.readColumns(ctx, due, looked(due))
	if back.err != nil && !errors.Is(back.err, errAbsent) && ctx.Err() == nil {
		errors.As(back.err, &lacking)
		back = r.readColumns(ctx, due, nil)
	}
	back.lacking = lacking
	return back
}

func (r *Run) readColumns(ctx context.Context, due []*reading, more schema.ColumnList) readBack {
	back := readBack{found: map[string]*arrival{}}
	for _, rd := range due {
		back.found[rd.account.id] = &arrival{now: r.began.UnixMicro(), older: rd.last.Ahead}
	}
	t, backend := due[0].table, due[0].account.state.backend
	back.err = backend.read(ctx, t, more, func(row stored) {
		if a := back.found[row.account]; a != nil {
			a.add(row.version)
		}
	})
	for _, a := range back.found {
		a.compact()
	}
	return back
}

// mostCells bounds what a run reads of a table to see whether the destination has all of its columns: an official
// destination takes a second for some 100,000 values. Of a table for which that is not enough, a run looks for one
// column, as long as the table has no more rows than that.
const mostCells = 200_000

// looked returns the columns to look for at the destination: of those that earlier runs filled all, or some in turn
// where the table is large.
func looked(due []*reading) schema.ColumnList {
	filled, rows, turn := map[string]bool{}, int64(0), 0
	for _, rd := range due {
		n := rd.last.expected()
		if n == 0 { // the last run did not count
			return nil
		}
		rows, turn = rows+n, max(turn, rd.last.Looked)
		for _, c := range rd.last.Columns {
			filled[c] = true
		}
	}
	var all schema.ColumnList
	needed := verifyColumns(due[0].table)
	for _, c := range due[0].table.Columns {
		if filled[signature(c)] && needed.Index(c.Name) < 0 {
			all = append(all, schema.Column{Name: c.Name, Type: due[0].schema.Column(c.Name).Type})
		}
	}
	if rows > mostCells {
		return nil
	}
	n := max(1, int(mostCells/max(1, rows))-len(needed))
	if n >= len(all) {
		return all
	}
	var some schema.ColumnList
	for i := range n {
		some = append(some, all[(turn*n+i)%len(all)])
	}
	return some
}

// maxAbsent is how many runs look for the table in the backend until it was seen there. A destination logs each
// vain look as an error.
const maxAbsent = 3

// maxFailures is how often in a row rows may be missing until verifying gives up: then the state is kept in
// another destination than the rows, or somebody else writes or removes rows.
const maxFailures = 3

// givenUpFor is how long the rows that are missing then are not read again.
const givenUpFor = 24 * time.Hour

// verifiable reports whether there is something to verify, and a table to read it from.
func (c checkpoint) verifiable() bool {
	return (len(c.Positions) > 0 || len(c.Sent) > 0) && c.Absent < maxAbsent
}

// verify returns the checkpoint to go on from: where the destination does not have what the last run sent, an
// earlier one. It costs no API tokens.
func (r *reading) verify(ctx context.Context, back readBack) (checkpoint, error) {
	c, log := r.last, r.log()
	next := c.trusted()
	switch {
	case !r.account.verify, len(c.Positions) == 0 && len(c.Sent) == 0:
		return next, nil
	case !c.verifiable():
		r.account.verification.unseen = true
		log.Info().Msg("whether the rows of the last run arrived can't be seen: the backend of backend_options has no such table")
		return next, nil
	case ctx.Err() != nil:
		return c, context.Cause(ctx)
	case back.err != nil && (!errors.Is(back.err, errAbsent) || !c.Found && c.Absent > 0):
		if errors.Is(back.err, errAbsent) {
			next.Absent++
		}
		r.account.verification.unseen = true
		log.Info().Err(back.err).
			Msg("whether the rows of the last run arrived can't be seen: the table can't be read through backend_options")
		return next, nil
	}
	there := back.of(r.account.id) // nothing, where the table was dropped
	next, loss := c.reconcile(there, back.lacking)
	next.Found, next.Before, next.Ahead, next.Least = c.Found || back.err == nil, there.before, there.ahead, there.rows()
	next.Failures, next.Looked = c.Failures, c.Looked+1
	if c.Refused != nil {
		next.Refreshed = c.Refreshed // of the rows that are missing, some were deleted for the refresh to go on
	}
	r.doubtful = !next.Found
	if next.Found {
		r.arrival = there
	}
	r.react(&next, loss, there)
	return next, nil
}

// react counts a loss in the checkpoint to go on from, and tells what becomes of it in the log and the table of runs.
func (r *reading) react(next *checkpoint, loss loss, there *arrival) {
	c, log, saw := r.last, r.log(), &r.account.verification
	saw.at = time.Now()
	missing := max(1, loss.missing, c.expected()-there.rows()) // where any are
	switch {
	case !c.GivenUp.IsZero() && r.account.began.Sub(c.GivenUp) >= givenUpFor:
		next.restart()
		next.GivenUp = time.Time{}
		saw.repaired += missing
		log.Info().Int64("api_tokens", r.costOf(c.expected())).
			Msg("rows that were missing a day ago are read again; the table is read from its beginning")
	case loss == loss0 && !c.GivenUp.IsZero():
		saw.unseen = true
		log.Info().Time("since", c.GivenUp).Msg("rows are still missing; they are read again a day after that was given up")
	case loss == loss0:
		next.Failures = 0
	case c.Failures >= maxFailures:
		if c.GivenUp.IsZero() {
			next.GivenUp = r.account.began
		}
		saw.unseen = true
		log.Warn().Int64("missing", loss.missing).Int("runs", c.Failures).
			Msg("rows are missing after each of the last runs, although they were read again each time, which is tried again in a day; " +
				"does the state belong to another destination than the rows, or does something else write or remove rows? " +
				"Set verify: false, or delete the table's row from the state to read it from its beginning now")
	case loss.column != "":
		next.Failures++
		saw.repaired += max(1, there.rows())
		log.Info().Str("column", loss.column).Int64("api_tokens", r.costOf(there.rows())).
			Msg("the destination has lost a column; the table is read from its beginning")
	case !c.Finished:
		log.Info().Time("from", next.earliest()).Msg("the last run was cut short; this one goes on from what arrived")
	case loss.old:
		next.Failures++
		saw.repaired += missing
		log.Info().Int64("missing", loss.missing).Int64("api_tokens", r.costOf(c.expected())).
			Msg("the destination does not have the rows of earlier runs as they were; the table is read from its beginning")
	default:
		next.Failures++
		saw.repaired += missing
		log.Info().Int64("missing", loss.missing).Time("from", next.earliest()).
			Msg("the destination does not have all rows of the last run; they are read again")
	}
}

// loss is what the destination does not have.
type loss struct {
	missing int64  // how many rows, at least
	old     bool   // whether rows of earlier runs than the last are not as they were
	column  string // a column of the table
}

// loss0 is none.
var loss0 loss

// reconcile returns the checkpoint to go on from, given what arrived, and what did not.
func (c checkpoint) reconcile(there *arrival, lacking *lackingError) (next checkpoint, lost loss) {
	sent, rest := there.parts(c)
	lost = c.lost(there.rows(), rest)
	if lacking != nil {
		lost.column = lacking.column
	}
	givenUp := c.Failures >= maxFailures
	if lost != loss0 && !givenUp {
		next = c.trusted()
		next.restart()
		return next, lost
	}
	next, missing := c.provedSent(sent)
	if missing > 0 && givenUp {
		next = c.trusted()
	}
	lost.missing += missing
	return next, lost
}

// lost tells whether rows of earlier runs than the last are not as they were.
func (c checkpoint) lost(rows int64, rest fingerprint) loss {
	switch known := c.Rest; {
	case rows == 0 && c.rows() > 0, rows < c.Least:
		return loss{missing: max(1, c.Least-rows), old: true}
	case known == nil, !c.Finished, rest == *known, rest == known.and(c.Replaced):
		return loss0
	default:
		return loss{missing: max(0, known.Rows-rest.Rows), old: true}
	}
}

// provedSent is the checkpoint to go on from, given what arrived of each segment, and how many rows of the last run did
// not at least.
func (c checkpoint) provedSent(parts []fingerprint) (next checkpoint, missing int64) {
	next = c.trusted()
	first := -1
	var sent, arrived int64
	for i, s := range c.Sent {
		sent, arrived = sent+s.Rows, arrived+parts[i].Rows
		if first < 0 && s.fingerprint != parts[i] {
			first = i
		}
	}
	switch {
	case first < 0:
		next.Positions = maps.Clone(c.Positions)
		return next, 0
	case first == 0, c.Sent[first-1].To == never:
		next.Positions = maps.Clone(c.Verified)
	default:
		next.Positions = c.before(time.Unix(c.Sent[first-1].To, 0).UTC())
	}
	if next.Positions == nil {
		next.Positions = map[string]plan.Position{}
	}
	return next, max(1, sent-arrived)
}

// restart has the table read from its beginning.
func (c *checkpoint) restart() {
	c.Positions, c.Refreshed = map[string]plan.Position{}, time.Time{}
}

// trusted is the checkpoint to go on from where nothing is known of what arrived: that of the last run, if it
// ended well.
func (c checkpoint) trusted() checkpoint {
	next := checkpoint{
		Version: stateVersion, Finished: true, Positions: maps.Clone(c.Positions), Before: c.Before, Ahead: c.Ahead, Least: c.Least,
		Found: c.Found, Absent: c.Absent, Columns: c.Columns, Looked: c.Looked, Refreshed: c.Refreshed, GivenUp: c.GivenUp,
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

// rows is how many rows the last run sent, or 1 where an earlier one did.
func (c checkpoint) rows() int64 {
	n := c.sentRows()
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

// costOf is about what reading a table of so many rows from its beginning costs, in API tokens.
func (r *reading) costOf(rows int64) int64 {
	listings := r.account.listings(r.table)
	if len(listings) == 0 {
		return 0
	}
	page := max(1, int64(r.account.query.Limit))
	return (rows + page - 1) / page * int64(listings[0].Cost)
}

// before are the checkpoint's positions, none of them later than a moment.
func (c checkpoint) before(at time.Time) map[string]plan.Position {
	positions := maps.Clone(c.Positions)
	for listing, m := range positions {
		positions[listing] = m.NoLaterThan(at)
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

package progress

import (
	"errors"
	"maps"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
)

// Verification is the result of reconciling: the rows of earlier runs that the destination has.
type Verification struct {
	// At is the time of the last check of a table's rows, by this run or an earlier one. For several tables it is the
	// earliest such time; zero for none.
	At time.Time
	// Unseen is true if the rows of a table can't be read, or if reading missing rows again was given up.
	Unseen bool
	// Repaired is the least number of missing rows that are read again.
	Repaired int64
}

// Add adds the verification of another table.
func (v *Verification) Add(of Verification) {
	if v.At.IsZero() || !of.At.IsZero() && of.At.Before(v.At) {
		v.At = of.At
	}
	v.Unseen = v.Unseen || of.Unseen
	v.Repaired += of.Repaired
}

// reconcile returns the checkpoint to continue from. If the destination lacks rows of the last run, it is an earlier
// one. It reads and writes nothing.
func (t *Tracker) reconcile(back ReadBacks) checkpoint {
	c, log := t.last, &t.Logger
	next := c.trusted()
	switch {
	case !t.Verify, len(c.Positions) == 0 && len(c.Sent) == 0, c.neverCreated():
		return next
	case back.skipped && c.Ledger != nil:
		t.skipped, t.late, t.readBack, t.verification.At = true, back.late, c.Ledger.readBack(), c.Ledger.At
		return next
	case !c.verifiable():
		t.verification.Unseen = true
		log.Info().Msg("the rows of the last run can't be verified: the destination of backend_options has no such table")
		return next
	case back.err != nil && (!errors.Is(back.err, errAbsent) || !c.Found && c.Absent > 0):
		if errors.Is(back.err, errAbsent) {
			next.Absent++
		}
		t.verification.Unseen = true
		t.logUnseen(back.err)
		return next
	}
	there := back.of(t.Account) // empty if the table was dropped
	next, loss := c.reconcile(there, back.lacking)
	next.Found, next.Before, next.Ahead, next.MinRows = c.Found || back.err == nil, there.before, there.ahead, there.rows()
	next.Failures, next.ColumnLooks, next.ReadRows = c.Failures, c.ColumnLooks+1, there.read
	if c.Refused != nil {
		next.Refreshed = c.Refreshed // the user deleted rows to let the refresh continue
	}
	t.doubtful = !next.Found
	if next.Found {
		t.readBack = there
	}
	t.countLoss(&next, loss, there)
	if loss != noLoss {
		next.Began = time.Time{} // a lost version may have the update_time of the present one
	}
	return next
}

// logUnseen logs the error of a read-back.
func (t *Tracker) logUnseen(err error) {
	t.Logger.Info().Err(err).
		Msg("the rows of the last run can't be verified: the table can't be read through backend_options")
}

// countLoss counts a loss in the next checkpoint and in the verification, and logs its repair.
func (t *Tracker) countLoss(next *checkpoint, loss loss, there *readBack) {
	c, log, saw := t.last, &t.Logger, &t.verification
	saw.At = time.Now()
	missing := max(1, loss.missing, c.expected()-there.rows()) // if any is
	switch {
	case !c.GivenUp.IsZero() && t.Began.Sub(c.GivenUp) >= givenUpFor:
		next.restart()
		next.GivenUp = time.Time{}
		saw.Repaired += missing
		log.Info().Int64("api_tokens", t.costOf(c.expected())).
			Msg("rows have been missing for a day; the table is read from its beginning")
	case loss == noLoss && !c.GivenUp.IsZero():
		saw.Unseen = true
		log.Info().Time("since", c.GivenUp).Msg("rows are still missing; they are read again a day after the last attempt")
	case loss == noLoss:
		next.Failures = 0
	case c.Failures >= maxFailures:
		if c.GivenUp.IsZero() {
			next.GivenUp = t.Began
		}
		saw.Unseen = true
		log.Warn().Int64("missing", loss.missing).Int("runs", c.Failures).
			Msg("rows are missing after each of the last runs, although each run read them again; the next attempt follows in a day. " +
				"Does the state belong to another destination than the rows, or does another program write or remove rows? " +
				"Set verify: false, or delete the table's row from the state to read the table from its beginning now")
	case loss.column != "":
		next.Failures++
		saw.Repaired += max(1, there.rows())
		log.Info().Str("column", loss.column).Int64("api_tokens", t.costOf(there.rows())).
			Msg("the destination has lost a column; the table is read from its beginning")
	case !c.Finished:
		log.Info().Time("from", next.earliest()).Msg("the last run was cut short; this one continues after the rows that arrived")
	case loss.old:
		next.Failures++
		saw.Repaired += missing
		log.Info().Int64("missing", loss.missing).Int64("api_tokens", t.costOf(c.expected())).
			Msg("rows of earlier runs are missing or changed at the destination; the table is read from its beginning")
	default:
		next.Failures++
		saw.Repaired += missing
		log.Info().Int64("missing", loss.missing).Time("from", next.earliest()).
			Msg("the destination does not have all rows of the last run; they are read again")
	}
}

// loss describes rows of earlier runs that the destination lacks.
type loss struct {
	missing int64  // least number of rows
	old     bool   // whether rows from before the last run are missing or changed
	column  string // a missing column; empty for none
}

var noLoss loss

// reconcile returns the checkpoint to continue from, given the present rows, and the loss.
func (c checkpoint) reconcile(there *readBack, lacking *missingColumnError) (next checkpoint, lost loss) {
	sent, removing, rest := there.parts(c)
	defer func() { next.Removing = removing }()
	lost = c.lost(there.rows(), rest)
	if lacking != nil {
		lost.column = lacking.column
	}
	ledger := c.Ledger
	if c.Rest != nil { // the last run read the table back
		ledger = nil
	}
	if ledger != nil && lost == noLoss {
		lost = ledger.lost(there)
	}
	givenUp := c.Failures >= maxFailures
	if lost != noLoss && !givenUp {
		next = c.trusted()
		next.restart()
		return next, lost
	}
	next, missing := c.reconcileWith(ledger, there, sent)
	if missing > 0 && givenUp {
		next = c.trusted()
	}
	lost.missing += missing
	return next, lost
}

// reconcileWith returns the checkpoint to continue from, given the ledger since the last read-back, nil for none. If
// rows of the ledger are missing, the run continues from the position of that read-back.
func (c checkpoint) reconcileWith(l *ledger, there *readBack, parts []fingerprint) (next checkpoint, missing int64) {
	if l == nil {
		return c.reconcileSent(parts)
	}
	if missing = l.missing(there, c.Before); missing > 0 {
		next = c.trusted()
		next.Positions = maps.Clone(l.Positions)
		next.doubt()
		return next, missing
	}
	if l.Partial {
		return c.reconcileSent(parts)
	}
	return c.trusted(), 0
}

// lost returns the loss of rows from before the last run.
func (c checkpoint) lost(rows int64, rest fingerprint) loss {
	switch known := c.Rest; {
	case rows == 0 && c.rows() > 0, rows < c.MinRows:
		return loss{missing: max(1, c.MinRows-rows), old: true}
	case known == nil, !c.Finished, rest == *known, rest == known.and(c.Replaced):
		return noLoss
	default:
		return loss{missing: max(0, known.Rows-rest.Rows), old: true}
	}
}

// reconcileSent returns the checkpoint to continue from, given the present rows of each segment, and the least number
// of missing rows of the last run.
func (c checkpoint) reconcileSent(parts []fingerprint) (next checkpoint, missing int64) {
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
	case byID(c.Positions):
		next.Positions = c.behind(c.Sent[:first])
	default:
		next.Positions = c.before(time.Unix(c.Sent[first-1].To, 0).UTC())
	}
	next.doubt()
	return next, max(1, sent-arrived)
}

// doubt makes the positions say nothing about the parents before them. Missing rows may belong to parents that moved
// long ago.
func (c *checkpoint) doubt() {
	if c.Positions == nil {
		c.Positions = map[string]plan.Position{}
	}
	for listing, p := range c.Positions {
		p.Whole = time.Time{}
		c.Positions[listing] = p
	}
}

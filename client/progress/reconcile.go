package progress

import (
	"errors"
	"maps"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
)

// Verification is the result of reconciling: how much of the rows of earlier runs a run saw at the destination.
type Verification struct {
	// At is when the rows of a table were last seen, by this run or an earlier one; of several tables, the earliest; zero for none.
	At time.Time
	// Unseen is true where it could not see those of another, or has given up to read missing ones again.
	Unseen bool
	// Repaired is how many rows were missing and are read again, at least.
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

// reconcile returns the checkpoint to go on from: where the destination does not have the rows that the last run sent,
// an earlier one. It reads and writes nothing.
func (t *Tracker) reconcile(back ReadBacks) checkpoint {
	c, log := t.last, &t.Logger
	next := c.trusted()
	switch {
	case !t.Verify, len(c.Positions) == 0 && len(c.Sent) == 0, c.neverMade():
		return next
	case back.skipped && c.Ledger != nil:
		t.skipped, t.late, t.readBack, t.verification.At = true, back.late, c.Ledger.readBack(), c.Ledger.At
		return next
	case !c.verifiable():
		t.verification.Unseen = true
		log.Info().Msg("whether the rows of the last run arrived can't be seen: the backend of backend_options has no such table")
		return next
	case back.err != nil && (!errors.Is(back.err, errAbsent) || !c.Found && c.Absent > 0):
		if errors.Is(back.err, errAbsent) {
			next.Absent++
		}
		t.verification.Unseen = true
		t.logUnseen(back.err)
		return next
	}
	there := back.of(t.Account) // nothing, where the table was dropped
	next, loss := c.reconcile(there, back.lacking)
	next.Found, next.Before, next.Ahead, next.Least = c.Found || back.err == nil, there.before, there.ahead, there.rows()
	next.Failures, next.Looked = c.Failures, c.Looked+1
	if c.Refused != nil {
		next.Refreshed = c.Refreshed // of the rows that are missing, some were deleted for the refresh to go on
	}
	t.doubtful = !next.Found
	if next.Found {
		t.readBack = there
	}
	t.react(&next, loss, there)
	if loss != noLoss {
		next.Began = time.Time{} // a lost version may have the update_time of the one that is there
	}
	return next
}

// logUnseen logs that the table can't be read back.
func (t *Tracker) logUnseen(err error) {
	t.Logger.Info().Err(err).
		Msg("whether the rows of the last run arrived can't be seen: the table can't be read through backend_options")
}

// react counts a loss in the checkpoint to go on from, and tells the log and the verification how it is made good.
func (t *Tracker) react(next *checkpoint, loss loss, there *readBack) {
	c, log, saw := t.last, &t.Logger, &t.verification
	saw.At = time.Now()
	missing := max(1, loss.missing, c.expected()-there.rows()) // where any are
	switch {
	case !c.GivenUp.IsZero() && t.Began.Sub(c.GivenUp) >= givenUpFor:
		next.restart()
		next.GivenUp = time.Time{}
		saw.Repaired += missing
		log.Info().Int64("api_tokens", t.costOf(c.expected())).
			Msg("rows that were missing a day ago are read again; the table is read from its beginning")
	case loss == noLoss && !c.GivenUp.IsZero():
		saw.Unseen = true
		log.Info().Time("since", c.GivenUp).Msg("rows are still missing; they are read again a day after that was given up")
	case loss == noLoss:
		next.Failures = 0
	case c.Failures >= maxFailures:
		if c.GivenUp.IsZero() {
			next.GivenUp = t.Began
		}
		saw.Unseen = true
		log.Warn().Int64("missing", loss.missing).Int("runs", c.Failures).
			Msg("rows are missing after each of the last runs, although they were read again each time, which is tried again in a day; " +
				"does the state belong to another destination than the rows, or does something else write or remove rows? " +
				"Set verify: false, or delete the table's row from the state to read it from its beginning now")
	case loss.column != "":
		next.Failures++
		saw.Repaired += max(1, there.rows())
		log.Info().Str("column", loss.column).Int64("api_tokens", t.costOf(there.rows())).
			Msg("the destination has lost a column; the table is read from its beginning")
	case !c.Finished:
		log.Info().Time("from", next.earliest()).Msg("the last run was cut short; this one goes on from what arrived")
	case loss.old:
		next.Failures++
		saw.Repaired += missing
		log.Info().Int64("missing", loss.missing).Int64("api_tokens", t.costOf(c.expected())).
			Msg("the destination does not have the rows of earlier runs as they were; the table is read from its beginning")
	default:
		next.Failures++
		saw.Repaired += missing
		log.Info().Int64("missing", loss.missing).Time("from", next.earliest()).
			Msg("the destination does not have all rows of the last run; they are read again")
	}
}

// loss is the part of the earlier runs' rows that the destination does not have.
type loss struct {
	missing int64  // how many rows, at least
	old     bool   // whether rows of earlier runs than the last are not as they were
	column  string // a column of the table
}

var noLoss loss

// reconcile returns the checkpoint to go on from, given the rows that are there, and the loss.
func (c checkpoint) reconcile(there *readBack, lacking *lackingError) (next checkpoint, lost loss) {
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

// reconcileWith is the checkpoint to go on from, given the ledger of the runs since the last read-back, nil for none: where rows of
// these are missing, that is where the read-back was.
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

// lost tells whether rows of earlier runs than the last are not as they were.
func (c checkpoint) lost(rows int64, rest fingerprint) loss {
	switch known := c.Rest; {
	case rows == 0 && c.rows() > 0, rows < c.Least:
		return loss{missing: max(1, c.Least-rows), old: true}
	case known == nil, !c.Finished, rest == *known, rest == known.and(c.Replaced):
		return noLoss
	default:
		return loss{missing: max(0, known.Rows-rest.Rows), old: true}
	}
}

// reconcileSent is the checkpoint to go on from, given the rows of each segment that are there, and how many rows of the
// last run are missing at least.
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

// doubt has the positions of a checkpoint tell nothing of the parents before them: of whichever rows are missing, they may have
// moved long ago.
func (c *checkpoint) doubt() {
	if c.Positions == nil {
		c.Positions = map[string]plan.Position{}
	}
	for listing, p := range c.Positions {
		p.Whole = time.Time{}
		c.Positions[listing] = p
	}
}

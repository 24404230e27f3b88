package progress

import (
	"context"
	"errors"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// childrenDue reports whether a table of children is read back before the run reads it. That is necessary if the run
// may request parents that are unknown at that time: parents that are children themselves, the second parent of a
// record, or unchanged parents.
func (t *Tracker) childrenDue() bool {
	p := t.table.Parent
	if p == nil {
		return false
	}
	again := len(p.Recheck) > 0 && t.RecheckEvery > 0 && t.Began.Sub(t.last.Rechecked) >= t.RecheckEvery
	return p.Table.Parent != nil || p.Other != "" || t.last.Unavailable || again
}

// wholeParents are the parents whose children the run has asked about.
func (t *Tracker) wholeParents() keySet {
	whole := keySet{}
	for k := range t.asked {
		whole[k] = true
	}
	if t.family != nil {
		for k := range t.family.read {
			whole[k] = true
		}
	}
	return whole
}

// parentsOf returns the parents of some children, by the last reading of the parents.
func (f *family) parentsOf(children records) parents {
	of := parents{}
	if f == nil {
		return of
	}
	for parent, read := range f.read {
		for _, k := range read {
			if children.has(k) {
				of[k] = parent
			}
		}
	}
	return of
}

// ReadBackFor reads a table of children back, unless the run has done so or the state has all children of some
// parents. It is called before the run reads these children or asks whether there are any. The verification counts
// missing rows, which the next run reads again.
func (t *Tracker) ReadBackFor(ctx context.Context, of []pipedrive.Key) (v Verification) {
	if t.VerifyEvery == 0 || !t.Verify {
		return v
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, parent := range of {
		k := keyOf(parent)
		if t.skipped && !t.unverified && !t.last.Ledger.Whole[k] {
			return t.readBackLate(ctx)
		}
		if t.asked == nil {
			t.asked = keySet{}
		}
		if len(t.asked) <= maxRecords {
			t.asked[k] = true
		}
	}
	return v
}

// readBackLate reads the table back after the start of the run. If the run has sent no row of the table yet, that
// proves as much as before the start. But rows that are missing are left to the next run.
func (t *Tracker) readBackLate(ctx context.Context) (v Verification) {
	back := t.late(ctx)
	if back.err != nil && !errors.Is(back.err, errAbsent) {
		t.logUnseen(back.err)
		t.unverified, t.readBack = true, nil
		return Verification{Unseen: true}
	}
	there := back.of(t.Account)
	next, loss := t.last.reconcile(there, nil)
	t.readBack = there
	if loss != noLoss {
		before := t.verification
		t.countLoss(&next, loss, there)
		v, t.verification = t.verification, before
		t.resumeFrom, t.verified, t.checkpoint.Failures, t.checkpoint.Began = next.Positions, next.Positions, next.Failures, time.Time{}
	}
	if t.unverified = len(t.versions.sent) > 0; t.unverified {
		return v
	}
	t.skipped = false
	t.checkpoint.Before, t.checkpoint.Ahead, t.checkpoint.MinRows = there.before, there.ahead, there.rows()
	t.checkpoint.ReadRows = there.read
	return v
}

// positions are the positions to store. If the destination has lost rows, the next run continues from earlier ones.
func (t *Tracker) positions() map[string]plan.Position {
	if t.resumeFrom != nil {
		return t.resumeFrom
	}
	return t.checkpoint.Positions
}

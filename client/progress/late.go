package progress

import (
	"context"
	"errors"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// childrenDue reports whether a run reads a table of children back before it begins: if questions about parents may come that are
// not known then, since their records are children too, or have two parents, or are read again without a change.
func (t *Tracker) childrenDue() bool {
	p := t.table.Parent
	if p == nil {
		return false
	}
	again := len(p.Again) > 0 && t.AgainEvery > 0 && t.Began.Sub(t.last.Again) >= t.AgainEvery
	return p.Table.Parent != nil || p.Other != "" || t.last.Shut || again
}

// wholeParents are the parents that the run has asked about.
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

// parentsOf returns the parents of some children by the last reading of these parents.
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

// ReadBackFor reads a table of children back, unless the run has done so or the state tells all children of some parents. It is called
// before the run reads the children of these parents, and before it asks whether they have any. The verification is that of rows
// which are missing; the next run reads them again.
func (t *Tracker) ReadBackFor(ctx context.Context, of []pipedrive.Key) (v Verification) {
	if t.VerifyEvery == 0 || !t.Verify {
		return v
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, parent := range of {
		k := keyOf(parent)
		if t.skipped && !t.unproved && !t.last.Ledger.Whole[k] {
			return t.readBackLate(ctx)
		}
		if t.asked == nil {
			t.asked = keySet{}
		}
		if len(t.asked) <= mostRecords {
			t.asked[k] = true
		}
	}
	return v
}

// readBackLate reads the table back after the run has begun. If it has sent no row of the table yet, that is as good as before it
// began, except that lost rows are left to the next run.
func (t *Tracker) readBackLate(ctx context.Context) (v Verification) {
	back := t.late(ctx)
	if back.err != nil && !errors.Is(back.err, errAbsent) {
		t.logUnseen(back.err)
		t.unproved, t.readBack = true, nil
		return Verification{Unseen: true}
	}
	there := back.of(t.Account)
	next, loss := t.last.reconcile(there, nil)
	t.readBack = there
	if loss != noLoss {
		before := t.verification
		t.react(&next, loss, there)
		v, t.verification = t.verification, before
		t.backTo, t.verified, t.checkpoint.Failures, t.checkpoint.Began = next.Positions, next.Positions, next.Failures, time.Time{}
	}
	if t.unproved = len(t.versions.sent) > 0; t.unproved {
		return v
	}
	t.skipped = false
	t.checkpoint.Before, t.checkpoint.Ahead, t.checkpoint.Least = there.before, there.ahead, there.rows()
	return v
}

// positions are those that the run stores: if the destination has lost rows, those from which the next run goes on.
func (t *Tracker) positions() map[string]plan.Position {
	if t.backTo != nil {
		return t.backTo
	}
	return t.checkpoint.Positions
}

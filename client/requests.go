package client

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// asking is a listing of children together with the parents' listing whose children are requested.
type asking struct {
	listing pipedrive.Listing
	of      string // the parents' listing
	key     string // of the position
	timed   bool   // whether the parents' list comes in the order of update_time
}

// askings are all of a table of children. The positions belong to the parents' listings, or to the table's own if
// look-ups share the parents' list.
func (r *reading) askings() (all []asking) {
	own := r.account.listings(r.table)
	if r.family.leader == nil {
		for _, l := range own {
			all = append(all, asking{listing: l, key: l.Key()})
		}
		return all
	}
	for _, of := range r.account.listings(r.family.leader.table) {
		for _, l := range own {
			all = append(all, asking{listing: l, of: of.Key(), key: of.Key(), timed: of.Timed()})
		}
	}
	return all
}

// positionOf is the key of the position that belongs to a listing of the parents.
func (r *reading) positionOf(listing string) string {
	for _, a := range r.askings() {
		if a.of == listing {
			return a.key
		}
	}
	return listing
}

// askAll requests the children of all parents that were read. If their list was cut short and is in no order of time, the
// position can't move over any of them, and the next run would request them again.
func (r *reading) askAll(ctx context.Context) error {
	all := slices.DeleteFunc(r.askings(), func(a asking) bool { return !a.timed && !r.family.parents(a.of).whole })
	if err := r.announceRequests(all); err != nil {
		return err
	}
	for _, a := range all {
		if err := r.ask(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

// fewRuns is the number of runs with the same budget that may read a table of children without a warning.
const fewRuns = 2

// announceRequests logs the least number of requests that the table takes, before the first of them. If the budget does
// not suffice, the next runs continue. Without a state none does, so the run fails before it spends anything.
func (r *reading) announceRequests(all []asking) error {
	requests, tokens := 0, int64(0)
	for _, a := range all {
		n := plan.Requests(r.perParent(a))
		requests, tokens = requests+n, tokens+int64(n*a.listing.Cost)
		if r.table.Parent.Table.Once { // another list may have the same parents
			for key := range r.family.parents(a.of).due {
				r.family.done[key] = true
			}
		}
	}
	clear(r.family.done)
	if requests == 0 {
		return nil
	}
	left, known := r.account.left()
	left = max(0, left)
	event := r.log().Info()
	switch {
	case known && tokens > left && !r.incremental():
		e := *errBudget
		e.Message = fmt.Sprintf("the table takes at least %d API tokens, and %d are left for it; only with backend_options can "+
			"the next run continue where this one stops", tokens, left)
		return &e
	case known && left > 0 && tokens > fewRuns*left: // another line warns of a used-up budget
		event = r.log().Warn().Int64("left", left)
	}
	event.Int("requests", requests).Int64("api_tokens", tokens).
		Msg("the table takes at least these requests; if the budget does not suffice, the next runs continue")
	return nil
}

// movedSince is the moment since which a parent must have moved to need a request; zero for all parents.
func (r *reading) movedSince() time.Time {
	if r.progress == nil || r.table.Parent.Moved == "" {
		return time.Time{}
	}
	var positions []plan.Position
	for _, a := range r.askings() {
		positions = append(positions, r.progress.Position(a.key))
	}
	return plan.MovedSince(positions, r.facts())
}

// needs are the parents' columns that decide whether a parent needs a request; -1 for none.
type needs struct{ count, own, skip, moved, created int }

func needsOf(p *table.Parent) needs {
	of := p.Table
	return needs{
		count: of.Column(p.Count), own: of.Column(p.Own), skip: of.Column(p.Skip), moved: of.Column(p.Moved), created: of.Column(p.Created),
	}
}

// skips reports whether a parent is skipped and keeps the rows of its children.
func (n needs) skips(parent *table.Row) bool {
	return n.skip >= 0 && parent.Value(n.skip).Number != 0
}

// childless reports whether a parent has no children but its own, by its counter or because it has never moved.
func (n needs) childless(parent *table.Row) bool {
	least := int64(0)
	if n.own >= 0 && parent.Value(n.own).Valid {
		least = 1
	}
	if n.count >= 0 && parent.Value(n.count).Valid && parent.Value(n.count).Number <= least {
		return true
	}
	if n.moved < 0 {
		return false
	}
	at := parent.Value(n.moved)
	return !at.Valid || n.created >= 0 && parent.Value(n.created).Valid && at.Time().Equal(parent.Value(n.created).Time())
}

// unmoved reports whether a parent has not moved since its children were read. That requires two things: the move lies
// before since, and the destination has children from the move or later. The second fails for a parent that was deleted
// then, or was in another list. It is false if the destination can't be read.
func (r *reading) unmoved(n needs, p plan.Parent, parent *table.Row, since time.Time) bool {
	if n.moved < 0 || since.IsZero() || p.Changed.IsZero() {
		return false
	}
	at := parent.Value(n.moved).Time()
	return at.Before(since) && r.progress.HasChildrenSince(p.Key, at)
}

// wereRead reports whether an earlier run has read the present children of a parent, and their own children. Such a
// parent is read only because of the lookback. Its children at the destination show that, or the parent itself if it
// has none and one reading served both tables. Children may appear late too. So the earlier run must have begun a
// lookback after the parent's last change, except for changelogs, which change only with their parent.
func (r *reading) wereRead(listing string, p plan.Parent, parent *table.Row) bool {
	if p.Changed.IsZero() {
		return false
	}
	key, root, tracked := r.positionOf(listing), r.root(), false
	for _, of := range r.kin() {
		if of.progress == nil {
			continue
		}
		if !of.table.Numbered() && !p.Changed.Add(r.account.lookback).Before(of.progress.LastBegan()) {
			return false
		}
		tracked = true
		withParent := root != nil && root.progress != nil && of.progress.WasReadWith(root.progress, listing, parent)
		if !withParent && !of.progress.ChildrenUnchanged(key, p.Key, p.Changed) {
			return false
		}
	}
	return tracked
}

// root is the first reading in a chain of parents: that of the list at its beginning; nil if look-ups share that list.
func (r *reading) root() *reading {
	for r.family != nil {
		r = r.family.leader
		if r == nil {
			return nil
		}
	}
	return r
}

package progress

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// family is the knowledge of a run about the parents of a table of children. If a parent's children were read, its
// other rows are removed from the destination.
type family struct {
	read    map[key][]key // the children of each parent, by the last reading of them
	kept    map[key]bool  // parents whose children can't be read
	dropped map[key]bool  // children that an earlier reading of the run had and a later one lacked
}

func (t *Tracker) familyOf() *family {
	if t.family == nil {
		t.family = &family{read: map[key][]key{}, kept: map[key]bool{}, dropped: map[key]bool{}}
	}
	return t.family
}

// Reread notes the rows of all children of a parent.
func (t *Tracker) Reread(parent pipedrive.Key, rows []*table.Row) {
	f, of := t.familyOf(), keyOf(parent)
	children := make([]key, len(rows))
	for i, row := range rows {
		children[i] = keyOf(table.KeyOf(row.Key(t.table.Key())))
	}
	for _, k := range f.read[of] {
		if !slices.Contains(children, k) {
			f.dropped[k] = true
		}
	}
	f.read[of] = children
}

// RecheckDue reports whether the children of unchanged parents are to be read. They are not if the run reads the
// children of all parents anyway, which counts as a recheck.
func (t *Tracker) RecheckDue(every time.Duration) bool {
	last, all := t.checkpoint.Rechecked, t.refreshing || len(t.verified) == 0
	if all {
		t.RecheckDone()
	}
	return every > 0 && !all && t.Began.Sub(last) >= every
}

// RecheckFrom is the parent, in a list by id, at which the budget ended the last recheck; the zero Key for none.
func (t *Tracker) RecheckFrom(listing string) pipedrive.Key { return t.checkpoint.RecheckFrom[listing] }

// RecheckReached notes the last parent of a list whose children were rechecked. It counts once the run ends well.
func (t *Tracker) RecheckReached(listing string, parent pipedrive.Key) {
	from := maps.Clone(t.checkpoint.RecheckFrom)
	if t.checkpoint.recheckFrom != nil {
		from = t.checkpoint.recheckFrom
	}
	if from == nil {
		from = map[string]pipedrive.Key{}
	}
	from[listing], t.checkpoint.recheckFrom = parent, from
	t.state.moved.Store(true)
}

// RecheckStopped notes that the budget ended the recheck. If no children were read by then, the next recheck comes
// when it is due again.
func (t *Tracker) RecheckStopped() {
	if t.checkpoint.recheckFrom == nil {
		t.checkpoint.rechecked = t.Began
		t.state.moved.Store(true)
	}
}

// RecheckDone notes that the children of all unchanged parents were read. It counts once the run ends well.
func (t *Tracker) RecheckDone() {
	t.checkpoint.rechecked, t.checkpoint.recheckFrom = t.Began, map[string]pipedrive.Key{}
}

// HaveChildren reports whether the destination is known to have had children of any of the parents when the run began.
func (t *Tracker) HaveChildren(parents []pipedrive.Key) bool {
	return t.readBack != nil && slices.ContainsFunc(parents, func(parent pipedrive.Key) bool {
		_, has := t.readBack.newestOf(parent)
		return has
	})
}

// HasChildrenSince reports whether the destination is known to have a child of a parent whose update_time, when its
// children were read, was at a moment or later.
func (t *Tracker) HasChildrenSince(parent pipedrive.Key, at time.Time) bool {
	if t.readBack == nil {
		return false
	}
	newest, has := t.readBack.newestOf(parent)
	return has && newest >= at.Unix()
}

// ChildrenUnchanged reports whether the destination has the current children of a parent of a listing, in a table
// whose children change only together with the parent; see [Tracker.Unchanged]. It is false for a parent without
// children.
func (t *Tracker) ChildrenUnchanged(listing string, parent pipedrive.Key, changed time.Time) bool {
	second := changed.Truncate(time.Second)
	if t.readBack == nil || !t.settled(listing, second) {
		return false
	}
	newest, has := t.readBack.newestOf(parent)
	return has && newest == second.Unix()
}

// LastBegan is the start of the last run that read the table to its end; zero if unknown.
func (t *Tracker) LastBegan() time.Time { return t.beginning.Began }

// WasReadWith reports whether an earlier run read the current version of a parent together with its children. of is
// the progress of the parents' table. The last run must have read both tables to their ends in one reading of the
// parents' list, and the destination must have the parent.
func (t *Tracker) WasReadWith(of *Tracker, listing string, parent *table.Row) bool {
	changed, timed := parent.RecordTime()
	return timed && t.last.Together && t.last.Finished && !t.beginning.Began.IsZero() && t.beginning.Began.Equal(of.beginning.Began) &&
		t.settled(listing, changed.Truncate(time.Second)) && of.Unchanged(listing, parent)
}

// newestOf returns the latest update_time of a parent's children, in seconds since 1970; false if there are none.
func (b *readBack) newestOf(parent pipedrive.Key) (at int64, has bool) {
	if b.newest == nil {
		b.newest = map[key]int64{}
		for _, v := range b.versions {
			of := b.parents[v.key]
			if at, has := b.newest[of]; !has || v.at > at {
				b.newest[of] = v.at
			}
		}
	}
	at, has = b.newest[keyOf(parent)]
	return at, has
}

// WasReread reports whether all children of a parent were read in this run.
func (t *Tracker) WasReread(parent pipedrive.Key) bool {
	if t.family == nil {
		return false
	}
	_, read := t.family.read[keyOf(parent)]
	return read
}

// Keep notes a parent whose children can't be read. Their rows stay.
func (t *Tracker) Keep(parent pipedrive.Key) {
	t.familyOf().kept[keyOf(parent)] = true
}

// keeps reports whether the children of a parent can't be read.
func (f *family) keeps(parent key) bool { return f != nil && f.kept[parent] }

// dropouts are the children that the run sent, and that their parents no longer had in its last reading of them. The
// next run removes them, since their rows may not have arrived yet.
func (f *family) dropouts() (left []key) {
	if f == nil {
		return nil
	}
	for k := range f.dropped {
		left = append(left, k)
	}
	return f.without(left)
}

// without returns those of the keys that no parent had in the last reading of it.
func (f *family) without(keys []key) []key {
	slices.Sort(keys)
	has := map[key]bool{}
	for _, children := range f.read {
		for _, k := range children {
			if _, found := slices.BinarySearch(keys, k); found {
				has[k] = true
			}
		}
	}
	return slices.DeleteFunc(keys, func(k key) bool { return has[k] })
}

// NoteUnavailable notes that the account lacks the table. The positions move nevertheless.
func (t *Tracker) NoteUnavailable() { t.checkpoint.Unavailable = true }

// NoteAvailable notes that the account has the table. If the last run found it unavailable, the next one reads all of
// it.
func (t *Tracker) NoteAvailable() { t.checkpoint.Unavailable = false }

// minReread is the least number of parents that can make [Tracker.orphans] fail.
const minReread = 20

// orphans are the keys of the rows that existed when the run began, and whose parent was read without them. Rows that
// another parent has, and rows that an earlier run removed, are not among them. It is an error if most parents that
// had children have none any more: an API that wrongly leaves children out looks the same.
func (t *Tracker) orphans() ([]key, error) {
	if t.family == nil || t.readBack == nil {
		return nil, nil
	}
	var orphans []key
	had := map[key]bool{}
	for _, v := range t.readBack.versions {
		parent := t.readBack.parents[v.key]
		children, read := t.family.read[parent]
		if !read {
			continue
		}
		had[parent] = true
		if _, removing := slices.BinarySearch(t.beginning.Removing, v.key); !removing && !slices.Contains(children, v.key) {
			orphans = append(orphans, v.key)
		}
	}
	childless := 0
	for parent := range had {
		if len(t.family.read[parent]) == 0 {
			childless++
		}
	}
	if len(had) >= minReread && isMajority(childless, len(had)) {
		return nil, fmt.Errorf("the run read %d parents that had rows in %s, and %d of them have none any more; "+
			"that is more than half, so no row is removed; to remove them, delete the rows yourself",
			len(had), t.table.Name(), childless)
	}
	return t.family.without(orphans), nil
}

// CheckOrphans returns an error if most parents that had children have none any more.
func (t *Tracker) CheckOrphans() error {
	_, err := t.orphans()
	return err
}

// toRemove are the keys, in ascending order, of the rows that the next run has to remove unless it finds them gone.
// This run or an earlier one was to remove them, and none was sent since.
func (t *Tracker) toRemove() []key {
	if !t.Verify {
		return nil
	}
	orphans, err := t.orphans()
	if err != nil {
		orphans = nil // the run fails
	}
	keys := sortedKeys(t.versions.without(t.beginning.Removing), slices.Concat(t.removed, orphans, t.family.dropouts()))
	if len(keys) > maxRemoving {
		return nil
	}
	return keys
}

// ReadBackOrphans returns the removal of the orphans, and of the rows that an earlier run removed and that still
// existed when this one began. It reads the table back for the keys of the orphans.
func (t *Tracker) ReadBackOrphans(ctx context.Context) (Removals, error) {
	again := t.removeAgain()
	orphans, err := t.orphans()
	if err != nil {
		return again, err
	}
	if len(orphans) == 0 {
		return again, nil
	}
	found := make(map[key][]table.Value, len(orphans))
	for _, k := range orphans {
		found[k] = nil
	}
	_, err = t.readRows(ctx, func(row stored) {
		if _, orphan := found[row.version.key]; orphan && row.account == t.Account {
			found[row.version.key] = slices.Clone(row.key)
		}
	})
	if err != nil {
		t.Logger.Warn().Err(err).Msg("the table can't be read through backend_options; rows that have left their parents stay")
		return again, nil
	}
	orphans = slices.DeleteFunc(orphans, func(k key) bool { return found[k] == nil })
	t.Logger.Info().Int("rows", len(orphans)).Msg("rows have left their parents")
	t.removed = sortedKeys(t.removed, orphans)
	t.checkpoint.MinRows -= int64(len(orphans))
	for _, k := range orphans {
		again.rows = append(again.rows, found[k])
	}
	return again, nil
}

// ReadBackParents reads the table back and returns the parents of its rows.
func (t *Tracker) ReadBackParents(ctx context.Context) (Keys, error) {
	parents := map[key]key{}
	there, err := t.readRows(ctx, func(row stored) {
		if row.account == t.Account {
			parents[row.version.key] = row.parent
		}
	})
	of := make(Keys, len(there.versions))
	for i, v := range there.versions {
		of[i] = parents[v.key]
	}
	return of, err
}

// sortedKeys are the distinct keys of both, in ascending order.
func sortedKeys(a, b []key) []key {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

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

// family is what a run has read of the parents of a table of children. Rows of a parent that were not read with it are to
// leave the destination.
type family struct {
	read    map[key][]key // the children of the parents that were read again, by their last reading
	kept    map[key]bool  // parents whose children could not be read
	dropped map[key]bool  // children that one reading of the run had, and a later one no longer
}

func (t *Tracker) familyOf() *family {
	if t.family == nil {
		t.family = &family{read: map[key][]key{}, kept: map[key]bool{}, dropped: map[key]bool{}}
	}
	return t.family
}

// Reread notes that all children of a parent were read, and that these are rows.
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

// AgainDue reports whether to read the children of parents that did not change: not if the run reads those of all, which counts
// as such a reading.
func (t *Tracker) AgainDue(every time.Duration) bool {
	last, all := t.checkpoint.Again, t.refreshing || len(t.verified) == 0
	if all {
		t.AgainRead()
	}
	return every > 0 && !all && t.Began.Sub(last) >= every
}

// AgainFrom is the last parent, in a list by id, whose children were read again before the budget ended that; the zero Key if
// they are to be read from the list's beginning.
func (t *Tracker) AgainFrom(listing string) pipedrive.Key { return t.checkpoint.AgainFrom[listing] }

// AgainReached notes that the children of a list's parents up to one were read again. That counts once the run ends well.
func (t *Tracker) AgainReached(listing string, parent pipedrive.Key) {
	from := maps.Clone(t.checkpoint.AgainFrom)
	if t.checkpoint.againFrom != nil {
		from = t.checkpoint.againFrom
	}
	if from == nil {
		from = map[string]pipedrive.Key{}
	}
	from[listing], t.checkpoint.againFrom = parent, from
	t.state.moved.Store(true)
}

// AgainStopped notes that the budget ended that. If it was ended before the first children came, it waits until it is due again.
func (t *Tracker) AgainStopped() {
	if t.checkpoint.againFrom == nil {
		t.checkpoint.again = t.Began
		t.state.moved.Store(true)
	}
}

// AgainRead notes that the children of all parents that did not change were read. That counts once the run ends well.
func (t *Tracker) AgainRead() {
	t.checkpoint.again, t.checkpoint.againFrom = t.Began, map[string]pipedrive.Key{}
}

// HaveChildren reports whether the destination had children of any of some parents when the run began, as far as that is known.
func (t *Tracker) HaveChildren(parents []pipedrive.Key) bool {
	return t.readBack != nil && slices.ContainsFunc(parents, func(parent pipedrive.Key) bool {
		_, has := t.readBack.newestOf(parent)
		return has
	})
}

// HasChildrenSince reports whether the destination is known to have had a child of a parent that had changed at a moment or
// later when its children were read.
func (t *Tracker) HasChildrenSince(parent pipedrive.Key, at time.Time) bool {
	if t.readBack == nil {
		return false
	}
	newest, has := t.readBack.newestOf(parent)
	return has && newest >= at.Unix()
}

// ChildrenUnchanged reports whether the destination has the children of a parent of a listing as they are, where no child changes
// without its parent: see [Tracker.Unchanged]. It is false for a parent without children.
func (t *Tracker) ChildrenUnchanged(listing string, parent pipedrive.Key, changed time.Time) bool {
	second := changed.Truncate(time.Second)
	if t.readBack == nil || !t.settled(listing, second) {
		return false
	}
	newest, has := t.readBack.newestOf(parent)
	return has && newest == second.Unix()
}

// LastBegan is when the last run began that read the table to its end; zero where that is not known.
func (t *Tracker) LastBegan() time.Time { return t.beginning.Began }

// WasReadWith reports whether an earlier run has read the children of a parent with the parent as it is, given the progress of the
// parents' table: the last run read both tables to their ends, from one reading of the parents' list, and the destination has
// the parent from that run or one before it.
func (t *Tracker) WasReadWith(of *Tracker, listing string, parent *table.Row) bool {
	changed, timed := parent.RecordTime()
	return timed && t.last.Together && t.last.Finished && !t.beginning.Began.IsZero() && t.beginning.Began.Equal(of.beginning.Began) &&
		t.settled(listing, changed.Truncate(time.Second)) && of.Unchanged(listing, parent)
}

// newestOf returns the latest second, since 1970, of a parent's children; false if it has none.
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

// Keep notes that a parent's children could not be read: their rows stay as they are.
func (t *Tracker) Keep(parent pipedrive.Key) {
	t.familyOf().kept[keyOf(parent)] = true
}

// keeps reports whether the children of a parent could not be read.
func (f *family) keeps(parent key) bool { return f != nil && f.kept[parent] }

// left are the children that the run sent and that had left their parents when it read these for the last time. The next
// run removes them, once they have arrived.
func (f *family) left() (left []key) {
	if f == nil {
		return nil
	}
	for k := range f.dropped {
		left = append(left, k)
	}
	return f.without(left)
}

// without returns those of some keys that no parent had when the run read it for the last time.
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

// Shut notes that the account does not have the table: its positions move although nothing is read.
func (t *Tracker) Shut() { t.checkpoint.Shut = true }

// Open notes that the account has the table. If it did not when the last run asked, the next run reads all.
func (t *Tracker) Open() { t.checkpoint.Shut = false }

// leastReread is how many parents must have had children for it to be an error that most of them have none any more.
const leastReread = 20

// orphans are the keys of the rows, among those that were there when the run began, whose parent was read again without
// them, and that no other parent has. Rows that an earlier run was to remove are not among them. It is an error if most
// parents that had children have none any more: an API that leaves them out looks the same.
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
	if len(had) >= leastReread && mostOf(childless, len(had)) {
		return nil, fmt.Errorf("of %d records that had rows in %s and were read again, %d have none any more; "+
			"that is more than half, so none is removed; if they are to go, delete the rows yourself",
			len(had), t.table.Name(), childless)
	}
	return t.family.without(orphans), nil
}

// CheckOrphans returns an error if most parents that had children have none any more.
func (t *Tracker) CheckOrphans() error {
	_, err := t.orphans()
	return err
}

// toRemove are the keys, in ascending order, of the rows that a later run has to remove unless it sees that they are gone:
// those that this run or an earlier one was to remove. None of them was sent since.
func (t *Tracker) toRemove() []key {
	if !t.Verify {
		return nil
	}
	orphans, err := t.orphans()
	if err != nil {
		orphans = nil // the run fails
	}
	keys := sortedKeys(t.versions.without(t.beginning.Removing), slices.Concat(t.removed, orphans, t.family.left()))
	if len(keys) > maxRemoving {
		return nil
	}
	return keys
}

// ReadBackOrphans returns the removal of the rows that have left their parents, and of those that an earlier run removed
// and that were still there when this one began. For the former it reads the table back.
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
		t.Logger.Warn().Err(err).Msg("rows that have left their parents stay: the table can't be read through backend_options")
		return again, nil
	}
	orphans = slices.DeleteFunc(orphans, func(k key) bool { return found[k] == nil })
	t.Logger.Info().Int("rows", len(orphans)).Msg("rows have left their parents")
	t.removed = sortedKeys(t.removed, orphans)
	t.checkpoint.Least -= int64(len(orphans))
	for _, k := range orphans {
		again.rows = append(again.rows, found[k])
	}
	return again, nil
}

// ReadBackParents reads the table back, and returns the parents of its rows.
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

// sortedKeys are the keys of both, each once, in ascending order.
func sortedKeys(a, b []key) []key {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

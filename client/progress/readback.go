package progress

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/zeebo/xxh3"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// key stands for a record of a table and account: its id, or else a hash of its key.
type key uint64

func keyOf(k pipedrive.Key) key {
	if k.Text == "" {
		return key(k.Number)
	}
	return key(xxh3.HashString(k.Text))
}

// never stands for the time of a record that has no update_time: before all others.
const never = math.MinInt64

// gone stands for the time of a tombstone: it is older than that of each record of the same run.
const gone = never + 1

// version is a version of a record.
type version struct {
	key  key
	at   int64 // seconds since 1970 of update_time, never, or gone
	sync int64 // when it came to the destination, in microseconds since 1970; 0 where the destination does not keep it
}

func (v version) compareKey(w version) int { return cmp.Compare(v.key, w.key) }

// readBack is the rows that the destination holds of a table and account at the beginning of a run: of each record the
// newest version. A destination that only appends has several.
type readBack struct {
	versions []version             // sorted by key once all of them are added and compacted
	full     int                   // how many versions there are when they are compacted next
	removing map[key][]table.Value // keys of the rows that are there although the last run removed them
	parents  map[key]key           // of children
	gone     map[key]int64         // since when records of a history are gone, in microseconds since 1970

	newest map[key]int64 // the latest second of a parent's children, once it is needed

	now    int64 // by this machine's clock, in microseconds since 1970
	before int64 // the greatest sync time up to now
	ahead  span  // the sync times after now
	older  span  // the sync times that were ahead of the clock when the last run began
}

// newReadBack is one without rows. last is the checkpoint of the last run, and began when this one began.
func newReadBack(last checkpoint, began time.Time) *readBack {
	b := &readBack{
		now: began.UnixMicro(), older: last.Ahead,
		removing: map[key][]table.Value{}, parents: map[key]key{}, gone: map[key]int64{},
	}
	for _, k := range last.Removing {
		b.removing[k] = nil
	}
	return b
}

// keep keeps the parent of a child, the moment of a removal, and the key of a row that the last run removed.
func (b *readBack) keep(row stored) {
	if row.parent != 0 {
		b.parents[row.version.key] = row.parent
	}
	if row.removed != 0 {
		b.gone[row.version.key] = max(b.gone[row.version.key], row.removed)
	}
	if _, removing := b.removing[row.version.key]; removing {
		b.removing[row.version.key] = slices.Clone(row.key)
	}
}

// span is a closed interval of sync times in microseconds since 1970; the zero value has none.
type span struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

func (s span) has(t int64) bool { return s.To != 0 && s.From <= t && t <= s.To }

func (s span) with(t int64) span {
	if s.To == 0 {
		return span{t, t}
	}
	return span{min(s.From, t), max(s.To, t)}
}

// add takes a version. Memory is needed for the newest ones only.
func (b *readBack) add(v version) {
	if v.sync > b.now {
		b.ahead = b.ahead.with(v.sync)
	} else {
		b.before = max(b.before, v.sync)
	}
	if b.older.has(v.sync) {
		v.sync = 0
	}
	if len(b.versions) >= max(b.full, 1024) {
		b.compact()
	}
	b.versions = append(b.versions, v)
}

// compact keeps the newest version of each record.
func (b *readBack) compact() {
	slices.SortFunc(b.versions, func(v, w version) int {
		return cmp.Or(cmp.Compare(v.key, w.key), cmp.Compare(w.sync, v.sync), cmp.Compare(w.at, v.at))
	})
	b.versions = slices.CompactFunc(b.versions, func(v, w version) bool { return v.key == w.key })
	b.full = 2 * len(b.versions)
}

// end compacts the versions and leaves out the records that are marked as gone: they count as not there.
func (b *readBack) end() {
	b.compact()
	b.versions = slices.DeleteFunc(b.versions, func(v version) bool { return v.at == gone })
}

// find returns the place of a record's newest version.
func (b *readBack) find(k key) (i int, found bool) {
	return slices.BinarySearchFunc(b.versions, k, func(v version, k key) int { return cmp.Compare(v.key, k) })
}

// hasKey reports whether a record is there.
func (b *readBack) hasKey(k key) bool {
	_, found := b.find(k)
	return found
}

// has reports whether a record's newest version is of a second, since 1970.
func (b *readBack) has(k key, at int64) bool {
	i, found := b.find(k)
	return found && b.versions[i].at == at
}

// rows is how many records there are.
func (b *readBack) rows() int64 { return int64(len(b.versions)) }

// parts divides the records into those that came with the run that left the checkpoint, by its segments, those that it
// removed, and all others.
func (b *readBack) parts(c checkpoint) (sent []fingerprint, removing []key, rest fingerprint) {
	newest := int64(0)
	for _, v := range b.versions {
		newest = max(newest, v.sync)
	}
	sent, rank := make([]fingerprint, len(c.Sent)), rankOf(c.Positions)
	for _, v := range b.versions {
		_, removed := slices.BinarySearch(c.Removing, v.key)
		if removed {
			removing = append(removing, v.key)
		}
		if v.sync < newest || newest <= c.Before {
			if !removed {
				rest.add(v.key, v.at)
			}
		} else if i := segmentOf(c.Sent, rank(v.key, v.at)); i < len(sent) {
			sent[i].add(v.key, v.at)
		}
	}
	return sent, removing, rest
}

// kept divides the records into those of which a run sent a version, and those that it neither sent nor removes.
func (b *readBack) kept(sent map[key]int64, removed []key) (replaced, rest fingerprint) {
	deleted := make(map[key]bool, len(removed))
	for _, k := range removed {
		deleted[k] = true
	}
	for _, v := range b.versions {
		if _, again := sent[v.key]; again {
			replaced.add(v.key, v.at)
		} else if !deleted[v.key] {
			rest.add(v.key, v.at)
		}
	}
	return replaced, rest
}

// ReadBacks is the outcome of a read-back of a table: the rows of several accounts, or an error.
type ReadBacks struct {
	found   map[string]*readBack // by account
	lacking *lackingError        // nil where no column is known to be missing
	err     error
	rows    int64 // that were read
	skipped bool  // whether no account needs it
	// late reads the table back after all, once for all accounts.
	late func(context.Context) ReadBacks
}

// Rows is how many rows were read.
func (b ReadBacks) Rows() int64 { return b.rows }

// Skipped reports whether the table was not read back, since the state tells all that the run needs to know of its rows.
func (b ReadBacks) Skipped() bool { return b.skipped }

// of returns what the destination holds of an account.
func (b ReadBacks) of(account string) *readBack {
	if found := b.found[account]; found != nil {
		return found
	}
	return &readBack{}
}

// ReadBack reads a table back from the destination for all accounts that have something to verify, before any of the
// run's rows can get there. The trackers are those of the table; their checkpoints have been loaded. began is when
// the run began, by this machine's clock. It costs no API tokens. No table is read back of whose rows the state tells enough for
// all accounts.
func ReadBack(ctx context.Context, trackers []*Tracker, began time.Time) ReadBacks {
	var due []*Tracker
	for _, t := range trackers {
		if t.Verify && t.last.verifiable() {
			due = append(due, t)
		}
	}
	if !slices.ContainsFunc(due, (*Tracker).due) {
		return ReadBacks{skipped: len(due) > 0, late: readOnce(due, began)}
	}
	var lacking *lackingError
	back := readColumns(ctx, due, began, slices.Concat(marks(due), columnsToLookFor(due)))
	if back.err != nil && !errors.Is(back.err, errAbsent) && ctx.Err() == nil {
		errors.As(back.err, &lacking)
		back = readColumns(ctx, due, began, nil)
	}
	back.lacking = lacking
	return back
}

// readOnce returns a function that reads a table back when it is first called.
func readOnce(due []*Tracker, began time.Time) func(context.Context) ReadBacks {
	var once sync.Once
	var back ReadBacks
	return func(ctx context.Context) ReadBacks {
		once.Do(func() { back = readColumns(ctx, due, began, marks(due)) })
		return back
	}
}

func readColumns(ctx context.Context, due []*Tracker, began time.Time, more schema.ColumnList) ReadBacks {
	back := ReadBacks{found: map[string]*readBack{}}
	for _, t := range due {
		back.found[t.Account] = newReadBack(t.last, began)
	}
	back.err = due[0].state.backend.read(ctx, due[0].table, more, func(row stored) {
		back.rows++
		if a := back.found[row.account]; a != nil {
			a.add(row.version)
			a.keep(row)
		}
	})
	for _, a := range back.found {
		a.end()
	}
	return back
}

// marks returns the column that marks removed rows, if earlier runs made one.
func marks(due []*Tracker) schema.ColumnList {
	if slices.ContainsFunc(due, func(t *Tracker) bool { return slices.Contains(t.last.Columns, markSignature) }) {
		return removedColumn(due[0].table)
	}
	return nil
}

// mostCells bounds what a run reads of a table to see whether the destination has all of its columns: an official
// destination takes a second for some 100,000 values. Of a table for which that is not enough, a run looks for one
// column, as long as the table has no more rows than that.
const mostCells = 200_000

// columnsToLookFor returns the columns to look for at the destination: of those that earlier runs filled all, or some in turn
// where the table is large.
func columnsToLookFor(due []*Tracker) schema.ColumnList {
	filled, rows, turn := map[string]bool{}, int64(0), 0
	for _, t := range due {
		n := t.last.expected()
		if n == 0 { // the last run did not count
			return nil
		}
		rows, turn = rows+n, max(turn, t.last.Looked)
		for _, c := range t.last.Columns {
			filled[c] = true
		}
	}
	var all schema.ColumnList
	of := due[0].table
	if of.Of != nil { // the older versions would lack it for good
		return nil
	}
	needed := slices.Concat(verifyColumns(of), removedColumn(of))
	for i, c := range of.Columns {
		if filled[signature(c)] && needed.Index(c.Name) < 0 {
			all = append(all, schema.Column{Name: c.Name, Type: of.SchemaColumn(i).Type})
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

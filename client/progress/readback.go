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

// key identifies a record of an account's table: its numeric id, or a hash of its key.
type key uint64

func keyOf(k pipedrive.Key) key {
	if k.Text == "" {
		return key(k.Number)
	}
	return key(xxh3.HashString(k.Text))
}

// never is the time of a record without update_time. It is before all others.
const never = math.MinInt64

// gone is the time of a tombstone. It is older than the update_time of each record of the same run.
const gone = never + 1

// version is a version of a record.
type version struct {
	key  key
	at   int64 // seconds since 1970 of update_time, never, or gone
	sync int64 // time of its sync, in microseconds since 1970; 0 if unknown
}

func (v version) compareKey(w version) int { return cmp.Compare(v.key, w.key) }

// readBack has the rows of an account's table that the destination had at the beginning of a run: the newest version
// of each record. A destination that only appends has several versions.
type readBack struct {
	versions []version             // sorted by key after the last compaction
	read     int64                 // number of added versions
	removing map[key][]table.Value // rows that the last run removed; nil for those that are gone
	parents  map[key]key           // parents by child
	gone     map[key]int64         // times of removals, in microseconds since 1970

	newest map[key]int64 // the latest second of a parent's children; nil before it is needed

	now    int64 // start of the run by this machine's clock, in microseconds since 1970
	before int64 // the greatest sync time up to now
	ahead  span  // the sync times after now
	older  span  // the sync times that were ahead of the clock when the last run began
}

// spareVersions is the room for versions that the last run did not count.
const spareVersions = 1024

// newReadBack returns a readBack without rows, with room for the expected ones: a growing slice would need twice the
// memory. last is the checkpoint of the last run. began is the start of this run.
func newReadBack(last checkpoint, began time.Time) *readBack {
	b := &readBack{
		versions: make([]version, 0, last.expected()+spareVersions),
		now:      began.UnixMicro(), older: last.Ahead,
		removing: map[key][]table.Value{}, parents: map[key]key{}, gone: map[key]int64{},
	}
	for _, k := range last.Removing {
		b.removing[k] = nil
	}
	return b
}

// keep notes the parent of a child, the time of a removal, and the key of a row that the last run removed.
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

// span is a closed interval of sync times in microseconds since 1970; the zero value is empty.
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

// add adds a version. Compaction bounds the memory for older versions.
func (b *readBack) add(v version) {
	b.read++
	if v.sync > b.now {
		b.ahead = b.ahead.with(v.sync)
	} else {
		b.before = max(b.before, v.sync)
	}
	if b.older.has(v.sync) {
		v.sync = 0
	}
	if len(b.versions) == cap(b.versions) {
		b.compact()
		b.versions = slices.Grow(b.versions, max(spareVersions, len(b.versions)/2))
	}
	b.versions = append(b.versions, v)
}

// compact keeps the newest version of each record.
func (b *readBack) compact() {
	slices.SortFunc(b.versions, func(v, w version) int {
		return cmp.Or(cmp.Compare(v.key, w.key), cmp.Compare(w.sync, v.sync), cmp.Compare(w.at, v.at))
	})
	b.versions = slices.CompactFunc(b.versions, func(v, w version) bool { return v.key == w.key })
}

// end compacts the versions and drops the records that are marked as removed: they count as absent.
func (b *readBack) end() {
	b.compact()
	b.versions = slices.DeleteFunc(b.versions, func(v version) bool { return v.at == gone })
}

// find returns the index of a record's newest version.
func (b *readBack) find(k key) (i int, found bool) {
	return slices.BinarySearchFunc(b.versions, k, func(v version, k key) int { return cmp.Compare(v.key, k) })
}

// hasKey reports whether a record is present.
func (b *readBack) hasKey(k key) bool {
	_, found := b.find(k)
	return found
}

// has reports whether a record's newest version is of a second since 1970.
func (b *readBack) has(k key, at int64) bool {
	i, found := b.find(k)
	return found && b.versions[i].at == at
}

// rows is the number of records.
func (b *readBack) rows() int64 { return int64(len(b.versions)) }

// parts divides the records into those of the checkpoint's run, by its segments, those that it removed, and all
// others.
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

// kept divides the records into those that a run replaced by a newer version, and those that it neither sent nor
// removed.
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

// ReadBacks is the outcome of a table's read-back: the rows of several accounts, or an error.
type ReadBacks struct {
	found   map[string]*readBack // by account
	lacking *missingColumnError  // nil if no column is known to be missing
	err     error
	rows    int64 // number of rows that were read
	skipped bool  // whether no account needed a read-back
	// late reads a skipped table back, once for all accounts.
	late func(context.Context) ReadBacks
}

// Rows is the number of rows that were read.
func (b ReadBacks) Rows() int64 { return b.rows }

// Skipped reports whether the table was not read back, since the state has all that the run needs.
func (b ReadBacks) Skipped() bool { return b.skipped }

// of returns the rows of an account.
func (b ReadBacks) of(account string) *readBack {
	if found := b.found[account]; found != nil {
		return found
	}
	return &readBack{}
}

// ReadBack reads a table back from the destination, for all accounts that have something to verify. The run must not
// have sent rows of the table yet. The trackers are those of the table, with loaded checkpoints. began is the start of
// the run by this machine's clock. It costs no API tokens. A table is skipped if the state suffices for all accounts.
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
	var lacking *missingColumnError
	more := slices.Concat(marks(due), columnsToLookFor(due))
	back := readColumns(ctx, due, began, more)
	if back.err != nil && !errors.Is(back.err, errAbsent) && len(more) > 0 && ctx.Err() == nil {
		errors.As(back.err, &lacking)
		back = readColumns(ctx, due, began, nil)
	}
	back.lacking = lacking
	return back
}

// readOnce returns a function that reads a table back at its first call, and returns the same result at later ones.
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

// marks returns the column that marks removed rows, if an earlier run created it.
func marks(due []*Tracker) schema.ColumnList {
	if slices.ContainsFunc(due, func(t *Tracker) bool { return slices.Contains(t.last.Columns, markSignature) }) {
		return removedColumn(due[0].table)
	}
	return nil
}

// maxCells is the largest number of values that a run reads to check for the columns of a table. An official
// destination takes a second for about 100,000 values. In a larger table, each run checks some columns in turn. In one
// with more rows than that, none is checked.
const maxCells = 200_000

// columnsToLookFor returns the columns whose existence at the destination is to be checked: all columns that earlier
// runs filled, or some of them in turn.
func columnsToLookFor(due []*Tracker) schema.ColumnList {
	filled, rows, turn := map[string]bool{}, int64(0), 0
	for _, t := range due {
		n := t.last.expected()
		if n == 0 { // unknown
			return nil
		}
		rows, turn = rows+n, max(turn, t.last.ColumnLooks)
		for _, c := range t.last.Columns {
			filled[c] = true
		}
	}
	var all schema.ColumnList
	of := due[0].table
	if of.Of != nil { // in a history, older versions would never get the column back
		return nil
	}
	needed := slices.Concat(verifyColumns(of), removedColumn(of))
	for i, c := range of.Columns {
		if filled[signature(c)] && needed.Index(c.Name) < 0 {
			all = append(all, schema.Column{Name: c.Name, Type: of.SchemaColumn(i).Type})
		}
	}
	if rows > maxCells {
		return nil
	}
	n := max(1, int(maxCells/max(1, rows))-len(needed))
	if n >= len(all) {
		return all
	}
	var some schema.ColumnList
	for i := range n {
		some = append(some, all[(turn*n+i)%len(all)])
	}
	return some
}

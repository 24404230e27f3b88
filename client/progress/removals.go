package progress

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/schema"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// Missing are known records that a reading of all records did not return.
type Missing struct {
	keys     []key // in ascending order
	rows     map[key][]table.Value
	all      int             // number of the account's rows
	leftOut  int             // unsent rows that are not missing: start_time or refused parents exclude them
	accounts map[string]bool // accounts with rows in the table
	sent     *SentVersions
}

// ReadBackMissing reads the table back and returns the rows that the run has not sent. The error is the destination's.
func (t *Tracker) ReadBackMissing(ctx context.Context) (*Missing, error) {
	m := &Missing{rows: map[key][]table.Value{}, accounts: map[string]bool{}, sent: t.versions}
	there, err := t.readRows(ctx, func(row stored) {
		m.accounts[row.account] = true
		switch _, listed := t.versions.sent[row.version.key]; {
		case listed || row.account != t.Account:
		case t.family.keeps(row.parent):
			m.leftOut++
		default:
			m.rows[row.version.key] = slices.Clone(row.key)
		}
	})
	m.all = len(there.versions)
	for _, v := range there.versions {
		switch {
		case m.rows[v.key] == nil:
		case t.Start.IsZero() || v.at >= t.Start.Unix():
			m.keys = append(m.keys, v.key)
		default:
			m.leftOut++
		}
	}
	return m, err
}

// readRows returns the account's rows at the destination, and calls each for every row of the table.
func (t *Tracker) readRows(ctx context.Context, each func(stored)) (*readBack, error) {
	var there *readBack
	read := func(more schema.ColumnList) error {
		there = &readBack{}
		return t.state.backend.read(ctx, t.table, more, func(row stored) {
			if row.account == t.Account {
				there.add(row.version)
			}
			each(row)
		})
	}
	err := read(removedColumn(t.table))
	if lacking, ok := errors.AsType[*missingColumnError](err); ok && lacking.column == table.RemovedColumn {
		err = read(nil) // an earlier version of the plugin created the table
	}
	there.end()
	return there, err
}

// Len is the number of missing records.
func (m *Missing) Len() int { return len(m.keys) }

// Has reports whether a row's record is missing.
func (m *Missing) Has(row *table.Row) bool {
	_, missing := slices.BinarySearch(m.keys, keyOf(table.KeyOf(row.Key(m.sent.key))))
	return missing
}

// IDs are the ids of the missing records, in a table with an id as its key. A record that is sent later is no longer
// missing.
func (m *Missing) IDs() []int64 {
	ids := make([]int64, len(m.keys))
	for i, k := range m.keys {
		ids[i] = int64(k)
	}
	return ids
}

// left are the keys of the records that have not been sent since.
func (m *Missing) left() []key { return m.sent.without(m.keys) }

// MostOfTheTable reports whether so many of the account's rows are missing that a full refresh must not remove them.
func (m *Missing) MostOfTheTable() bool { return isMajority(len(m.left()), m.all) }

func isMajority(missing, all int) bool { return 2*missing > all }

// Removals are records of one account's table that are gone at Pipedrive.
type Removals struct {
	Table   *table.Table
	Account string
	// Refreshed is true for the removals of a full refresh, and false for rows that an earlier run failed to remove.
	Refreshed bool
	// Exact is true if the rows are exactly the account's rows that the run did not send.
	Exact bool
	// Accounts are the accounts with rows in the table.
	Accounts map[string]bool

	rows  [][]table.Value // their keys, by [table.Table.Identity]
	times []time.Time     // the ends of histories; nil for other tables
}

// Len is the number of rows.
func (r Removals) Len() int { return len(r.rows) }

// Remove notes that missing rows are gone at Pipedrive, and returns their removal. If applied is false, the rows stay
// at the destination, and the removal is empty.
func (t *Tracker) Remove(m *Missing, applied bool) Removals {
	keys := m.left()
	t.checkpoint.MinRows = int64(m.all)
	t.Logger.Info().Int("rows", m.all).Int("deletions", len(keys)).Msg("full refresh")
	r := Removals{Table: t.table, Account: t.Account, Refreshed: true, Exact: applied && m.leftOut == 0, Accounts: m.accounts}
	if applied {
		r.rows = t.remove(keys, m.rows)
	}
	return r
}

// removeAgain returns the removal of the rows that an earlier run was to remove and that still existed when this run
// began.
func (t *Tracker) removeAgain() Removals {
	r := Removals{Table: t.table, Account: t.Account}
	if t.readBack == nil || len(t.beginning.Removing) == 0 {
		return r
	}
	r.rows = t.remove(t.versions.without(t.beginning.Removing), t.readBack.removing)
	t.Logger.Warn().Int("rows", len(r.rows)).
		Msg("the destination still has rows that earlier runs should have removed; they are removed again")
	return r
}

// remove notes the keys of rows to remove, and returns the values of the keys in the table.
func (t *Tracker) remove(keys []key, rows map[key][]table.Value) (removed [][]table.Value) {
	t.removed = keys
	t.checkpoint.MinRows -= int64(len(keys))
	for _, k := range keys {
		removed = append(removed, rows[k])
	}
	return removed
}

// maxRemoving is the largest number of keys of removed rows in the state. The next run checks whether these rows are
// gone.
const maxRemoving = 100_000

// Deletions are the messages that delete the rows by their keys.
func (r Removals) Deletions() []message.SyncMessage {
	messages := make([]message.SyncMessage, len(r.rows))
	account := equals(schema.Column{Name: table.AccountColumn, Type: arrow.BinaryTypes.String}, table.TextValue(r.Account))
	for i, key := range r.rows {
		where := message.Predicates{account}
		for j, column := range r.Table.Identity() {
			where = append(where, equals(r.Table.SchemaColumn(column), key[j]))
		}
		messages[i] = &message.SyncDeleteRecord{DeleteRecord: message.DeleteRecord{
			TableName:   r.Table.Name(),
			WhereClause: message.PredicateGroups{{GroupingType: "AND", Predicates: where}},
		}}
	}
	return messages
}

// Tombstones are the rows that mark the removed rows, as gone since a time. The rows of a history have their own
// times.
func (r Removals) Tombstones(since time.Time) []*table.Row {
	rows := make([]*table.Row, len(r.rows))
	for i, key := range r.rows {
		if r.times != nil {
			since = r.times[i]
		}
		rows[i] = r.Table.Tombstone(key, since)
	}
	return rows
}

// equals is the predicate that a column has a value.
func equals(column schema.Column, v table.Value) message.Predicate {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{{Name: column.Name, Type: column.Type}}, nil))
	defer b.Release()
	v.AppendTo(b.Field(0))
	return message.Predicate{Operator: "eq", Column: column.Name, Record: b.NewRecordBatch()}
}

// maxRefused is the largest number of keys of a refused full refresh in the state. Of more keys, the state keeps an
// even selection.
const maxRefused = 10_000

// refused is a full refresh that would have removed more than half of an account's rows. No run reads the table before
// the user's decision.
type refused struct {
	Rows int   `json:"gone"` // number of rows that it would have removed
	Keys []key `json:"keys"` // their keys, in ascending order
	// Others is the number of rows that the refresh neither sent nor would have removed; nil in the state of an early
	// version.
	Others *int `json:"others,omitempty"`
}

// StoreRefused stores and flushes missing rows that are too many to remove. It returns the error that asks the user
// for a decision.
func (t *Tracker) StoreRefused(ctx context.Context, m *Missing) error {
	missing := m.left()
	kept := make([]key, min(len(missing), maxRefused))
	for i := range kept {
		kept[i] = missing[i*len(missing)/len(kept)]
	}
	c, err := t.state.loadCheckpoint(ctx, t.key) // that of the beginning of this run
	if err != nil {
		return err
	}
	c.Refused = &refused{Rows: len(missing), Keys: kept, Others: new(m.all - len(missing))}
	if err := cmp.Or(t.state.Store(ctx, t.key, c), t.state.Flush(ctx)); err != nil {
		return err
	}
	return t.undecided(missing, m.rows, len(missing), m.all)
}

// undecided is the error of a run that waits for the user's decision about n missing rows out of all. missing are the
// keys of some of them; rows has their values in the table.
func (t *Tracker) undecided(missing []key, rows map[key][]table.Value, n, all int) error {
	var some []string
	for _, k := range missing[:min(len(missing), 5)] {
		some = append(some, table.KeyText(rows[k]))
	}
	return fmt.Errorf("full_refresh_every: Pipedrive no longer lists %d of the account's %d rows, among them those with the keys %s; "+
		"that is more than half, so none is removed, and the table is not read until you decide. "+
		"To remove them, delete at least %d of them from %s; the next run removes the others. "+
		"To keep them, set full_refresh_every: 0s. "+
		"If the token's rights were reduced by mistake, restore them, then delete the row whose key is %q from table %s",
		n, all, strings.Join(some, "; "), 2*n-all, t.table.Name(), t.key, t.state.table)
}

// ReadBackRefused finds the user's decision after a refused full refresh. It reads the table back. If so many of the
// rows were deleted that the others are no more than half of the original rows, this run is a full refresh. Otherwise
// it returns an error, and the run costs no API tokens except those of the log-in.
func (t *Tracker) ReadBackRefused(ctx context.Context) error {
	was := t.last.Refused
	if t.RefreshEvery == 0 || was == nil || len(was.Keys) == 0 {
		return nil
	}
	rows := map[key][]table.Value{}
	there, err := t.readRows(ctx, func(row stored) {
		if _, found := slices.BinarySearch(was.Keys, row.version.key); found && row.account == t.Account {
			rows[row.version.key] = slices.Clone(row.key)
		}
	})
	if err != nil && !errors.Is(err, errAbsent) {
		return fmt.Errorf("a full refresh was refused, and the remaining rows can't be read through backend_options: %w", err)
	}
	maps.DeleteFunc(rows, func(k key, _ []table.Value) bool { return !there.hasKey(k) })
	left, all := slices.Sorted(maps.Keys(rows)), len(there.versions)
	n := len(left) * was.Rows / len(was.Keys)
	if was.Others != nil {
		all = n + *was.Others
	}
	if isMajority(n, all) {
		return t.undecided(left, rows, n, all)
	}
	t.last.Refreshing = false // so that this run refreshes
	return nil
}

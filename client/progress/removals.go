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

// Missing are known records that a reading of all records has not brought.
type Missing struct {
	keys     []key // in ascending order
	rows     map[key][]table.Value
	all      int             // rows of the account
	leftOut  int             // rows that were not sent and are not missing: start_time leaves them out, or their parents were refused
	accounts map[string]bool // that have rows in the table
	sent     *SentVersions
}

// ReadBackMissing reads the table back from the destination, and returns the rows that the run has not sent. An error
// is that of the destination.
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

// readRows returns the rows that the destination holds of the table and account, and calls each for every one of the
// table.
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
	if lacking, ok := errors.AsType[*lackingError](err); ok && lacking.column == table.RemovedColumn {
		err = read(nil) // an earlier version made the table
	}
	there.end()
	return there, err
}

// Len is how many records are missing.
func (m *Missing) Len() int { return len(m.keys) }

// Has reports whether a row is of a record that is missing.
func (m *Missing) Has(row *table.Row) bool {
	_, missing := slices.BinarySearch(m.keys, keyOf(table.KeyOf(row.Key(m.sent.key))))
	return missing
}

// IDs are the ids of the rows, in a table whose key is one. A record with one of them that is sent after all is no
// longer missing.
func (m *Missing) IDs() []int64 {
	ids := make([]int64, len(m.keys))
	for i, k := range m.keys {
		ids[i] = int64(k)
	}
	return ids
}

// left are the keys of the rows that have not been sent meanwhile either.
func (m *Missing) left() []key { return m.sent.without(m.keys) }

// MostOfTheTable reports whether the rows are too many of the account's for a full refresh to remove them.
func (m *Missing) MostOfTheTable() bool { return mostOf(len(m.left()), m.all) }

func mostOf(missing, all int) bool { return 2*missing > all }

// Removals are records of one account's table that are gone at Pipedrive.
type Removals struct {
	Table   *table.Table
	Account string
	// Refreshed is true where this run was the full refresh, and false where rows of an earlier one are still there.
	Refreshed bool
	// Exact is true where the rows are all those of the account that the run has not sent.
	Exact bool
	// Accounts have rows in the table.
	Accounts map[string]bool

	rows  [][]table.Value // their keys, by [table.Table.Identity]
	times []time.Time     // of a history: when each ends
}

// Len is the number of rows.
func (r Removals) Len() int { return len(r.rows) }

// Remove notes that missing rows are gone at Pipedrive, and returns their removal. Where the run leaves them at the
// destination, applied is false and the removal has no rows.
func (t *Tracker) Remove(m *Missing, applied bool) Removals {
	keys := m.left()
	t.checkpoint.Least = int64(m.all)
	t.Logger.Info().Int("rows", m.all).Int("deletions", len(keys)).Msg("full refresh")
	r := Removals{Table: t.table, Account: t.Account, Refreshed: true, Exact: applied && m.leftOut == 0, Accounts: m.accounts}
	if applied {
		r.rows = t.remove(keys, m.rows)
	}
	return r
}

// removeAgain returns the removal of the rows that an earlier run removed, or left to a later one, and that were still there
// when this one began.
func (t *Tracker) removeAgain() Removals {
	r := Removals{Table: t.table, Account: t.Account}
	if t.readBack == nil || len(t.beginning.Removing) == 0 {
		return r
	}
	r.rows = t.remove(t.versions.without(t.beginning.Removing), t.readBack.removing)
	t.Logger.Warn().Int("rows", len(r.rows)).Msg("the destination still has rows that earlier runs were to remove; they are removed again")
	return r
}

// remove notes the keys of rows that are to be removed, and returns them as they are in the table.
func (t *Tracker) remove(keys []key, rows map[key][]table.Value) (removed [][]table.Value) {
	t.removed = keys
	t.checkpoint.Least -= int64(len(keys))
	for _, k := range keys {
		removed = append(removed, rows[k])
	}
	return removed
}

// maxRemoving bounds how many keys of removed rows the state keeps, for the next run to see whether they are gone.
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

// Tombstones are the rows that mark the rows as gone since a moment. The rows of a history have moments of their own.
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

// equals is the condition that a column has a value.
func equals(column schema.Column, v table.Value) message.Predicate {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{{Name: column.Name, Type: column.Type}}, nil))
	defer b.Release()
	v.AppendTo(b.Field(0))
	return message.Predicate{Operator: "eq", Column: column.Name, Record: b.NewRecordBatch()}
}

// maxRefused bounds how many keys the state keeps of a full refresh that was refused. Of more it keeps some that are
// spread over all.
const maxRefused = 10_000

// refused is a full refresh that would have removed more than half of an account's rows. No run reads the table
// until somebody has decided.
type refused struct {
	Rows int   `json:"gone"` // how many it would have removed
	Keys []key `json:"keys"` // of them, in ascending order
	// Others is how many rows it would have left, besides those that it sent itself; nil in a state of a version that did not
	// keep it.
	Others *int `json:"others,omitempty"`
}

// StoreRefused stores and flushes the missing rows, which are too many to remove, and returns the error that says how
// to go on.
func (t *Tracker) StoreRefused(ctx context.Context, m *Missing) error {
	missing := m.left()
	kept := make([]key, min(len(missing), maxRefused))
	for i := range kept {
		kept[i] = missing[i*len(missing)/len(kept)]
	}
	c, err := t.state.loadCheckpoint(ctx, t.key) // the one that this run began with
	if err != nil {
		return err
	}
	c.Refused = &refused{Rows: len(missing), Keys: kept, Others: new(m.all - len(missing))}
	if err := cmp.Or(t.state.Store(ctx, t.key, c), t.state.Flush(ctx)); err != nil {
		return err
	}
	return t.undecided(missing, m.rows, len(missing), m.all)
}

// undecided is the error of a run that does not read a table until somebody has decided about n of its rows, which are
// missing at Pipedrive. Some of them are given, with their keys as they are in the table.
func (t *Tracker) undecided(missing []key, rows map[key][]table.Value, n, all int) error {
	var some []string
	for _, k := range missing[:min(len(missing), 5)] {
		some = append(some, table.KeyText(rows[k]))
	}
	return fmt.Errorf("full_refresh_every: Pipedrive no longer lists %d of the account's %d rows, among them those with the keys %s; "+
		"that is more than half, so none is removed, and the table is not read until you decide. "+
		"If they are to go, delete at least %d of them from %s, and the next run removes the others. "+
		"If they are to stay, set full_refresh_every: 0s. "+
		"If Pipedrive is to list them again, see to that, and then delete the row whose key is %q from table %s",
		n, all, strings.Join(some, "; "), 2*n-all, t.table.Name(), t.key, t.state.table)
}

// ReadBackRefused looks whether somebody has decided after a full refresh was refused. It reads the table back: where
// rows that the refresh would have removed were deleted, so that the others are no longer more than half of those that were
// there, this run is a full refresh. Until then it returns an error, which costs no API tokens but those of the log-in.
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
		return fmt.Errorf("a full refresh was refused, and which rows are left can't be seen through backend_options: %w", err)
	}
	maps.DeleteFunc(rows, func(k key, _ []table.Value) bool { return !there.hasKey(k) })
	left, all := slices.Sorted(maps.Keys(rows)), len(there.versions)
	n := len(left) * was.Rows / len(was.Keys)
	if was.Others != nil {
		all = n + *was.Others
	}
	if mostOf(n, all) {
		return t.undecided(left, rows, n, all)
	}
	t.last.Refreshing = false // so that this run refreshes
	return nil
}

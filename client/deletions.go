package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/schema"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// Deletions are rows of the destination that a full refresh did not find at Pipedrive.
type Deletions struct {
	table   *table.Table
	account string
	rows    [][]table.Value // their keys
}

// Deletions returns what the run's full refreshes did not find.
func (r *Run) Deletions() []Deletions {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.deletions
}

// findDeletions looks for rows of the destination that a reading of all records did not find. It is an error if
// these are more than half of the account's.
func (r *reading) findDeletions(ctx context.Context, complete bool) error {
	a, t := r.account, r.table
	log := r.log()
	if !complete {
		log.Warn().Msg("the budget cut this full refresh short; rows that are gone at Pipedrive stay until the next one")
		return nil
	}
	missing := map[key][]table.Value{}
	there, err := r.stored(ctx, func(row stored) {
		if _, listed := r.versions.sent[row.version.key]; !listed {
			missing[row.version.key] = slices.Clone(row.key)
		}
	})
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		log.Warn().Err(err).Msg("which rows are gone at Pipedrive can't be seen: the table can't be read through backend_options")
		return nil
	}
	var keys []key
	all := len(there.versions)
	for _, v := range there.versions {
		// What start_time leaves out is not gone.
		if missing[v.key] != nil && (a.start.IsZero() || v.at >= a.start.Unix()) {
			keys = append(keys, v.key)
		}
	}
	if keys, err = r.lookAgain(ctx, keys); err != nil {
		if !r.mayStop(err) {
			return err
		}
		a.run.stopped(t.Name(), a, err)
		return nil
	}
	if mostOf(len(keys), all) {
		return r.refuse(ctx, keys, missing, all)
	}
	r.checkpoint.Least = int64(all - len(keys))
	log.Info().Int("rows", all).Int("gone", len(keys)).Msg("full refresh")
	if !a.run.partial { // or nothing is removed
		r.removed = keys
	}
	deletions := Deletions{table: t, account: a.id}
	for _, k := range keys {
		deletions.rows = append(deletions.rows, missing[k])
	}
	a.run.mu.Lock()
	defer a.run.mu.Unlock()
	a.run.deletions = append(a.run.deletions, deletions)
	return nil
}

// stored returns what the destination holds of the table and account, and calls each for every row.
func (r *reading) stored(ctx context.Context, each func(stored)) (*arrival, error) {
	there := &arrival{}
	err := r.account.state.backend.read(ctx, r.table, nil, func(row stored) {
		if row.account == r.account.id {
			there.add(row.version)
			each(row)
		}
	})
	there.compact()
	return there, err
}

// mostOf reports whether so many rows are too many of all for a full refresh to remove them.
func mostOf(gone, all int) bool { return 2*gone > all }

// maxRefused bounds how many keys the state keeps of a full refresh that was refused. Of more it keeps some that are
// spread over all.
const maxRefused = 10_000

// refused is a full refresh that would have removed more than half of an account's rows. No run reads the table
// until somebody has decided.
type refused struct {
	Gone int   `json:"gone"` // how many rows it would have removed
	Keys []key `json:"keys"` // of them, in ascending order
}

// refuse keeps in the state which rows the refresh would remove, and returns the error that says how to go on.
func (r *reading) refuse(ctx context.Context, gone []key, rows map[key][]table.Value, all int) error {
	n := min(len(gone), maxRefused)
	kept := make([]key, n)
	for i := range kept {
		kept[i] = gone[i*len(gone)/n]
	}
	a := r.account
	id := a.key(r.table)
	c, err := a.state.loadCheckpoint(ctx, id) // the one that this run began with
	if err != nil {
		return err
	}
	c.Refused = &refused{Gone: len(gone), Keys: kept}
	if err := cmp.Or(a.state.store(ctx, id, c), a.state.flush(ctx)); err != nil {
		return err
	}
	return r.undecided(gone, rows, len(gone), all)
}

// undecided is the error of a run that does not read a table until somebody has decided what is to become of its rows
// that are gone. rows are the keys of these as they are in the table.
func (r *reading) undecided(gone []key, rows map[key][]table.Value, n, all int) error {
	var some []string
	for _, k := range gone[:min(len(gone), 5)] {
		some = append(some, table.KeyText(rows[k]))
	}
	return fmt.Errorf("full_refresh_every: Pipedrive no longer lists %d of the account's %d rows, among them those with the keys %s; "+
		"that is more than half, so none is removed, and the table is not read until you decide. "+
		"If they are to go, delete at least %d of them from %s, and the next run removes the others. "+
		"If they are to stay, set full_refresh_every: 0s. "+
		"If Pipedrive is to list them again, see to that, and then delete the row whose key is %q from table %s",
		n, all, strings.Join(some, "; "), 2*n-all, r.table.Name(), r.account.key(r.table), r.account.state.table)
}

// decide looks whether somebody has decided after a full refresh was refused: rows that it would have removed were
// deleted, so that the others are no longer more than half. Then this run is a full refresh. Until then it is an error,
// which costs no API tokens but those of the log-in.
func (r *reading) decide(ctx context.Context) error {
	a, was := r.account, r.last.Refused
	if a.refresh == 0 || was == nil || len(was.Keys) == 0 {
		return nil
	}
	rows := map[key][]table.Value{}
	there, err := r.stored(ctx, func(row stored) {
		if _, found := slices.BinarySearch(was.Keys, row.version.key); found {
			rows[row.version.key] = slices.Clone(row.key)
		}
	})
	if err != nil && !errors.Is(err, errAbsent) {
		return fmt.Errorf("a full refresh was refused, and which rows are left can't be seen through backend_options: %w", err)
	}
	left, all := slices.Sorted(maps.Keys(rows)), len(there.versions)
	if n := len(left) * was.Gone / len(was.Keys); mostOf(n, all) {
		return r.undecided(left, rows, n, all)
	}
	r.last.Refreshing = false // so that this run refreshes
	return nil
}

// lookAgain returns those of the records that are not there when they are asked for by their ids, and sends the
// others. A record that moved from one of several listings to another while these were read, as a deal that leaves
// the archive, was in neither. Where a listing can't be asked by ids, its first reading has to do.
func (r *reading) lookAgain(ctx context.Context, missing []key) ([]key, error) {
	listings := r.account.listings(r.table)
	slices.Reverse(listings) // what moved against their order is found on its way
	for _, l := range listings {
		for some := range slices.Chunk(missing, max(1, l.ByIDs)) {
			if l.ByIDs == 0 {
				break
			}
			ids := make([]int64, len(some))
			for i, k := range some {
				ids[i] = int64(k)
			}
			q := r.account.query
			q.Limit, q.IDs, q.MayBeEmpty = l.ByIDs, ids, true
			q.Allow = func() error { return r.checkBudget(l) }
			if err := r.pages(ctx, l, q, plan.Progress{}, plan.Unit{}, &plan.Outcome{}); err != nil {
				return nil, err
			}
		}
	}
	return slices.DeleteFunc(missing, func(k key) bool {
		_, found := r.versions.sent[k]
		return found
	}), nil
}

// Messages are the messages that remove the rows from the destination.
func (d Deletions) Messages() []message.SyncMessage {
	messages := make([]message.SyncMessage, len(d.rows))
	account := equals(schema.Column{Name: accountColumn, Type: arrow.BinaryTypes.String}, table.TextValue(d.account))
	for i, key := range d.rows {
		where := message.Predicates{account}
		for j, column := range d.table.Key() {
			where = append(where, equals(d.table.SchemaColumn(column), key[j]))
		}
		messages[i] = &message.SyncDeleteRecord{DeleteRecord: message.DeleteRecord{
			TableName:   d.table.Name(),
			WhereClause: message.PredicateGroups{{GroupingType: "AND", Predicates: where}},
		}}
	}
	return messages
}

// equals is the condition that a column has a value.
func equals(column schema.Column, v table.Value) message.Predicate {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{{Name: column.Name, Type: column.Type}}, nil))
	defer b.Release()
	v.AppendTo(b.Field(0))
	return message.Predicate{Operator: "eq", Column: column.Name, Record: b.NewRecordBatch()}
}

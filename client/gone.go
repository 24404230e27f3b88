package client

import (
	"context"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/cloudquery/plugin-sdk/v4/message"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
)

// Gone are rows of the destination that a full refresh did not find at Pipedrive.
type Gone struct {
	table, account string
	keys           []key
}

// Gone returns what the run's full refreshes did not find.
func (r *Run) Gone() []Gone {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.gone
}

// findGone looks for rows of the destination that a reading of all records did not find. It is an error if
// these are more than half of the account's.
func (r *reading) findGone(ctx context.Context, complete bool) error {
	a, t := r.account, r.table
	log := r.log()
	if !complete {
		log.Warn().Msg("the budget cut this full refresh short; rows that are gone at Pipedrive stay until the next one")
		return nil
	}
	gone, all := Gone{table: t.Name(), account: a.id}, 0
	err := a.state.backend.read(ctx, t.Name(), nil, func(account string, v version) {
		if account != a.id {
			return
		}
		all++
		// What start_time leaves out is not gone.
		if _, listed := r.ledger.sent[v.key]; !listed && (a.start.IsZero() || v.at >= a.start.Unix()) {
			gone.keys = append(gone.keys, v.key)
		}
	})
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		log.Warn().Err(err).Msg("which rows are gone at Pipedrive can't be seen: the table can't be read through backend_options")
		return nil
	}
	if gone.keys, err = r.lookAgain(ctx, gone.keys); err != nil {
		if !r.mayStop(err) {
			return err
		}
		a.run.stopped(t.Name(), a, err)
		return nil
	}
	if 2*len(gone.keys) > all {
		return fmt.Errorf("full_refresh_every: Pipedrive no longer lists %d of the account's %d rows; that is more than half, so none is removed. If it is right, delete them yourself (DELETE FROM %s WHERE account_id = '%s'); the next run then reads the table from its beginning",
			len(gone.keys), all, t.Name(), a.id)
	}
	r.cursor.Least = int64(all - len(gone.keys))
	log.Info().Int("rows", all).Int("gone", len(gone.keys)).Msg("full refresh")
	if !a.run.partial { // or nothing is removed
		r.removed = gone.keys
	}
	a.run.mu.Lock()
	defer a.run.mu.Unlock()
	a.run.gone = append(a.run.gone, gone)
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
			q.Allow = func() error { return r.affords(l) }
			if err := r.pages(ctx, l, q, plan.Progress{}, plan.Unit{}, &plan.Outcome{}); err != nil {
				return nil, err
			}
		}
	}
	return slices.DeleteFunc(missing, func(k key) bool {
		_, found := r.ledger.sent[k]
		return found
	}), nil
}

// Deletions are the messages that remove the rows from the destination.
func (g Gone) Deletions() []message.SyncMessage {
	messages := make([]message.SyncMessage, len(g.keys))
	account := equals(accountColumn, arrow.BinaryTypes.String, func(b array.Builder) { b.(*array.StringBuilder).Append(g.account) })
	for i, k := range g.keys {
		messages[i] = &message.SyncDeleteRecord{DeleteRecord: message.DeleteRecord{
			TableName: g.table,
			WhereClause: message.PredicateGroups{{GroupingType: "AND", Predicates: message.Predicates{
				account,
				equals(idColumn, arrow.PrimitiveTypes.Int64, func(b array.Builder) { b.(*array.Int64Builder).Append(int64(k)) }),
			}}},
		}}
	}
	return messages
}

// equals is the condition that a column has the value that is appended.
func equals(column string, of arrow.DataType, appended func(array.Builder)) message.Predicate {
	schema := arrow.NewSchema([]arrow.Field{{Name: column, Type: of}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	appended(b.Field(0))
	return message.Predicate{Operator: "eq", Column: column, Record: b.NewRecordBatch()}
}

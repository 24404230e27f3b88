package warehouse

import (
	"context"
	"strings"

	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/writers/batchwriter"
)

// duckDB overwrites rows by their primary key. It deletes stale rows, and no others.
type duckDB struct {
	*store
	batchwriter.UnimplementedDeleteRecord
}

// MigrateTables creates tables, and adds columns.
func (d duckDB) MigrateTables(ctx context.Context, messages message.WriteMigrateTables) error {
	return apply(ctx, d.store, messages)
}

// WriteTableBatch inserts rows. Of several rows with the same key, DuckDB 1.5 keeps the first.
func (d duckDB) WriteTableBatch(ctx context.Context, name string, messages message.WriteInserts) error {
	if len(messages) == 0 {
		return nil
	}
	if err := d.next(name); err != nil {
		return err
	}
	table := messages[0].GetTable()
	if err := d.check(ctx, table); err != nil {
		return err
	}
	if keys := table.PrimaryKeysIndexes(); len(keys) > 0 {
		messages = firstOfEachKey(messages, keys)
	}
	return apply(ctx, d.store, messages)
}

// firstOfEachKey has the rows whose key, in the given columns, has not come before.
func firstOfEachKey(messages message.WriteInserts, keys []int) message.WriteInserts {
	var first message.WriteInserts
	seen := map[string]bool{}
	for _, m := range messages {
		for row := range int(m.Record.NumRows()) {
			var key strings.Builder
			for _, column := range keys {
				key.WriteString(m.Record.Column(column).ValueStr(row) + "\x00")
			}
			if !seen[key.String()] {
				first = append(first, &message.WriteInsert{Record: m.Record.NewSlice(int64(row), int64(row)+1)})
			}
			seen[key.String()] = true
		}
	}
	return first
}

// DeleteStale deletes the rows that the last sync did not send again.
func (d duckDB) DeleteStale(ctx context.Context, messages message.WriteDeleteStales) error {
	return apply(ctx, d.store, messages)
}

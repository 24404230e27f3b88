package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/writers/batchwriter"
)

// bigQuery appends all rows, in spite of primary keys, and deletes none. If the table of a batch does not exist, the
// official plugin waits for five minutes; the double fails at once.
type bigQuery struct {
	*store
	batchwriter.UnimplementedDeleteStale
	batchwriter.UnimplementedDeleteRecord
}

// MigrateTables adds columns. Another type of a column is an error, even if the migration is forced.
func (b bigQuery) MigrateTables(ctx context.Context, messages message.WriteMigrateTables) error {
	loose := make(message.WriteMigrateTables, len(messages))
	for i, m := range messages {
		loose[i] = unconstrained(m, false)
	}
	return apply(ctx, b.store, loose)
}

// WriteTableBatch leaves out columns that the table lacks. NULL and a missing column are the same.
func (b bigQuery) WriteTableBatch(ctx context.Context, name string, messages message.WriteInserts) error {
	if err := b.next(name); err != nil {
		return err
	}
	there, err := b.columns(ctx, name)
	switch {
	case err != nil:
		return err
	case len(there) == 0:
		return fmt.Errorf("failed to put item into BigQuery table %s: %w", name, b.absent(name))
	}
	known := func(column string) bool {
		return slices.ContainsFunc(there, func(other string) bool { return strings.EqualFold(column, other) })
	}
	rows := make(message.WriteInserts, len(messages))
	for i, m := range messages {
		rows[i] = only(m, name, known)
	}
	return apply(ctx, b.store, rows)
}

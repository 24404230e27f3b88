package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/schema"
)

// insert writes rows of one or more tables.
func (c *Client) insert(ctx context.Context, messages message.WriteInserts) error {
	tables := make([]*schema.Table, len(messages))
	var names []string
	for i, m := range messages {
		var err error
		if tables[i], err = schema.NewTableFromArrowSchema(m.Record.Schema()); err != nil {
			return fmt.Errorf("insert: %w", err)
		}
		if !slices.Contains(names, tables[i].Name) {
			names = append(names, tables[i].Name)
		}
	}
	return c.InTransaction(ctx, names, func(tx *sql.Tx) error {
		prepared := statements{}
		for i, m := range messages {
			if err := prepared.insert(ctx, tx, tables[i], m.Record); err != nil {
				return fmt.Errorf("insert into %s: %w", tables[i].Name, err)
			}
		}
		return nil
	})
}

// statements are the prepared statements of one transaction, by their SQL. The end of the transaction closes them.
type statements map[string]*sql.Stmt

func (s statements) prepare(ctx context.Context, tx *sql.Tx, query string) (*sql.Stmt, error) {
	if stmt, ok := s[query]; ok {
		return stmt, nil
	}
	stmt, err := tx.PrepareContext(ctx, query)
	if err == nil {
		s[query] = stmt
	}
	return stmt, err
}

func (s statements) insert(ctx context.Context, tx *sql.Tx, table *schema.Table, record arrow.RecordBatch) error {
	stmt, err := s.prepare(ctx, tx, insertSQL(table))
	if err != nil {
		return err
	}
	columns := record.Columns()
	bind := make([]binder, len(columns))
	for i, column := range columns {
		bind[i] = typeOf(column.DataType()).bind(column)
	}
	// For a context that can be cancelled, the driver starts a goroutine per statement. The transaction already
	// watches this context: after its end, the next statement fails.
	unwatched := context.WithoutCancel(ctx)
	values := make([]any, len(columns))
	for row := range int(record.NumRows()) {
		for i, column := range columns {
			if column.IsNull(row) {
				values[i] = nil
			} else if values[i], err = bind[i](row); err != nil {
				return fmt.Errorf("column %s: %w", table.Columns[i].Name, err)
			}
		}
		if _, err := stmt.ExecContext(unwatched, values...); err != nil {
			return err
		}
	}
	return nil
}

// insertSQL inserts a row. In a table with a primary key, it overwrites the row with the same key.
func insertSQL(table *schema.Table) string {
	names, keys := table.Columns.Names(), table.PrimaryKeys()
	var b strings.Builder
	fmt.Fprintf(&b, "INSERT INTO %s (%s) VALUES (?%s)",
		Quote(table.Name), quoteAll(names), strings.Repeat(", ?", len(names)-1))
	if len(keys) == 0 {
		return b.String()
	}
	var assignments []string
	for _, name := range names {
		if !slices.Contains(keys, name) {
			assignments = append(assignments, Quote(name)+" = excluded."+Quote(name))
		}
	}
	fmt.Fprintf(&b, " ON CONFLICT (%s) DO ", quoteAll(keys))
	if len(assignments) == 0 {
		b.WriteString("NOTHING")
	} else {
		b.WriteString("UPDATE SET " + strings.Join(assignments, ", "))
	}
	return b.String()
}

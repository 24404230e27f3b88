package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// A record of a read is sent once it has this many rows or bytes, because gRPC limits the size of messages.
const (
	readBatchRows  = 1000
	readBatchBytes = 4 << 20
)

// Read sends all rows of a table, with the columns and types of the given table, in no particular order.
func (c *Client) Read(ctx context.Context, table *schema.Table, records chan<- arrow.RecordBatch) error {
	if c.reads == nil {
		return errNotConnected
	}
	err := c.read(ctx, table, records)
	if err == nil {
		return nil
	}
	err = fmt.Errorf("read %s: %w", table.Name, err)
	if strings.Contains(err.Error(), "no such table: "+table.Name) {
		return absentError{err}
	}
	return err
}

// absentError reports a missing table. A source may request one on purpose. The SDK's server logs an error with this
// code as information, so it does not count in the sync's summary.
type absentError struct{ error }

func (e absentError) Unwrap() error { return e.error }

// GRPCStatus returns the error with its code.
func (e absentError) GRPCStatus() *status.Status { return status.New(codes.NotFound, e.Error()) }

func (c *Client) read(ctx context.Context, table *schema.Table, records chan<- arrow.RecordBatch) error {
	rows, err := c.reads.QueryContext(ctx, selectSQL(table))
	if err != nil {
		return err
	}
	defer rows.Close()

	batch := newRowBuilder(table)
	defer batch.builder.Release()
	for rows.Next() {
		if err := batch.add(rows); err != nil {
			return err
		}
		if batch.rows == readBatchRows || batch.bytes >= readBatchBytes {
			if err := batch.send(ctx, records); err != nil {
				return err
			}
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return batch.send(ctx, records)
}

// selectSQL selects expressions instead of columns. A unary plus keeps the value and hides the declared type. With the
// type, the driver would turn dates and timestamps into time.Time.
func selectSQL(table *schema.Table) string {
	var columns strings.Builder
	for i, column := range table.Columns {
		if i > 0 {
			columns.WriteString(", ")
		}
		columns.WriteString("+" + Quote(column.Name))
	}
	return "SELECT " + columns.String() + " FROM " + Quote(table.Name)
}

// A rowBuilder collects rows of a query in Arrow records.
type rowBuilder struct {
	columns schema.ColumnList
	builder *array.RecordBuilder
	restore []restorer
	values  []any // of the current row
	targets []any // pointers to values
	rows    int
	bytes   int // size of the rows' values
}

func newRowBuilder(table *schema.Table) *rowBuilder {
	n := len(table.Columns)
	b := &rowBuilder{
		columns: table.Columns,
		builder: array.NewRecordBuilder(memory.DefaultAllocator, table.ToArrowSchema()),
		restore: make([]restorer, n),
		values:  make([]any, n),
		targets: make([]any, n),
	}
	for i, column := range table.Columns {
		b.restore[i] = typeOf(column.Type).restore(b.builder.Field(i))
		b.targets[i] = &b.values[i]
	}
	return b
}

func (b *rowBuilder) add(rows *sql.Rows) error {
	if err := rows.Scan(b.targets...); err != nil {
		return err
	}
	for i, value := range b.values {
		if value == nil {
			b.builder.Field(i).AppendNull()
		} else if err := b.restore[i](value); err != nil {
			return fmt.Errorf("column %s: %w", b.columns[i].Name, err)
		}
		b.bytes += sizeOf(value)
	}
	b.rows++
	return nil
}

// sizeOf is the approximate size of a value in bytes.
func sizeOf(value any) int {
	switch v := value.(type) {
	case string:
		return len(v)
	case []byte:
		return len(v)
	default:
		return 8
	}
}

// send sends the rows since the last call; no record if there are none.
func (b *rowBuilder) send(ctx context.Context, records chan<- arrow.RecordBatch) error {
	if b.rows == 0 {
		return nil
	}
	record := b.builder.NewRecordBatch()
	b.rows, b.bytes = 0, 0
	select {
	case records <- record:
		return nil
	case <-ctx.Done():
		record.Release()
		return ctx.Err()
	}
}

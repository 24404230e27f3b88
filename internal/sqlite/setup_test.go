package sqlite

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// newClient opens the file until the test ends.
func newClient(t testing.TB, path string) *Client {
	t.Helper()
	return newClientWith(t, Spec{Path: path, BatchSize: defaultBatchSize, BatchSizeBytes: defaultBatchSizeBytes})
}

func newClientWith(t testing.TB, spec Spec) *Client {
	t.Helper()
	client, err := Open(t.Context(), spec)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close(context.Background())) })
	return client
}

func newFile(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "test.db")
}

// write sends the messages over their own stream.
func write(ctx context.Context, client *Client, messages ...message.WriteMessage) error {
	queue := make(chan message.WriteMessage, len(messages))
	for _, m := range messages {
		queue <- m
	}
	close(queue)
	return client.Write(ctx, queue)
}

func readAll(ctx context.Context, client *Client, table *schema.Table) ([]arrow.RecordBatch, error) {
	records := make(chan arrow.RecordBatch)
	done := make(chan error, 1)
	go func() {
		defer close(records)
		done <- client.Read(ctx, table, records)
	}()
	var all []arrow.RecordBatch
	for record := range records {
		all = append(all, record)
	}
	return all, <-done
}

// query returns the first column of the first row, as text.
func query(t testing.TB, client *Client, sql string, values ...any) string {
	t.Helper()
	var s string
	require.NoError(t, client.reads.QueryRowContext(t.Context(), sql, values...).Scan(&s))
	return s
}

// dealsTable is a small table as the SDK sends it to a destination.
func dealsTable() *schema.Table {
	return &schema.Table{Name: "deals", Columns: schema.ColumnList{
		schema.CqSourceNameColumn, schema.CqSyncTimeColumn, schema.CqIDColumn, schema.CqParentIDColumn,
		{Name: "account_id", Type: arrow.BinaryTypes.String, PrimaryKey: true, NotNull: true},
		{Name: "id", Type: arrow.PrimitiveTypes.Int64, PrimaryKey: true, NotNull: true},
		{Name: "title", Type: arrow.BinaryTypes.String},
	}}
}

func migration(table *schema.Table) *message.WriteMigrateTable {
	return &message.WriteMigrateTable{Table: table}
}

func forced(table *schema.Table) *message.WriteMigrateTable {
	return &message.WriteMigrateTable{Table: table, MigrateForce: true}
}

// rows returns an insert. A text for a column of another type is parsed by Arrow, so a test can write any type. nil is
// null.
func rows(t testing.TB, table *schema.Table, rows ...[]any) *message.WriteInsert {
	t.Helper()
	b := array.NewRecordBuilder(memory.DefaultAllocator, table.ToArrowSchema())
	defer b.Release()
	for _, row := range rows {
		for i, value := range row {
			require.NoError(t, appendValue(b.Field(i), value))
		}
	}
	return &message.WriteInsert{Record: b.NewRecordBatch()}
}

func appendValue(b array.Builder, value any) error {
	switch v := value.(type) {
	case nil:
		b.AppendNull()
	case int:
		b.(*array.Int64Builder).Append(int64(v))
	case time.Time:
		at, err := arrow.TimestampFromTime(v, b.Type().(*arrow.TimestampType).Unit)
		if err != nil {
			return err
		}
		b.(*array.TimestampBuilder).Append(at)
	case string:
		if text, ok := b.(*array.StringBuilder); ok {
			text.Append(v)
			return nil
		}
		return b.AppendValueFromString(v)
	}
	return nil
}

// deal is a row of dealsTable.
func deal(source string, syncTime time.Time, id int, title string) []any {
	return []any{source, syncTime, cqID(id), nil, "account-1", id, title}
}

// cqID is a distinct UUID for every number below 10,000.
func cqID(n int) string {
	const zeros = "00000000-0000-4000-8000-00000000"
	return zeros + string([]byte{'0' + byte(n/1000%10), '0' + byte(n/100%10), '0' + byte(n/10%10), '0' + byte(n%10)})
}

var syncedAt = time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)

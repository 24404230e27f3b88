package sqlite

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestRead_sendsTheRequestedColumnsInBatches(t *testing.T) {
	const n = 2*readBatchRows + 1
	client := newClient(t, newFile(t))
	table := dealsTable()
	insert := make([][]any, n)
	for id := range insert {
		insert[id] = deal("a", syncedAt, id, "")
	}
	require.NoError(t, write(t.Context(), client, migration(table), rows(t, table, insert...)))

	asked := &schema.Table{Name: "deals", Columns: schema.ColumnList{*table.Column("id"), *table.Column("_cq_sync_time")}}
	records, err := readAll(t.Context(), client, asked)
	require.NoError(t, err)
	require.Len(t, records, 3)
	seen := map[int64]bool{}
	for _, record := range records {
		require.LessOrEqual(t, record.NumRows(), int64(readBatchRows))
		require.True(t, record.Schema().Equal(asked.ToArrowSchema()))
		for row := range int(record.NumRows()) {
			seen[record.Column(0).(*array.Int64).Value(row)] = true
			require.Equal(t, syncedAt, record.Column(1).(*array.Timestamp).Value(row).ToTime(arrow.Microsecond))
		}
	}
	require.Len(t, seen, n)
}

func TestRead_boundsARecordByItsBytes(t *testing.T) {
	client := newClient(t, newFile(t))
	table := dealsTable()
	const n, size = 20, 1 << 20
	for id := range n {
		require.NoError(t, write(t.Context(), client, migration(table), rows(t, table, deal("a", syncedAt, id, strings.Repeat("x", size)))))
	}
	records, err := readAll(t.Context(), client, table)
	require.NoError(t, err)
	read := int64(0)
	for _, record := range records {
		read += record.NumRows()
		require.Less(t, record.NumRows()*size, int64(readBatchBytes+size))
	}
	require.EqualValues(t, n, read)
}

func TestRead_ofAnEmptyTableSendsNothing(t *testing.T) {
	client := newClient(t, newFile(t))
	require.NoError(t, write(t.Context(), client, migration(dealsTable())))
	records, err := readAll(t.Context(), client, dealsTable())
	require.NoError(t, err)
	require.Empty(t, records)
}

func TestRead_namesWhatIsMissing(t *testing.T) {
	client := newClient(t, newFile(t))
	_, err := readAll(t.Context(), client, dealsTable())
	require.ErrorContains(t, err, "read deals: ")
	require.ErrorContains(t, err, "no such table: deals")

	require.NoError(t, write(t.Context(), client, migration(dealsTable())))
	asked := &schema.Table{Name: "deals", Columns: schema.ColumnList{{Name: "owner", Type: arrow.BinaryTypes.String}}}
	_, err = readAll(t.Context(), client, asked)
	require.ErrorContains(t, err, `no such column: "owner"`)
}

// TestRead_ofATableThatIsNotThereIsNoErrorOfTheServer: the SDK's server logs an error with this code as information.
func TestRead_ofATableThatIsNotThereIsNoErrorOfTheServer(t *testing.T) {
	client := newClient(t, newFile(t))
	_, err := readAll(t.Context(), client, dealsTable())
	require.Equal(t, codes.NotFound, status.Code(fmt.Errorf("failed to read: %w", err)), "as the SDK wraps it")

	require.NoError(t, write(t.Context(), client, migration(dealsTable())))
	_, err = readAll(t.Context(), client, &schema.Table{Name: "deals", Columns: schema.ColumnList{{Name: "owner", Type: arrow.BinaryTypes.String}}})
	require.Equal(t, codes.Unknown, status.Code(err))
}

func TestRead_refusesAnotherType(t *testing.T) {
	client := newClient(t, newFile(t))
	table := dealsTable()
	require.NoError(t, write(t.Context(), client, migration(table), rows(t, table, deal("a", syncedAt, 1000, "text"))))
	for column, dataType := range map[string]arrow.DataType{"title": arrow.PrimitiveTypes.Int64, "id": arrow.PrimitiveTypes.Int8} {
		asked := &schema.Table{Name: "deals", Columns: schema.ColumnList{{Name: column, Type: dataType}}}
		_, err := readAll(t.Context(), client, asked)
		require.ErrorContains(t, err, "read deals: column "+column)
	}
}

func TestRead_stopsWhenNobodyListens(t *testing.T) {
	client := newClient(t, newFile(t))
	table := dealsTable()
	require.NoError(t, write(t.Context(), client, migration(table), rows(t, table, deal("a", syncedAt, 1, ""))))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- client.Read(ctx, table, make(chan arrow.RecordBatch)) }()
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
}

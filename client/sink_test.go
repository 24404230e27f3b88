package client

import (
	"context"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	pb "github.com/cloudquery/plugin-pb-go/pb/plugin/v3"
	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/scalar"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/cloudquery/plugin-sdk/v4/types"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// notesTable has a text column with large values.
var notesTable = &table.Table{Records: "notes", Columns: []table.Column{{Name: "id", Type: table.Int, Key: true}, {Name: "content"}}}

func note(id int64, content string) *table.Row {
	return table.NewRow(table.IntValue(id), table.TextValue(content))
}

// sent returns the record batches of a sink for rows.
func sent(t *testing.T, table *table.Table, derived bool, rows ...*table.Row) ([]*message.SyncInsert, *sink, error) {
	t.Helper()
	out := make(chan message.SyncMessage, len(rows)+1)
	s := newSink(table, table.Schema(), "4711", derived, out)
	pages := make(chan any, 1)
	pages <- rows
	close(pages)
	err := s.addAll(context.Background(), pages)
	close(out)
	var batches []*message.SyncInsert
	for m := range out {
		batches = append(batches, m.(*message.SyncInsert))
	}
	return batches, s, err
}

// TestSink_batchesAreBoundedByBytes: CloudQuery drops a message of over 100 MiB and calls the sync a success.
func TestSink_batchesAreBoundedByBytes(t *testing.T) {
	const rows, size = 330, 120_000
	content := strings.Repeat("x", size)
	var notes []*table.Row
	for id := range int64(rows) {
		notes = append(notes, note(id+1, content))
	}
	batches, _, err := sent(t, notesTable, false, notes...)
	require.NoError(t, err)
	var ids []int64
	for _, b := range batches {
		raw, err := pb.RecordToBytes(b.Record)
		require.NoError(t, err)
		require.Less(t, len(raw), 5<<17)
		ids = append(ids, b.Record.Column(3).(*array.Int64).Int64Values()...)
	}
	require.Len(t, ids, rows)
	require.Len(t, batches, 83, "no more messages than it takes")
	for i, id := range ids {
		require.EqualValues(t, i+1, id, "rows leave in the order in which they came")
	}
}

func TestSink_aRowThatNoMessageCanCarryIsAnErrorWithItsKey(t *testing.T) {
	_, _, err := sent(t, notesTable, false, note(7, "small"), note(12345, strings.Repeat("x", 100<<20)))
	require.ErrorContains(t, err, "12345")
	require.ErrorContains(t, err, "100 MiB")

	batches, _, err := sent(t, notesTable, false, note(7, strings.Repeat("x", maxRowBytes-100)))
	require.NoError(t, err)
	raw, err := pb.RecordToBytes(batches[0].Record)
	require.NoError(t, err)
	require.Less(t, len(raw), 99<<20, "which CloudQuery carries")
}

func TestSink_batchesAreBoundedByRows(t *testing.T) {
	var notes []*table.Row
	for id := range int64(2500) {
		notes = append(notes, note(id+1, "x"))
	}
	batches, s, err := sent(t, notesTable, false, notes...)
	require.NoError(t, err)
	var sizes []int64
	for _, b := range batches {
		sizes = append(sizes, b.Record.NumRows())
	}
	require.Equal(t, []int64{1000, 1000, 500}, sizes)
	require.EqualValues(t, 2500, s.sent)
}

// TestSink_aRecordWithoutAKeyTakesNoOtherWithIt: the SDK's scheduler would drop all rows of its page.
func TestSink_aRecordWithoutAKeyTakesNoOtherWithIt(t *testing.T) {
	keyless := note(0, "x")
	keyless.Set(0, table.Value{})
	batches, s, err := sent(t, notesTable, false, note(1, "a"), keyless, note(2, "b"))
	require.NoError(t, err)
	require.EqualValues(t, 2, batches[0].Record.NumRows())
	require.EqualValues(t, 1, s.skipped)
}

// TestSink_derivedIDsAreThoseOfTheSDK: rows of earlier versions have them as keys, too.
func TestSink_derivedIDsAreThoseOfTheSDK(t *testing.T) {
	batches, _, err := sent(t, notesTable, true, note(1, "a"), note(2, "b"))
	require.NoError(t, err)
	ids := batches[0].Record.Column(0).(*types.UUIDArray)
	for i := range 2 {
		row := schema.NewResourceData(notesTable.Schema(), nil, nil)
		require.NoError(t, row.Set("account_id", "4711"))
		require.NoError(t, row.Set("id", i+1))
		require.NoError(t, row.CalculateCQID(true))
		require.Equal(t, row.Get("_cq_id").(*scalar.UUID).Value, ids.Value(i))
	}
	require.NotEqual(t, ids.Value(0), ids.Value(1))

	batches, _, err = sent(t, notesTable, false, note(1, "a"), note(1, "a"))
	require.NoError(t, err)
	ids = batches[0].Record.Column(0).(*types.UUIDArray)
	require.NotEqual(t, ids.Value(0), ids.Value(1), "random otherwise")
}

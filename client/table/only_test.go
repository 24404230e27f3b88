package table

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// changes are a table of the changes of one field of its parents, numbered from the oldest.
func changes() *Table {
	return &Table{
		Only: &Only{Member: "field", Text: "stage"},
		Columns: []Column{
			{Name: "deal_id", Type: Int, Key: true, V2: OfParent("id")},
			{Name: "seq", Type: Int, Key: true, V2: Sequence()},
			{Name: "to", Type: Int},
		},
	}
}

func v2(c Column) Source { return c.V2 }

// TestOnly_marksTheRecordsOfOthers: they are decoded like the table's own, which have no other values than those of its columns.
func TestOnly_marksTheRecordsOfOthers(t *testing.T) {
	of := changes()
	for record, belongs := range map[string]bool{
		`{"field": "stage", "to": "7"}`:         true,
		`{"to": 7, "field": "value"}`:           false,
		`{"to": 7}`:                             false,
		`{"field": {"stage": true}, "to": "7"}`: false,
	} {
		row, err := decodeWith(of.Decoder(v2), record)
		require.NoError(t, err)
		require.Equal(t, belongs, row.Belongs(), record)
		require.Len(t, row.states, len(of.Columns), record)
		require.Equal(t, int64(7), row.Value(2).Number, record)
		require.Empty(t, row.Mismatch, record)
	}
	of.Only = nil
	row, err := decodeWith(of.Decoder(v2), `{"field": "value", "to": 7}`)
	require.NoError(t, err)
	require.True(t, row.Belongs())
}

// TestNumber_fromTheOldest: the API lists the newest record first, and those of others have no number.
func TestNumber_fromTheOldest(t *testing.T) {
	of := changes()
	decoder := of.Decoder(v2)
	var rows []*Row
	for _, field := range []string{"stage", "value", "stage", "stage", "value"} {
		row, err := decodeWith(decoder, `{"field": "`+field+`"}`)
		require.NoError(t, err)
		rows = append(rows, row)
	}
	require.True(t, of.Numbered())
	of.Number(rows, v2)
	var numbers []int64
	for _, row := range rows {
		numbers = append(numbers, row.Value(1).Number)
	}
	require.Equal(t, []int64{3, 0, 2, 1, 0}, numbers)
	require.False(t, (&Table{Columns: []Column{{Name: "id"}}}).Numbered())
}

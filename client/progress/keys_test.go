package progress

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// TestKeys_ofAnyKindAreReadBackAsTheyWereSent: a record keeps its key in the destination, whether that is a number, a
// text or several columns.
func TestKeys_ofAnyKindAreReadBackAsTheyWereSent(t *testing.T) {
	for name, test := range map[string]struct {
		columns []table.Column
		key     []table.Value
	}{
		"a number":        {[]table.Column{{Name: "id", Type: table.Int, Key: true}}, []table.Value{table.IntValue(7)}},
		"a text":          {[]table.Column{{Name: "id", Key: true}}, []table.Value{table.TextValue("adf21080-0e10-11eb-879b-05d71fb426ec")}},
		"several columns": {[]table.Column{{Name: "deal_id", Type: table.Int, Key: true}, {Name: "seq", Type: table.Int, Key: true}}, []table.Value{table.IntValue(7), table.IntValue(3)}},
	} {
		t.Run(name, func(t *testing.T) {
			of := &table.Table{Records: "things", Columns: append(test.columns, table.Column{Name: "changed", Type: table.Timestamp, IncrementalKey: true})}
			row := table.NewRow(append(append([]table.Value{}, test.key...), table.TimeValue(at(5)))...)
			l := NewSentVersions(of)
			l.Add([]*table.Row{row})

			needed := &schema.Table{Name: of.Name(), Columns: verifyColumns(of)}
			b := array.NewRecordBuilder(memory.DefaultAllocator, needed.ToArrowSchema())
			b.Field(0).(*array.StringBuilder).Append("4711")
			table.TimeValue(at(9)).AppendTo(b.Field(1))
			for i := range of.Columns {
				row.Value(i).AppendTo(b.Field(2 + i))
			}
			var back []stored
			require.NoError(t, eachOf(b.NewRecordBatch(), of, -1, func(row stored) { back = append(back, row) }))
			require.Len(t, back, 1)
			require.Equal(t, test.key, back[0].key)
			require.Equal(t, at(9).UnixMicro(), back[0].version.sync)
			require.EqualValues(t, 5, back[0].version.at)
			require.Contains(t, l.sent, back[0].version.key)

			where := Removals{Table: of, Account: "4711", rows: [][]table.Value{back[0].key}}.Deletions()[0].(*message.SyncDeleteRecord).WhereClause[0].Predicates
			require.Len(t, where, 1+len(test.key))
			for i, p := range where[1:] {
				require.Equal(t, of.Columns[i].Name, p.Column)
				got, err := keyValue(p.Record.Column(0), 0)
				require.NoError(t, err)
				require.Equal(t, test.key[i], got)
			}
		})
	}
}

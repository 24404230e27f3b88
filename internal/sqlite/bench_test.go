package sqlite

import (
	"fmt"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/cloudquery/plugin-sdk/v4/types"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// wideTable resembles a synced table. It has 60 columns of mixed types, among them a composite key and CloudQuery's
// own.
func wideTable() *schema.Table {
	table := &schema.Table{Name: "wide", Columns: schema.ColumnList{
		schema.CqIDColumn, schema.CqParentIDColumn, schema.CqSourceNameColumn, schema.CqSyncTimeColumn,
		{Name: "account_id", Type: arrow.BinaryTypes.String, PrimaryKey: true, NotNull: true},
		{Name: "id", Type: arrow.PrimitiveTypes.Int64, PrimaryKey: true, NotNull: true},
	}}
	mix := []arrow.DataType{
		arrow.PrimitiveTypes.Int64, arrow.BinaryTypes.String, arrow.BinaryTypes.String, arrow.FixedWidthTypes.Boolean,
		arrow.PrimitiveTypes.Float64, arrow.FixedWidthTypes.Timestamp_us, types.ExtensionTypes.JSON, arrow.FixedWidthTypes.Date32,
		arrow.BinaryTypes.String,
	}
	for i := range 60 - len(table.Columns) {
		table.Columns = append(table.Columns, schema.Column{Name: fmt.Sprintf("c%02d", i), Type: mix[i%len(mix)]})
	}
	return table
}

// wideRecord has rows with ids from first on. Every third value is null, as in an account with many empty fields.
func wideRecord(table *schema.Table, first, rows int) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, table.ToArrowSchema())
	defer b.Release()
	now := time.Date(2024, 5, 6, 7, 8, 9, 123456000, time.UTC)
	for id := first; id < first+rows; id++ {
		for i, column := range table.Columns {
			if i > 5 && (i+id)%3 == 0 {
				b.Field(i).AppendNull()
				continue
			}
			switch field := b.Field(i).(type) {
			case *types.UUIDBuilder:
				field.Append(uuid.New())
			case *types.JSONBuilder:
				field.AppendBytes([]byte(`{"value":12.5,"currency":"EUR"}`))
			case *array.StringBuilder:
				if column.PrimaryKey {
					field.Append("account-1")
				} else {
					field.Append(fmt.Sprintf("some text %d", id))
				}
			case *array.Int64Builder:
				field.Append(int64(id))
			case *array.Float64Builder:
				field.Append(float64(id) / 7)
			case *array.BooleanBuilder:
				field.Append(id%2 == 0)
			case *array.TimestampBuilder:
				field.AppendTime(now)
			case *array.Date32Builder:
				field.Append(arrow.Date32FromTime(now))
			}
		}
	}
	return b.NewRecordBatch()
}

func BenchmarkWrite(b *testing.B) {
	const rowsPerRecord, records = 500, 40
	table := wideTable()
	insert := make([]message.WriteMessage, records)
	for i := range insert {
		insert[i] = &message.WriteInsert{Record: wideRecord(table, i*rowsPerRecord, rowsPerRecord)}
	}
	for _, existing := range []bool{false, true} {
		b.Run(fmt.Sprintf("rows_exist=%t", existing), func(b *testing.B) {
			rows := 0
			for b.Loop() {
				b.StopTimer()
				client := newClient(b, b.TempDir()+"/bench.db")
				require.NoError(b, write(b.Context(), client, &message.WriteMigrateTable{Table: table}))
				if existing {
					require.NoError(b, write(b.Context(), client, insert...))
				}
				b.StartTimer()
				require.NoError(b, write(b.Context(), client, insert...))
				rows += records * rowsPerRecord
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func BenchmarkRead(b *testing.B) {
	const rows = 20_000
	table := wideTable()
	client := newClient(b, b.TempDir()+"/bench.db")
	require.NoError(b, write(b.Context(), client,
		&message.WriteMigrateTable{Table: table}, &message.WriteInsert{Record: wideRecord(table, 0, rows)}))
	projected := *table
	projected.Columns = schema.ColumnList{*table.Column("account_id"), *table.Column("id"), *table.Column("_cq_sync_time")}
	for _, asked := range []*schema.Table{table, &projected} {
		b.Run(fmt.Sprintf("columns=%d", len(asked.Columns)), func(b *testing.B) {
			read := int64(0)
			for b.Loop() {
				records, err := readAll(b.Context(), client, asked)
				require.NoError(b, err)
				for _, r := range records {
					read += r.NumRows()
				}
			}
			b.ReportMetric(float64(read)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

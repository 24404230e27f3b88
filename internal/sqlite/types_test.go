package sqlite

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/cloudquery/plugin-sdk/v4/types"
	"github.com/stretchr/testify/require"
)

// roundTrip writes a column and reads it back.
func roundTrip(t *testing.T, client *Client, table *schema.Table, insert *message.WriteInsert) {
	t.Helper()
	require.NoError(t, write(t.Context(), client, migration(table), insert))
	records, err := readAll(t.Context(), client, table)
	require.NoError(t, err)
	require.Empty(t, plugin.RecordsDiff(table.ToArrowSchema(), records, []arrow.RecordBatch{insert.Record}))
}

func oneColumn(name string, dataType arrow.DataType) *schema.Table {
	return &schema.Table{Name: name, Columns: schema.ColumnList{{Name: "v", Type: dataType}}}
}

func TestTypes_keepExtremeValues(t *testing.T) {
	client := newClient(t, newFile(t))
	for name, test := range map[string]struct {
		dataType arrow.DataType
		values   []string
	}{
		"int64":         {arrow.PrimitiveTypes.Int64, []string{"-9223372036854775808", "9223372036854775807", "0"}},
		"uint64":        {arrow.PrimitiveTypes.Uint64, []string{"18446744073709551615", "9223372036854775808", "9223372036854775807", "0"}},
		"int8":          {arrow.PrimitiveTypes.Int8, []string{"-128", "127"}},
		"float64":       {arrow.PrimitiveTypes.Float64, []string{"0.1", "1", "-0", "1e308", "5e-324", "+Inf", "-Inf"}},
		"float16":       {arrow.FixedWidthTypes.Float16, []string{"0.5", "-2"}},
		"bool":          {arrow.FixedWidthTypes.Boolean, []string{"true", "false"}},
		"string":        {arrow.BinaryTypes.String, []string{"", "123", "a\x00b", "日本語 🙂", "'; DROP TABLE x; --", "NULL"}},
		"json":          {types.ExtensionTypes.JSON, []string{`{}`, `[]`, `"123"`, `true`, `1.5`, `{"a":[1,2,{"b":"é"}]}`}},
		"uuid":          {types.ExtensionTypes.UUID, []string{cqID(1)}},
		"inet":          {types.ExtensionTypes.Inet, []string{"192.0.2.1/24", "2001:db8::1/64"}},
		"mac":           {types.ExtensionTypes.MAC, []string{"aa:bb:cc:dd:ee:ff"}},
		"timestamp_s":   {arrow.FixedWidthTypes.Timestamp_s, []string{"1677-09-21", "1969-12-31 23:59:59", "9999-12-31 23:59:59"}},
		"timestamp_ns":  {arrow.FixedWidthTypes.Timestamp_ns, []string{"1969-12-31 23:59:59.999999999", "2024-05-06 07:08:09.000000001"}},
		"date32":        {arrow.FixedWidthTypes.Date32, []string{"1900-02-28", "2024-02-29"}},
		"date64":        {arrow.FixedWidthTypes.Date64, []string{"1900-02-28", "2024-02-29"}},
		"time64":        {arrow.FixedWidthTypes.Time64us, []string{"00:00:00", "23:59:59.999999"}},
		"decimal":       {&arrow.Decimal128Type{Precision: 30, Scale: 4}, []string{"12345678901234567890.1234", "-0.5"}},
		"list of int64": {arrow.ListOf(arrow.PrimitiveTypes.Int64), []string{"[9223372036854775807, null]", "[]"}},
	} {
		t.Run(name, func(t *testing.T) {
			table := oneColumn(name, test.dataType)
			b := array.NewRecordBuilder(memory.DefaultAllocator, table.ToArrowSchema())
			for _, value := range test.values {
				if list, ok := b.Field(0).(*array.ListBuilder); ok && value != "[]" {
					list.Append(true)
					list.ValueBuilder().(*array.Int64Builder).Append(math.MaxInt64)
					list.ValueBuilder().AppendNull()
					continue
				}
				require.NoError(t, b.Field(0).AppendValueFromString(value))
			}
			b.Field(0).AppendNull()
			roundTrip(t, client, table, &message.WriteInsert{Record: b.NewRecordBatch()})
		})
	}
}

func TestTypes_tellEmptyBytesFromNull(t *testing.T) {
	client := newClient(t, newFile(t))
	table := oneColumn("blobs", arrow.BinaryTypes.Binary)
	b := array.NewRecordBuilder(memory.DefaultAllocator, table.ToArrowSchema())
	b.Field(0).(*array.BinaryBuilder).AppendValues([][]byte{{}, nil, {0, 255}}, []bool{true, false, true})
	roundTrip(t, client, table, &message.WriteInsert{Record: b.NewRecordBatch()})
	require.Equal(t, "blob,null,blob", query(t, client, `SELECT group_concat(typeof(v)) FROM blobs`))
}

func TestTimestamps_keepYearsThatSQLiteDoesNotKnow(t *testing.T) {
	client := newClient(t, newFile(t))
	table := oneColumn("years", arrow.FixedWidthTypes.Timestamp_us)
	roundTrip(t, client, table, rows(t, table,
		[]any{time.Date(20224, 2, 29, 1, 2, 3, 4000, time.UTC)},
		[]any{time.Date(-1, 12, 31, 23, 59, 59, 0, time.UTC)},
		[]any{time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)}))
}

func TestTimestamps_sortAsText(t *testing.T) {
	client := newClient(t, newFile(t))
	table := &schema.Table{Name: "times", Columns: schema.ColumnList{
		{Name: "id", Type: arrow.PrimitiveTypes.Int64}, {Name: "at", Type: arrow.FixedWidthTypes.Timestamp_ns},
	}}
	var times []time.Time
	for _, base := range []time.Time{syncedAt, syncedAt.AddDate(-80, 0, 0), syncedAt.Add(time.Second)} {
		for _, fraction := range []time.Duration{0, 1, 999, 1000, 1001, 123456 * time.Microsecond, 123456001, 500 * time.Millisecond, 999999999} {
			times = append(times, base.Add(fraction))
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	insert := make([][]any, len(times))
	for i, at := range times {
		insert[i] = []any{i, at}
	}
	rand.Shuffle(len(insert), func(i, j int) { insert[i], insert[j] = insert[j], insert[i] })
	require.NoError(t, write(t.Context(), client, migration(table), rows(t, table, insert...)))
	require.Equal(t, query(t, client, `SELECT group_concat(id ORDER BY id) FROM times`),
		query(t, client, `SELECT group_concat(id ORDER BY at) FROM times`))
}

func TestTimestamps_workWithTheDateFunctions(t *testing.T) {
	client := newClient(t, newFile(t))
	table := &schema.Table{Name: "times", Columns: schema.ColumnList{
		{Name: "at", Type: arrow.FixedWidthTypes.Timestamp_us}, {Name: "day", Type: arrow.FixedWidthTypes.Date32},
	}}
	require.NoError(t, write(t.Context(), client, migration(table),
		rows(t, table, []any{syncedAt.Add(123456 * time.Microsecond).In(time.FixedZone("east", 7200)), "2024-02-29"})))
	for expression, want := range map[string]string{
		`at || ''`:                       "2024-05-06 07:08:09.123456",
		`datetime(at)`:                   "2024-05-06 07:08:09",
		`date(at)`:                       "2024-05-06",
		`date(at, 'start of month')`:     "2024-05-01",
		`strftime('%Y-%m %H:%M:%f', at)`: "2024-05 07:08:09.123",
		`unixepoch(at)`:                  "1714979289",
		`day || ''`:                      "2024-02-29",
		`date(day, '+1 day')`:            "2024-03-01",
		`CAST(julianday(at) - julianday(day) AS INTEGER)`: "67",
	} {
		require.Equal(t, want, query(t, client, `SELECT `+expression+` FROM times`), expression)
	}
}

func TestJSON_isValidAndExact(t *testing.T) {
	client := newClient(t, newFile(t))
	table := &schema.Table{Name: "documents", Columns: schema.ColumnList{
		{Name: "json", Type: types.ExtensionTypes.JSON},
		{Name: "list", Type: arrow.ListOf(arrow.BinaryTypes.String)},
		{Name: "object", Type: arrow.StructOf(arrow.Field{Name: "a", Type: arrow.BinaryTypes.String, Nullable: true})},
		{Name: "map", Type: arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64)},
	}}
	b := array.NewRecordBuilder(memory.DefaultAllocator, table.ToArrowSchema())
	documents := []string{`{"a": 1.10}`, `12345678901234567890.10`, `"12"`, `null`, `[ ]`}
	for _, document := range documents {
		b.Field(0).(*types.JSONBuilder).AppendBytes([]byte(document))
		require.NoError(t, b.Field(1).AppendValueFromString(`["a \"quoted\"", null]`))
		require.NoError(t, b.Field(2).AppendValueFromString(`{"a": "<&>"}`))
		require.NoError(t, b.Field(3).AppendValueFromString(`[{"key": "k", "value": 1}]`))
	}
	roundTrip(t, client, table, &message.WriteInsert{Record: b.NewRecordBatch()})
	for _, column := range table.Columns.Names() {
		require.Equal(t, "5", query(t, client, `SELECT sum(json_valid("`+column+`")) FROM documents`), column)
	}
	require.Equal(t, strings.Join(documents, "\n"), query(t, client, `SELECT group_concat(json, char(10)) FROM documents`))
	require.Equal(t, "1.1", query(t, client, `SELECT json ->> 'a' FROM documents LIMIT 1`))
	require.Equal(t, "<&>", query(t, client, `SELECT object ->> 'a' FROM documents LIMIT 1`))
}

func TestJSON_refusesWhatIsNot(t *testing.T) {
	client := newClient(t, newFile(t))
	table := oneColumn("documents", types.ExtensionTypes.JSON)
	b := array.NewRecordBuilder(memory.DefaultAllocator, table.ToArrowSchema())
	b.Field(0).(*types.JSONBuilder).AppendBytes([]byte(`{"a":`))
	err := write(t.Context(), client, migration(table), &message.WriteInsert{Record: b.NewRecordBatch()})
	require.EqualError(t, err, "insert into documents: column v: the value is not valid JSON")
}

func TestIsJSON_agreesWithEncodingJSON(t *testing.T) {
	for _, document := range []string{
		``, ` `, `{}`, " [1, 2]\n", `{"a": 1, "a": 2}`, `{"a": 1,}`, `{} {}`, `01`, `1.10`, `1e400`, `"\ud800"`, "\"\xff\"", "\"\x01\"", `"\x"`,
		`nul`, `NaN`, "\ufeff{}", strings.Repeat("[", 1000) + strings.Repeat("]", 1000), strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000),
	} {
		require.Equal(t, json.Valid([]byte(document)), isJSON([]byte(document)), "%.40q", document)
	}
}

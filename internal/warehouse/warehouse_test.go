package warehouse

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
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
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/sqlite"
)

// newPlugin opens a double with a file of its own. Zero values in the spec mean the defaults.
func newPlugin(t *testing.T, kind Kind, spec Spec) *plugin.Plugin {
	t.Helper()
	return newPluginWith(t, kind, spec, zerolog.Nop())
}

func newPluginWith(t *testing.T, kind Kind, spec Spec, log zerolog.Logger) *plugin.Plugin {
	t.Helper()
	keys := map[string]any{"path": filepath.Join(t.TempDir(), "test.db"), "fail": spec.Fail}
	if spec.BatchSize > 0 {
		keys["batch_size"] = spec.BatchSize
	}
	raw, err := json.Marshal(keys)
	require.NoError(t, err)
	p := kind.Plugin()
	p.SetLogger(log)
	require.NoError(t, p.Init(t.Context(), raw, plugin.NewClientOptions{}))
	t.Cleanup(func() { require.NoError(t, p.Close(context.Background())) })
	return p
}

// deals is a small table. Its key is the id.
func deals(more ...schema.Column) *schema.Table {
	return &schema.Table{Name: "deals", Columns: append(schema.ColumnList{
		schema.CqSourceNameColumn, schema.CqSyncTimeColumn,
		{Name: "id", Type: arrow.BinaryTypes.String, PrimaryKey: true, NotNull: true},
		{Name: "title", Type: arrow.BinaryTypes.String},
	}, more...)}
}

var syncedAt = time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)

// rows is an insert. Each row has the values of the columns after _cq_sync_time; "" is NULL.
func rows(t *testing.T, table *schema.Table, rows ...[]string) *message.WriteInsert {
	t.Helper()
	b := array.NewRecordBuilder(memory.DefaultAllocator, table.ToArrowSchema())
	defer b.Release()
	for _, row := range rows {
		b.Field(0).(*array.StringBuilder).Append("source")
		b.Field(1).(*array.TimestampBuilder).AppendTime(syncedAt)
		for i, value := range row {
			switch f := b.Field(2 + i).(type) {
			case *types.JSONBuilder:
				f.AppendBytes([]byte(value))
			case *array.StringBuilder:
				if value == "" {
					f.AppendNull()
				} else {
					f.Append(value)
				}
			}
		}
	}
	return &message.WriteInsert{Record: b.NewRecordBatch()}
}

func migration(table *schema.Table) *message.WriteMigrateTable {
	return &message.WriteMigrateTable{Table: table}
}

// stored are the rows of a table, as id=title, sorted, with the values of further columns after a comma.
func stored(t *testing.T, p *plugin.Plugin, table *schema.Table) []string {
	t.Helper()
	read, err := readAll(p, table)
	require.NoError(t, err)
	found := []string{}
	for _, r := range read {
		require.EqualValues(t, 1, r.NumRows(), "each row comes in a record batch of its own")
		row := r.Column(2).ValueStr(0) + "=" + r.Column(3).ValueStr(0)
		for _, c := range r.Columns()[4:] {
			row += "," + c.ValueStr(0)
		}
		found = append(found, row)
	}
	slices.Sort(found)
	return found
}

func readAll(p *plugin.Plugin, table *schema.Table) ([]arrow.RecordBatch, error) {
	records, done := make(chan arrow.RecordBatch), make(chan error, 1)
	go func() {
		defer close(records)
		done <- p.Read(context.Background(), table, records)
	}()
	var all []arrow.RecordBatch
	for r := range records {
		all = append(all, r)
	}
	return all, <-done
}

func deleteStale(p *plugin.Plugin) error {
	stale := &message.WriteDeleteStale{TableName: "deals", SourceName: "source", SyncTime: syncedAt.Add(time.Hour)}
	return p.WriteAll(context.Background(), []message.WriteMessage{stale})
}

func deleteRecord(p *plugin.Plugin, id string) error {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{{Name: "id", Type: arrow.BinaryTypes.String}}, nil))
	defer b.Release()
	b.Field(0).(*array.StringBuilder).Append(id)
	where := message.PredicateGroups{{GroupingType: "AND", Predicates: message.Predicates{{Operator: "eq", Column: "id", Record: b.NewRecordBatch()}}}}
	deletion := &message.WriteDeleteRecord{DeleteRecord: message.DeleteRecord{TableName: "deals", WhereClause: where}}
	return p.WriteAll(context.Background(), []message.WriteMessage{deletion})
}

// TestKinds_differ in the rows of a repeated key, in a later batch and twice in one, and in their deletions.
func TestKinds_differ(t *testing.T) {
	for _, test := range []struct {
		kind          Kind
		again         []string // rows after a has come in two batches
		twice         []string // rows after b, which is new, has come twice in a batch
		both          []string // rows after b has come twice in a batch once more
		stale, record bool     // whether stale rows are deleted, and single ones
	}{
		{BigQuery, []string{"a=1", "a=2"}, []string{"a=1", "a=2", "b=1", "b=2"}, []string{"a=1", "a=2", "b=1", "b=2", "b=3", "b=4"}, false, false},
		{Snowflake, []string{"a=2"}, []string{"a=2", "b=1", "b=2"}, []string{"a=2", "b=1", "b=2"}, true, false},
		{DuckDB, []string{"a=2"}, []string{"a=2", "b=1"}, []string{"a=2", "b=3"}, true, false},
		{PostgreSQL, []string{"a=2"}, []string{"a=2", "b=2"}, []string{"a=2", "b=4"}, true, true},
	} {
		t.Run(string(test.kind), func(t *testing.T) {
			p, table := newPlugin(t, test.kind, Spec{}), deals()
			require.Equal(t, string(test.kind), p.Name())
			write := func(id string, titles ...string) {
				t.Helper()
				var all [][]string
				for _, title := range titles {
					all = append(all, []string{id, title})
				}
				require.NoError(t, p.WriteAll(t.Context(), []message.WriteMessage{migration(table), rows(t, table, all...)}))
			}
			write("a", "1")
			write("a", "2")
			require.Equal(t, test.again, stored(t, p, table))
			write("b", "1", "2")
			require.Equal(t, test.twice, stored(t, p, table))
			write("b", "3", "4")
			require.Equal(t, test.both, stored(t, p, table))

			left := test.both
			err := deleteRecord(p, "a")
			if test.record {
				require.NoError(t, err)
				left = slices.DeleteFunc(left, func(row string) bool { return row[0] == 'a' })
			} else { // the message stays in the writer, and fails each later write
				require.ErrorIs(t, err, plugin.ErrNotImplemented)
				require.ErrorIs(t, p.WriteAll(t.Context(), nil), plugin.ErrNotImplemented)
			}
			require.Equal(t, left, stored(t, p, table))

			p = newPlugin(t, test.kind, Spec{})
			write("a", "1")
			err = deleteStale(p)
			if test.stale {
				require.NoError(t, err)
				require.Empty(t, stored(t, p, table))
			} else {
				require.ErrorIs(t, err, plugin.ErrNotImplemented)
				require.Len(t, stored(t, p, table), 1)
			}
		})
	}
}

// TestKinds_aBatchThatFails is lost with a line in the log, except in PostgreSQL, where it ends the write.
func TestKinds_aBatchThatFails(t *testing.T) {
	for _, kind := range Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			var log bytes.Buffer
			p := newPluginWith(t, kind, Spec{BatchSize: 2, Fail: map[string][]int{"deals": {2}}}, zerolog.New(&log).Level(zerolog.WarnLevel))
			table := deals()
			messages := []message.WriteMessage{migration(table)}
			for i := range 6 {
				messages = append(messages, rows(t, table, []string{fmt.Sprint(i), "x"}))
			}
			err := p.WriteAll(t.Context(), messages)
			require.Contains(t, log.String(), `"level":"error","error":`)
			require.Contains(t, log.String(), "batch 2 of deals")
			if kind == PostgreSQL {
				require.ErrorContains(t, err, "batch 2 of deals")
				require.Equal(t, []string{"0=x", "1=x"}, stored(t, p, table))
				return
			}
			require.NoError(t, err)
			require.Equal(t, []string{"0=x", "1=x", "4=x", "5=x"}, stored(t, p, table))
		})
	}
}

func TestKinds_missingTablesAndColumns(t *testing.T) {
	more := schema.Column{Name: "more", Type: arrow.BinaryTypes.String}
	for kind, want := range map[Kind][2]string{
		BigQuery:   {"Not found: Table project:dataset.deals", "Unrecognized name: more"},
		Snowflake:  {"Object 'DEALS' does not exist", `invalid identifier '"MORE"'`},
		DuckDB:     {"Table with name deals does not exist", `column "more" not found`},
		PostgreSQL: {`relation "deals" does not exist`, `column "more" does not exist`},
	} {
		t.Run(string(kind), func(t *testing.T) {
			p := newPlugin(t, kind, Spec{})
			_, err := readAll(p, deals())
			require.ErrorContains(t, err, want[0])
			require.NoError(t, p.WriteAll(t.Context(), []message.WriteMessage{migration(deals())}))
			_, err = readAll(p, deals(more))
			require.ErrorContains(t, err, want[1])
		})
	}
}

// TestBigQuery_unknownColumns of a batch are left out, and those that it lacks are NULL.
func TestBigQuery_unknownColumns(t *testing.T) {
	one, other := schema.Column{Name: "one", Type: arrow.BinaryTypes.String}, schema.Column{Name: "other", Type: arrow.BinaryTypes.String}
	p := newPlugin(t, BigQuery, Spec{})
	require.NoError(t, p.WriteAll(t.Context(), []message.WriteMessage{
		migration(deals(one)), rows(t, deals(other), []string{"a", "1", "x"}), rows(t, deals(one), []string{"b", "2", "y"}),
	}))
	require.Equal(t, []string{"a=1," + array.NullValueStr, "b=2,y"}, stored(t, p, deals(one)))
}

// TestSnowflake_names: names are unquoted, those of the key when a table is created, and all when rows are merged.
func TestSnowflake_names(t *testing.T) {
	column := func(name string, key bool) schema.Column {
		return schema.Column{Name: name, Type: arrow.BinaryTypes.String, PrimaryKey: key}
	}
	for name, test := range map[string]struct {
		column  schema.Column
		migrate string
		merge   string
	}{
		"plain":                   {column("größe", false), "", "syntax error"},
		"reserved":                {column("order", false), "", "unexpected 'order'"},
		"reserved, of the key":    {column("values", true), "unexpected 'values'", ""},
		"with a blank":            {column("a b", false), "", "syntax error"},
		"another by case alone":   {column("Title", false), "duplicate column", ""},
		"usable: left and schema": {column("left", false), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			p, table := newPluginWith(t, Snowflake, Spec{}, zerolog.New(&log).Level(zerolog.WarnLevel)), deals(test.column)
			err := p.WriteAll(t.Context(), []message.WriteMessage{migration(table)})
			if test.migrate != "" {
				require.ErrorContains(t, err, test.migrate)
				return
			}
			require.NoError(t, err)
			require.NoError(t, p.WriteAll(t.Context(), []message.WriteMessage{rows(t, table, []string{"a", "1", "x"})}))
			if test.merge != "" {
				require.Contains(t, log.String(), test.merge)
				require.Empty(t, stored(t, p, table))
				return
			}
			require.Empty(t, log.String())
			require.Equal(t, []string{"a=1,x"}, stored(t, p, table))
		})
	}
}

// TestSnowflake_aRowIsNotUpdatedTwice: the batch is lost.
func TestSnowflake_aRowIsNotUpdatedTwice(t *testing.T) {
	var log bytes.Buffer
	p, table := newPluginWith(t, Snowflake, Spec{}, zerolog.New(&log).Level(zerolog.WarnLevel)), deals()
	require.NoError(t, p.WriteAll(t.Context(), []message.WriteMessage{migration(table), rows(t, table, []string{"a", "1"})}))
	require.Empty(t, log.String())
	require.NoError(t, p.WriteAll(t.Context(), []message.WriteMessage{rows(t, table, []string{"a", "2"}, []string{"b", "1"}, []string{"a", "3"})}))
	require.Contains(t, log.String(), "Duplicate row detected during DML action")
	require.Equal(t, []string{"a=1"}, stored(t, p, table))
}

func TestPostgreSQL_textAndNames(t *testing.T) {
	document := schema.Column{Name: "document", Type: types.ExtensionTypes.JSON}
	write := func(p *plugin.Plugin, table *schema.Table, row ...string) error {
		return p.WriteAll(t.Context(), []message.WriteMessage{migration(table), rows(t, table, row)})
	}
	t.Run("NUL is left out", func(t *testing.T) {
		p := newPlugin(t, PostgreSQL, Spec{})
		require.NoError(t, write(p, deals(document), "a", "x\x00y", `{"a":["\u0000b",1e400]}`))
		require.Equal(t, []string{`a=xy,{"a":["b",1e400]}`}, stored(t, p, deals(document)))
	})
	for name, row := range map[string][]string{
		"NUL in a key of a document": {"a", "x", `{"\u0000":1}`},
		"not UTF-8":                  {"a", "\xff", `{}`},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, write(newPlugin(t, PostgreSQL, Spec{}), deals(document), row...), "SQLSTATE 22")
		})
	}
	t.Run("a long column", func(t *testing.T) {
		p := newPlugin(t, PostgreSQL, Spec{})
		long := schema.Column{Name: strings.Repeat("x", 70), Type: arrow.BinaryTypes.String}
		require.NoError(t, write(p, deals(long), "a", "1", "y"))
		long.Name = long.Name[:63]
		require.Equal(t, []string{"a=1,y"}, stored(t, p, deals(long)))
	})
	t.Run("a long table", func(t *testing.T) {
		table := deals()
		table.Name = strings.Repeat("x", 70)
		require.ErrorContains(t, write(newPlugin(t, PostgreSQL, Spec{}), table, "a", "1"), table.Name+" not found")
	})
}

func TestKind_withoutConnectionOrKnownName(t *testing.T) {
	p := BigQuery.Plugin()
	require.NoError(t, p.Init(t.Context(), nil, plugin.NewClientOptions{NoConnection: true}))
	require.ErrorIs(t, p.WriteAll(t.Context(), nil), errNotConnected)
	_, err := readAll(p, deals())
	require.True(t, errors.Is(err, errNotConnected), "%v", err)
	require.NoError(t, p.Close(t.Context()))
	require.ErrorContains(t, Kind("oracle").Plugin().Init(t.Context(), []byte("{}"), plugin.NewClientOptions{}), "no double of oracle")
	require.ErrorContains(t, BigQuery.Plugin().Init(t.Context(), []byte(`{"paht":"x"}`), plugin.NewClientOptions{}), "paht")
}

// TestStage_aProcessWasKilled and left the table that it had staged.
func TestStage_aProcessWasKilled(t *testing.T) {
	s, err := openStore(t.Context(), Snowflake, Spec{Path: filepath.Join(t.TempDir(), "test.db")})
	require.NoError(t, err)
	defer s.Close(t.Context())
	left := unconstrained(migration(deals()), false).Table
	left.Name = "deals staged 1"
	require.NoError(t, apply(t.Context(), s, []*message.WriteMigrateTable{migration(left)}))
	require.NoError(t, apply(t.Context(), s, []*message.WriteInsert{rows(t, left, []string{"a", "1"})}))
	staged := 0
	require.NoError(t, s.stage(t.Context(), message.WriteInserts{rows(t, deals(), []string{"b", "1"})}, func(tx *sql.Tx, name string) error {
		return tx.QueryRowContext(t.Context(), "SELECT count(*) FROM "+sqlite.Quote(name)).Scan(&staged)
	}))
	require.Equal(t, 1, staged)
}

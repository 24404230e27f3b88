// Package googlesql checks BigQuery's queries with GoogleSQL, BigQuery's own parser and analyzer: names, types and
// functions, against the tables of CloudQuery's destination. It is a separate module because GoogleSQL takes
// minutes and gigabytes to compile.
package googlesql

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/cloudquery/plugin-sdk/v4/types"
	"github.com/goccy/go-googlesql"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

func TestBigQuery_understandsEveryStatement(t *testing.T) {
	d := newDataset(t)
	var names []string
	for _, table := range slices.Concat(tables.All(), tables.Histories()) {
		s := table.Schema()
		d.add(s.Name, d.columns(append(schema.ColumnList{schema.CqSyncTimeColumn, schema.CqSourceNameColumn}, s.Columns...)))
		if table.Of == nil {
			names = append(names, "current/bigquery/"+table.Records)
		}
	}
	files, err := filepath.Glob("../../../docs/queries/bigquery/*.sql") // in the order in which README runs them
	require.NoError(t, err)
	for _, file := range files {
		names = append(names, "bigquery/"+strings.TrimSuffix(filepath.Base(file), ".sql"))
	}
	for _, name := range names {
		script, err := os.ReadFile(filepath.Join("../../../docs/queries", name+".sql"))
		require.NoError(t, err)
		for _, statement := range strings.SplitAfter(strings.TrimSpace(string(script)), ";\n") {
			d.analyze(statement)
		}
	}
}

func TestBigQuery_refusesErrors(t *testing.T) {
	d := newDataset(t)
	d.add("deals", d.columns(schema.ColumnList{{Name: "add_time", Type: arrow.FixedWidthTypes.Timestamp_us}}))
	for statement, want := range map[string]string{
		"SELECT add_tim FROM pipedrive.deals":      "Unrecognized name: add_tim",
		"SELECT add_time > 1 FROM pipedrive.deals": "No matching signature",
		"SELECT 1 FROM deals":                      "Table not found",
		"SELECT FROM pipedrive.deals":              "Syntax error",
	} {
		_, err := googlesql.AnalyzeStatement(statement, d.options, d.catalog, d.types)
		require.ErrorContains(t, err, want)
	}
}

// dataset is the dataset pipedrive: its tables, and the views created so far.
type dataset struct {
	t       *testing.T
	catalog *googlesql.SimpleCatalog
	tables  *googlesql.SimpleCatalog
	types   *googlesql.TypeFactory
	options *googlesql.AnalyzerOptions
}

type column struct {
	name string
	kind googlesql.Googlesql_TypeNode
}

func newDataset(t *testing.T) *dataset {
	t.Helper()
	require.NoError(t, googlesql.Init())
	d := &dataset{t: t}
	d.types = must(googlesql.NewTypeFactory())
	d.catalog = must(googlesql.NewSimpleCatalog("project", d.types))
	d.tables = must(googlesql.NewSimpleCatalog("pipedrive", d.types))
	require.NoError(t, d.catalog.AddCatalog(d.tables))
	language := must(googlesql.NewLanguageOptions())
	require.NoError(t, language.EnableMaximumLanguageFeatures())
	require.NoError(t, language.SetSupportsAllStatementKinds())
	require.NoError(t, language.SetProductMode(googlesql.ProductModeProductExternal))
	require.NoError(t, d.catalog.AddBuiltinFunctionsAndTypes(&googlesql.BuiltinFunctionOptions{LanguageOptions: language}))
	d.options = must(googlesql.NewAnalyzerOptions2())
	require.NoError(t, d.options.SetLanguage(language))
	return d
}

func (d *dataset) add(name string, columns []column) {
	d.t.Helper()
	table := must(googlesql.NewSimpleTable(name, 0))
	for _, c := range columns {
		require.NoError(d.t, table.AddColumn2(must(googlesql.NewSimpleColumn(name, c.name, c.kind, false, true)), false))
	}
	require.NoError(d.t, d.tables.AddTable(table))
}

// columns are a table's columns with the types of CloudQuery's destination.
func (d *dataset) columns(list schema.ColumnList) []column {
	d.t.Helper()
	var columns []column
	for _, c := range list {
		var kind googlesql.Googlesql_TypeNode
		switch c.Type.(type) {
		case *arrow.StringType, *types.UUIDType:
			kind = must(d.types.GetString())
		case *arrow.Int64Type:
			kind = must(d.types.GetInt64())
		case *arrow.Float64Type:
			kind = must(d.types.GetDouble())
		case *arrow.BooleanType:
			kind = must(d.types.GetBool())
		case *arrow.TimestampType:
			kind = must(d.types.GetTimestamp())
		case *arrow.Date32Type:
			kind = must(d.types.GetDate())
		case *types.JSONType:
			kind = must(d.types.GetJson())
		}
		require.NotNil(d.t, kind, "%s is %s", c.Name, c.Type)
		columns = append(columns, column{c.Name, kind})
	}
	return columns
}

// analyze checks a statement, and adds the view that it creates.
func (d *dataset) analyze(statement string) {
	d.t.Helper()
	analyzed, err := googlesql.AnalyzeStatement(statement, d.options, d.catalog, d.types)
	require.NoError(d.t, err, statement)
	view, ok := must(analyzed.ResolvedStatement()).(*googlesql.ResolvedCreateViewStmt)
	if !ok {
		return
	}
	path := must(view.NamePath())
	require.Equal(d.t, "pipedrive", path[0])
	var columns []column
	for i := range must(view.OutputColumnListSize()) {
		output := must(view.OutputColumnList2(i))
		columns = append(columns, column{must(output.Name()), must(must(output.Column()).Type())})
	}
	d.add(path[1], columns)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

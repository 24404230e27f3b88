package client

import (
	"context"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/cloudquery/plugin-sdk/v4/schema"
)

const (
	accountColumn = "account_id"
	idColumn      = "id"
	timeColumn    = "update_time"
)

// Table declares a table: which records it holds and what its columns are.
type Table struct {
	// Records is the type of record, as [pipedrive.API] names its listings: "deals".
	Records     string
	Title       string
	Description string
	// Incremental tables can be read from where the last run ended.
	Incremental bool
	// Columns behind account_id.
	Columns []Column
	// Describes are the tables whose fields are the records, in place of a listing of their own.
	Describes []*Table
	// Runs is true where the records are the runs themselves; the plugin sends them when a run has ended.
	Runs bool
}

// Name is the table's name at the destination.
func (t *Table) Name() string { return "pipedrive_" + t.Records }

// column returns the index of a column, or -1.
func (t *Table) column(name string) int {
	return columnIndex(t.Columns, name)
}

func columnIndex(columns []Column, name string) int {
	return slices.IndexFunc(columns, func(c Column) bool { return c.Name == name })
}

// hasCustomFields reports whether the table's records have custom fields.
func (t *Table) hasCustomFields() bool { return t.column(customFieldsColumn) >= 0 }

// WithoutCustomFields are the tables without their columns of custom fields, and without those that describe
// fields.
func WithoutCustomFields(tables []*Table) []*Table {
	var without []*Table
	for _, t := range tables {
		if t.Describes == nil {
			bare := *t
			bare.Columns = slices.DeleteFunc(slices.Clone(t.Columns), func(c Column) bool { return c.Name == customFieldsColumn })
			without = append(without, &bare)
		}
	}
	return without
}

// Schema is the table as CloudQuery knows it, read for each of accounts.
func (t *Table) Schema(accounts []*Account) *schema.Table {
	columns := schema.ColumnList{{
		Name:        accountColumn,
		Type:        arrow.BinaryTypes.String,
		Description: "The account that the record belongs to: Pipedrive's company id.",
		PrimaryKey:  true,
		NotNull:     true,
	}}
	for _, c := range t.Columns {
		columns = append(columns, c.schemaColumn())
	}
	table := &schema.Table{
		Name:          t.Name(),
		Title:         t.Title,
		Description:   t.Description,
		IsIncremental: t.Incremental,
		Columns:       columns,
		Resolver: func(ctx context.Context, meta schema.ClientMeta, _ *schema.Resource, res chan<- any) error {
			a := meta.(*Account)
			if t.Runs {
				return nil
			}
			return a.run.guard(ctx, a, t.Name(), func(ctx context.Context) error {
				return t.read(ctx, a, res)
			})
		},
	}
	schema.AddCqIDs(table)
	r := &resolver{}
	table.PreResourceChunkResolver = &schema.RowsChunkResolver{ChunkSize: chunkRows, RowsResolver: r.resolve}
	// The scheduler calls this once, when it has sent the table to the destination and before it resolves rows.
	table.Multiplex = func(schema.ClientMeta) []schema.ClientMeta {
		r.take(table)
		clients := make([]schema.ClientMeta, len(accounts))
		for i, a := range accounts {
			clients[i] = a
		}
		return clients
	}
	return table
}

// Package table is what a table is: its columns, where their values stand in a record, how a record becomes a row,
// and how rows become Arrow record batches. It reads and writes nothing.
package table

import (
	"context"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/cloudquery/plugin-sdk/v4/schema"
)

// The names of columns that more than their table relies on.
const (
	// AccountColumn is part of each table's primary key.
	AccountColumn = "account_id"
	// CustomFieldsColumn has all custom fields of a record.
	CustomFieldsColumn = "custom_fields"
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

// Column returns the index of a column, or -1.
func (t *Table) Column(name string) int { return Index(t.Columns, name) }

// Index returns the index of a column by its name, or -1.
func Index(columns []Column, name string) int {
	return slices.IndexFunc(columns, func(c Column) bool { return c.Name == name })
}

// HasCustomFields reports whether the table's records have custom fields.
func (t *Table) HasCustomFields() bool { return t.Column(CustomFieldsColumn) >= 0 }

// WithoutCustomFields are the tables without their columns of custom fields, and without those that describe
// fields.
func WithoutCustomFields(tables []*Table) []*Table {
	var without []*Table
	for _, t := range tables {
		if t.Describes == nil {
			bare := *t
			bare.Columns = slices.DeleteFunc(slices.Clone(t.Columns), func(c Column) bool { return c.Name == CustomFieldsColumn })
			without = append(without, &bare)
		}
	}
	return without
}

// Key returns the indices of the columns that are part of the primary key.
func (t *Table) Key() []int {
	var key []int
	for i, c := range t.Columns {
		if c.Key {
			key = append(key, i)
		}
	}
	return key
}

// accountIDColumn is part of each table's primary key.
var accountIDColumn = schema.Column{
	Name:        AccountColumn,
	Type:        arrow.BinaryTypes.String,
	Description: "The account that the record belongs to: Pipedrive's company id.",
	PrimaryKey:  true,
	NotNull:     true,
}

// Pages is the client of a table's resolver: what streams the table's pages, each a []*[Row].
type Pages interface {
	schema.ClientMeta
	Stream(ctx context.Context, res chan<- any) error
}

// Schema is the table as CloudQuery knows it. Its resolver streams the pages of a [Pages].
func (t *Table) Schema() *schema.Table {
	columns := schema.ColumnList{accountIDColumn}
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
			return meta.(Pages).Stream(ctx, res)
		},
	}
	schema.AddCqIDs(table)
	return table
}

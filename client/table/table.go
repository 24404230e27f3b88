// Package table is what a table is: its columns, where their values stand in a record, how a record becomes a row,
// and how rows become Arrow record batches. It reads and writes nothing.
package table

import (
	"context"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/cloudquery/plugin-sdk/v4/schema"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// The names of columns that more than their table relies on.
const (
	// AccountColumn is part of each table's primary key.
	AccountColumn = "account_id"
	// CustomFieldsColumn has all custom fields of a record.
	CustomFieldsColumn = "custom_fields"
)

// API is one way to read Pipedrive.
type API string

// The APIs, by the names that state and rows have of them.
const (
	// V2 is today's API. Its facts are those of the vendor's OpenAPI file of 2026-08-18.
	V2 API = "v2"
	// V1 is out of support at Pipedrive for the lists that V2 has. Its facts are those of the vendor's OpenAPI file of
	// 2026-01-14, the last that has them.
	V1 API = "v1"
	// Export is an export endpoint that passes v1's lists on, below a URL of its own: it takes limit and start, and
	// has neither lists of fields nor archived or deleted records. What a request costs is its operator's.
	Export API = "export"
)

// Table declares a table: which records it holds, where they come from, and what its columns are.
type Table struct {
	// Records is the type of record: "deals".
	Records     string
	Title       string
	Description string
	// Incremental tables can be read from where the last run ended.
	Incremental bool
	// V2, V1 and Export are the listings that each API has of the records, in the order in which to read them. An
	// API without any does not have the table; but where V2 has none, an account on V2 reads V1's, in V1's form.
	V2, V1, Export []pipedrive.Listing
	// Fields is the list of the records' custom fields; nil where they have none, and without V1 or V2 where the
	// API does not list them.
	Fields *Table
	// FieldsOf is the table whose custom fields the records have, under the names of its columns; nil where they have their
	// own.
	FieldsOf *Table
	// Columns behind account_id.
	Columns []Column
	// Parent is whose children the records are; nil where they stand alone.
	Parent *Parent
	// Once is true where several listings have the same record as it is, or several parents. It is sent once.
	Once bool
	// Describes are the types of record whose fields are the records, in place of a listing of their own.
	Describes []Described
	// Runs is true where the records are the runs themselves; the plugin sends them when a run has ended.
	Runs bool
	// Core tables belong to every account. A run fails where one can't be read, even if nobody named it.
	Core bool
	// OnRequest tables are read only if the configuration names them: a wildcard for all tables leaves them out.
	OnRequest bool
	// Setup tables have what administrators set up for an account: types, labels, users, fields, stages. They are always
	// read in full and hardly ever change, so that lists_every has them read less often.
	Setup bool
	// Gate is what else an account needs to have the table, nil for nothing.
	Gate *Gate
}

// Described is a type of record whose fields a table of fields has.
type Described struct {
	// Entity is the name of one such record: "deal".
	Entity string
	// Of is the table of the records.
	Of *Table
	// Fields is the list that has the fields.
	Fields *Table
}

// Name is the table's name at the destination.
func (t *Table) Name() string { return "pipedrive_" + t.Records }

// Form is the API in whose form an account on api gets the records.
func (t *Table) Form(api API) API {
	if api == V2 && len(t.V2) == 0 {
		return V1
	}
	return api
}

// Listings returns the listings that an API has of the records. Those of V2 ask for the columns that only come when
// they are asked for.
func (t *Table) Listings(api API) []pipedrive.Listing {
	switch t.Form(api) {
	case V1:
		return t.V1
	case Export:
		return t.Export
	default:
		listings := slices.Clone(t.V2)
		for i := range listings {
			listings[i].Include = t.included(OnRequest)
			listings[i].IncludeOptional = t.included(OnRequestIfThere)
		}
		return listings
	}
}

// On reports whether an API has the table.
func (t *Table) On(api API) bool {
	if t.Describes == nil {
		return t.Runs || len(t.Listings(api)) > 0
	}
	return slices.ContainsFunc(t.Describes, func(d Described) bool { return len(d.Fields.Listings(api)) > 0 })
}

// included are the fields of V2 that come under a condition.
func (t *Table) included(when Presence) []string {
	var fields []string
	for _, c := range t.Columns {
		if c.Presence == when {
			fields = append(fields, c.V2.first(c.Name))
		}
	}
	return fields
}

// Depends reports whether a listing of the records has a property, on any API.
func (t *Table) Depends(property func(pipedrive.Listing) bool) bool {
	return slices.ContainsFunc(slices.Concat(t.V2, t.V1, t.Export), property)
}

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

// KeyOf is the key of the record that has the values in the columns of its table's primary key.
func KeyOf(values []Value) pipedrive.Key {
	if len(values) == 1 {
		return pipedrive.Key{Number: values[0].Number, Text: values[0].Text}
	}
	return pipedrive.Key{Text: joined(values, "\x00")}
}

// Time returns the index of the column that the table is incremental on, or -1.
func (t *Table) Time() int {
	return slices.IndexFunc(t.Columns, func(c Column) bool { return c.IncrementalKey })
}

// SchemaColumn is a column of the table as CloudQuery knows it.
func (t *Table) SchemaColumn(i int) schema.Column { return t.Columns[i].schemaColumn() }

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
			pages, ok := meta.(Pages)
			if !ok {
				return fmt.Errorf("a %T has no pages", meta)
			}
			return pages.Stream(ctx, res)
		},
	}
	schema.AddCqIDs(table)
	return table
}

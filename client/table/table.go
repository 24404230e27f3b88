// Package table declares tables: their columns, the places of values in a record, the decoding of records into
// rows, and the building of Arrow record batches from rows. It does no I/O.
package table

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/cloudquery/plugin-sdk/v4/schema"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// The names of columns that other packages rely on.
const (
	// AccountColumn is part of each table's primary key.
	AccountColumn = "account_id"
	// CustomFieldsColumn has all custom fields of a record.
	CustomFieldsColumn = "custom_fields"
	// RemovedColumn has the time at which a row was marked as removed at Pipedrive.
	RemovedColumn = "_removed_at"
)

// The limits of names and columns, the same for each destination, so that a table looks the same in all of them.
const (
	// MaxName is the length of the longest name of a table or a column, in bytes: 63 in PostgreSQL, which cuts longer
	// ones off ([PostgreSQL: limits]). Others take 64 (MySQL), 128 (SQL Server), 255 (Snowflake) and 300 (BigQuery).
	//
	// [PostgreSQL: limits]: https://www.postgresql.org/docs/current/limits.html
	MaxName = 63
	// MaxColumns is the greatest number of columns of a table, including those of CloudQuery. The strictest destination
	// is MySQL with 1,017 ([MySQL: InnoDB limits]). SQL Server takes 1,024 ([SQL Server: capacity]), PostgreSQL 1,600,
	// SQLite 2,000 ([SQLite: limits]), BigQuery 10,000 ([BigQuery: quotas]).
	//
	// [MySQL: InnoDB limits]: https://dev.mysql.com/doc/refman/8.4/en/innodb-limits.html
	// [SQL Server: capacity]: https://learn.microsoft.com/en-us/sql/sql-server/maximum-capacity-specifications-for-sql-server
	// [SQLite: limits]: https://www.sqlite.org/limits.html
	// [BigQuery: quotas]: https://cloud.google.com/bigquery/quotas
	MaxColumns = 1000
)

// API is one way to read Pipedrive.
type API string

// The APIs, by their names in state and rows.
const (
	// V2 is the current API. Its facts are from the vendor's OpenAPI file of 2026-08-18.
	V2 API = "v2"
	// V1 is out of support at Pipedrive for the lists that V2 has. Its facts are from the vendor's OpenAPI file of
	// 2026-01-14, the last that has them.
	V1 API = "v1"
	// Export is an export endpoint that forwards v1's lists under its own URL. It takes limit and start, and has
	// neither lists of fields nor archived or deleted records. Its operator decides the cost of a request.
	Export API = "export"
)

// Table declares a table: its records, their listings, and its columns.
type Table struct {
	// Records is the type of record: "deals".
	Records     string
	Title       string
	Description string
	// Incremental tables can be read from the end of the last run on.
	Incremental bool
	// V2, V1 and Export are each API's listings of the records, in reading order. An API without listings does not
	// have the table, with one exception: if V2 has none, an account on V2 reads V1's, in V1's form.
	V2, V1, Export []pipedrive.Listing
	// Fields is the list of the records' custom fields; nil if they have none. It has no V1 or V2 if that API does
	// not list them.
	Fields *Table
	// FieldsOf is the table whose custom fields the records share, under the names of its columns; nil if they
	// have their own.
	FieldsOf *Table
	// Columns behind account_id.
	Columns []Column
	// Parent declares the parents of the records; nil if they have none.
	Parent *Parent
	// Only selects the records of the listings that belong to the table; nil for all.
	Only *Only
	// Once is true if several listings or several parents have the same record. It is sent once, and again only in a later
	// version.
	Once bool
	// Describes are the types of record whose fields this table lists, instead of having its own listing.
	Describes []Described
	// Runs is true if the records are the runs themselves; the plugin sends them at the end of a run.
	Runs bool
	// Core tables belong to every account. A run fails if one can't be read, even if the configuration does not
	// name it.
	Core bool
	// OnRequest tables are read only if the configuration names them: a wildcard for all tables leaves them out.
	OnRequest bool
	// Setup tables hold the set-up of an account by its administrators: types, labels, users, fields, stages. They
	// are always read in full and rarely change, so lists_every lets runs read them less often.
	Setup bool
	// Gate is a further condition for an account to have the table, nil for none.
	Gate *Gate
	// Versioned is true if the spec can ask for the history of the records, which [History] declares.
	Versioned bool
	// Of is the table of the records whose versions a history has; nil for all other tables.
	Of *Table
}

// Numbered reports whether the records are numbered among those of their parent, so that all of a parent's are needed
// before the first is sent.
func (t *Table) Numbered() bool {
	return slices.ContainsFunc(t.Columns, func(c Column) bool { return c.V2.sequence || c.V1.sequence })
}

// Described is a type of record with its fields in a table of fields.
type Described struct {
	// Entity is the name of one such record: "deal".
	Entity string
	// Of is the table of the records.
	Of *Table
	// Fields is the list of the fields.
	Fields *Table
}

// Same reports whether two tables have the same records.
func (t *Table) Same(of *Table) bool { return t.Records == of.Records }

// Name is the table's name at the destination.
func (t *Table) Name() string { return "pipedrive_" + t.Records }

// Form is the API whose form the records have for an account on api.
func (t *Table) Form(api API) API {
	if t.IsCut() {
		return t.Parent.Table.Form(api)
	}
	if api == V2 && len(t.V2) == 0 {
		return V1
	}
	return api
}

// Listings returns an API's listings of the records. V2's request the columns that need include_fields.
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
	if t.IsCut() {
		return t.Parent.Table.On(api)
	}
	if t.Describes == nil {
		return t.Runs || len(t.Listings(api)) > 0
	}
	return slices.ContainsFunc(t.Describes, func(d Described) bool { return len(d.Fields.Listings(api)) > 0 })
}

// included are the fields of V2 with the given presence.
func (t *Table) included(when Presence) []string {
	var fields []string
	for _, c := range t.Columns {
		if c.Presence == when {
			fields = append(fields, c.V2.Field(c.Name))
		}
	}
	return fields
}

// Depends reports whether a listing of the records, or of their parents, has a property, on any API.
func (t *Table) Depends(property func(pipedrive.Listing) bool) bool {
	return t.Parent != nil && t.Parent.Table.Depends(property) || slices.ContainsFunc(slices.Concat(t.V2, t.V1, t.Export), property)
}

// Column returns the index of a column, or -1.
func (t *Table) Column(name string) int { return Index(t.Columns, name) }

// Index returns the index of a column by its name, or -1.
func Index(columns []Column, name string) int {
	return slices.IndexFunc(columns, func(c Column) bool { return c.Name == name })
}

// HasCustomFields reports whether the table's records have custom fields.
func (t *Table) HasCustomFields() bool { return t.Column(CustomFieldsColumn) >= 0 }

// WithoutCustomFields returns the tables without their columns of custom fields, and without the tables that
// describe fields.
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

// Markable adds the column that marks removed rows to the tables that keep rows from run to run.
func Markable(tables []*Table) []*Table {
	for _, t := range tables {
		if t.Incremental && !t.Runs {
			t.Columns = append(t.Columns, Column{
				Name: RemovedColumn, Type: Timestamp, V2: Absent(), V1: Absent(),
				Description: "When a run found that the record is gone at Pipedrive; then all columns but the key are NULL. NULL for an existing record.",
			})
		}
	}
	return tables
}

// Tombstone is the row that marks a record, given the values of [Table.Identity], as gone since a moment.
func (t *Table) Tombstone(key []Value, since time.Time) *Row {
	row := NewRow(make([]Value, len(t.Columns))...)
	for i, column := range t.Identity() {
		row.Set(column, key[i])
	}
	row.Set(t.Column(RemovedColumn), TimeValue(since))
	if t.Of != nil {
		row.Set(t.Column(ValidFromColumn), TimeValue(since))
	}
	return row
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

// KeyOf is the key of a record, given the values of its table's primary key.
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

// SchemaColumn is a column of the table in CloudQuery's form.
func (t *Table) SchemaColumn(i int) schema.Column { return t.Columns[i].schemaColumn() }

// accountIDColumn is part of each table's primary key.
var accountIDColumn = schema.Column{
	Name:        AccountColumn,
	Type:        arrow.BinaryTypes.String,
	Description: "The account that the record belongs to: Pipedrive's company id.",
	PrimaryKey:  true,
	NotNull:     true,
}

// Pages is the client of a table's resolver: it streams the table's pages, each a []*[Row].
type Pages interface {
	schema.ClientMeta
	Stream(ctx context.Context, res chan<- any) error
}

// Schema is the table in CloudQuery's form. Its resolver streams the pages of a [Pages].
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

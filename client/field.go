package client

import (
	"context"
	"slices"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// FieldColumns are what is known of a field, standard or custom: the columns of the table of fields, and of
// the lists from which custom fields get theirs.
var FieldColumns = []table.Column{
	{Name: "entity", Key: true, Description: "What the field belongs to: deal, person or organization.", V2: table.Absent(), V1: table.Absent()},
	{Name: "field_code", Key: true, Description: "The field's key in the API: a 40-character hash for a custom field.", V1: table.At("key")},
	{Name: "field_name", Description: "The field's name, as users see it. Names are not unique.", V1: table.At("name")},
	{Name: "field_type", Description: "Type of the field's values: varchar, enum, monetary, …"},
	{Name: "is_custom_field", Type: table.Bool, Description: "Whether users of the account added the field.", V2: table.Absent(), V1: table.Absent()},
	{Name: "table_name", Description: "The table whose rows have the field.", V2: table.Absent(), V1: table.Absent()},
	{Name: "column_name", Description: "The column that has the field's value. Of a value with parts, the others are in columns that begin with this name.", V2: table.Absent(), V1: table.Absent()},
	{Name: "options", Type: table.JSON, Description: "Options of the field: a list of {id, label, …}."},
	{Name: "subfields", Type: table.JSON, Description: "Parts of the field's values: a list of {field_code, field_name, field_type}."},
	{Name: "description", Description: "What users wrote about the field."},
	{Name: "is_optional_response_field", Type: table.Bool, Description: "Whether API v2 sends the field only when it is asked to.", V1: table.Absent()},
	{Name: "id", Type: table.Int, Description: "The field's id in API v1, where parts of a custom field have none; NULL on v2.", V2: table.Absent()},
}

var (
	fieldEntity     = table.Index(FieldColumns, "entity")
	fieldCode       = table.Index(FieldColumns, "field_code")
	fieldName       = table.Index(FieldColumns, "field_name")
	fieldType       = table.Index(FieldColumns, "field_type")
	fieldIsCustom   = table.Index(FieldColumns, "is_custom_field")
	fieldTableName  = table.Index(FieldColumns, "table_name")
	fieldColumnName = table.Index(FieldColumns, "column_name")
	fieldOptions    = table.Index(FieldColumns, "options")
)

// fields returns the fields of a table's records, standard and custom ones. An export endpoint has no list
// of them.
func (a *Account) fields(ctx context.Context, t *table.Table, m *pipedrive.Meter) ([]*table.Row, error) {
	return a.lookups.list(t.Fields).load(ctx, a, m)
}

// customFieldsV1 returns what gathers the custom fields of a table's records. Where the table has no column of
// custom fields, or the API has them in one object already, it returns nil.
func (a *Account) customFieldsV1(ctx context.Context, t *table.Table, m *pipedrive.Meter) (*table.CustomFieldsV1, error) {
	if !t.HasCustomFields() || a.api == table.V2 {
		return nil, nil
	}
	c := &table.CustomFieldsV1{Kinds: map[string]string{}}
	fields, err := a.fields(ctx, t, m)
	for _, f := range fields {
		c.Kinds[f.Values[fieldCode].Text] = f.Values[fieldType].Text
	}
	return c, err
}

// coversFields reports whether the user's consent covers the list of the fields of a table's records.
func (a *Account) coversFields(t *table.Table) bool {
	return !slices.ContainsFunc(t.Fields.Listings(a.api), func(l pipedrive.Listing) bool { return !a.covers(l) })
}

// isCustom reports whether the row is a custom field, and not one part of another.
func isCustom(field *table.Row) bool {
	code := field.Values[fieldCode].Text
	return len(code) == table.HashLength && table.IsCustomField(code)
}

// describe returns the rows of a table of fields: those of the tables that it describes, as far as the
// user's consent covers them.
func describe(ctx context.Context, t *table.Table, a *Account, m *pipedrive.Meter) ([]*table.Row, error) {
	var rows []*table.Row
	for _, of := range t.Describes {
		if !a.coversFields(of) {
			continue
		}
		fields, err := a.fields(ctx, of, m)
		if err != nil {
			return nil, err
		}
		for _, f := range fields {
			row := table.NewRow(slices.Clone(f.Values)...)
			code := row.Values[fieldCode].Text
			column := a.columns[of.Records][code]
			if of.Column(code) >= 0 {
				column = code
			}
			row.Values[fieldEntity] = table.TextValue(of.Entity)
			row.Values[fieldIsCustom] = table.BoolValue(isCustom(f))
			row.Values[fieldTableName] = table.TextValue(of.Name())
			row.Values[fieldColumnName] = table.TextValue(column)
			rows = append(rows, row)
		}
	}
	return rows, nil
}

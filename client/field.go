package client

import (
	"context"
	"slices"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// FieldColumns are what is known of a field, standard or custom: the columns of the table of fields, and of
// the lists from which custom fields get theirs.
var FieldColumns = []Column{
	{Name: "entity", Key: true, Description: "What the field belongs to: deal, person or organization.", V2: Nowhere(), V1: Nowhere()},
	{Name: "field_code", Key: true, Description: "The field's key in the API: a 40-character hash for a custom field.", V1: At("key")},
	{Name: "field_name", Description: "The field's name, as users see it. Names are not unique.", V1: At("name")},
	{Name: "field_type", Description: "Type of the field's values: varchar, enum, monetary, …"},
	{Name: "is_custom_field", Type: Bool, Description: "Whether users of the account added the field.", V2: Nowhere(), V1: Nowhere()},
	{Name: "table_name", Description: "The table whose rows have the field.", V2: Nowhere(), V1: Nowhere()},
	{Name: "column_name", Description: "The column that has the field's value. Of a value with parts, the others are in columns that begin with this name.", V2: Nowhere(), V1: Nowhere()},
	{Name: "options", Type: JSON, Description: "Options of the field: a list of {id, label, …}."},
	{Name: "subfields", Type: JSON, Description: "Parts of the field's values: a list of {field_code, field_name, field_type}."},
	{Name: "description", Description: "What users wrote about the field."},
	{Name: "is_optional_response_field", Type: Bool, Description: "Whether API v2 sends the field only when it is asked to.", V1: Nowhere()},
	{Name: "id", Type: Int, Description: "The field's id in API v1, where parts of a custom field have none; NULL on v2.", V2: Nowhere()},
}

var (
	fieldEntity     = columnIndex(FieldColumns, "entity")
	fieldCode       = columnIndex(FieldColumns, "field_code")
	fieldName       = columnIndex(FieldColumns, "field_name")
	fieldType       = columnIndex(FieldColumns, "field_type")
	fieldIsCustom   = columnIndex(FieldColumns, "is_custom_field")
	fieldTableName  = columnIndex(FieldColumns, "table_name")
	fieldColumnName = columnIndex(FieldColumns, "column_name")
	fieldOptions    = columnIndex(FieldColumns, "options")
)

// entities are what Pipedrive calls one record of a type that has fields.
var entities = map[string]string{"deals": "deal", "organizations": "organization", "persons": "person"}

// fields returns the fields of a table's records, standard and custom ones. An export endpoint has no list
// of them.
func (a *Account) fields(ctx context.Context, t *Table, m *pipedrive.Meter) ([]*Row, error) {
	return a.lookups.list(t.Records+"Fields").load(ctx, a, m)
}

// coversFields reports whether the user's consent covers the list of the fields of a table's records.
func (a *Account) coversFields(t *Table) bool {
	return !slices.ContainsFunc(a.api.Listings[t.Records+"Fields"], func(l pipedrive.Listing) bool { return !a.covers(l) })
}

// isCustom reports whether the row is a custom field, and not one part of another.
func isCustom(field *Row) bool {
	code := field.values[fieldCode].text
	return len(code) == hashLength && isCustomField(code)
}

// describe returns the rows of a table of fields: those of the tables that it describes, as far as the
// user's consent covers them.
func (t *Table) describe(ctx context.Context, a *Account, m *pipedrive.Meter) ([]*Row, error) {
	var rows []*Row
	for _, of := range t.Describes {
		if !a.coversFields(of) {
			continue
		}
		fields, err := a.fields(ctx, of, m)
		if err != nil {
			return nil, err
		}
		for _, f := range fields {
			row := &Row{changed: -1, values: slices.Clone(f.values)}
			code := row.values[fieldCode].text
			column := a.columns[of.Records][code]
			if of.column(code) >= 0 {
				column = code
			}
			row.values[fieldEntity] = textValue(entities[of.Records])
			row.values[fieldIsCustom] = flagValue(isCustom(f))
			row.values[fieldTableName] = textValue(of.Name())
			row.values[fieldColumnName] = textValue(column)
			rows = append(rows, row)
		}
	}
	return rows, nil
}

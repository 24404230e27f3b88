// Package customfields turns an account's lists of fields into typed columns with names that stay. It is pure.
package customfields

import "github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"

// Columns are the columns of the table of fields, and of the lists that custom fields get their columns from. They
// describe a field, standard or custom.
var Columns = []table.Column{
	{Name: "entity", Key: true, Description: "What the field belongs to: activity, deal, note, organization, person, product or project.", V2: table.Absent(), V1: table.Absent()},
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
	{Name: "id", Type: table.Int, Description: "The field's id in API v1, NULL for parts of a custom field; NULL on v2.", V2: table.Absent()},
	{Name: "ui_visibility", Type: table.JSON, Description: "Where users see the field: an object of flags. API v1 does not have it.", V1: table.Absent()},
	{Name: "important_fields", Type: table.JSON, Description: "Where the field is marked as important: {enabled, stage_ids}. API v1 does not have it.", V1: table.Absent()},
	{Name: "required_fields", Type: table.JSON, Description: "Where the field is required: {enabled, stage_ids, statuses}. API v1 does not have it.", V1: table.Absent()},
	{Name: "options_deleted", Type: table.JSON, Description: "Options that were deleted: a list of {id, label, …}. API v2 does not have them.", V2: table.Absent()},
}

// The columns of a list of fields, by their indices.
var (
	Entity     = table.Index(Columns, "entity")
	Code       = table.Index(Columns, "field_code")
	FieldName  = table.Index(Columns, "field_name")
	FieldType  = table.Index(Columns, "field_type")
	IsCustom   = table.Index(Columns, "is_custom_field")
	TableName  = table.Index(Columns, "table_name")
	ColumnName = table.Index(Columns, "column_name")
	Options    = table.Index(Columns, "options")
)

// Custom reports whether a row of a list of fields is a custom field, and not one part of another.
func Custom(field *table.Row) bool {
	code := field.Value(Code).Text
	return len(code) == table.HashLength && table.IsCustomField(code)
}

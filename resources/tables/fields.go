package tables

import (
	"slices"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/customfields"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func fields() *table.Table {
	return &table.Table{
		Records:     "fields",
		Title:       "Fields",
		Description: "Standard and custom fields of deals, persons, organizations and other records, each with the column of its values. https://developers.pipedrive.com/docs/api/v1/DealFields#getDealFields",
		Setup:       true,
		Columns:     customfields.Columns,
		Describes: []table.Described{
			{Entity: "activity", Of: activities(), Fields: fieldListV2("activityFields", activityFieldsScopes, "ui_visibility")},
			{Entity: "deal", Of: deals(), Fields: deals().Fields},
			{Entity: "lead", Of: leads(), Fields: leadFields()},
			{Entity: "note", Of: notes(), Fields: noteFields()},
			{Entity: "organization", Of: organizations(), Fields: organizations().Fields},
			{Entity: "person", Of: persons(), Fields: persons().Fields},
			{Entity: "product", Of: products(), Fields: products().Fields},
			{Entity: "project", Of: projects(), Fields: projects().Fields},
		},
	}
}

// leadFields is the list of the standard fields of leads. Like leads, it exists only in API v1.
func leadFields() *table.Table {
	return &table.Table{
		Records: "leadFields",
		Columns: customfields.Columns,
		V1: []pipedrive.Listing{{
			Path: "/v1/leadFields", Cost: 20, Paging: pipedrive.Offset, Scopes: slices.Concat(leadsScopes, adminScopes),
		}},
	}
}

// noteFields is the list of the fields of notes. Like notes, it exists only in API v1.
func noteFields() *table.Table {
	return &table.Table{
		Records: "noteFields",
		Columns: customfields.Columns,
		V1:      []pipedrive.Listing{{Path: "/v1/noteFields", Cost: 20, Scopes: notesScopes}},
	}
}

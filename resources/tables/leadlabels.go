package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func leadLabels() *table.Table {
	return &table.Table{
		Records:     "lead_labels",
		Title:       "Lead labels",
		Description: "Labels that leads can have. https://developers.pipedrive.com/docs/api/v1/LeadLabels#getLeadLabels",
		Setup:       true,
		V1:          []pipedrive.Listing{{Path: "/v1/leadLabels", Cost: 10, Scopes: leadsScopes, NullIsEmpty: true}},
		Columns: []table.Column{
			{Name: "id", Key: true, Type: table.Text, Description: "The label's id, a UUID."},
			{Name: "name", Type: table.Text, Description: "Name."},
			{Name: "color", Type: table.Text, Description: "Colour: blue, brown, dark-gray, gray, green, orange, pink, purple, red or yellow."},
			{Name: "add_time", Type: table.Timestamp, Description: "When the label was created."},
			{Name: "update_time", Type: table.Timestamp, Description: "When the label was last changed."},
		},
	}
}

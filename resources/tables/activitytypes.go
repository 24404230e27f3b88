package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func activityTypes() *table.Table {
	scopes := []string{"activities:read", "activities:full", "admin"}
	return &table.Table{
		Records:     "activity_types",
		Title:       "Activity types",
		Description: "Types of activities. https://developers.pipedrive.com/docs/api/v1/ActivityTypes#getActivityTypes",
		Setup:       true,
		V1:          []pipedrive.Listing{{Path: "/v1/activityTypes", Cost: 20, Scopes: scopes, NullIsEmpty: true}},
		Columns: []table.Column{
			{Name: "id", Key: true, Type: table.Int, Description: "The type's id."},
			{Name: "name", Type: table.Text, Description: "Name."},
			{Name: "key_string", Type: table.Text, Description: "The key that activities refer to."},
			{Name: "icon_key", Type: table.Text, Description: "Icon of the type's activities."},
			{Name: "color", Type: table.Text, Description: "Colour, as six hexadecimal digits."},
			{Name: "order_nr", Type: table.Int, Description: "Position among the types."},
			{Name: "active_flag", Type: table.Bool, Description: "Whether the type is in use, that is, not deleted."},
			{Name: "is_custom_flag", Type: table.Bool, Description: "Whether the company added the type."},
			{Name: "add_time", Type: table.Timestamp, Description: "When the type was created."},
			{Name: "update_time", Type: table.Timestamp, Description: "When the type was last changed."},
		},
	}
}

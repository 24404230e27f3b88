package tables

import (
	"slices"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func filters() *table.Table {
	scopes := slices.Concat(dealsScopes, activitiesScopes, contactsScopes)
	return &table.Table{
		Records:     "filters",
		Title:       "Filters",
		Description: "Saved filters of lists that the credentials' owner can see, without their conditions. https://developers.pipedrive.com/docs/api/v1/Filters#getFilters",
		Setup:       true,
		V1:          []pipedrive.Listing{{Path: "/v1/filters", Cost: 20, Scopes: scopes, NullIsEmpty: true}},
		Columns: []table.Column{
			{Name: "id", Key: true, Type: table.Int, Description: "The filter's id."},
			{Name: "name", Type: table.Text, Description: "Name."},
			{Name: "type", Type: table.Text, Description: "The filtered list: deals, leads, org, people, products, activity or projects."},
			{Name: "filter_code", Type: table.Text, Description: "Code of a filter that Pipedrive provides."},
			{Name: "is_editable", Type: table.Bool, Description: "Whether the credentials' owner can edit the filter."},
			{Name: "active_flag", Type: table.Bool, Description: "Whether the filter is active, that is, not deleted."},
			{Name: "temporary_flag", Type: table.Bool, Description: "Whether the filter is temporary."},
			{Name: "user_id", Type: table.Int, Description: "The user who owns the filter."},
			{Name: "add_time", Type: table.Timestamp, Description: "When the filter was created."},
			{Name: "update_time", Type: table.Timestamp, Description: "When the filter was last changed."},
			{Name: "visible_to", Type: table.Int, Description: "Who sees the filter: 1 its owner, 3 or 5 the owner's group, 7 the entire company."},
			{Name: "last_used_time", Type: table.Timestamp, Description: "When the filter was last used."},
			{Name: "custom_view_id", Type: table.Int, Description: "The view that the filter belongs to."},
		},
	}
}

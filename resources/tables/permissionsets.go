package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func permissionSets() *table.Table {
	return &table.Table{
		Records:     "permission_sets",
		Title:       "Permission sets",
		Description: "Sets of permissions of users, by app. https://developers.pipedrive.com/docs/api/v1/PermissionSets#getPermissionSets",
		Setup:       true,
		Gate:        administrator(),
		V1:          []pipedrive.Listing{{Path: "/v1/permissionSets", Cost: 20, Scopes: adminScopes, NullIsEmpty: true}},
		Columns: []table.Column{
			{Name: "id", Key: true, Type: table.Text, Description: "The set's id, a UUID."},
			{Name: "name", Type: table.Text, Description: "Name."},
			{Name: "description", Type: table.Text, Description: "Description."},
			{Name: "app", Type: table.Text, Description: "The app that the set is for: sales, projects, campaigns, global, account_settings, partnership or nova."},
			{Name: "type", Type: table.Text, Description: "admin, manager, regular or custom."},
			{Name: "assignment_count", Type: table.Int, Description: "Number of users who have the set."},
		},
	}
}

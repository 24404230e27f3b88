package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func roles() *table.Table {
	return &table.Table{
		Records:     "roles",
		Title:       "Roles",
		Description: "Visibility groups of users, which form a tree. https://developers.pipedrive.com/docs/api/v1/Roles#getRoles",
		Setup:       true,
		Gate:        administrator(),
		V1:          []pipedrive.Listing{{Path: "/v1/roles", Cost: 20, Paging: pipedrive.Offset, Scopes: adminScopes}},
		Columns: []table.Column{
			{Name: "id", Key: true, Type: table.Int, Description: "The role's id."},
			{Name: "parent_role_id", Type: table.Int, Description: "The parent role."},
			{Name: "name", Type: table.Text, Description: "Name."},
			{Name: "description", Type: table.Text, Description: "Description. Some accounts lack it."},
			{Name: "active_flag", Type: table.Bool, Description: "Whether the role is active, that is, not deleted."},
			{Name: "level", Type: table.Int, Description: "Depth in the tree, 1 at its top."},
			{Name: "assignment_count", Type: table.Int, Description: "Number of users who have the role."},
			{Name: "sub_role_count", Type: table.Int, Description: "Number of sub-roles."},
		},
	}
}

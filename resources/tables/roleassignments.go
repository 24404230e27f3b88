package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func roleAssignments() *table.Table {
	return &table.Table{
		Records:     "role_assignments",
		Title:       "Role assignments",
		Description: "Users by role. https://developers.pipedrive.com/docs/api/v1/Roles#getRoleAssignments",
		OnRequest:   true,
		Setup:       true,
		Gate:        administrator(),
		Parent:      &table.Parent{Table: roles(), Column: "role_id", Count: "assignment_count"},
		V1: []pipedrive.Listing{{
			Path: "/v1/roles/{id}/assignments", Cost: 10, Paging: pipedrive.Offset, Scopes: adminScopes,
			Parent: pipedrive.Parent{Param: "id", Batch: 1},
		}},
		Columns: []table.Column{
			{Name: "role_id", Key: true, Type: table.Int, Description: "The role."},
			{Name: "user_id", Key: true, Type: table.Int, Description: "The user who has the role."},
			{Name: "parent_role_id", Type: table.Int, Description: "The parent role.", Refers: "roles.id"},
			{Name: "name", Type: table.Text, Description: "The role's name."},
			{Name: "active_flag", Type: table.Bool, Description: "Whether the role is active."},
			{Name: "type", Type: table.Text, Description: "Type of the assignment: Pipedrive's number."},
		},
	}
}

package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func roleSettings() *table.Table {
	const visibility = ": 1 its owner, 3 the owner's group, 5 and its sub-groups, 7 the entire company."
	const access = " that a user of the role sees beyond the own ones. Only the default role has it."
	return &table.Table{
		Records:     "role_settings",
		Title:       "Role settings",
		Description: "Who sees the records that users of a role create. https://developers.pipedrive.com/docs/api/v1/Roles#getRoleSettings",
		OnRequest:   true,
		Setup:       true,
		Gate:        administrator(),
		Parent:      &table.Parent{Table: roles(), Column: "role_id"},
		V1: []pipedrive.Listing{{
			Path: "/v1/roles/{id}/settings", Cost: 20, One: true, Scopes: adminScopes, Parent: pipedrive.Parent{Param: "id", Batch: 1},
		}},
		Columns: []table.Column{
			parentKey("role_id", "The role."),
			{Name: "deal_default_visibility", Type: table.Int, Description: "Who sees a new deal" + visibility},
			{Name: "lead_default_visibility", Type: table.Int, Description: "Who sees a new lead" + visibility},
			{Name: "org_default_visibility", Type: table.Int, Description: "Who sees a new organization" + visibility},
			{Name: "person_default_visibility", Type: table.Int, Description: "Who sees a new person" + visibility},
			{Name: "product_default_visibility", Type: table.Int, Description: "Who sees a new product" + visibility},
			{Name: "deal_access_level", Type: table.Int, Description: "Level of the deals" + access},
			{Name: "org_access_level", Type: table.Int, Description: "Level of the organizations" + access},
			{Name: "person_access_level", Type: table.Int, Description: "Level of the persons" + access},
			{Name: "product_access_level", Type: table.Int, Description: "Level of the products" + access},
		},
	}
}

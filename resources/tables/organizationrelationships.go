package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func organizationRelationships() *table.Table {
	return &table.Table{
		Records: "organization_relationships",
		Title:   "Organization relationships",
		Description: "Relationships between two organizations. Pipedrive lists them for both. " +
			"https://developers.pipedrive.com/docs/api/v1/OrganizationRelationships#getOrganizationRelationships",
		OnRequest:   true,
		Incremental: true,
		Once:        true,
		Parent: &table.Parent{
			Table: organizations(), Column: "rel_owner_org_id", Other: "rel_linked_org_id", Sparse: true,
		},
		V1: []pipedrive.Listing{{
			Path: "/v1/organizationRelationships", Cost: 20, Paging: pipedrive.Undeclared, NullIsEmpty: true, Scopes: contactsScopes,
			Parent: pipedrive.Parent{Param: "org_id", Batch: 1},
		}},
		Columns: []table.Column{
			{Name: "id", Key: true, Type: table.Int, Description: "The relationship's id."},
			{Name: "type", Type: table.Text, Description: "parent, if the first organization owns the other one, or related."},
			{Name: "rel_owner_org_id", Type: table.Int, Description: "The first organization: of a parent, the parent.", V1: table.Ref("rel_owner_org_id")},
			{Name: "rel_linked_org_id", Type: table.Int, Description: "The other organization: of a parent, the daughter.", V1: table.Ref("rel_linked_org_id")},
			{Name: "add_time", Type: table.Timestamp, Description: "When the relationship was created."},
			{Name: "update_time", Type: table.Timestamp, Description: "When the relationship was last changed."},
			{Name: "active_flag", Type: table.Bool, Description: "Whether the relationship is active."},
			parentTime("org_update_time", "The later update_time of the two organizations when the row was read."),
		},
	}
}

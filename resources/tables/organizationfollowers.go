package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func organizationFollowers() *table.Table {
	return &table.Table{
		Records:     "organization_followers",
		Title:       "Organization followers",
		Description: "Users who follow organizations. https://developers.pipedrive.com/docs/api/v1/Organizations#getOrganizationFollowers",
		Incremental: true,
		OnRequest:   true,
		Parent:      &table.Parent{Table: organizations(), Column: "org_id", Count: "followers_count", Skip: "is_deleted"},
		V2:          []pipedrive.Listing{childrenOfOne("/api/v2/organizations/{id}/followers", contactsScopes)},
		Columns: []table.Column{
			parentKey("org_id", "The organization."),
			{Name: "user_id", Key: true, Type: table.Int, Description: "The user who follows the organization."},
			{Name: "add_time", Type: table.Timestamp, Description: "Since when the user has followed the organization."},
			parentTime("organization_update_time", "The organization's update_time when the row was read."),
		},
	}
}

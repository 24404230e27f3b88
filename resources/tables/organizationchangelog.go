package tables

import "github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"

func organizationChangelog() *table.Table {
	return &table.Table{
		Records:     "organization_changelog",
		Title:       "Organization changelog",
		Description: "Changes of the fields of organizations. https://developers.pipedrive.com/docs/api/v1/Organizations#getOrganizationChangelog",
		Incremental: true,
		OnRequest:   true,
		Parent:      &table.Parent{Table: organizations(), Column: "org_id", Skip: "is_deleted", Sparse: true},
		V1:          changelogOf("/v1/organizations/{id}/changelog"),
		Columns: changelogColumns(
			parentKey("org_id", "The organization."),
			parentTime("organization_update_time", "The organization's update_time when the row was read."),
		),
	}
}

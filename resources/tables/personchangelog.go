package tables

import "github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"

func personChangelog() *table.Table {
	return &table.Table{
		Records:     "person_changelog",
		Title:       "Person changelog",
		Description: "Changes of the fields of persons. https://developers.pipedrive.com/docs/api/v1/Persons#getPersonChangelog",
		Incremental: true,
		OnRequest:   true,
		Parent:      &table.Parent{Table: persons(), Column: "person_id", Skip: "is_deleted", Sparse: true},
		V1:          changelogOf("/v1/persons/{id}/changelog"),
		Columns: changelogColumns(
			parentKey("person_id", "The person."),
			parentTime("person_update_time", "The person's update_time when the row was read."),
		),
	}
}

package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func personFollowers() *table.Table {
	return &table.Table{
		Records:     "person_followers",
		Title:       "Person followers",
		Description: "Users who follow persons. https://developers.pipedrive.com/docs/api/v1/Persons#getPersonFollowers",
		Incremental: true,
		OnRequest:   true,
		Parent:      &table.Parent{Table: persons(), Column: "person_id", Count: "followers_count", Skip: "is_deleted"},
		V2:          []pipedrive.Listing{childrenOfOne("/api/v2/persons/{id}/followers", contactsScopes)},
		Columns: []table.Column{
			parentKey("person_id", "The person."),
			{Name: "user_id", Key: true, Type: table.Int, Description: "The user who follows the person."},
			{Name: "add_time", Type: table.Timestamp, Description: "Since when the user has followed the person."},
			parentTime("person_update_time", "The person's update_time when the row was read."),
		},
	}
}

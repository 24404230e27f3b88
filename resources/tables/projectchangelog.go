package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func projectChangelog() *table.Table {
	changelog := projectsListing("/api/v2/projects/{id}/changelog")
	changelog.Parent = pipedrive.Parent{Param: "id", Batch: 1}
	return &table.Table{
		Records: "project_changelog",
		Title:   "Project changelog",
		Description: "Changes of projects, of one or more fields each. They need the Projects add-on. " +
			"https://developers.pipedrive.com/docs/api/v1/Projects#getProjectChangelog",
		Incremental: true,
		OnRequest:   true,
		Gate:        projectsAddOn(),
		Parent:      &table.Parent{Table: projects(), Column: "project_id", Sparse: true},
		V2:          []pipedrive.Listing{changelog},
		Columns: []table.Column{
			parentKey("project_id", "The project."),
			sequence("Number of the change among those of the project, from 1 for the oldest."),
			{Name: "time", Type: table.Timestamp, Description: "When the change was made."},
			{Name: "actor_user_id", Type: table.Int, Description: "The user who made the change.", Refers: "users.id"},
			{Name: "old_values", Type: table.JSON, Description: "The values before the change, by the keys of the fields."},
			{Name: "new_values", Type: table.JSON, Description: "The values after the change, by the keys of the fields."},
			{Name: "change_source", Type: table.Text, Description: "Where the change was made: app, mobile, api, …"},
			{Name: "change_source_user_agent", Type: table.Text, Description: "The program that made the change, as it names itself."},
			parentTime("project_update_time", "The project's update_time when the row was read."),
		},
	}
}

package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func projects() *table.Table {
	const statuses = "open,completed,canceled,deleted"
	return &table.Table{
		Records:     "projects",
		Title:       "Projects",
		Description: "Projects, including archived and deleted ones. They need the Projects add-on. https://developers.pipedrive.com/docs/api/v1/Projects#getProjects",
		Fields:      fieldListV2("projectFields", projectFieldsScopes),
		Gate:        projectsAddOn(),
		V2: []pipedrive.Listing{
			projectsListing("/api/v2/projects").WithDeleted(statuses),
			projectsListing("/api/v2/projects/archived").WithDeleted(statuses).OfArchived(),
		},
		Columns: []table.Column{
			{Name: "id", Key: true, Type: table.Int, Description: "The project's id."},
			{Name: "title", Type: table.Text, Description: "Title."},
			{Name: "description", Type: table.Text, Description: "Description."},
			{Name: "status", Type: table.Text, Description: "open, completed, canceled or deleted."},
			{Name: "board_id", Type: table.Int, Description: "The board that the project is on."},
			{Name: "phase_id", Type: table.Int, Description: "The phase that the project is in. A deleted phase is in no list."},
			{Name: "owner_id", Type: table.Int, Description: "The user who owns the project."},
			{Name: "owner_name", Type: table.Text, Description: "The owner's name.", V2: table.Lookup("owner_id", users(), "name")},
			{Name: "owner_email", Type: table.Text, Description: "The owner's e-mail address.", V2: table.Lookup("owner_id", users(), "email")},
			{Name: "start_date", Type: table.Date, Description: "The day on which the project starts."},
			{Name: "end_date", Type: table.Date, Description: "The day on which the project ends."},
			{Name: "deal_ids", Type: table.JSON, Description: "Deals that the project belongs to: a list of ids."},
			{Name: "person_ids", Type: table.JSON, Description: "Persons whom the project is with: a list of ids."},
			{Name: "org_ids", Type: table.JSON, Description: "Organizations that the project is with: a list of ids."},
			{Name: "label_ids", Type: table.JSON, Description: "Labels of the project: a list of options of the field label_ids."},
			{Name: "health_status", Type: table.Int, Description: "Health of the project, as a number."},
			{Name: "add_time", Type: table.Timestamp, Description: "When the project was created."},
			{Name: "update_time", Type: table.Timestamp, Description: "When the project was last changed."},
			{Name: "status_change_time", Type: table.Timestamp, Description: "When the status last changed."},
			{Name: "archive_time", Type: table.Timestamp, Description: "When the project was archived; NULL if it was not."},
			{Name: "custom_fields", Type: table.JSON, Description: "Custom fields as Pipedrive sends them: an object keyed by the 40-character hash of each field."},
		},
	}
}

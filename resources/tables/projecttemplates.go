package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func projectTemplates() *table.Table {
	return &table.Table{
		Records:     "project_templates",
		Title:       "Project templates",
		Description: "Templates of projects. They need the Projects add-on. https://developers.pipedrive.com/docs/api/v1/ProjectTemplates#getProjectTemplates",
		Setup:       true,
		Gate:        projectsAddOn(),
		V2:          []pipedrive.Listing{projectsListing("/api/v2/projectTemplates")},
		Columns: []table.Column{
			{Name: "id", Key: true, Type: table.Int, Description: "The template's id."},
			{Name: "title", Type: table.Text, Description: "Title."},
			{Name: "description", Type: table.Text, Description: "Description."},
			{Name: "projects_board_id", Type: table.Int, Description: "The board that projects of the template are on."},
			{Name: "owner_id", Type: table.Int, Description: "The user who owns the template."},
			{Name: "add_time", Type: table.Timestamp, Description: "When the template was created."},
			{Name: "update_time", Type: table.Timestamp, Description: "When the template was last changed."},
		},
	}
}

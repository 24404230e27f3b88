package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func projectBoards() *table.Table {
	return &table.Table{
		Records:     "project_boards",
		Title:       "Project boards",
		Description: "Boards of projects, only those in use. They need the Projects add-on. https://developers.pipedrive.com/docs/api/v1/ProjectBoards#getProjectsBoards",
		Gate:        projectsAddOn(),
		V2:          []pipedrive.Listing{{Path: "/api/v2/boards", Cost: 10, Scopes: projectsScopes}},
		Columns: []table.Column{
			{Name: "id", Key: true, Type: table.Int, Description: "The board's id."},
			{Name: "name", Type: table.Text, Description: "Name."},
			{Name: "order_nr", Type: table.Int, Description: "Position among the boards."},
			{Name: "add_time", Type: table.Timestamp, Description: "When the board was created."},
			{Name: "update_time", Type: table.Timestamp, Description: "When the board was last changed."},
		},
	}
}

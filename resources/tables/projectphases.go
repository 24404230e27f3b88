package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func projectPhases() *table.Table {
	return &table.Table{
		Records: "project_phases",
		Title:   "Project phases",
		Description: "Phases of the boards that are in use. They need the Projects add-on. " +
			"https://developers.pipedrive.com/docs/api/v1/ProjectPhases#getProjectsPhases",
		Gate:   projectsAddOn(),
		Parent: &table.Parent{Table: projectBoards(), Column: "board_id"},
		V2: []pipedrive.Listing{{
			Path: "/api/v2/phases", Cost: 10, Scopes: projectsScopes, Parent: pipedrive.Parent{Param: "board_id", Batch: 1},
		}},
		Columns: []table.Column{
			{Name: "id", Key: true, Type: table.Int, Description: "The phase's id."},
			{Name: "board_id", Type: table.Int, Description: "The board that the phase is on."},
			{Name: "name", Type: table.Text, Description: "Name."},
			{Name: "order_nr", Type: table.Int, Description: "Position among the phases of the board."},
			{Name: "add_time", Type: table.Timestamp, Description: "When the phase was created."},
			{Name: "update_time", Type: table.Timestamp, Description: "When the phase was last changed."},
		},
	}
}

package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func teams() *table.Table {
	return &table.Table{
		Records: "teams",
		Title:   "Teams",
		Description: "Teams of users and their managers, also inactive and deleted ones. Pipedrive calls the list a legacy one. " +
			"https://developers.pipedrive.com/docs/api/v1/LegacyTeams#getTeams",
		OnRequest: true,
		Setup:     true,
		Gate:      legacyTeams(),
		V1:        []pipedrive.Listing{{Path: "/v1/legacyTeams", Cost: 20, Scopes: []string{"users:read"}, NullIsEmpty: true}},
		Columns: []table.Column{
			{Name: "id", Key: true, Type: table.Int, Description: "The team's id."},
			{Name: "name", Type: table.Text, Description: "Name."},
			{Name: "description", Type: table.Text, Description: "Description."},
			{Name: "manager_id", Type: table.Int, Description: "The user who manages the team."},
			{Name: "users", Type: table.JSON, Description: "Members of the team: a list of ids of users.", Refers: "users.id"},
			{Name: "active_flag", Type: table.Bool, Description: "Whether the team is active."},
			{Name: "deleted_flag", Type: table.Bool, Description: "Whether the team is deleted."},
			{Name: "add_time", Type: table.Timestamp, Description: "When the team was created."},
			{Name: "created_by_user_id", Type: table.Int, Description: "The user who created the team."},
		},
	}
}

func teamMembers() *table.Table {
	return &table.Table{
		Records:     "team_members",
		Title:       "Team members",
		Description: "Users by team. They come from the answer that has the teams.",
		OnRequest:   true,
		Setup:       true,
		Gate:        legacyTeams(),
		Parent:      &table.Parent{Table: teams(), Column: "team_id", Rows: "users"},
		Columns: []table.Column{
			parentKey("team_id", "The team."),
			{Name: "user_id", Key: true, Type: table.Int, Description: "The member.", V2: table.Itself(), V1: table.Itself()},
		},
	}
}

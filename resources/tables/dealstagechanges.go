package tables

import "github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"

func dealStageChanges() *table.Table {
	return &table.Table{
		Records: "deal_stage_changes",
		Title:   "Deal stage changes",
		Description: "Moves of deals from one stage to another, which are a part of their changelogs. " +
			"https://developers.pipedrive.com/docs/api/v1/Deals#getDealChangelog",
		Incremental: true,
		OnRequest:   true,
		Parent:      &table.Parent{Table: deals(), Column: "deal_id", Skip: "is_deleted", Moved: "stage_change_time", Created: "add_time"},
		Only:        &table.Only{Member: "field_key", Text: "stage_id"},
		V1:          changelogOf("/v1/deals/{id}/changelog"),
		Columns: []table.Column{
			parentKey("deal_id", "The deal."),
			sequence("Number of the move among those of the deal, from 1 for the oldest."),
			{Name: "from_stage_id", Type: table.Int, Description: "The stage before the move.", V1: table.At("old_value")},
			{Name: "to_stage_id", Type: table.Int, Description: "The stage after the move.", V1: table.At("new_value")},
			{Name: "time", Type: table.Timestamp, Description: "When the deal moved."},
			{Name: "actor_user_id", Type: table.Int, Description: "The user who moved the deal.", Refers: "users.id"},
			{Name: "change_source", Type: table.Text, Description: "Where the change was made: app, mobile, api, …"},
			parentTime("deal_update_time", "The deal's update_time when the row was read. Rows are read when the deal has moved."),
		},
	}
}

package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func dealFollowers() *table.Table {
	return &table.Table{
		Records:     "deal_followers",
		Title:       "Deal followers",
		Description: "Users who follow deals. https://developers.pipedrive.com/docs/api/v1/Deals#getDealFollowers",
		Incremental: true,
		OnRequest:   true,
		Parent:      &table.Parent{Table: deals(), Column: "deal_id", Count: "followers_count", Skip: "is_deleted"},
		V2:          []pipedrive.Listing{childrenOfOne("/api/v2/deals/{id}/followers", dealsScopes)},
		Columns: []table.Column{
			parentKey("deal_id", "The deal."),
			{Name: "user_id", Key: true, Type: table.Int, Description: "The user who follows the deal."},
			{Name: "add_time", Type: table.Timestamp, Description: "Since when the user has followed the deal."},
			parentTime("deal_update_time", "The deal's update_time when the row was read."),
		},
	}
}

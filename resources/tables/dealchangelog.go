package tables

import "github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"

func dealChangelog() *table.Table {
	return &table.Table{
		Records:     "deal_changelog",
		Title:       "Deal changelog",
		Description: "Changes of the fields of deals. https://developers.pipedrive.com/docs/api/v1/Deals#getDealChangelog",
		Incremental: true,
		OnRequest:   true,
		Parent:      &table.Parent{Table: deals(), Column: "deal_id", Skip: "is_deleted", Sparse: true},
		V1:          changelogOf("/v1/deals/{id}/changelog"),
		Columns: changelogColumns(
			parentKey("deal_id", "The deal."),
			parentTime("deal_update_time", "The deal's update_time when the row was read."),
		),
	}
}

package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

func syncs() *table.Table {
	return &table.Table{
		Records:     "syncs",
		Title:       "Syncs",
		Description: "Runs of this plugin, one row per account: their outcome, the sent rows and the cost. With backend_options earlier runs stay, and the row of a failed run comes with the next successful one.",
		Incremental: true,
		Columns:     client.RunColumns,
		Runs:        true,
	}
}

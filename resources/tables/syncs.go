package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

func syncs() *table.Table {
	return &table.Table{
		Records:     "syncs",
		Title:       "Syncs",
		Description: "Runs of this plugin, one row for each account: how they ended, what they read, and what that cost. Earlier runs stay where the source has backend_options; there the rows of failed runs come with the next one that ends well.",
		Incremental: true,
		Columns:     client.RunColumns,
		Runs:        true,
	}
}

package tables

import "github.com/cq-source-pipedrive/cq-source-pipedrive/client"

func syncs() *client.Table {
	return &client.Table{
		Records:     "syncs",
		Title:       "Syncs",
		Description: "Runs of this plugin that ended well, one row for each account: what they read, and what that cost. Earlier runs stay where the source has backend_options.",
		Incremental: true,
		Columns:     client.RunColumns,
		Runs:        true,
	}
}

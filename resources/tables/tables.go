// Package tables declares the plugin's tables, one file each.
package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// Lists are the tables and all lists that are read for their columns.
func Lists() []*table.Table {
	lists := All()
	for _, t := range All() {
		if t.Fields != nil {
			lists = append(lists, t.Fields)
		}
	}
	return append(lists, users())
}

// All are the plugin's tables. A new table is one file beside this one and one line here.
func All() []*table.Table {
	return []*table.Table{
		deals(),
		fields(),
		notes(),
		organizations(),
		persons(),
		pipelines(),
		stages(),
		syncs(),
	}
}

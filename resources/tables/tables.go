// Package tables declares the plugin's tables, one file each.
package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

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

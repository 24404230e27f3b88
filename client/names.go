package client

import "github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"

// Table and Row are those of package table.
type (
	Table = table.Table
	Row   = table.Row
)

// Columns that a run reads back from a destination.
const (
	accountColumn = table.AccountColumn
	idColumn      = "id"
	timeColumn    = "update_time"
)

package client

import "github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"

// Table is a table's declaration.
type Table = table.Table

// Row is one record of a table.
type Row = table.Row

// Columns that a run reads back from a destination.
const (
	accountColumn = table.AccountColumn
	idColumn      = "id"
	timeColumn    = "update_time"
)

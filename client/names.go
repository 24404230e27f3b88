package client

import "github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"

// Table is a table's declaration.
type Table = table.Table

// Row is one record of a table.
type Row = table.Row

// accountColumn is part of each primary key.
const (
	accountColumn = table.AccountColumn
)

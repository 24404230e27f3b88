package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/customfields"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

func fields() *table.Table {
	return &table.Table{
		Records:     "fields",
		Title:       "Fields",
		Description: "Fields of deals, persons and organizations, standard and custom ones, each with the column that has its values. https://developers.pipedrive.com/docs/api/v1/DealFields#getDealFields",
		Columns:     customfields.Columns,
		Describes:   []*table.Table{deals(), organizations(), persons()},
	}
}

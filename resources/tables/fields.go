package tables

import "github.com/cq-source-pipedrive/cq-source-pipedrive/client"

func fields() *client.Table {
	return &client.Table{
		Records:     "fields",
		Title:       "Fields",
		Description: "Fields of deals, persons and organizations, standard and custom ones, each with the column that has its values. https://developers.pipedrive.com/docs/api/v1/DealFields#getDealFields",
		Columns:     client.FieldColumns,
		Describes:   []*client.Table{deals(), organizations(), persons()},
	}
}

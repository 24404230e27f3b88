package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func currencies() *table.Table {
	return &table.Table{
		Records:     "currencies",
		Title:       "Currencies",
		Description: "Currencies that the company can use, including its own. https://developers.pipedrive.com/docs/api/v1/Currencies#getCurrencies",
		Setup:       true,
		V1:          []pipedrive.Listing{{Path: "/v1/currencies", Cost: 20, Scopes: []string{"base"}, NullIsEmpty: true}},
		Columns: []table.Column{
			{Name: "id", Key: true, Type: table.Int, Description: "The currency's id."},
			{Name: "code", Type: table.Text, Description: "Code, by ISO 4217 unless the currency is the company's own."},
			{Name: "name", Type: table.Text, Description: "Name."},
			{Name: "symbol", Type: table.Text, Description: "Symbol, like €."},
			{Name: "decimal_points", Type: table.Int, Description: "Number of decimals of an amount."},
			{Name: "active_flag", Type: table.Bool, Description: "Whether the currency is active, that is, not deleted."},
			{Name: "is_custom_flag", Type: table.Bool, Description: "Whether the company added the currency."},
		},
	}
}

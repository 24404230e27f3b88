package tables

import "github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"

func productPrices() *table.Table {
	return &table.Table{
		Records:     "product_prices",
		Title:       "Product prices",
		Description: "Prices of products, one for each currency. They come from the answers that have the products.",
		Incremental: true,
		Parent:      &table.Parent{Table: products(), Column: "product_id", Rows: "prices"},
		Columns: []table.Column{
			parentKey("product_id", "The product."),
			{Name: "currency", Key: true, Type: table.Text, Description: "Currency of the amounts: an ISO 4217 code, or the code of a currency of the company."},
			{Name: "price", Type: table.Float, Description: "Price."},
			{Name: "cost", Type: table.Float, Description: "Cost of the product for the company."},
			{Name: "direct_cost", Type: table.Float, Description: "Direct cost, a part of the cost."},
			{Name: "notes", Type: table.Text, Description: "Notes about the price."},
			parentTime("product_update_time", "The product's update_time when the row was read."),
		},
	}
}

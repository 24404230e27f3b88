package tables

import "github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"

func productVariationPrices() *table.Table {
	return &table.Table{
		Records:     "product_variation_prices",
		Title:       "Product variation prices",
		Description: "Prices of the variations of products, one for each currency. They come from the answers that have the variations.",
		Incremental: true,
		OnRequest:   true,
		Parent:      &table.Parent{Table: productVariations(), Column: "product_id", Rows: "prices"},
		Columns: []table.Column{
			parentKey("product_variation_id", "The variation."),
			{Name: "currency", Key: true, Type: table.Text, Description: "Currency of the amounts: an ISO 4217 code, or the code of a currency of the company."},
			{Name: "product_id", Type: table.Int, Description: "The product.", V2: table.OfParent("product_id"), V1: table.OfParent("product_id")},
			{Name: "price", Type: table.Float, Description: "Price."},
			{Name: "cost", Type: table.Float, Description: "Cost of the variation for the company."},
			{Name: "direct_cost", Type: table.Float, Description: "Direct cost, a part of the cost."},
			{Name: "notes", Type: table.Text, Description: "Notes about the price."},
			{
				Name: "product_update_time", Type: table.Timestamp, IncrementalKey: true,
				Description: "The product's update_time when the row was read.",
				V2:          table.OfParent("product_update_time"), V1: table.OfParent("product_update_time"),
			},
		},
	}
}

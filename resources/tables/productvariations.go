package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func productVariations() *table.Table {
	return &table.Table{
		Records:     "product_variations",
		Title:       "Product variations",
		Description: "Variations of products, with their prices. https://developers.pipedrive.com/docs/api/v1/Products#getProductVariations",
		Incremental: true,
		OnRequest:   true,
		Parent:      &table.Parent{Table: products(), Column: "product_id", Skip: "is_deleted", Sparse: true},
		V2:          []pipedrive.Listing{childrenOfOne("/api/v2/products/{id}/variations", productsScopes)},
		Columns: []table.Column{
			{Name: "id", Key: true, Type: table.Int, Description: "The variation's id."},
			{Name: "product_id", Type: table.Int, Description: "The product."},
			{Name: "name", Type: table.Text, Description: "Name."},
			{Name: "prices", Type: table.JSON, Description: "Prices, one for each currency: a list of {product_variation_id, price, currency, cost, direct_cost, notes}."},
			parentTime("product_update_time", "The product's update_time when the row was read."),
		},
	}
}

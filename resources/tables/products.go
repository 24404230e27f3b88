package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func products() *table.Table {
	return &table.Table{
		Records:     "products",
		Title:       "Products",
		Description: "Products that the company sells, with their prices. https://developers.pipedrive.com/docs/api/v1/Products#getProducts",
		Incremental: true,
		Versioned:   true,
		Fields:      fieldListV2("productFields", productFieldsScopes, "ui_visibility"),
		V2:          []pipedrive.Listing{pipedrive.TimedV2("/api/v2/products", 10, productsScopes)},
		Columns: []table.Column{
			{Name: "id", Key: true, Type: table.Int, Description: "The product's id."},
			{Name: "name", Type: table.Text, Description: "Name."},
			{Name: "code", Type: table.Text, Description: "Product code."},
			{Name: "description", Type: table.Text, Description: "Description."},
			{Name: "unit", Type: table.Text, Description: "Unit in which the product is sold, like kg."},
			{Name: "tax", Type: table.Float, Description: "Tax, in percent."},
			{Name: "category", Type: table.Text, Description: "Category: an option of the field category, by its id or its label, as Pipedrive sends it."},
			{Name: "is_deleted", Type: table.Bool, Description: "Whether the product is deleted."},
			{Name: "is_linkable", Type: table.Bool, Description: "Whether the product can be added to deals."},
			{Name: "visible_to", Type: table.Int, Description: "Who sees the product: 1 its owner, 3 the entire company; on larger plans 1 the owner, 3 the owner's group, 5 and its sub-groups, 7 the entire company."},
			{Name: "owner_id", Type: table.Int, Description: "The user who owns the product."},
			{Name: "owner_name", Type: table.Text, Description: "The owner's name.", V2: table.Lookup("owner_id", users(), "name")},
			{Name: "owner_email", Type: table.Text, Description: "The owner's e-mail address.", V2: table.Lookup("owner_id", users(), "email")},
			{Name: "add_time", Type: table.Timestamp, Description: "When the product was created."},
			{Name: "update_time", Type: table.Timestamp, Description: "When the product was last changed.", IncrementalKey: true},
			{Name: "billing_frequency", Type: table.Text, Description: "Billing frequency: one-time, weekly, monthly, quarterly, semi-annually or annually. Plans below Growth do not have it."},
			{Name: "billing_frequency_cycles", Type: table.Int, Description: "Number of billing cycles; NULL for no end. Plans below Growth do not have it."},
			{Name: "prices", Type: table.JSON, Description: "Prices, one for each currency: a list of {product_id, price, currency, cost, direct_cost, notes}."},
			{Name: "custom_fields", Type: table.JSON, Description: "Custom fields as Pipedrive sends them: an object keyed by the 40-character hash of each field."},
		},
	}
}

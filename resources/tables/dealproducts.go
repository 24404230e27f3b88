package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func dealProducts() *table.Table {
	parent := dealsWithProducts()
	open := pipedrive.ByIDV2("/api/v2/deals", 10, dealsScopes).WithStatus("open")
	open.Include = []string{parent.Count}
	parent.Recheck = []pipedrive.Listing{open}
	return &table.Table{
		Records:     "deal_products",
		Title:       "Deal products",
		Description: "Products of deals, with their quantities and prices. https://developers.pipedrive.com/docs/api/v1/DealProducts#getDealsProducts",
		Incremental: true,
		Parent:      parent,
		V2:          childrenOfDeals("/api/v2/deals/products", dealProductsScopes),
		Columns: []table.Column{
			{Name: "id", Key: true, Type: table.Int, Description: "The row's id. A product that a deal has twice has two rows."},
			{Name: "deal_id", Type: table.Int, Description: "The deal."},
			{Name: "product_id", Type: table.Int, Description: "The product; NULL 30 days after the product was deleted."},
			{Name: "product_variation_id", Type: table.Int, Description: "The variation of the product; NULL for none."},
			{Name: "name", Type: table.Text, Description: "The product's name; NULL 30 days after the product was deleted."},
			{Name: "quantity", Type: table.Float, Description: "Quantity, which can be a fraction."},
			{Name: "item_price", Type: table.Float, Description: "Price of one item."},
			{Name: "sum", Type: table.Float, Description: "Price of all items, after the discount."},
			{Name: "currency", Type: table.Text, Description: "Currency of the amounts."},
			{Name: "discount", Type: table.Float, Description: "Discount, in percent or as an amount, as discount_type says."},
			{Name: "discount_type", Type: table.Text, Description: "percentage or amount."},
			{Name: "tax", Type: table.Float, Description: "Tax, in percent."},
			{Name: "tax_method", Type: table.Text, Description: "Whether the price has the tax: exclusive, inclusive or none."},
			{Name: "comments", Type: table.Text, Description: "Comments."},
			{Name: "is_enabled", Type: table.Bool, Description: "Whether the product counts towards the deal's value."},
			{Name: "order_nr", Type: table.Int, Description: "Position among the products of the deal."},
			{Name: "add_time", Type: table.Timestamp, Description: "When the product was added to the deal."},
			{Name: "update_time", Type: table.Timestamp, Description: "When the row was last changed."},
			{Name: "billing_frequency", Type: table.Text, Description: "Billing frequency: one-time, weekly, monthly, quarterly, semi-annually or annually. Plans below Growth do not have it."},
			{Name: "billing_frequency_cycles", Type: table.Int, Description: "Number of billing cycles; NULL for no end. Plans below Growth do not have it."},
			{Name: "billing_start_date", Type: table.Date, Description: "The first day of billing. Plans below Growth do not have it."},
			parentTime("deal_update_time", "The deal's update_time when the row was read."),
		},
	}
}

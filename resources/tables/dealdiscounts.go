package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func dealDiscounts() *table.Table {
	parent := dealsWithProducts() // without products, discounts do not change a deal's value
	parent.Sparse = true
	discounts := childrenOfOne("/api/v2/deals/{id}/discounts", dealsScopes)
	discounts.Paging, discounts.NullIsEmpty = pipedrive.Unpaged, true
	return &table.Table{
		Records: "deal_discounts",
		Title:   "Deal discounts",
		Description: "Discounts on the products of a deal as a whole, in addition to those of its rows. " +
			"https://developers.pipedrive.com/docs/api/v1/Deals#getAdditionalDiscounts",
		Incremental: true,
		OnRequest:   true,
		Parent:      parent,
		V2:          []pipedrive.Listing{discounts},
		Columns: []table.Column{
			{Name: "id", Key: true, Type: table.Text, Description: "The discount's id, a UUID."},
			{Name: "deal_id", Type: table.Int, Description: "The deal."},
			{Name: "type", Type: table.Text, Description: "percentage or amount."},
			{Name: "amount", Type: table.Float, Description: "Discount, in percent or in the deal's currency, as type says."},
			{Name: "description", Type: table.Text, Description: "Name of the discount."},
			{Name: "created_at", Type: table.Timestamp, Description: "When the discount was created."},
			{Name: "created_by", Type: table.Int, Description: "The user who created the discount.", Refers: "users.id"},
			{Name: "updated_at", Type: table.Timestamp, Description: "When the discount was last changed."},
			{Name: "updated_by", Type: table.Int, Description: "The user who last changed the discount.", Refers: "users.id"},
			parentTime("deal_update_time", "The deal's update_time when the row was read."),
		},
	}
}

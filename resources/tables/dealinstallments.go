package tables

import "github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"

func dealInstallments() *table.Table {
	parent := dealsWithProducts()
	parent.Sparse = true
	return &table.Table{
		Records:     "deal_installments",
		Title:       "Deal installments",
		Description: "Installments in which deals are paid. https://developers.pipedrive.com/docs/api/v1/DealInstallments#getInstallments",
		Incremental: true,
		Gate:        growthPlan(),
		Parent:      parent,
		V2:          childrenOfDeals("/api/v2/deals/installments", dealsScopes),
		Columns: []table.Column{
			{Name: "id", Key: true, Type: table.Int, Description: "The installment's id."},
			{Name: "deal_id", Type: table.Int, Description: "The deal."},
			{Name: "amount", Type: table.Float, Description: "Amount, in the deal's currency."},
			{Name: "billing_date", Type: table.Date, Description: "The day on which the installment is charged."},
			{Name: "description", Type: table.Text, Description: "Name of the installment."},
			parentTime("deal_update_time", "The deal's update_time when the row was read."),
		},
	}
}

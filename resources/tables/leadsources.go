package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func leadSources() *table.Table {
	return &table.Table{
		Records:     "lead_sources",
		Title:       "Lead sources",
		Description: "Sources of leads, a fixed list of Pipedrive's. https://developers.pipedrive.com/docs/api/v1/LeadSources#getLeadSources",
		Setup:       true,
		V1:          []pipedrive.Listing{{Path: "/v1/leadSources", Cost: 2, Scopes: leadsScopes, NullIsEmpty: true}},
		Columns: []table.Column{
			{Name: "name", Key: true, Type: table.Text, Description: "The source's name, which leads refer to."},
		},
	}
}

package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func pipelines() *table.Table {
	return &table.Table{
		Records:     "pipelines",
		Title:       "Pipelines",
		Description: "Sales pipelines. https://developers.pipedrive.com/docs/api/v1/Pipelines#getPipelines",
		Setup:       true,
		Core:        true,
		V2:          []pipedrive.Listing{pipedrive.ByIDV2("/api/v2/pipelines", 5, setupScopes)},
		V1:          []pipedrive.Listing{{Path: "/v1/pipelines", Cost: 10, Scopes: setupScopes}},
		Export:      []pipedrive.Listing{{Path: "/pipelines", Paging: pipedrive.Offset}},
		Columns: []table.Column{
			{Name: "id", Key: true, Type: table.Int, Description: "The pipeline's id."},
			{Name: "name", Type: table.Text, Description: "Name."},
			{Name: "url_title", Type: table.Text, Description: "Name in the form of a URL. API v2 does not have it.", V2: table.Absent()},
			{Name: "order_nr", Type: table.Int, Description: "Position among the pipelines."},
			{Name: "active", Type: table.Bool, Description: "Whether the pipeline is in use, that is, not deleted.", V2: table.Not("is_deleted")},
			{Name: "deal_probability", Type: table.Bool, Description: "Whether deals have their own probability.", V2: table.At("is_deal_probability_enabled")},
			{Name: "add_time", Type: table.Timestamp, Description: "When the pipeline was created."},
			{Name: "update_time", Type: table.Timestamp, Description: "When the pipeline was last changed."},
			{Name: "selected", Type: table.Bool, Description: "Whether the pipeline opens first. API v2 does not have it.", V2: table.Absent()},
		},
	}
}

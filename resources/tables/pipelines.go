package tables

import "github.com/cq-source-pipedrive/cq-source-pipedrive/client"

func pipelines() *client.Table {
	return &client.Table{
		Records:     "pipelines",
		Title:       "Pipelines",
		Description: "Sales pipelines. https://developers.pipedrive.com/docs/api/v1/Pipelines#getPipelines",
		Columns: []client.Column{
			{Name: "id", Key: true, Type: client.Int, Description: "The pipeline's id."},
			{Name: "name", Type: client.Text, Description: "Name."},
			{Name: "url_title", Type: client.Text, Description: "Name in the form of a URL. API v2 does not have it.", V2: client.Nowhere()},
			{Name: "order_nr", Type: client.Int, Description: "Position among the pipelines."},
			{Name: "active", Type: client.Bool, Description: "Whether the pipeline is in use, that is, not deleted.", V2: client.Not("is_deleted")},
			{Name: "deal_probability", Type: client.Bool, Description: "Whether deals have a probability of their own.", V2: client.At("is_deal_probability_enabled")},
			{Name: "add_time", Type: client.Timestamp, Description: "When the pipeline was created."},
			{Name: "update_time", Type: client.Timestamp, Description: "When the pipeline was last changed."},
			{Name: "selected", Type: client.Bool, Description: "Whether it is the pipeline that opens first. API v2 does not have it.", V2: client.Nowhere()},
		},
	}
}

package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func stages() *table.Table {
	return &table.Table{
		Records:     "stages",
		Title:       "Stages",
		Description: "Stages of the pipelines. https://developers.pipedrive.com/docs/api/v1/Stages#getStages",
		Setup:       true,
		Core:        true,
		V2:          []pipedrive.Listing{pipedrive.ByIDV2("/api/v2/stages", 5, setupScopes)},
		V1:          []pipedrive.Listing{{Path: "/v1/stages", Cost: 10, Paging: pipedrive.Offset, Scopes: setupScopes}},
		Export:      []pipedrive.Listing{{Path: "/stages", Paging: pipedrive.Offset}},
		Columns: []table.Column{
			{Name: "id", Key: true, Type: table.Int, Description: "The stage's id."},
			{Name: "order_nr", Type: table.Int, Description: "Position in the pipeline."},
			{Name: "name", Type: table.Text, Description: "Name."},
			{Name: "active_flag", Type: table.Bool, Description: "Whether the stage is in use, that is, not deleted.", V2: table.Not("is_deleted")},
			{Name: "deal_probability", Type: table.Float, Description: "Probability of winning a deal in this stage, in percent."},
			{Name: "pipeline_id", Type: table.Int, Description: "The pipeline that the stage belongs to."},
			{Name: "rotten_flag", Type: table.Bool, Description: "Whether deals can rot in this stage.", V2: table.At("is_deal_rot_enabled")},
			{Name: "rotten_days", Type: table.Int, Description: "Days without activity after which a deal rots.", V2: table.At("days_to_rotten")},
			{Name: "add_time", Type: table.Timestamp, Description: "When the stage was created."},
			{Name: "update_time", Type: table.Timestamp, Description: "When the stage was last changed."},
			{Name: "pipeline_name", Type: table.Text, Description: "Name of the pipeline.", V2: table.Lookup("pipeline_id", pipelines(), "name")},
		},
	}
}

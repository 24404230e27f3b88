package tables

import "github.com/cq-source-pipedrive/cq-source-pipedrive/client"

func stages() *client.Table {
	return &client.Table{
		Records:     "stages",
		Title:       "Stages",
		Description: "Stages of the pipelines. https://developers.pipedrive.com/docs/api/v1/Stages#getStages",
		Columns: []client.Column{
			{Name: "id", Key: true, Type: client.Int, Description: "The stage's id."},
			{Name: "order_nr", Type: client.Int, Description: "Position in the pipeline."},
			{Name: "name", Type: client.Text, Description: "Name."},
			{Name: "active_flag", Type: client.Bool, Description: "Whether the stage is in use, that is, not deleted.", V2: client.Not("is_deleted")},
			{Name: "deal_probability", Type: client.Float, Description: "Probability of winning a deal in this stage, in percent."},
			{Name: "pipeline_id", Type: client.Int, Description: "The pipeline that the stage belongs to."},
			{Name: "rotten_flag", Type: client.Bool, Description: "Whether deals can rot in this stage.", V2: client.At("is_deal_rot_enabled")},
			{Name: "rotten_days", Type: client.Int, Description: "Days without activity after which a deal rots.", V2: client.At("days_to_rotten")},
			{Name: "add_time", Type: client.Timestamp, Description: "When the stage was created."},
			{Name: "update_time", Type: client.Timestamp, Description: "When the stage was last changed."},
			{Name: "pipeline_name", Type: client.Text, Description: "Name of the pipeline.", V2: client.Via("pipeline_id", client.PipelineName)},
		},
	}
}

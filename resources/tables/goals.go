package tables

import (
	"net/url"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func goals() *table.Table {
	// Without a filter the list has only the goals of the token's user. Each goal has one of two metrics.
	with := func(metric string) pipedrive.Listing {
		return pipedrive.Listing{
			Path: "/v1/goals/find", Cost: 20, Scopes: []string{"goals:read", "goals:full"}, Data: "goals", NullIsEmpty: true,
			Filter: url.Values{"expected_outcome.tracking_metric": {metric}},
		}
	}
	return &table.Table{
		Records:     "goals",
		Title:       "Goals",
		Description: "Everybody's goals. https://developers.pipedrive.com/docs/api/v1/Goals#getGoals",
		Setup:       true,
		V1:          []pipedrive.Listing{with("quantity"), with("sum")},
		Once:        true,
		Columns: []table.Column{
			{Name: "id", Key: true, Type: table.Text, Description: "The goal's id: 32 hexadecimal digits."},
			{Name: "owner_id", Type: table.Int, Description: "The user who created the goal."},
			{Name: "title", Type: table.Text, Description: "Title."},
			{Name: "type", Type: table.Text, Description: "deals_won, deals_progressed, deals_started, activities_completed or activities_added.", V1: table.At("type.name")},
			{Name: "pipeline_ids", Type: table.JSON, Description: "The pipelines whose deals count: a list of ids; NULL for all.", V1: table.List("type.params.pipeline_id")},
			{Name: "stage_id", Type: table.Int, Description: "The stage that deals have to reach.", V1: table.At("type.params.stage_id")},
			{Name: "activity_type_ids", Type: table.JSON, Description: "The types of the activities that count: a list of ids; NULL for all.", V1: table.List("type.params.activity_type_id")},
			{Name: "assignee_id", Type: table.Int, Description: "The user, the team or the company that has the goal.", V1: table.At("assignee.id")},
			{Name: "assignee_type", Type: table.Text, Description: "person, company or team.", V1: table.At("assignee.type")},
			{Name: "interval", Type: table.Text, Description: "Period of the target: weekly, monthly, quarterly or yearly."},
			{Name: "duration_start", Type: table.Date, Description: "First day.", V1: table.At("duration.start")},
			{Name: "duration_end", Type: table.Date, Description: "Last day; NULL for no end.", V1: table.At("duration.end")},
			{Name: "expected_target", Type: table.Float, Description: "The target per period: a number or a sum of money.", V1: table.At("expected_outcome.target")},
			{Name: "expected_tracking_metric", Type: table.Text, Description: "Unit of the target: quantity or sum.", V1: table.At("expected_outcome.tracking_metric")},
			{Name: "expected_currency_id", Type: table.Int, Description: "Currency of a sum.", V1: table.At("expected_outcome.currency_id")},
			{Name: "is_active", Type: table.Bool, Description: "Whether the goal is active."},
			{Name: "report_ids", Type: table.JSON, Description: "Reports of the goal: a list of ids."},
		},
	}
}

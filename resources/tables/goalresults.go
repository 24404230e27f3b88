package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func goalResults() *table.Table {
	return &table.Table{
		Records: "goal_results",
		Title:   "Goal results",
		Description: "Progress of each goal, from its first day to its last one or today. A goal that has not begun has no row. " +
			"https://developers.pipedrive.com/docs/api/v1/Goals#getGoalResult",
		OnRequest: true,
		Parent:    &table.Parent{Table: goals(), Column: "goal_id", Begins: "duration_start"},
		V1: []pipedrive.Listing{{
			Path: "/v1/goals/{id}/results", Cost: 20, One: true, Scopes: []string{"goals:read", "goals:full"},
			Parent: pipedrive.Parent{
				Param: "id", Batch: 1, Columns: map[string]string{"period.start": "period_start", "period.end": "period_end"},
			},
		}},
		Columns: []table.Column{
			{Name: "goal_id", Key: true, Type: table.Text, Description: "The goal.", V2: table.OfParent("id"), V1: table.OfParent("id")},
			{
				Name: "period_start", Type: table.Date, Description: "First day that counts: the goal's first day.",
				V2: table.OfParent("duration_start"), V1: table.OfParent("duration_start"),
			},
			{
				Name: "period_end", Type: table.Date, Description: "Last day that counts: the goal's last day or the day of the run, in UTC, whichever is earlier.",
				V2: table.OfParentSoFar("duration_end"), V1: table.OfParentSoFar("duration_end"),
			},
			{Name: "progress", Type: table.Float, Description: "Progress, in the unit of the goal's target."},
		},
	}
}

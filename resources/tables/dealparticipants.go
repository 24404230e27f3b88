package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func dealParticipants() *table.Table {
	return &table.Table{
		Records: "deal_participants",
		Title:   "Deal participants",
		Description: "Persons who take part in deals. A deal whose only participant is its own person, its person_id, has no row. " +
			"https://developers.pipedrive.com/docs/api/v1/Deals#getDealParticipants",
		Incremental: true,
		OnRequest:   true,
		Parent:      &table.Parent{Table: deals(), Column: "deal_id", Count: "participants_count", Own: "person_id", Skip: "is_deleted"},
		V1: []pipedrive.Listing{{
			Path: "/v1/deals/{id}/participants", Cost: 10, Paging: pipedrive.Offset, Scopes: dealsScopes,
			Limit:  100, // the OpenAPI file names no larger one
			Parent: pipedrive.Parent{Param: "id", Batch: 1},
		}},
		Columns: []table.Column{
			{Name: "id", Key: true, Type: table.Int, Description: "The participant's id."},
			{Name: "deal_id", Type: table.Int, Description: "The deal.", V1: table.OfParent("id"), V2: table.OfParent("id")},
			{Name: "person_id", Type: table.Int, Description: "The person who takes part.", V1: table.Ref("person_id")},
			{Name: "add_time", Type: table.Timestamp, Description: "When the person was added to the deal."},
			{Name: "active_flag", Type: table.Bool, Description: "Whether the participant is active."},
			// The OpenAPI file has the user in the data of an answer, its example has the user itself.
			{Name: "added_by_user_id", Type: table.Int, Description: "The user who added the person.", V1: table.Ref("added_by_user_id", "added_by_user_id.data")},
			parentTime("deal_update_time", "The deal's update_time when the row was read."),
		},
	}
}

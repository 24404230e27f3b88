package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func callLogs() *table.Table {
	return &table.Table{
		Records:     "call_logs",
		Title:       "Call logs",
		Description: "Calls of the token's user. https://developers.pipedrive.com/docs/api/v1/CallLogs#getUserCallLogs",
		OnRequest:   true,
		V1: []pipedrive.Listing{{
			Path: "/v1/callLogs", Cost: 20, Paging: pipedrive.Offset, Limit: 50, Scopes: []string{"phone-integration"},
		}},
		Columns: []table.Column{
			{Name: "id", Key: true, Type: table.Text, Description: "The call's id."},
			{Name: "user_id", Type: table.Int, Description: "The user who owns the call log."},
			{Name: "activity_id", Type: table.Int, Description: "The activity that the call log was made from."},
			{Name: "subject", Type: table.Text, Description: "Subject of the activity."},
			{Name: "duration", Type: table.Int, Description: "Duration in seconds."},
			{Name: "outcome", Type: table.Text, Description: "connected, no_answer, left_message, left_voicemail, wrong_number or busy."},
			{Name: "from_phone_number", Type: table.Text, Description: "The number that made the call."},
			{Name: "to_phone_number", Type: table.Text, Description: "The number that was called."},
			{Name: "start_time", Type: table.Timestamp, Description: "When the call began."},
			{Name: "end_time", Type: table.Timestamp, Description: "When the call ended."},
			{Name: "person_id", Type: table.Int, Description: "The person of the call."},
			{Name: "org_id", Type: table.Int, Description: "The organization of the call."},
			{Name: "deal_id", Type: table.Int, Description: "The deal of the call."},
			{Name: "lead_id", Type: table.Text, Description: "The lead of the call."},
			{Name: "note", Type: table.Text, Description: "Note about the call, as HTML."},
			{Name: "has_recording", Type: table.Bool, Description: "Whether the call was recorded."},
		},
	}
}

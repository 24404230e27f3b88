package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func noteComments() *table.Table {
	return &table.Table{
		Records:     "note_comments",
		Title:       "Note comments",
		Description: "Comments on notes. Only API v1 has them. https://developers.pipedrive.com/docs/api/v1/Notes#getNoteComments",
		Incremental: true,
		OnRequest:   true,
		Parent:      &table.Parent{Table: notes(), Column: "note_id", Sparse: true},
		V1: []pipedrive.Listing{{
			Path: "/v1/notes/{id}/comments", Cost: 20, Paging: pipedrive.Offset, Scopes: notesScopes,
			Limit:  100, // the OpenAPI file names no larger one
			Parent: pipedrive.Parent{Param: "id", Batch: 1},
		}},
		Columns: []table.Column{
			{Name: "uuid", Key: true, Type: table.Text, Description: "The comment's id, a UUID."},
			{Name: "note_id", Type: table.Int, Description: "The note.", V1: table.At("object_id")},
			{Name: "content", Type: table.Text, Description: "Content, as HTML."},
			{Name: "user_id", Type: table.Int, Description: "The user who wrote the comment."},
			{Name: "updater_id", Type: table.Int, Description: "The user who last changed the comment.", Refers: "users.id"},
			{Name: "active_flag", Type: table.Bool, Description: "Whether the comment is active, that is, not deleted."},
			{Name: "add_time", Type: table.Timestamp, Description: "When the comment was written."},
			{Name: "update_time", Type: table.Timestamp, Description: "When the comment was last changed."},
			parentTime("note_update_time", "The note's update_time when the row was read."),
		},
	}
}

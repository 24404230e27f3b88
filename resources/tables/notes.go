package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func notes() *table.Table {
	return &table.Table{
		Records:     "notes",
		Title:       "Notes",
		Description: "Notes on deals, persons, organizations, leads and projects. Only API v1 has them. https://developers.pipedrive.com/docs/api/v1/Notes#getNotes",
		Incremental: true,
		Core:        true,
		// API v2 does not have notes: https://github.com/pipedrive/client-nodejs/issues/711.
		V1:     []pipedrive.Listing{pipedrive.TimedV1("/v1/notes", 20, notesScopes)},
		Export: []pipedrive.Listing{{Path: "/notes", Paging: pipedrive.Offset}},
		Columns: []table.Column{
			{Name: "id", Key: true, Type: table.Int, Description: "The note's id."},
			{Name: "content", Type: table.Text, Description: "Content, as HTML."},
			{Name: "add_time", Type: table.Timestamp, Description: "When the note was created."},
			{Name: "update_time", Type: table.Timestamp, Description: "When the note was last changed.", IncrementalKey: true},
			{Name: "user_id", Type: table.Int, Description: "The user who wrote the note.", V1: table.Ref("user_id", "user")},
			{Name: "user_name", Type: table.Text, Description: "Name of the user who wrote the note.", V1: table.At("user.name")},
			{Name: "user_email", Type: table.Text, Description: "E-mail address of the user who wrote the note.", V1: table.At("user.email")},
			{Name: "deal_id", Type: table.Int, Description: "The deal that the note is attached to.", V1: table.Ref("deal_id", "deal")},
			{Name: "deal_title", Type: table.Text, Description: "Title of that deal.", V1: table.At("deal.title")},
			{Name: "person_id", Type: table.Int, Description: "The person that the note is attached to.", V1: table.Ref("person_id", "person")},
			{Name: "person_name", Type: table.Text, Description: "Name of that person.", V1: table.At("person.name")},
			{Name: "org_id", Type: table.Int, Description: "The organization that the note is attached to.", V1: table.Ref("org_id", "organization")},
			{Name: "organization_name", Type: table.Text, Description: "Name of that organization.", V1: table.At("organization.name")},
			{Name: "pinned_to_deal_flag", Type: table.Bool, Description: "Whether the note is pinned to its deal."},
			{Name: "pinned_to_person_flag", Type: table.Bool, Description: "Whether the note is pinned to its person."},
			{Name: "pinned_to_organization_flag", Type: table.Bool, Description: "Whether the note is pinned to its organization."},
			{Name: "active_flag", Type: table.Bool, Description: "Whether the note is active, that is, not deleted."},
			{Name: "lead_id", Type: table.Text, Description: "The lead that the note is attached to."},
			{Name: "project_id", Type: table.Int, Description: "The project that the note is attached to."},
			{Name: "project_title", Type: table.Text, Description: "Title of that project.", V1: table.At("project.title")},
			{Name: "task_id", Type: table.Int, Description: "The task that the note is attached to."},
			{Name: "task_title", Type: table.Text, Description: "Title of that task.", V1: table.At("task.title")},
			{Name: "last_update_user_id", Type: table.Int, Description: "The user who last changed the note."},
			{Name: "pinned_to_lead_flag", Type: table.Bool, Description: "Whether the note is pinned to its lead."},
			{Name: "pinned_to_project_flag", Type: table.Bool, Description: "Whether the note is pinned to its project."},
			{Name: "pinned_to_task_flag", Type: table.Bool, Description: "Whether the note is pinned to its task."},
		},
	}
}

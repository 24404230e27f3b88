package tables

import "github.com/cq-source-pipedrive/cq-source-pipedrive/client"

func notes() *client.Table {
	return &client.Table{
		Records:     "notes",
		Title:       "Notes",
		Description: "Notes that are attached to deals, persons, organizations, leads and projects. Pipedrive has them in API v1 only. https://developers.pipedrive.com/docs/api/v1/Notes#getNotes",
		Incremental: true,
		Columns: []client.Column{
			{Name: "id", Key: true, Type: client.Int, Description: "The note's id."},
			{Name: "content", Type: client.Text, Description: "Content, as HTML."},
			{Name: "add_time", Type: client.Timestamp, Description: "When the note was created."},
			{Name: "update_time", Type: client.Timestamp, Description: "When the note was last changed.", IncrementalKey: true},
			{Name: "user_id", Type: client.Int, Description: "The user who wrote the note.", V1: client.Ref("user_id", "user")},
			{Name: "user_name", Type: client.Text, Description: "Name of the user who wrote the note.", V2: client.At("user.name"), V1: client.At("user.name")},
			{Name: "user_email", Type: client.Text, Description: "E-mail address of the user who wrote the note.", V2: client.At("user.email"), V1: client.At("user.email")},
			{Name: "deal_id", Type: client.Int, Description: "The deal that the note is attached to.", V1: client.Ref("deal_id", "deal")},
			{Name: "deal_title", Type: client.Text, Description: "Title of that deal.", V2: client.At("deal.title"), V1: client.At("deal.title")},
			{Name: "person_id", Type: client.Int, Description: "The person that the note is attached to.", V1: client.Ref("person_id", "person")},
			{Name: "person_name", Type: client.Text, Description: "Name of that person.", V2: client.At("person.name"), V1: client.At("person.name")},
			{Name: "org_id", Type: client.Int, Description: "The organization that the note is attached to.", V1: client.Ref("org_id", "organization")},
			{Name: "organization_name", Type: client.Text, Description: "Name of that organization.", V2: client.At("organization.name"), V1: client.At("organization.name")},
			{Name: "pinned_to_deal_flag", Type: client.Bool, Description: "Whether the note is pinned to its deal."},
			{Name: "pinned_to_person_flag", Type: client.Bool, Description: "Whether the note is pinned to its person."},
			{Name: "pinned_to_organization_flag", Type: client.Bool, Description: "Whether the note is pinned to its organization."},
			{Name: "active_flag", Type: client.Bool, Description: "Whether the note is active, that is, not deleted."},
			{Name: "lead_id", Type: client.Text, Description: "The lead that the note is attached to."},
			{Name: "project_id", Type: client.Int, Description: "The project that the note is attached to."},
			{Name: "project_title", Type: client.Text, Description: "Title of that project.", V2: client.At("project.title"), V1: client.At("project.title")},
			{Name: "task_id", Type: client.Int, Description: "The task that the note is attached to."},
			{Name: "task_title", Type: client.Text, Description: "Title of that task.", V2: client.At("task.title"), V1: client.At("task.title")},
			{Name: "last_update_user_id", Type: client.Int, Description: "The user who last changed the note."},
			{Name: "pinned_to_lead_flag", Type: client.Bool, Description: "Whether the note is pinned to its lead."},
			{Name: "pinned_to_project_flag", Type: client.Bool, Description: "Whether the note is pinned to its project."},
			{Name: "pinned_to_task_flag", Type: client.Bool, Description: "Whether the note is pinned to its task."},
		},
	}
}

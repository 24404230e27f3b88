package tables

import "github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"

func activityParticipants() *table.Table {
	return &table.Table{
		Records:     "activity_participants",
		Title:       "Activity participants",
		Description: "Persons who take part in activities. They come from the answers that have the activities.",
		Incremental: true,
		Parent:      &table.Parent{Table: activities(), Column: "activity_id", Rows: "participants"},
		Columns: []table.Column{
			parentKey("activity_id", "The activity."),
			position("Place in the activity's list, from 1."),
			{Name: "person_id", Type: table.Int, Description: "The person who takes part."},
			{
				Name: "is_primary", Type: table.Bool, Description: "Whether the activity is first of all with this person.",
				V2: table.At("primary", "primary_flag"), V1: table.At("primary", "primary_flag"),
			},
			parentTime("activity_update_time", "The activity's update_time when the row was read."),
		},
	}
}

func activityAttendees() *table.Table {
	return &table.Table{
		Records:     "activity_attendees",
		Title:       "Activity attendees",
		Description: "Guests of the calendar events of activities. They come from the answers that have the activities.",
		Incremental: true,
		Parent:      &table.Parent{Table: activities(), Column: "activity_id", Rows: "attendees"},
		Columns: []table.Column{
			parentKey("activity_id", "The activity."),
			position("Place in the activity's list, from 1."),
			{Name: "email", Type: table.Text, Description: "E-mail address.", V2: table.At("email", "email_address"), V1: table.At("email", "email_address")},
			{Name: "name", Type: table.Text, Description: "Name."},
			{Name: "status", Type: table.Text, Description: "Answer to the invitation, like accepted."},
			{Name: "is_organizer", Type: table.Bool, Description: "Whether the guest organizes the event."},
			{Name: "person_id", Type: table.Int, Description: "The person with the address; NULL for none."},
			{Name: "user_id", Type: table.Int, Description: "The user with the address; NULL for none."},
			parentTime("activity_update_time", "The activity's update_time when the row was read."),
		},
	}
}

package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func activities() *table.Table {
	return &table.Table{
		Records:     "activities",
		Title:       "Activities",
		Description: "Calls, meetings, tasks and other activities, planned and done. https://developers.pipedrive.com/docs/api/v1/Activities#getActivities",
		Incremental: true,
		Versioned:   true,
		V2:          []pipedrive.Listing{pipedrive.TimedV2("/api/v2/activities", 10, activitiesScopes)},
		Columns: []table.Column{
			{Name: "id", Key: true, Type: table.Int, Description: "The activity's id."},
			{Name: "subject", Type: table.Text, Description: "Subject."},
			{Name: "type", Type: table.Text, Description: "Type of the activity: the key_string of an activity type, like call.", Refers: "activity_types.key_string"},
			{Name: "owner_id", Type: table.Int, Description: "The user who is to do the activity."},
			{Name: "owner_name", Type: table.Text, Description: "The owner's name.", V2: table.Lookup("owner_id", users(), "name")},
			{Name: "owner_email", Type: table.Text, Description: "The owner's e-mail address.", V2: table.Lookup("owner_id", users(), "email")},
			{Name: "creator_user_id", Type: table.Int, Description: "The user who created the activity."},
			{Name: "is_deleted", Type: table.Bool, Description: "Whether the activity is deleted."},
			{Name: "add_time", Type: table.Timestamp, Description: "When the activity was created."},
			{Name: "update_time", Type: table.Timestamp, Description: "When the activity was last changed.", IncrementalKey: true},
			{Name: "deal_id", Type: table.Int, Description: "The deal that the activity belongs to."},
			{Name: "lead_id", Type: table.Text, Description: "The lead that the activity belongs to."},
			{Name: "person_id", Type: table.Int, Description: "The person whom the activity is with."},
			{Name: "org_id", Type: table.Int, Description: "The organization that the activity is with."},
			{Name: "project_id", Type: table.Int, Description: "The project that the activity belongs to."},
			{Name: "due_date", Type: table.Date, Description: "The day on which the activity is due."},
			{Name: "due_time", Type: table.Text, Description: "The time of day at which it is due, HH:MM or HH:MM:SS in UTC; NULL for an all-day activity."},
			{Name: "duration", Type: table.Text, Description: "How long the activity takes, HH:MM or HH:MM:SS."},
			{Name: "busy", Type: table.Bool, Description: "Whether the owner's calendar shows the time as busy."},
			{Name: "done", Type: table.Bool, Description: "Whether the activity is done."},
			{Name: "marked_as_done_time", Type: table.Timestamp, Description: "When the activity was marked as done."},
			{Name: "location", Type: table.Text, Description: "Full address of the location.", V2: table.At("location.value", "location")},
			{Name: "location_country", Type: table.Text, Description: "Country of the location.", V2: table.At("location.country")},
			{Name: "location_admin_area_level_1", Type: table.Text, Description: "State or region of the location.", V2: table.At("location.admin_area_level_1")},
			{Name: "location_admin_area_level_2", Type: table.Text, Description: "County of the location.", V2: table.At("location.admin_area_level_2")},
			{Name: "location_locality", Type: table.Text, Description: "City or town of the location.", V2: table.At("location.locality")},
			{Name: "location_sublocality", Type: table.Text, Description: "District of the location.", V2: table.At("location.sublocality")},
			{Name: "location_route", Type: table.Text, Description: "Street of the location.", V2: table.At("location.route")},
			{Name: "location_street_number", Type: table.Text, Description: "House number of the location.", V2: table.At("location.street_number")},
			{Name: "location_subpremise", Type: table.Text, Description: "Apartment or suite of the location.", V2: table.At("location.subpremise")},
			{Name: "location_postal_code", Type: table.Text, Description: "Postal code of the location.", V2: table.At("location.postal_code")},
			{Name: "participants", Type: table.JSON, Description: "Participants: a list of {person_id, primary}."},
			{Name: "attendees", Type: table.JSON, Description: "Guests of the calendar event: a list of {email, name, status, is_organizer, person_id, user_id}.", Presence: table.OnRequest},
			{Name: "conference_meeting_client", Type: table.Text, Description: "Service of the video meeting, like google_meet."},
			{Name: "conference_meeting_url", Type: table.Text, Description: "Address of the video meeting."},
			{Name: "conference_meeting_id", Type: table.Text, Description: "Id of the video meeting at the service."},
			{Name: "public_description", Type: table.Text, Description: "Description for guests."},
			{Name: "priority", Type: table.Int, Description: "Priority: an option of the field priority."},
			{Name: "note", Type: table.Text, Description: "Internal note, as HTML."},
			{Name: "outcome", Type: table.Int, Description: "Outcome of the activity; NULL if Pipedrive sends none."},
			{Name: "private", Type: table.Bool, Description: "Whether only the owner sees the activity; NULL if Pipedrive sends nothing."},
		},
	}
}

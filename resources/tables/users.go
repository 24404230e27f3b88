package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func users() *table.Table {
	return &table.Table{
		Records:     "users",
		Title:       "Users",
		Description: "Users of the account, including deactivated and deleted ones. Names and e-mail addresses of owners come from the same answer. https://developers.pipedrive.com/docs/api/v1/Users#getUsers",
		Setup:       true,
		V1:          []pipedrive.Listing{{Path: "/v1/users", Cost: 20, Scopes: []string{"users:read"}}},
		Columns: []table.Column{
			{Name: "id", Key: true, Type: table.Int, Description: "The user's id."},
			{Name: "name", Type: table.Text, Description: "Name."},
			{Name: "email", Type: table.Text, Description: "E-mail address."},
			{Name: "phone", Type: table.Text, Description: "Phone number."},
			{Name: "active_flag", Type: table.Bool, Description: "Whether the user is active, that is, neither deactivated nor deleted."},
			{Name: "activated", Type: table.Bool, Description: "Whether the user was activated."},
			{Name: "is_deleted", Type: table.Bool, Description: "Whether the user is deleted from the account."},
			{Name: "is_admin", Type: table.Bool, Description: "Whether the user is an administrator. Only older accounts have it; access has it for each app."},
			{Name: "role_id", Type: table.Int, Description: "The user's role."},
			{Name: "default_currency", Type: table.Text, Description: "Currency of new deals: an ISO 4217 code, or the code of a currency of the company."},
			{Name: "locale", Type: table.Text, Description: "Form of dates and numbers, like et_EE."},
			{Name: "lang", Type: table.Int, Description: "Pipedrive's number of the user's language."},
			{Name: "timezone_name", Type: table.Text, Description: "Time zone, like Europe/Berlin."},
			{Name: "timezone_offset", Type: table.Text, Description: "The time zone's offset from UTC, like +03:00."},
			{Name: "last_login", Type: table.Timestamp, Description: "When the user last logged in."},
			{Name: "created", Type: table.Timestamp, Description: "When the user was created."},
			{Name: "modified", Type: table.Timestamp, Description: "When the user was last changed."},
			{Name: "has_created_company", Type: table.Bool, Description: "Whether the user created the account."},
			{Name: "is_you", Type: table.Bool, Description: "Whether the run has this user's credentials."},
			{Name: "icon_url", Type: table.Text, Description: "Address of the user's picture."},
			{Name: "access", Type: table.JSON, Description: "Apps that the user has access to: a list of objects with app, admin and permission_set_id."},
		},
	}
}

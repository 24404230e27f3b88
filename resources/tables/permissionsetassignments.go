package tables

import "github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"

func permissionSetAssignments() *table.Table {
	return &table.Table{
		Records:     "permission_set_assignments",
		Title:       "Permission set assignments",
		Description: "Permission sets of users, one for each app that a user has access to. They come from the answer that has the users.",
		Setup:       true,
		Parent:      &table.Parent{Table: users(), Column: "user_id", Rows: "access"},
		Columns: []table.Column{
			{Name: "permission_set_id", Key: true, Type: table.Text, Description: "The permission set, a UUID."},
			parentKey("user_id", "The user."),
			{Name: "app", Type: table.Text, Description: "The app: sales, projects, campaigns, global, account_settings, partnership or nova."},
			{Name: "is_admin", Type: table.Bool, Description: "Whether the user is an administrator of the app.", V2: table.At("admin"), V1: table.At("admin")},
		},
	}
}

package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// sequence is the column of the primary key with the entry's number among those of its parent. Entries have no id, and their
// times are whole seconds.
func sequence(description string) table.Column {
	return table.Column{Name: "seq", Key: true, Type: table.Int, Description: description, V2: table.Sequence(), V1: table.Sequence()}
}

// changelogOf is a changelog of API v1, in which the path names the parent. The newest entries come first, and null for
// none.
func changelogOf(path string) []pipedrive.Listing {
	return []pipedrive.Listing{{
		Path: path, Cost: 20, Paging: pipedrive.Cursor, Scopes: []string{"recents:read"}, NullIsEmpty: true,
		Parent: pipedrive.Parent{Param: "id", Batch: 1},
	}}
}

// changelogColumns are the columns of an entry that changes one field of a parent.
func changelogColumns(parent, time table.Column) []table.Column {
	return []table.Column{
		parent,
		sequence("Number of the change among those of the record, from 1 for the oldest."),
		{Name: "field_key", Type: table.Text, Description: "The field that changed: its key, which for a custom field is 40 hexadecimal digits."},
		{Name: "old_value", Type: table.Text, Description: "The value before the change, as text."},
		{Name: "new_value", Type: table.Text, Description: "The value after the change, as text."},
		{Name: "actor_user_id", Type: table.Int, Description: "The user who made the change.", Refers: "users.id"},
		{Name: "time", Type: table.Timestamp, Description: "When the change was made."},
		{Name: "change_source", Type: table.Text, Description: "Where the change was made: app, mobile, api, …"},
		{Name: "change_source_user_agent", Type: table.Text, Description: "The program that made the change, as it names itself."},
		{Name: "is_bulk_update_flag", Type: table.Bool, Description: "Whether the change was part of a bulk update."},
		time,
	}
}

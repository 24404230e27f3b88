package tables

import "github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"

func personEmails() *table.Table {
	return personContacts("person_emails", "E-mail addresses of persons", "email",
		"E-mail addresses of persons, one a row. They come from the answers that have the persons.", "The e-mail address.")
}

func personPhones() *table.Table {
	return personContacts("person_phones", "Phone numbers of persons", "phone",
		"Phone numbers of persons, one a row. They come from the answers that have the persons.", "The phone number.")
}

// personContacts is the table of the contacts that persons have in a column.
func personContacts(records, title, rows, description, value string) *table.Table {
	return &table.Table{
		Records:     records,
		Title:       title,
		Description: description,
		Incremental: true,
		Parent:      &table.Parent{Table: persons(), Column: "person_id", Rows: rows},
		Columns: []table.Column{
			parentKey("person_id", "The person."),
			position("Place in the person's list, from 1."),
			{Name: "value", Type: table.Text, Description: value},
			{Name: "label", Type: table.Text, Description: "Label: work, home, mobile, other or a label of the user's own."},
			{Name: "is_primary", Type: table.Bool, Description: "Whether it is the person's primary one.", V2: table.At("primary"), V1: table.At("primary")},
			parentTime("person_update_time", "The person's update_time when the row was read."),
		},
	}
}

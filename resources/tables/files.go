package tables

import (
	"slices"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func files() *table.Table {
	scopes := slices.Concat(dealsScopes, []string{"activities:read", "activities:full"}, contactsScopes) // any one of these
	return &table.Table{
		Records:     "files",
		Title:       "Files",
		Description: "Files that are attached to deals, persons, organizations, products, activities, leads and projects: their metadata, not their content. https://developers.pipedrive.com/docs/api/v1/Files#getFiles",
		Incremental: true,
		V1:          []pipedrive.Listing{pipedrive.NewestV1("/v1/files", 20, scopes).WithLimit(100)},
		Columns: []table.Column{
			{Name: "id", Key: true, Type: table.Int, Description: "The file's id."},
			{Name: "user_id", Type: table.Int, Description: "The user who added the file."},
			{Name: "deal_id", Type: table.Int, Description: "The deal that the file is attached to."},
			{Name: "person_id", Type: table.Int, Description: "The person that the file is attached to."},
			{Name: "org_id", Type: table.Int, Description: "The organization that the file is attached to."},
			{Name: "product_id", Type: table.Int, Description: "The product that the file is attached to."},
			{Name: "activity_id", Type: table.Int, Description: "The activity that the file is attached to."},
			{Name: "lead_id", Type: table.Text, Description: "The lead that the file is attached to."},
			{Name: "project_id", Type: table.Int, Description: "The project that the file is attached to."},
			{Name: "log_id", Type: table.Int, Description: "The log entry that the file is attached to."},
			{Name: "mail_message_id", Type: table.Text, Description: "The e-mail message that the file came with."},
			{Name: "mail_template_id", Type: table.Text, Description: "The e-mail template that the file belongs to."},
			{Name: "add_time", Type: table.Timestamp, Description: "When the file was added."},
			{Name: "update_time", Type: table.Timestamp, Description: "When the file was last changed.", IncrementalKey: true},
			{Name: "name", Type: table.Text, Description: "Name, as users see it."},
			{Name: "file_name", Type: table.Text, Description: "Original name of the file."},
			{Name: "file_type", Type: table.Text, Description: "Type: img, pdf, doc, …"},
			{Name: "file_size", Type: table.Int, Description: "Size in bytes."},
			{Name: "description", Type: table.Text, Description: "Description."},
			{Name: "active_flag", Type: table.Bool, Description: "Whether the file is active."},
			{Name: "inline_flag", Type: table.Bool, Description: "Whether the file was uploaded as part of an e-mail's text."},
			{Name: "remote_location", Type: table.Text, Description: "Place of the file, if not at Pipedrive: googledocs."},
			{Name: "remote_id", Type: table.Text, Description: "The file's id at that place."},
			{Name: "cid", Type: table.Text, Description: "Content id of a file that is part of an e-mail's text."},
			{Name: "s3_bucket", Type: table.Text, Description: "Storage bucket of the file."},
			{Name: "url", Type: table.Text, Description: "Download address, which needs credentials."},
			{Name: "deal_name", Type: table.Text, Description: "Title of the deal that the file is attached to."},
			{Name: "person_name", Type: table.Text, Description: "Name of the person that the file is attached to."},
			{Name: "org_name", Type: table.Text, Description: "Name of the organization that the file is attached to."},
			{Name: "product_name", Type: table.Text, Description: "Name of the product that the file is attached to."},
			{Name: "lead_name", Type: table.Text, Description: "Title of the lead that the file is attached to."},
			{Name: "project_name", Type: table.Text, Description: "Title of the project that the file is attached to."},
		},
	}
}

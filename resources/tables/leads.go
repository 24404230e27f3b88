package tables

import (
	"net/url"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func leads() *table.Table {
	current := pipedrive.NewestV1("/v1/leads", 20, leadsScopes)
	// The vendor's OpenAPI file allows one sort field.
	current.OldestFirst = url.Values{"sort": {"update_time ASC"}}
	return &table.Table{
		Records:     "leads",
		Title:       "Leads",
		Description: "Leads, in the inbox and archived. A converted or deleted lead leaves the list. https://developers.pipedrive.com/docs/api/v1/Leads#getLeads",
		Incremental: true,
		Versioned:   true,
		Fields:      deals().Fields,
		FieldsOf:    deals(),
		// The list of archived leads takes no updated_since. Archived leads come second, like archived deals.
		V1: []pipedrive.Listing{current, pipedrive.NewestV1("/v1/leads/archived", 40, leadsScopes).OfArchived()},
		Columns: []table.Column{
			{Name: "id", Key: true, Type: table.Text, Description: "The lead's id, a UUID."},
			{Name: "title", Type: table.Text, Description: "Title."},
			{Name: "owner_id", Type: table.Int, Description: "The user who owns the lead."},
			{Name: "owner_name", Type: table.Text, Description: "The owner's name.", V1: table.Lookup("owner_id", users(), "name")},
			{Name: "owner_email", Type: table.Text, Description: "The owner's e-mail address.", V1: table.Lookup("owner_id", users(), "email")},
			{Name: "creator_id", Type: table.Int, Description: "The user who created the lead."},
			{Name: "label_ids", Type: table.JSON, Description: "Labels of the lead: a list of ids of lead labels.", Refers: "lead_labels.id"},
			{Name: "person_id", Type: table.Int, Description: "The person whom the lead is with."},
			{Name: "organization_id", Type: table.Int, Description: "The organization that the lead is with."},
			{Name: "value", Type: table.Float, Description: "Value in the lead's currency.", V1: table.At("value.amount")},
			{Name: "currency", Type: table.Text, Description: "Currency of the value, an ISO 4217 code.", V1: table.At("value.currency")},
			{Name: "expected_close_date", Type: table.Date, Description: "The expected closing day of the deal."},
			{Name: "next_activity_id", Type: table.Int, Description: "The next planned activity of the lead."},
			{Name: "add_time", Type: table.Timestamp, Description: "When the lead was created."},
			{Name: "update_time", Type: table.Timestamp, Description: "When the lead was last changed.", IncrementalKey: true},
			{Name: "is_archived", Type: table.Bool, Description: "Whether the lead is archived."},
			{Name: "was_seen", Type: table.Bool, Description: "Whether a user has seen the lead."},
			{Name: "source_name", Type: table.Text, Description: "Where the lead comes from: the name of a lead source.", Refers: "lead_sources.name"},
			{Name: "origin", Type: table.Text, Description: "How the lead was created: ManuallyCreated, API, …"},
			{Name: "origin_id", Type: table.Text, Description: "The lead's id in the system that created it."},
			{Name: "channel", Type: table.Int, Description: "Marketing channel: an option of the deals' field channel."},
			{Name: "channel_id", Type: table.Text, Description: "The channel in detail, like a campaign."},
			{Name: "source_deal_id", Type: table.Int, Description: "The deal that the lead was made from."},
			{Name: "visible_to", Type: table.Int, Description: "Who sees the lead: 1 its owner, 3 the entire company; on larger plans 1 the owner, 3 the owner's group, 5 and its sub-groups, 7 the entire company."},
			{Name: "cc_email", Type: table.Text, Description: "Address that files an e-mail under the lead when it is in copy."},
			{Name: "custom_fields", Type: table.JSON, Description: "Custom fields of the lead, by key. They are the fields of deals."},
		},
	}
}

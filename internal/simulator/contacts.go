package simulator

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// personAttributes are the fields of a person [v2 /persons; v1 of 2026-01-14
// /persons].
var personAttributes = []attribute[Person]{
	same("id", "int", func(p *Person) any { return p.ID }),
	onlyV1("company_id", func(c *Company, _ *Person) any { return c.id }),
	same("name", "varchar", func(p *Person) any { return p.Name }),
	same("first_name", "varchar", func(p *Person) any { return p.FirstName }),
	same("last_name", "varchar", func(p *Person) any { return p.LastName }),
	{
		v2: "owner_id", v1: "owner_id", kind: "user",
		value:   func(_ *Company, p *Person) any { return reference(p.OwnerID) },
		v1Value: func(c *Company, p *Person) any { return c.userObject(p.OwnerID) },
	},
	{
		v2: "org_id", v1: "org_id", kind: "org",
		value:   func(_ *Company, p *Person) any { return reference(p.OrgID) },
		v1Value: func(c *Company, p *Person) any { return c.orgObject(p.OrgID) },
	},
	same("add_time", "date", func(p *Person) any { return p.AddTime }),
	same("update_time", "date", func(p *Person) any { return p.UpdateTime }),
	{v2: "emails", v1: "email", kind: "varchar", value: func(_ *Company, p *Person) any { return p.Emails }},
	{v2: "phones", v1: "phone", kind: "phone", value: func(_ *Company, p *Person) any { return p.Phones }},
	{
		v2: "is_deleted", v1: "active_flag", kind: "boolean",
		value:   func(_ *Company, p *Person) any { return p.IsDeleted },
		v1Value: func(_ *Company, p *Person) any { return !p.IsDeleted },
	},
	{
		v2: "visible_to", v1: "visible_to", kind: "visible_to",
		value:   func(_ *Company, p *Person) any { return p.VisibleTo },
		v1Value: func(_ *Company, p *Person) any { return fmt.Sprint(p.VisibleTo) },
	},
	same("label_ids", "set", func(p *Person) any { return p.LabelIDs }),
	onlyV1("label", func(_ *Company, p *Person) any { return firstLabel(p.LabelIDs) }),
	{
		v2: "picture_id", v1: "picture_id", kind: "picture",
		value:   func(_ *Company, p *Person) any { return p.PictureID },
		v1Value: func(c *Company, p *Person) any { return c.pictureObject("person", p.ID, p.PictureID) },
	},
	synced("postal_address", "address", func(p *Person) any {
		if p.PostalAddress == nil {
			return nil
		}
		return p.PostalAddress.v2()
	}),
	synced("notes", "text", func(p *Person) any { return p.Notes }),
	synced("im", "varchar", func(p *Person) any { return p.IM }),
	synced("birthday", "date", func(p *Person) any { return p.Birthday }),
	synced("job_title", "varchar", func(p *Person) any { return p.JobTitle }),

	asked("next_activity_id", "activity", func(p *Person) any { return p.NextActivityID }),
	asked("last_activity_id", "activity", func(p *Person) any { return p.LastActivityID }),
	asked("open_deals_count", "int", func(p *Person) any { return p.Deals.Open }),
	asked("related_open_deals_count", "int", func(p *Person) any { return p.Deals.RelatedOpen }),
	asked("closed_deals_count", "int", func(p *Person) any { return p.Deals.Closed }),
	asked("related_closed_deals_count", "int", func(p *Person) any { return p.Deals.RelatedClosed }),
	asked("participant_open_deals_count", "int", func(p *Person) any { return p.Deals.ParticipantOpen }),
	asked("participant_closed_deals_count", "int", func(p *Person) any { return p.Deals.ParticipantClosed }),
	asked("email_messages_count", "int", func(p *Person) any { return p.Activity.EmailMessages }),
	asked("activities_count", "int", func(p *Person) any { return p.Activity.Activities }),
	asked("done_activities_count", "int", func(p *Person) any { return p.Activity.Done }),
	asked("undone_activities_count", "int", func(p *Person) any { return p.Activity.Undone }),
	asked("files_count", "int", func(p *Person) any { return p.Activity.Files }),
	asked("notes_count", "int", func(p *Person) any { return p.Activity.Notes }),
	asked("followers_count", "int", func(p *Person) any { return p.Activity.Followers }),
	asked("won_deals_count", "int", func(p *Person) any { return p.Deals.Won }),
	asked("related_won_deals_count", "int", func(p *Person) any { return p.Deals.RelatedWon }),
	asked("lost_deals_count", "int", func(p *Person) any { return p.Deals.Lost }),
	asked("related_lost_deals_count", "int", func(p *Person) any { return p.Deals.RelatedLost }),
	{
		v2: "last_incoming_mail_time", v1: "last_incoming_mail_time", kind: "date", optional: true,
		value:   func(_ *Company, p *Person) any { return p.LastIncomingMailTime },
		v1Value: func(_ *Company, p *Person) any { return v1MailTime(p.ID, p.LastIncomingMailTime) },
	},
	{
		v2: "last_outgoing_mail_time", v1: "last_outgoing_mail_time", kind: "date", optional: true,
		value:   func(_ *Company, p *Person) any { return p.LastOutgoingMailTime },
		v1Value: func(_ *Company, p *Person) any { return v1MailTime(p.ID, p.LastOutgoingMailTime) },
	},
	{
		v2: "marketing_status", v1: "marketing_status", kind: "enum", optional: true, marketing: true,
		value: func(_ *Company, p *Person) any { return p.MarketingStatus },
	},
	{
		v2: "doi_status", kind: "enum", optional: true, marketing: true,
		value: func(_ *Company, p *Person) any { return p.DOIStatus },
	},
	{
		v2: "smart_bcc_email", v1: "cc_email", kind: "varchar", optional: true,
		value: func(c *Company, p *Person) any { return c.bcc("person", p.ID) },
	},

	onlyV1("primary_email", func(_ *Company, p *Person) any {
		for _, e := range p.Emails {
			if e.Primary {
				return e.Value
			}
		}
		return nil
	}),
	onlyV1("first_char", func(_ *Company, p *Person) any { return firstChar(p.Name) }),
	onlyV1("org_name", func(c *Company, p *Person) any { return c.orgName(p.OrgID) }),
	onlyV1("owner_name", func(c *Company, p *Person) any { return c.userName(p.OwnerID) }),
	onlyV1("next_activity_date", func(*Company, *Person) any { return nil }),
	onlyV1("next_activity_time", func(*Company, *Person) any { return nil }),
	onlyV1("last_activity_date", func(*Company, *Person) any { return nil }),
}

// synced declares an attribute that v2 shows while contact sync is on.
func synced(name, kind string, value func(*Person) any) attribute[Person] {
	return attribute[Person]{v2: name, kind: kind, value: func(c *Company, p *Person) any {
		if !c.contactSync {
			return absent
		}
		return value(p)
	}}
}

// organizationAttributes are the fields of an organization [v2 /organizations; v1 of 2026-01-14 /organizations].
// v2's picture_id is from [Pipedrive: API v2 migration guide].
var organizationAttributes = append([]attribute[Organization]{
	same("id", "int", func(o *Organization) any { return o.ID }),
	onlyV1("company_id", func(c *Company, _ *Organization) any { return c.id }),
	same("name", "varchar", func(o *Organization) any { return o.Name }),
	{
		v2: "owner_id", v1: "owner_id", kind: "user",
		value:   func(_ *Company, o *Organization) any { return reference(o.OwnerID) },
		v1Value: func(c *Company, o *Organization) any { return c.userObject(o.OwnerID) },
	},
	same("add_time", "date", func(o *Organization) any { return o.AddTime }),
	same("update_time", "date", func(o *Organization) any { return o.UpdateTime }),
	{
		v2: "is_deleted", v1: "active_flag", kind: "boolean",
		value:   func(_ *Company, o *Organization) any { return o.IsDeleted },
		v1Value: func(_ *Company, o *Organization) any { return !o.IsDeleted },
	},
	{
		v2: "visible_to", v1: "visible_to", kind: "visible_to",
		value:   func(_ *Company, o *Organization) any { return o.VisibleTo },
		v1Value: func(_ *Company, o *Organization) any { return fmt.Sprint(o.VisibleTo) },
	},
	{v2: "address", kind: "address", value: func(_ *Company, o *Organization) any {
		if o.Address == nil {
			return nil
		}
		return o.Address.v2()
	}},
	same("label_ids", "set", func(o *Organization) any { return o.LabelIDs }),
	onlyV1("label", func(_ *Company, o *Organization) any { return firstLabel(o.LabelIDs) }),
	{
		v2: "picture_id", v1: "picture_id", kind: "picture",
		value:   func(_ *Company, o *Organization) any { return o.PictureID },
		v1Value: func(c *Company, o *Organization) any { return c.pictureObject("organization", o.ID, o.PictureID) },
	},
	onlyV2("website", "varchar", func(o *Organization) any { return o.Website }),
	onlyV2("linkedin", "varchar", func(o *Organization) any { return o.LinkedIn }),
	onlyV2("industry", "enum", func(o *Organization) any { return o.Industry }),
	onlyV2("annual_revenue", "double", func(o *Organization) any { return o.AnnualRevenue }),
	onlyV2("employee_count", "int", func(o *Organization) any { return o.EmployeeCount }),

	asked("next_activity_id", "activity", func(o *Organization) any { return o.NextActivityID }),
	asked("last_activity_id", "activity", func(o *Organization) any { return o.LastActivityID }),
	asked("open_deals_count", "int", func(o *Organization) any { return o.Deals.Open }),
	asked("related_open_deals_count", "int", func(o *Organization) any { return o.Deals.RelatedOpen }),
	asked("closed_deals_count", "int", func(o *Organization) any { return o.Deals.Closed }),
	asked("related_closed_deals_count", "int", func(o *Organization) any { return o.Deals.RelatedClosed }),
	asked("email_messages_count", "int", func(o *Organization) any { return o.Activity.EmailMessages }),
	asked("people_count", "int", func(o *Organization) any { return o.PeopleCount }),
	asked("activities_count", "int", func(o *Organization) any { return o.Activity.Activities }),
	asked("done_activities_count", "int", func(o *Organization) any { return o.Activity.Done }),
	asked("undone_activities_count", "int", func(o *Organization) any { return o.Activity.Undone }),
	asked("files_count", "int", func(o *Organization) any { return o.Activity.Files }),
	asked("notes_count", "int", func(o *Organization) any { return o.Activity.Notes }),
	asked("followers_count", "int", func(o *Organization) any { return o.Activity.Followers }),
	asked("won_deals_count", "int", func(o *Organization) any { return o.Deals.Won }),
	asked("related_won_deals_count", "int", func(o *Organization) any { return o.Deals.RelatedWon }),
	asked("lost_deals_count", "int", func(o *Organization) any { return o.Deals.Lost }),
	asked("related_lost_deals_count", "int", func(o *Organization) any { return o.Deals.RelatedLost }),
	{
		v2: "smart_bcc_email", v1: "cc_email", kind: "varchar", optional: true,
		value: func(c *Company, o *Organization) any { return c.bcc("org", o.ID) },
	},

	onlyV1("country_code", func(*Company, *Organization) any { return nil }),
	onlyV1("first_char", func(_ *Company, o *Organization) any { return firstChar(o.Name) }),
	onlyV1("owner_name", func(c *Company, o *Organization) any { return c.userName(o.OwnerID) }),
	onlyV1("next_activity_date", func(*Company, *Organization) any { return nil }),
	onlyV1("next_activity_time", func(*Company, *Organization) any { return nil }),
	onlyV1("last_activity_date", func(*Company, *Organization) any { return nil }),
	onlyV1("address", func(_ *Company, o *Organization) any {
		if o.Address == nil {
			return nil
		}
		return o.Address.Value
	}),
}, v1AddressParts()...)

// v1AddressParts are the flat address fields of v1's organizations.
func v1AddressParts() []attribute[Organization] {
	var as []attribute[Organization]
	for i, p := range (Address{}).parts() {
		as = append(as, onlyV1("address_"+p.name, func(_ *Company, o *Organization) any {
			if o.Address == nil {
				return nil
			}
			return o.Address.parts()[i].value
		}))
	}
	return as
}

func firstChar(name string) any {
	r, _ := utf8.DecodeRuneInString(name)
	if r == utf8.RuneError {
		return ""
	}
	return strings.ToLower(string(r))
}

package simulator

import (
	"fmt"
	"math"
	"strings"
)

// dealAttributes are the fields of a deal [v2 /deals; v1 of 2026-01-14 /deals].
var dealAttributes = []attribute[Deal]{
	same("id", "int", func(d *Deal) any { return d.ID }),
	same("title", "varchar", func(d *Deal) any { return d.Title }),
	{
		v2: "creator_user_id", v1: "creator_user_id", kind: "user",
		value:   func(_ *Company, d *Deal) any { return reference(d.CreatorUserID) },
		v1Value: func(c *Company, d *Deal) any { return c.userObject(d.CreatorUserID) },
	},
	{
		v2: "owner_id", v1: "user_id", kind: "user",
		value:   func(_ *Company, d *Deal) any { return reference(d.OwnerID) },
		v1Value: func(c *Company, d *Deal) any { return c.userObject(d.OwnerID) },
	},
	{v1: "owner_id", export: true, v1Value: func(c *Company, d *Deal) any { return c.userObject(d.OwnerID) }},
	{
		v2: "person_id", v1: "person_id", kind: "people",
		value:   func(_ *Company, d *Deal) any { return reference(d.PersonID) },
		v1Value: func(c *Company, d *Deal) any { return c.personObject(d.PersonID) },
	},
	{
		v2: "org_id", v1: "org_id", kind: "org",
		value:   func(_ *Company, d *Deal) any { return reference(d.OrgID) },
		v1Value: func(c *Company, d *Deal) any { return c.orgObject(d.OrgID) },
	},
	same("stage_id", "stage", func(d *Deal) any { return reference(d.StageID) }),
	same("pipeline_id", "enum", func(d *Deal) any { return reference(d.PipelineID) }),
	same("value", "monetary", func(d *Deal) any { return d.Value }),
	same("currency", "varchar", func(d *Deal) any { return d.Currency }),
	same("archive_time", "date", func(d *Deal) any { return d.ArchiveTime }),
	same("add_time", "date", func(d *Deal) any { return d.AddTime }),
	same("update_time", "date", func(d *Deal) any { return d.UpdateTime }),
	same("stage_change_time", "date", func(d *Deal) any { return d.StageChangeTime }),
	same("status", "status", func(d *Deal) any { return d.Status }),
	same("is_archived", "boolean", func(d *Deal) any { return d.IsArchived }),
	{v2: "is_deleted", v1: "deleted", kind: "boolean", value: func(_ *Company, d *Deal) any { return d.IsDeleted }},
	onlyV1("active", func(_ *Company, d *Deal) any { return d.Status == "open" }),
	same("probability", "double", func(d *Deal) any { return d.Probability }),
	same("lost_reason", "varchar_options", func(d *Deal) any { return d.LostReason }),
	{
		v2: "visible_to", v1: "visible_to", kind: "visible_to",
		value:   func(_ *Company, d *Deal) any { return d.VisibleTo },
		v1Value: func(_ *Company, d *Deal) any { return fmt.Sprint(d.VisibleTo) },
	},
	same("close_time", "date", func(d *Deal) any { return d.CloseTime }),
	same("won_time", "date", func(d *Deal) any { return d.WonTime }),
	same("lost_time", "date", func(d *Deal) any { return d.LostTime }),
	onlyV2("local_won_date", "date", func(d *Deal) any { return d.LocalWonDate }),
	onlyV2("local_lost_date", "date", func(d *Deal) any { return d.LocalLostDate }),
	onlyV2("local_close_date", "date", func(d *Deal) any { return d.LocalCloseDate }),
	same("expected_close_date", "date", func(d *Deal) any { return d.ExpectedCloseDate }),
	{
		v2: "label_ids", v1: "label", kind: "set",
		value:   func(_ *Company, d *Deal) any { return d.LabelIDs },
		v1Value: func(_ *Company, d *Deal) any { return v1Labels(d.LabelIDs) },
	},
	same("origin", "varchar", func(d *Deal) any { return d.Origin }),
	same("origin_id", "varchar", func(d *Deal) any { return d.OriginID }),
	same("channel", "enum", func(d *Deal) any { return d.Channel }),
	same("channel_id", "varchar", func(d *Deal) any { return d.ChannelID }),
	same("acv", "double", func(d *Deal) any { return d.ACV }),
	same("arr", "double", func(d *Deal) any { return d.ARR }),
	same("mrr", "double", func(d *Deal) any { return d.MRR }),

	asked("next_activity_id", "activity", func(d *Deal) any { return d.NextActivityID }),
	asked("last_activity_id", "activity", func(d *Deal) any { return d.LastActivityID }),
	asked("first_won_time", "date", func(d *Deal) any { return d.FirstWonTime }),
	asked("products_count", "int", func(d *Deal) any { return d.ProductsCount }),
	asked("files_count", "int", func(d *Deal) any { return d.FilesCount }),
	asked("notes_count", "int", func(d *Deal) any { return d.NotesCount }),
	asked("followers_count", "int", func(d *Deal) any { return d.FollowersCount }),
	asked("email_messages_count", "int", func(d *Deal) any { return d.EmailMessagesCount }),
	asked("activities_count", "int", func(d *Deal) any { return d.ActivitiesCount }),
	asked("done_activities_count", "int", func(d *Deal) any { return d.DoneActivitiesCount }),
	asked("undone_activities_count", "int", func(d *Deal) any { return d.UndoneActivitiesCount }),
	asked("participants_count", "int", func(d *Deal) any { return d.ParticipantsCount }),
	{
		v2: "last_incoming_mail_time", v1: "last_incoming_mail_time", kind: "date", optional: true,
		value:   func(_ *Company, d *Deal) any { return d.LastIncomingMailTime },
		v1Value: func(_ *Company, d *Deal) any { return v1MailTime(d.ID, d.LastIncomingMailTime) },
	},
	{
		v2: "last_outgoing_mail_time", v1: "last_outgoing_mail_time", kind: "date", optional: true,
		value:   func(_ *Company, d *Deal) any { return d.LastOutgoingMailTime },
		v1Value: func(_ *Company, d *Deal) any { return v1MailTime(d.ID, d.LastOutgoingMailTime) },
	},
	{
		v2: "smart_bcc_email", v1: "cc_email", kind: "varchar", optional: true,
		value: func(c *Company, d *Deal) any { return c.bcc("deal", d.ID) },
	},
	{
		v2: "source_lead_id", kind: "lead", optional: true,
		value: func(_ *Company, d *Deal) any { return d.SourceLeadID },
	},

	onlyV1("stage_order_nr", func(c *Company, d *Deal) any {
		if s := c.stages.rows[d.StageID]; s != nil {
			return s.OrderNr
		}
		return nil
	}),
	onlyV1("person_name", func(c *Company, d *Deal) any { return c.personName(d.PersonID) }),
	onlyV1("org_name", func(c *Company, d *Deal) any { return c.orgName(d.OrgID) }),
	onlyV1("owner_name", func(c *Company, d *Deal) any { return c.userName(d.OwnerID) }),
	onlyV1("next_activity_date", func(*Company, *Deal) any { return nil }),
	onlyV1("next_activity_time", func(*Company, *Deal) any { return nil }),
	onlyV1("last_activity_date", func(*Company, *Deal) any { return nil }),
	onlyV1("formatted_value", func(_ *Company, d *Deal) any { return formatted(d.Value, d.Currency) }),
	onlyV1("weighted_value", func(_ *Company, d *Deal) any { return weighted(d) }),
	onlyV1("formatted_weighted_value", func(_ *Company, d *Deal) any { return formatted(weighted(d), d.Currency) }),
	onlyV1("weighted_value_currency", func(_ *Company, d *Deal) any { return d.Currency }),
	onlyV1("rotten_time", func(*Company, *Deal) any { return nil }),
	onlyV1("org_hidden", func(*Company, *Deal) any { return false }),
	onlyV1("person_hidden", func(*Company, *Deal) any { return false }),
	onlyV1("arr_currency", func(_ *Company, d *Deal) any { return currencyOf(d.ARR, d) }),
	onlyV1("mrr_currency", func(_ *Company, d *Deal) any { return currencyOf(d.MRR, d) }),
	onlyV1("acv_currency", func(_ *Company, d *Deal) any { return currencyOf(d.ACV, d) }),
}

// weighted is value × probability. A deal without its own probability counts in full [Pipedrive: API v2 migration
// guide].
func weighted(d *Deal) float64 {
	if d.Probability == nil {
		return d.Value
	}
	return math.Round(d.Value**d.Probability) / 100
}

func formatted(v float64, currency string) string {
	return strings.TrimSuffix(fmt.Sprintf("%.2f", v), ".00") + " " + currency
}

func currencyOf(v *float64, d *Deal) any {
	if v == nil {
		return nil
	}
	return d.Currency
}

package tables

import (
	"slices"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// mailScopes are the scopes of e-mail; a request needs one of them.
var mailScopes = []string{"mail:read", "mail:full"}

// mailMessageColumns are the columns of a message after its id, whose members are at a path with a prefix. Some differ
// from their members: account_id of the mailbox would be taken for the company's, and from and to are words of SQL.
func mailMessageColumns(prefix string) []table.Column {
	at := func(member string) table.Source { return table.At(prefix + member) }
	return []table.Column{
		{Name: "mail_thread_id", Type: table.Int, Description: "The thread.", V1: at("mail_thread_id")},
		{Name: "mail_account_id", Type: table.Text, Description: "The mailbox.", V1: at("account_id")},
		{Name: "user_id", Type: table.Int, Description: "The user whose message it is.", V1: at("user_id")},
		{Name: "subject", Type: table.Text, Description: "Subject.", V1: at("subject")},
		{Name: "snippet", Type: table.Text, Description: "The beginning of the text.", V1: at("snippet")},
		{Name: "body_url", Type: table.Text, Description: "Address of the text, which needs credentials.", V1: at("body_url")},
		{Name: "from_parties", Type: table.JSON, Description: "Senders: a list of objects with email_address, name and linked_person_id.", V1: at("from")},
		{Name: "to_parties", Type: table.JSON, Description: "Recipients, likewise.", V1: at("to")},
		{Name: "cc", Type: table.JSON, Description: "Recipients of a copy, likewise.", V1: at("cc")},
		{Name: "bcc", Type: table.JSON, Description: "Recipients of a blind copy, likewise.", V1: at("bcc")},
		{Name: "draft", Type: table.Text, Description: "The draft as JSON text; NULL for a message that is none.", V1: at("draft")},
		{Name: "mail_tracking_status", Type: table.Text, Description: "opened or not opened; NULL if opening is not tracked.", V1: at("mail_tracking_status")},
		{Name: "message_time", Type: table.Timestamp, Description: "When the message was written or came in.", V1: at("message_time")},
		{Name: "add_time", Type: table.Timestamp, Description: "When Pipedrive stored the message.", V1: at("add_time")},
		{Name: "update_time", Type: table.Timestamp, Description: "When Pipedrive last changed the message.", V1: at("update_time")},
		{Name: "read_flag", Type: table.Bool, Description: "Whether the user has read the message.", V1: at("read_flag")},
		{Name: "draft_flag", Type: table.Bool, Description: "Whether the message is a draft.", V1: at("draft_flag")},
		{Name: "sent_flag", Type: table.Bool, Description: "Whether the user sent the message.", V1: at("sent_flag")},
		{Name: "sent_from_pipedrive_flag", Type: table.Bool, Description: "Whether the message was sent from Pipedrive.", V1: at("sent_from_pipedrive_flag")},
		{Name: "synced_flag", Type: table.Bool, Description: "Whether the message is in step with the mailbox.", V1: at("synced_flag")},
		{Name: "deleted_flag", Type: table.Bool, Description: "Whether the message is deleted.", V1: at("deleted_flag")},
		{Name: "has_body_flag", Type: table.Bool, Description: "Whether the message has a text.", V1: at("has_body_flag")},
		{Name: "has_attachments_flag", Type: table.Bool, Description: "Whether the message has attachments.", V1: at("has_attachments_flag")},
		{Name: "has_inline_attachments_flag", Type: table.Bool, Description: "Whether the message has attachments in its text.", V1: at("has_inline_attachments_flag")},
		{Name: "has_real_attachments_flag", Type: table.Bool, Description: "Whether the message has attachments beside its text.", V1: at("has_real_attachments_flag")},
		{Name: "smart_bcc_flag", Type: table.Bool, Description: "Whether the message was filed by a copy to the Smart Bcc address.", V1: at("smart_bcc_flag")},
		{Name: "mail_link_tracking_enabled_flag", Type: table.Bool, Description: "Whether clicks on links are tracked.", V1: at("mail_link_tracking_enabled_flag")},
	}
}

func dealMailMessages() *table.Table {
	return &table.Table{
		Records: "deal_mail_messages",
		Title:   "Deal mail messages",
		Description: "E-mail messages of deals, including those that other users share. " +
			"https://developers.pipedrive.com/docs/api/v1/Deals#getDealMailMessages",
		OnRequest:   true,
		Incremental: true,
		Parent:      &table.Parent{Table: deals(), Column: "deal_id", Count: "email_messages_count", Skip: "is_deleted"},
		V1: []pipedrive.Listing{{
			Path: "/v1/deals/{id}/mailMessages", Cost: 20, Paging: pipedrive.Offset, Scopes: mailScopes,
			Parent: pipedrive.Parent{Param: "id", Batch: 1},
		}},
		Columns: slices.Concat([]table.Column{
			parentKey("deal_id", "The deal."),
			{Name: "id", Key: true, Type: table.Int, Description: "The message's id.", V1: table.At("data.id")},
		}, mailMessageColumns("data."), []table.Column{
			{Name: "external_deleted_flag", Type: table.Bool, Description: "Whether the message is deleted in the mailbox.", V1: table.At("data.external_deleted_flag")},
			{Name: "template_id", Type: table.Int, Description: "The template that the message was written from.", V1: table.At("data.template_id")},
			parentTime("deal_update_time", "The deal's update_time when the row was read."),
		}),
	}
}

func mailMessages() *table.Table {
	return &table.Table{
		Records: "mail_messages",
		Title:   "Mail messages",
		Description: "E-mail messages in the mailbox of the token's user, without their texts. " +
			"https://developers.pipedrive.com/docs/api/v1/Mailbox#getMailThreadMessages",
		OnRequest:   true,
		Incremental: true,
		Parent:      &table.Parent{Table: mailThreads(), Column: "mail_thread_id"},
		V1: []pipedrive.Listing{{
			Path: "/v1/mailbox/mailThreads/{id}/mailMessages", Cost: 20, NullIsEmpty: true, Scopes: mailScopes,
			Parent: pipedrive.Parent{Param: "id", Batch: 1},
		}},
		Columns: slices.Concat([]table.Column{
			{Name: "id", Key: true, Type: table.Int, Description: "The message's id."},
		}, mailMessageColumns(""), []table.Column{{
			Name: "thread_update_time", Type: table.Timestamp, Description: "The thread's last_message_timestamp when the row was read.",
			IncrementalKey: true, V2: table.OfParent("last_message_timestamp"), V1: table.OfParent("last_message_timestamp"),
		}}),
	}
}

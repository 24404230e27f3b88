package tables

import (
	"net/url"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func mailThreads() *table.Table {
	// The list is in the order of the last message, newest first, and has no other order.
	in := func(folder string) pipedrive.Listing {
		return pipedrive.Listing{
			Path: "/v1/mailbox/mailThreads", Cost: 20, Paging: pipedrive.Offset, Limit: 100, Silent: true, Scopes: mailScopes,
			NewestFirst: url.Values{}, Filter: url.Values{"folder": {folder}},
		}
	}
	return &table.Table{
		Records: "mail_threads",
		Title:   "Mail threads",
		Description: "Conversations in the mailbox of the token's user. Flags date from the last message: a change of a flag does " +
			"not show before the next message or full refresh. https://developers.pipedrive.com/docs/api/v1/Mailbox#getMailThreads",
		OnRequest:   true,
		Incremental: true,
		Once:        true,
		V1:          []pipedrive.Listing{in("inbox"), in("drafts"), in("sent"), in("archive")},
		Columns: []table.Column{
			{Name: "id", Key: true, Type: table.Int, Description: "The thread's id."},
			{Name: "mail_account_id", Type: table.Text, Description: "The mailbox.", V1: table.At("account_id")},
			{Name: "user_id", Type: table.Int, Description: "The user whose thread it is."},
			{Name: "subject", Type: table.Text, Description: "Subject."},
			{Name: "snippet", Type: table.Text, Description: "The beginning of the last message."},
			{Name: "snippet_draft", Type: table.Text, Description: "The beginning of the last draft."},
			{Name: "snippet_sent", Type: table.Text, Description: "The beginning of the last message that was sent."},
			{Name: "deal_id", Type: table.Int, Description: "The deal that the thread is linked to."},
			{Name: "deal_status", Type: table.Text, Description: "The deal's status."},
			{Name: "lead_id", Type: table.Text, Description: "The lead that the thread is linked to."},
			{Name: "folders", Type: table.JSON, Description: "Folders that have messages of the thread: a list of inbox, drafts, sent and archive."},
			{Name: "parties", Type: table.JSON, Description: "Participants: an object with the lists to and from."},
			{Name: "drafts_parties", Type: table.JSON, Description: "Participants of the drafts."},
			{Name: "version", Type: table.Int, Description: "Pipedrive's number of the thread's version."},
			{Name: "message_count", Type: table.Int, Description: "Number of messages."},
			{Name: "mail_tracking_status", Type: table.Text, Description: "opened or not opened; NULL if opening is not tracked."},
			{Name: "first_message_timestamp", Type: table.Timestamp, Description: "When the first message was written or came in."},
			{Name: "last_message_timestamp", Type: table.Timestamp, Description: "When the last message was written or came in.", IncrementalKey: true},
			{Name: "last_message_sent_timestamp", Type: table.Timestamp, Description: "When the user last sent a message."},
			{Name: "last_message_received_timestamp", Type: table.Timestamp, Description: "When a message last came in."},
			{Name: "add_time", Type: table.Timestamp, Description: "When Pipedrive stored the thread."},
			{Name: "update_time", Type: table.Timestamp, Description: "When Pipedrive last changed the thread."},
			{Name: "read_flag", Type: table.Bool, Description: "Whether the user has read the thread."},
			{Name: "has_attachments_flag", Type: table.Bool, Description: "Whether the thread has attachments."},
			{Name: "has_inline_attachments_flag", Type: table.Bool, Description: "Whether it has attachments in the text of a message."},
			{Name: "has_real_attachments_flag", Type: table.Bool, Description: "Whether it has attachments beside the text of a message."},
			{Name: "has_draft_flag", Type: table.Bool, Description: "Whether it has a draft."},
			{Name: "has_sent_flag", Type: table.Bool, Description: "Whether it has a message that the user sent."},
			{Name: "archived_flag", Type: table.Bool, Description: "Whether the thread is archived."},
			{Name: "deleted_flag", Type: table.Bool, Description: "Whether the thread is deleted."},
			{Name: "shared_flag", Type: table.Bool, Description: "Whether the user shares the thread."},
			{Name: "synced_flag", Type: table.Bool, Description: "Whether the thread is in step with the mailbox."},
			{Name: "smart_bcc_flag", Type: table.Bool, Description: "Whether a message was filed by a copy to the Smart Bcc address."},
			{Name: "external_deleted_flag", Type: table.Bool, Description: "Whether the thread is deleted in the mailbox."},
			{Name: "first_message_to_me_flag", Type: table.Bool, Description: "Whether somebody else began the thread."},
			{Name: "mail_link_tracking_enabled_flag", Type: table.Bool, Description: "Whether clicks on links are tracked."},
			{Name: "all_messages_sent_flag", Type: table.Bool, Description: "Whether the user sent all messages."},
		},
	}
}

package simulator

import (
	"fmt"
	"slices"
	"time"
)

var mailScopes = []string{"mail:read", "mail:full"}

// dealMailMessages are [v1 /deals/{id}/mailMessages], one request per deal. The record is the member data of the element.
var dealMailMessages = &kind{
	name: "deal_mail_messages", text: "subject", grain: time.Millisecond,
	parent: "deals", member: "deal_id", parentTime: "deal_update_time",
	counter: func(c *Company, deal int64) *int64 { return &c.deals.rows[deal].EmailMessagesCount },
	drawn: func(g *generator) []int64 {
		return repeated(g.c.deals, func(d *Deal) int { return int(d.EmailMessagesCount) })
	},
	lists: []listed{{
		path: "/v1/deals/{id}/mailMessages", cost: 20, scopes: mailScopes, paging: offsets, filters: ofOne("deal_id"),
		refused: []string{"include_body"},
	}},
	fields: slices.Concat([]field{
		{name: "object", draw: always("mailMessage"), hidden: true},
		{name: "timestamp", of: func(e *entry) any { return e.add }, hidden: true},
		{name: "deal_id", draw: parent, form: gone},
	}, mailMessageFields("data."), []field{
		{name: "external_deleted_flag", at: "data.external_deleted_flag", draw: flag(0.1)},
		{name: "template_id", at: "data.template_id", draw: sometimes(0.1, upTo(9))},
		{name: "item_type", at: "data.item_type", draw: always("mailMessage"), hidden: true},
	}),
}

// mailMessageFields are those of a message whose members are at a path that begins with a prefix. Its flags are 0 and 1.
func mailMessageFields(prefix string) []field {
	fields := []field{
		key("id"),
		{name: "mail_thread_id", draw: thread},
		{name: "mail_account_id", at: "account_id", draw: always("ao5gpry0zykr1")},
		{name: "user_id", draw: related("users")},
		{name: "subject", draw: anyOf(dealNouns...)},
		{name: "snippet", draw: sometimes(0.9, anyOf(noteOpenings...)), form: blank},
		{name: "body_url", draw: func(d *draws) any { return fmt.Sprintf("https://mail.example.com/%d", d.entry.number) }},
		{name: "from_parties", at: "from", draw: parties(1)},
		{name: "to_parties", at: "to", draw: parties(2)},
		{name: "cc", draw: parties(0)},
		{name: "bcc", draw: parties(0)},
		{name: "draft", form: blank},
		{name: "mail_tracking_status", draw: sometimes(0.3, anyOf("opened", "not opened"))},
		{name: "message_time", draw: since, form: millis},
		addTime().as(millis), updateTime().as(millis),
	}
	fields = append(fields, flags(
		"read_flag", "draft_flag", "sent_flag", "sent_from_pipedrive_flag", "synced_flag", "deleted_flag", "has_body_flag",
		"has_attachments_flag", "has_inline_attachments_flag", "has_real_attachments_flag", "smart_bcc_flag",
		"mail_link_tracking_enabled_flag",
	)...)
	for i := range fields {
		fields[i].at = prefix + fields[i].path()
	}
	return fields
}

// thread is the message's parent, or any thread if the parent is a deal.
func thread(d *draws) any {
	if d.entry.kind.parent == "mail_threads" {
		return d.parent
	}
	return int64(1 + d.r.IntN(50))
}

// flags are fields that the API writes as 0 and 1.
func flags(names ...string) (fields []field) {
	for _, name := range names {
		fields = append(fields, field{name: name, draw: flag(0.5), form: bit})
	}
	return fields
}

// parties draws up to most participants of a message, and at least one fewer.
func parties(most int) draw {
	return func(d *draws) any {
		list := []map[string]any{}
		for i := range most - d.r.IntN(2) {
			list = append(list, map[string]any{
				"id": int64(i + 1), "email_address": fmt.Sprintf("guest%d@example.com", i+1), "name": pick(d.generator, firstNames),
				"linked_person_id": int64(1), "linked_person_name": "", "mail_message_party_id": d.entry.number,
			})
		}
		return list
	}
}

// mailThreads are [v1 /mailbox/mailThreads]. A thread can be in several folders. Each change of a thread is a new
// message.
var mailThreads = &kind{
	name: "mail_threads", text: "subject", grain: time.Millisecond, count: few(40), given: map[string]any{"folders": []string{"inbox"}},
	lists: []listed{{
		path: "/v1/mailbox/mailThreads", cost: 20, scopes: mailScopes, paging: silent,
		filters: []filter{{"folder", true, inFolder}},
	}},
	fields: slices.Concat([]field{
		key("id"),
		{name: "mail_account_id", at: "account_id", draw: always("ao5gpry0zykr1")},
		{name: "user_id", draw: always(int64(1))},
		{name: "subject", draw: anyOf(dealNouns...)},
		{name: "snippet", draw: sometimes(0.9, anyOf(noteOpenings...)), form: blank},
		{name: "snippet_draft", draw: sometimes(0.1, anyOf(noteOpenings...))},
		{name: "snippet_sent", draw: sometimes(0.4, anyOf(noteOpenings...)), form: blank},
		{name: "deal_id", draw: sometimes(0.5, related("deals"))},
		{name: "deal_status", draw: sometimes(0.5, anyOf("open", "won", "lost"))},
		{name: "lead_id", draw: sometimes(0.1, related("leads"))},
		{name: "folders", draw: anyOf(
			[]string{"inbox"}, []string{"inbox", "sent"}, []string{"archive"}, []string{"drafts", "sent"}, []string{"sent"},
		)},
		{name: "parties", draw: func(d *draws) any {
			return map[string]any{"to": parties(1)(d), "from": parties(2)(d)}
		}},
		{name: "drafts_parties", draw: always([]map[string]any{})},
		{name: "version", draw: upTo(9)},
		{name: "message_count", draw: upTo(5)},
		{name: "mail_tracking_status", draw: sometimes(0.3, anyOf("opened", "not opened"))},
		{name: "first_message_timestamp", of: func(e *entry) any { return e.add }, form: millis},
		lastMessage(),
		{name: "last_message_sent_timestamp", draw: sometimes(0.4, since), form: millis},
		{name: "last_message_received_timestamp", draw: sometimes(0.8, since), form: millis},
		addTime().as(millis), updateTime().as(millis),
	}, flags(
		"read_flag", "has_attachments_flag", "has_inline_attachments_flag", "has_real_attachments_flag", "has_draft_flag", "has_sent_flag",
		"archived_flag", "deleted_flag", "shared_flag", "synced_flag", "smart_bcc_flag", "external_deleted_flag",
		"first_message_to_me_flag", "mail_link_tracking_enabled_flag", "all_messages_sent_flag",
	)),
}

// lastMessage is the time of a thread's last message.
func lastMessage() field {
	f := updateTime().as(millis)
	f.name = "last_message_timestamp"
	return f
}

// inFolder keeps the threads of a folder.
func inFolder(value string) (func(*entry) bool, *refusal) {
	if !slices.Contains([]string{"inbox", "drafts", "sent", "archive"}, value) {
		return nil, invalid("there is no folder %q", value)
	}
	return func(e *entry) bool {
		folders, _ := e.get("folders").([]string)
		return slices.Contains(folders, value)
	}, nil
}

// mailMessages are [v1 /mailbox/mailThreads/{id}/mailMessages], one request per thread.
var mailMessages = &kind{
	name: "mail_messages", text: "subject", parent: "mail_threads", member: "mail_thread_id", parentTime: "thread_update_time",
	grain: time.Millisecond,
	drawn: func(g *generator) []int64 {
		return repeatedNumbers(g, "mail_threads", func(thread int64) int { return int(1 + thread%3) })
	},
	lists: []listed{{
		path: "/v1/mailbox/mailThreads/{id}/mailMessages", cost: 20, scopes: mailScopes, filters: ofOne("mail_thread_id"),
	}},
	fields: mailMessageFields(""),
}

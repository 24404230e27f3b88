package simulator

import (
	"fmt"
	"time"
)

// callLogs are [v1 /callLogs], 50 per page.
var callLogs = &kind{
	name: "call_logs", id: hexID, text: "note", count: func(cfg Config) int { return cfg.Deals / 10 }, grain: time.Millisecond,
	lists: []listed{{path: "/v1/callLogs", cost: 20, scopes: []string{"phone-integration"}, paging: offsets, limit: 50}},
	fields: []field{
		key("id"),
		{name: "user_id", draw: always(int64(1))},
		{name: "activity_id", draw: sometimes(0.6, related("activities"))},
		{name: "subject", draw: sometimes(0.6, anyOf(dealNouns...))},
		{name: "duration", draw: upTo(3600), form: digits},
		{name: "outcome", draw: anyOf("connected", "no_answer", "left_message", "left_voicemail", "wrong_number", "busy")},
		{name: "from_phone_number", draw: sometimes(0.8, func(d *draws) any { return fmt.Sprintf("+372%08d", d.r.IntN(1e8)) })},
		{name: "to_phone_number", draw: func(d *draws) any { return fmt.Sprintf("+372%08d", d.r.IntN(1e8)) }},
		{name: "start_time", of: func(e *entry) any { return e.add }, form: millis},
		{name: "end_time", draw: since, form: millis},
		{name: "person_id", draw: sometimes(0.7, related("persons"))},
		{name: "org_id", draw: sometimes(0.5, related("organizations"))},
		{name: "deal_id", draw: sometimes(0.4, related("deals"))},
		{name: "lead_id", draw: sometimes(0.1, related("leads"))},
		{name: "note", draw: sometimes(0.5, anyOf(noteOpenings...))},
		{name: "has_recording", draw: flag(0.2)},
		{name: "company_id", draw: func(d *draws) any { return d.CompanyID }, hidden: true},
	},
}

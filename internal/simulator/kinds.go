package simulator

import (
	"fmt"
	"slices"
	"time"
)

var (
	activityScopes = []string{"activities:read", "activities:full"}
	leadScopes     = []string{"leads:read", "leads:full"}
	productScopes  = []string{"products:read", "products:full"}
	projectScopes  = []string{"projects:read", "projects:full"}
	admin          = []string{"admin"}
	fileScopes     = slices.Concat(dealScopes, activityScopes, contactScopes)

	leadSorts   = []string{"id", "title", "owner_id", "creator_id", "was_seen", "expected_close_date", "next_activity_id", "add_time", "update_time"}
	leadRefused = []string{"owner_id", "person_id", "organization_id", "filter_id"}
	frequencies = []string{"one-time", "annually", "semi-annually", "quarterly", "monthly", "weekly"}
	firms       = []string{"sales", "global"}
)

// kinds are the declared kinds. [v1 …] and [v2 …] of their lists are the
// vendor's OpenAPI files.
var kinds = []*kind{
	activities, activityTypes, leads, leadLabels, leadSources, products, roles, permissionSets, filters, currencyList, files, goals,
	projects, projectBoards, projectPhases, projectTemplates, tasks, dealProducts, dealInstallments,
	dealDiscounts, dealFollowers, dealParticipants, personFollowers, organizationFollowers, productVariations, noteComments,
	teams, roleAssignments, roleSettings, callLogs, organizationRelationships, goalResults, dealMailMessages,
	mailThreads, mailMessages,
	dealChangelog, personChangelog, organizationChangelog, projectChangelog,
}

// parts are the kinds whose records are a part of another kind's.
var parts = []*kind{dealStageChanges}

func few(n int) func(Config) int { return func(Config) int { return n } }

// activities are [v2 /activities].
var activities = &kind{
	name: "activities", text: "subject", owned: true, describes: "activity",
	count: func(cfg Config) int { return cfg.Deals + cfg.Persons/2 },
	lists: []listed{{
		path: "/api/v2/activities", cost: 10, scopes: activityScopes, paging: cursors, sorts: append(slices.Clone(v2Times), "due_date"),
		dated: true, lacks: []string{"custom_fields"}, ids: true,
		refused: []string{"filter_id", "owner_id", "deal_id", "lead_id", "person_id", "org_id", "done"},
	}},
	fields: []field{
		key("id").typed("int"),
		field{name: "subject", draw: anyOf(dealNouns...)}.typed("varchar"),
		field{name: "type", draw: anyOf(activityKeys...)}.typed("enum"),
		field{name: "owner_id", draw: related("users")}.typed("user"),
		field{name: "creator_user_id", draw: related("users")}.typed("user"),
		isRemoved("is_deleted"),
		addTime().typed("date"), updateTime().typed("date"),
		field{name: "deal_id", draw: sometimes(0.6, related("deals"))}.typed("deal"),
		field{name: "lead_id", draw: sometimes(0.1, related("leads"))}.typed("lead"),
		field{name: "person_id", draw: sometimes(0.5, related("persons"))}.typed("people"),
		field{name: "org_id", draw: sometimes(0.4, related("organizations"))}.typed("org"),
		field{name: "project_id", draw: sometimes(0.05, related("projects"))}.typed("project"),
		field{name: "due_date", draw: sometimes(0.95, someDay)}.typed("date"),
		field{name: "due_time", draw: sometimes(0.6, func(d *draws) any { return d.clockTime() }), form: blank}.typed("time"),
		field{name: "duration", draw: sometimes(0.4, anyOf("00:15:00", "01:00:00", "00:45")), form: blank}.typed("time"),
		field{name: "busy", draw: sometimes(0.9, flag(0.5))}.typed("boolean"),
		field{name: "done", draw: flag(0.7)}.typed("boolean"),
		{name: "marked_as_done_time", draw: sometimes(0.9, since)},
		field{name: "location", at: "location.value"}.typed("varchar"),
		{name: "location_country", at: "location.country"},
		{name: "location_admin_area_level_1", at: "location.admin_area_level_1"},
		{name: "location_admin_area_level_2", at: "location.admin_area_level_2"},
		{name: "location_locality", at: "location.locality"},
		{name: "location_sublocality", at: "location.sublocality"},
		{name: "location_route", at: "location.route"},
		{name: "location_street_number", at: "location.street_number"},
		{name: "location_subpremise", at: "location.subpremise"},
		{name: "location_postal_code", at: "location.postal_code"},
		field{name: "participants", draw: maybeList(0.5, func(d *draws) []map[string]any {
			return []map[string]any{{"person_id": int64(1), "primary": true}, {"person_id": int64(2 + d.r.IntN(9)), "primary": false}}
		})}.typed("people"),
		{name: "attendees", optional: true, draw: maybeList(0.3, func(d *draws) []map[string]any {
			return []map[string]any{
				{"email": "guest@example.com", "name": pick(d.generator, firstNames), "status": "accepted", "is_organizer": false, "person_id": nil, "user_id": nil},
				{"email": "user1@example.com", "name": userNames[0], "status": "noreply", "is_organizer": true, "person_id": nil, "user_id": int64(1)},
			}
		})},
		{name: "conference_meeting_client", draw: sometimes(0.1, always("google_meet"))},
		{name: "conference_meeting_url", draw: sometimes(0.1, always("https://meet.example.com/abc-xyz"))},
		{name: "conference_meeting_id", draw: sometimes(0.1, always("abc-xyz"))},
		field{name: "public_description", draw: sometimes(0.2, anyOf(noteOpenings...))}.typed("text"),
		field{name: "priority", draw: sometimes(0.2, upTo(3))}.typed("enum"),
		field{name: "note", draw: sometimes(0.4, anyOf(noteOpenings...))}.typed("text"),
		{name: "outcome", draw: sometimes(0.1, upTo(9)), form: left},
		{name: "private", draw: sometimes(0.1, flag(0.5)), form: left},
	},
	finish: func(d *draws) {
		if d.entry.get("done") == false {
			d.set("marked_as_done_time", nil)
		}
		if !d.chance(0.2) {
			return
		}
		a := d.address()
		d.set("location", a.Value)
		for _, p := range a.parts() {
			if name := "location_" + p.name; p.value != "" && d.entry.kind.has(name) {
				d.set(name, p.value)
			}
		}
	},
}

var activityKeys = []string{"call", "meeting", "task", "deadline", "email", "lunch", "demo"}

// activityTypes are [v1 /activityTypes]. The answer has no update_time for a type that never changed.
var activityTypes = &kind{
	name: "activity_types", text: "name", count: few(len(activityKeys)),
	lists: []listed{{path: "/v1/activityTypes", cost: 20, scopes: append(slices.Clone(activityScopes), "admin")}},
	fields: []field{
		key("id"),
		{name: "order_nr", draw: place},
		{name: "name", draw: inTurn("Call", "Kohtumine", "Задача", "Deadline", "E-mail", "Lunch 🍲", "Demo")},
		{name: "key_string", draw: inTurn(activityKeys...)},
		{name: "icon_key", draw: inTurn("call", "meeting", "task", "deadline", "email", "lunch", "camera")},
		{name: "active_flag", draw: inTurn(true, true, true, true, true, true, false)},
		{name: "color", draw: inTurn[any]("FFFFFF", nil), form: left},
		{name: "is_custom_flag", draw: inTurn(false, false, false, false, false, false, true)},
		addTime(), updateTime().as(left),
	},
}

// leads are [v1 /leads; v1 /leads/archived]. They have the deals' custom fields, without the unset ones.
var leads = &kind{
	name: "leads", id: uuid, text: "title", entity: "deal", owned: true, describes: "lead", grain: time.Millisecond, archived: 0.3,
	count: func(cfg Config) int { return cfg.Deals / 4 },
	lists: []listed{
		{path: "/v1/leads", cost: 20, scopes: leadScopes, paging: flatOffset, sorts: leadSorts, dated: true, refused: leadRefused},
		{path: "/v1/leads/archived", cost: 40, scopes: leadScopes, paging: flatOffset, sorts: leadSorts, refused: leadRefused, archive: true},
	},
	fields: []field{
		key("id"),
		field{name: "title", draw: anyOf(dealNouns...)}.typed("varchar"),
		field{name: "owner_id", draw: related("users")}.typed("user"),
		field{name: "creator_id", draw: related("users")}.typed("user"),
		field{name: "label_ids", draw: relatedList("lead_labels", 3)}.typed("set"),
		field{name: "person_id", draw: sometimes(0.7, related("persons"))}.typed("people"),
		field{name: "organization_id", draw: sometimes(0.5, related("organizations"))}.typed("org"),
		field{name: "source_name", draw: anyOf("Manually created", "API", "Web forms")}.typed("varchar"),
		field{name: "origin", draw: anyOf("ManuallyCreated", "API", "WebForms")}.typed("varchar"),
		{name: "origin_id", draw: sometimes(0.1, anyOf("77", "a-1"))},
		field{name: "channel", draw: sometimes(0.2, anyOf[int64](52, 53))}.typed("enum"),
		{name: "channel_id", draw: sometimes(0.1, always("Jun23 Billboards"))},
		{name: "source_deal_id", draw: sometimes(0.05, related("deals"))},
		isArchived().typed("boolean"),
		field{name: "was_seen", draw: flag(0.8)}.typed("boolean"),
		field{name: "value", at: "value.amount", draw: money}.typed("monetary"),
		{name: "currency", at: "value.currency", draw: anyOf(currencies...)},
		field{name: "expected_close_date", draw: sometimes(0.4, someDay)}.typed("date"),
		{name: "next_activity_id", draw: sometimes(0.3, related("activities"))},
		addTime().as(millis).typed("date"), updateTime().as(millis).typed("date"),
		field{name: "visible_to", draw: anyOf[int64](1, 3, 3, 5, 7), form: digits}.typed("visible_to"),
		{name: "cc_email", draw: func(d *draws) any {
			return fmt.Sprintf("company%d+lead%d@pipedrivemail.com", d.CompanyID, d.entry.number)
		}},
	},
	finish: func(d *draws) {
		if d.chance(0.3) {
			d.set("value", nil)
			d.set("currency", nil)
		}
	},
}

// leadLabels are [v1 /leadLabels].
var leadLabels = &kind{
	name: "lead_labels", id: uuid, text: "name", count: few(5), grain: time.Millisecond,
	lists: []listed{{path: "/v1/leadLabels", cost: 10, scopes: leadScopes}},
	fields: []field{
		key("id"),
		{name: "name", draw: inTurn("Hot", "Warm", "Külm", "Холодный", "其他")},
		{name: "color", draw: inTurn("red", "yellow", "blue", "dark-gray", "green")},
		addTime().as(millis), updateTime().as(millis),
	},
}

// leadSources are [v1 /leadSources]. They have only a name, by which leads refer to them.
var leadSources = &kind{
	name: "lead_sources", text: "name", count: few(3),
	lists:  []listed{{path: "/v1/leadSources", cost: 2, scopes: leadScopes}},
	fields: []field{{name: "name", draw: inTurn("Manually created", "API", "Web forms")}},
}

// products are [v2 /products], which has neither updated_until nor
// include_fields.
var products = &kind{
	name: "products", text: "name", entity: "product", owned: true, describes: "product",
	count: func(cfg Config) int { return cfg.Deals / 20 },
	lists: []listed{{
		path: "/api/v2/products", cost: 10, scopes: productScopes, paging: cursors, sorts: append(slices.Clone(v2Times), "name"), dated: true,
		lacks: []string{"updated_until", "include_fields"}, ids: true,
		refused: []string{"owner_id", "filter_id"},
	}},
	fields: []field{
		key("id").typed("int"),
		field{name: "name", draw: anyOf(dealNouns...)}.typed("varchar"),
		field{name: "code", draw: sometimes(0.7, func(d *draws) any { return fmt.Sprintf("P-%d", d.entry.number) })}.typed("varchar"),
		field{name: "description", draw: sometimes(0.3, anyOf(noteOpenings...))}.typed("text"),
		field{name: "unit", draw: sometimes(0.5, anyOf("tk", "h", "kg")), form: blank}.typed("varchar"),
		field{name: "tax", draw: anyOf(0.0, 20.0, 22.5)}.typed("double"),
		field{name: "category", draw: sometimes(0.6, anyOf("Retail", "28"))}.typed("enum"),
		isRemoved("is_deleted"),
		field{name: "is_linkable", draw: flag(0.9)}.typed("boolean"),
		field{name: "visible_to", draw: anyOf[int64](1, 3, 3, 5, 7)}.typed("visible_to"),
		field{name: "owner_id", draw: related("users")}.typed("user"),
		addTime().typed("date"), updateTime().typed("date"),
		field{name: "billing_frequency", draw: anyOf(frequencies...)}.typed("billing_frequency"),
		field{name: "billing_frequency_cycles", draw: sometimes(0.3, upTo(24))}.typed("int"),
		{name: "prices", draw: pricesOf("product_id")},
	},
}

// pricesOf draws a list of prices, one for each currency, given the member with the number of the record that has them.
func pricesOf(member string) draw {
	return func(d *draws) any {
		prices := []map[string]any{}
		for _, currency := range []string{"EUR", "USD", "JPY"}[:d.r.IntN(4)] {
			prices = append(prices, map[string]any{
				member: d.entry.number, "price": money(d), "currency": currency, "cost": money(d), "direct_cost": nil, "notes": "",
			})
		}
		return prices
	}
}

// roles are [v1 /roles], whose counts are texts.
var roles = &kind{
	name: "roles", text: "name", count: few(4),
	lists: []listed{{path: "/v1/roles", cost: 20, scopes: admin, gate: "admin", paging: offsets}},
	fields: []field{
		key("id"),
		{name: "parent_role_id", draw: inTurn[any](nil, int64(1), int64(1), int64(2))},
		{name: "name", draw: inTurn("(Unassigned users)", "Müük", "Support", "Крупные клиенты")},
		{name: "description", draw: inTurn[any](nil, "müüjad", nil, nil), form: left},
		{name: "active_flag", draw: always(true)},
		{name: "level", draw: inTurn[int64](1, 2, 2, 3)},
		{name: "assignment_count", of: func(e *entry) any { return e.children }, form: digits},
		{name: "sub_role_count", draw: inTurn[int64](2, 1, 0, 0), form: digits},
	},
}

// teams are [v1 /legacyTeams], whose flags are 0 and 1.
var teams = &kind{
	name: "teams", text: "name", count: few(4),
	lists: []listed{{path: "/v1/legacyTeams", cost: 20, scopes: []string{"users:read"}, gate: "teams", refused: []string{"order_by", "skip_users"}}},
	fields: []field{
		key("id"),
		{name: "name", draw: inTurn("Closers", "Müük", "Поддержка", "Former")},
		{name: "description", draw: inTurn("Berlin office", "", "Поддержка", "2019")},
		{name: "manager_id", draw: inTurn[int64](1, 2, 2, 3)},
		{name: "users", draw: inTurn([]int64{1, 2, 3}, []int64{2, 4}, []int64{}, []int64{5})},
		{name: "active_flag", draw: inTurn(true, true, true, false), form: bit},
		{name: "deleted_flag", draw: inTurn(false, false, false, true), form: bit},
		addTime(),
		{name: "created_by_user_id", draw: always(int64(1))},
	},
}

// permissionSets are [v1 /permissionSets].
var permissionSets = &kind{
	name: "permission_sets", text: "name", count: few(4),
	id: func(company int64, kind string, n int64) any {
		if n <= 2 { // those of the users
			return usualSets[n-1]
		}
		return uuid(company, kind, n)
	},
	lists: []listed{{path: "/v1/permissionSets", cost: 20, scopes: admin, gate: "admin", refused: []string{"app"}}},
	fields: []field{
		key("id"),
		{name: "name", draw: inTurn("Deals admin", "Global admin", "Deals regular user", "Global regular user")},
		{name: "description", draw: inTurn("See and edit all sales data", "", "See and edit deals", "õigused")},
		{name: "app", draw: inTurn(firms...)},
		{name: "type", draw: inTurn("admin", "admin", "regular", "regular")},
		{name: "assignment_count", draw: inTurn[int64](1, 1, 11, 11)},
	},
}

// filters are [v1 /filters].
var filters = &kind{
	name: "filters", text: "name", count: few(12),
	lists: []listed{{path: "/v1/filters", cost: 20, scopes: fileScopes, refused: []string{"type"}}},
	fields: []field{
		key("id"),
		{name: "name", draw: anyOf("All open deals", "Minu «tehingud»", "Все", "New this week")},
		{name: "filter_code", draw: sometimes(0.3, always("all_open"))},
		{name: "is_editable", draw: flag(0.8)},
		{name: "active_flag", draw: flag(0.9)},
		{name: "type", draw: anyOf("deals", "leads", "org", "people", "products", "activity", "projects")},
		{name: "temporary_flag", draw: sometimes(0.2, always(true))},
		{name: "user_id", draw: related("users")},
		addTime(), updateTime(),
		{name: "visible_to", draw: anyOf[int64](1, 7), form: digits},
		{name: "last_used_time", draw: sometimes(0.5, since)},
		{name: "custom_view_id", draw: sometimes(0.3, upTo(9))},
	},
}

// currencyList are [v1 /currencies].
var currencyList = &kind{
	name: "currencies", text: "name", count: few(6),
	lists: []listed{{path: "/v1/currencies", cost: 20, refused: []string{"term"}}},
	fields: []field{
		key("id"),
		{name: "code", draw: inTurn("EUR", "USD", "GBP", "JPY", "BHD", "XPT")},
		{name: "name", draw: inTurn("Euro", "US Dollar", "Pound Sterling", "Japanese Yen", "Bahraini Dinar", "Punktid")},
		{name: "decimal_points", draw: inTurn[int64](2, 2, 2, 0, 3, 0)},
		{name: "symbol", draw: inTurn("€", "$", "£", "¥", "BD", "p")},
		{name: "active_flag", draw: always(true)},
		{name: "is_custom_flag", draw: inTurn(false, false, false, false, false, true)},
	},
}

// files are [v1 /files], 100 per page. An absent value is an empty text.
var files = &kind{
	name: "files", text: "description", count: func(cfg Config) int { return cfg.Deals / 2 },
	lists: []listed{{path: "/v1/files", cost: 20, scopes: fileScopes, paging: offsets, limit: 100, sorts: []string{"id", "update_time"}}},
	fields: []field{
		key("id"),
		{name: "user_id", draw: related("users")},
		{name: "deal_id", draw: sometimes(0.5, related("deals"))},
		{name: "person_id", draw: sometimes(0.3, related("persons"))},
		{name: "org_id", draw: sometimes(0.3, related("organizations"))},
		{name: "product_id", draw: sometimes(0.1, related("products"))},
		{name: "activity_id", draw: sometimes(0.1, related("activities"))},
		{name: "lead_id", draw: sometimes(0.1, related("leads"))},
		{name: "project_id", draw: sometimes(0.05, related("projects"))},
		{name: "log_id"},
		{name: "mail_message_id", draw: sometimes(0.1, always("4711")), form: blank},
		{name: "mail_template_id", form: blank},
		addTime(), updateTime(),
		{name: "name", draw: anyOf("pakkumine.pdf", "Договор.docx", "photo 1.jpg")},
		{name: "file_name", draw: func(d *draws) any { return fmt.Sprintf("file_%x.bin", d.entry.number) }},
		{name: "file_type", draw: anyOf("pdf", "doc", "img")},
		{name: "file_size", draw: upTo(8_000_000)},
		{name: "description", draw: sometimes(0.2, anyOf(noteOpenings...)), form: blank},
		{name: "active_flag", draw: flag(0.98)},
		{name: "inline_flag", draw: flag(0.1)},
		{name: "remote_location", draw: sometimes(0.1, always("googledocs")), form: blank},
		{name: "remote_id", draw: sometimes(0.1, always("1mT6jshiv")), form: blank},
		{name: "cid", form: blank},
		{name: "s3_bucket", form: blank},
		{name: "url", draw: func(d *draws) any {
			return fmt.Sprintf("https://company%d.pipedrive.com/v1/files/%d/download", d.CompanyID, d.entry.number)
		}},
		{name: "deal_name", draw: sometimes(0.4, anyOf(dealNouns...)), form: blank},
		{name: "person_name", draw: sometimes(0.3, anyOf(firstNames...)), form: blank},
		{name: "org_name", draw: sometimes(0.3, anyOf(orgNames...)), form: blank},
		{name: "product_name", form: blank},
		{name: "lead_name", form: blank},
		{name: "project_name", form: blank},
	},
}

// goals are [v1 /goals/find]. Without a filter, the list has only the goals of the token's owner.
var goals = &kind{
	name: "goals", id: hexID, text: "title", count: few(20),
	given: map[string]any{"expected_tracking_metric": "quantity", "duration_start": Date("2024-01-01")},
	lists: []listed{{
		path: "/v1/goals/find", cost: 20, scopes: []string{"goals:read", "goals:full"}, member: "goals",
		filters: []filter{{"expected_outcome.tracking_metric", false, among("expected_tracking_metric", "quantity", "sum")}},
		refused: []string{
			"type.name", "title", "is_active", "assignee.id", "assignee.type", "expected_outcome.target", "expected_outcome.currency_id",
			"type.params.pipeline_id", "type.params.stage_id", "type.params.activity_type_id", "period.start", "period.end",
		},
		otherwise: func(c *Company) func(*entry) bool {
			return func(e *entry) bool { return e.get("owner_id") == any(c.me()) }
		},
	}},
	fields: []field{
		key("id"),
		{name: "owner_id", draw: related("users")},
		{name: "title", draw: anyOf("Kvartal", "Цель", "New deals")},
		{name: "type", at: "type.name", draw: anyOf("deals_won", "deals_progressed", "activities_completed", "activities_added", "deals_started")},
		{name: "pipeline_ids", at: "type.params.pipeline_id", draw: sometimes(0.5, relatedList("pipelines", 2))},
		{name: "stage_id", at: "type.params.stage_id", draw: sometimes(0.2, upTo(5)), form: left},
		{name: "activity_type_ids", at: "type.params.activity_type_id", draw: sometimes(0.4, relatedList("activity_types", 2))},
		{name: "assignee_id", at: "assignee.id", draw: related("users")},
		{name: "assignee_type", at: "assignee.type", draw: anyOf("person", "company", "team")},
		{name: "interval", draw: anyOf("weekly", "monthly", "quarterly", "yearly")},
		{name: "duration_start", at: "duration.start", draw: someDay},
		{name: "duration_end", at: "duration.end", draw: sometimes(0.6, someDay)},
		{name: "expected_target", at: "expected_outcome.target", draw: func(d *draws) any { return float64(1 + d.r.IntN(500)) }},
		{name: "expected_tracking_metric", at: "expected_outcome.tracking_metric", draw: anyOf("quantity", "sum")},
		{name: "expected_currency_id", at: "expected_outcome.currency_id", draw: sometimes(0.3, related("currencies")), form: left},
		{name: "is_active", draw: flag(0.8)},
		{name: "report_ids", draw: anyOf[any]([]string{}, []string{"f37bd66a2ab64d28ff6a9b6d2289813a"})},
	},
}

// projects are [v2 /projects; v2 /projects/archived], a part of the Projects add-on.
var projects = &kind{
	name: "projects", text: "description", entity: "project", owned: true, describes: "project", grain: time.Millisecond,
	archived: 0.2, recoverable: true, count: few(30),
	lists: []listed{
		{
			path: "/api/v2/projects", cost: 10, scopes: projectScopes, gate: "projects", paging: cursors,
			filters: []filter{{"status", false, among("status", projectStatuses...)}},
			refused: []string{"filter_id", "phase_id", "deal_id", "person_id", "org_id"},
		},
		{
			path: "/api/v2/projects/archived", cost: 10, scopes: projectScopes, gate: "projects", paging: cursors, archive: true,
			filters: []filter{{"status", false, among("status", projectStatuses...)}},
			refused: []string{"filter_id", "phase_id"},
		},
	},
	fields: []field{
		key("id").typed("int"),
		field{name: "title", draw: anyOf(dealNouns...)}.typed("varchar"),
		field{name: "description", draw: sometimes(0.5, anyOf(noteOpenings...))}.typed("text"),
		field{name: "status", of: func(e *entry) any {
			if e.removed {
				return "deleted"
			}
			return []string{"open", "completed", "canceled", "open"}[e.number%4]
		}}.typed("status"),
		field{name: "board_id", draw: related("project_boards")}.typed("projects_board"),
		field{name: "phase_id", draw: related("project_phases")}.typed("projects_phase"),
		field{name: "owner_id", draw: related("users")}.typed("user"),
		field{name: "start_date", draw: sometimes(0.7, someDay)}.typed("date"),
		field{name: "end_date", draw: sometimes(0.7, someDay)}.typed("date"),
		field{name: "deal_ids", draw: relatedList("deals", 2)}.typed("deals"),
		field{name: "person_ids", draw: relatedList("persons", 2)}.typed("people"),
		field{name: "org_ids", draw: relatedList("organizations", 1)}.typed("org"),
		field{name: "label_ids", draw: anyOf([]int64{}, []int64{}, []int64{1}, []int64{2, 3})}.typed("set"),
		{name: "health_status", draw: sometimes(0.4, upTo(10))},
		addTime().as(millis).typed("date"), updateTime().as(millis).typed("date"),
		{name: "status_change_time", draw: since, form: millis},
		{name: "archive_time", form: millis},
	},
	finish: func(d *draws) {
		if d.entry.archived {
			d.set("archive_time", d.end().UTC())
		}
	},
}

var projectStatuses = []string{"open", "completed", "canceled", "deleted"}

// projectBoards are [v2 /boards].
var projectBoards = &kind{
	name: "project_boards", text: "name", grain: time.Millisecond, count: few(2),
	lists: []listed{{path: "/api/v2/boards", cost: 10, scopes: projectScopes, gate: "projects"}},
	fields: []field{
		key("id"),
		{name: "name", draw: inTurn("Projektid", "Внедрение")},
		{name: "order_nr", draw: place},
		addTime().as(millis), updateTime().as(millis),
	},
}

// projectPhases are [v2 /phases], one request per board.
var projectPhases = &kind{
	name: "project_phases", text: "name", grain: time.Millisecond, count: few(7), parent: "project_boards", member: "board_id",
	lists: []listed{{
		path: "/api/v2/phases", cost: 10, scopes: projectScopes, gate: "projects", filters: []filter{{"board_id", true, oneOf("board_id", 1)}},
	}},
	fields: []field{
		key("id"),
		{name: "name", draw: anyOf("Kick-off", "Teostus", "Готово")},
		{name: "board_id", draw: inTurn[int64](1, 1, 1, 1, 2, 2, 2)},
		{name: "order_nr", draw: place},
		addTime().as(millis), updateTime().as(millis),
	},
}

// projectTemplates are [v2 /projectTemplates].
var projectTemplates = &kind{
	name: "project_templates", text: "title", grain: time.Millisecond, count: few(3),
	lists: []listed{{path: "/api/v2/projectTemplates", cost: 10, scopes: projectScopes, gate: "projects", paging: cursors}},
	fields: []field{
		key("id"),
		{name: "title", draw: anyOf("Office renovation", "Käivitamine")},
		{name: "description", draw: sometimes(0.7, anyOf(noteOpenings...))},
		{name: "projects_board_id", draw: related("project_boards")},
		{name: "owner_id", draw: related("users")},
		addTime().as(millis), updateTime().as(millis),
	},
}

// tasks are [v2 /tasks].
var tasks = &kind{
	name: "tasks", text: "title", grain: time.Millisecond, count: few(80),
	lists: []listed{{
		path: "/api/v2/tasks", cost: 10, scopes: projectScopes, gate: "projects", paging: cursors,
		refused: []string{"is_done", "is_milestone", "assignee_id", "project_id", "parent_task_id"},
	}},
	fields: []field{
		key("id"),
		{name: "title", draw: anyOf(dealNouns...)},
		{name: "description", draw: sometimes(0.4, anyOf(noteOpenings...))},
		{name: "project_id", draw: related("projects")},
		{name: "parent_task_id", draw: sometimes(0.2, related("tasks"))},
		{name: "creator_id", draw: related("users")},
		{name: "assignee_ids", draw: relatedList("users", 2)},
		{name: "is_done", draw: flag(0.5)},
		{name: "is_milestone", draw: flag(0.1)},
		{name: "priority", draw: sometimes(0.3, upTo(3))},
		{name: "start_date", draw: sometimes(0.4, someDay)},
		{name: "due_date", draw: sometimes(0.6, someDay)},
		addTime().as(millis), updateTime().as(millis),
		{name: "marked_as_done_time", draw: since, form: millis},
	},
	finish: func(d *draws) {
		if d.entry.get("is_done") == false {
			d.set("marked_as_done_time", nil)
		}
	},
}

package plugin

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	declared "github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

const (
	twoUsers = `{"success":true,"data":[
		{"id":111,"name":"Öie Tamm","email":"oie@example.com","active_flag":true},
		{"id":112,"name":"Gone","email":null,"is_deleted":true}]}`
	twoStages = `{"success":true,"data":[
		{"id":5,"order_nr":3,"name":"Qualified","is_deleted":false,"deal_probability":75,"pipeline_id":1,"is_deal_rot_enabled":true,"days_to_rotten":14,"add_time":"2023-01-10T08:00:00Z","update_time":"2023-08-20T11:30:00Z"},
		{"id":6,"order_nr":0,"name":"Lead \"in\"","is_deleted":false,"deal_probability":0,"pipeline_id":9,"is_deal_rot_enabled":false,"days_to_rotten":null,"add_time":"2023-01-10T08:00:00.123Z","update_time":null}],
		"additional_data":{"next_cursor":null}}`
	twoPipelines = `{"success":true,"data":[
		{"id":1,"name":"Müük 💶","order_nr":1,"is_deleted":false,"is_deal_probability_enabled":true,"add_time":"2023-01-10T08:00:00Z","update_time":"2024-02-15T12:00:00Z"},
		{"id":2,"name":"Old","order_nr":2,"is_deleted":true,"is_deal_probability_enabled":false,"add_time":"2023-03-20T09:30:00Z"}],
		"additional_data":{"next_cursor":null}}`
	none = `{"success":true,"data":[],"additional_data":{"next_cursor":null}}`
)

// row is the expected values of a table's row; other columns must be NULL.
type row = map[string]any

// TestTables_values asserts each column of each table: on complete records, on records with only an id, and on the
// shapes in which the vendor's documents disagree.
func TestTables_values(t *testing.T) {
	for _, test := range []struct {
		table string
		api   answers
		want  []row
	}{{
		table: "pipedrive_pipelines",
		api:   answers{"/api/v2/pipelines": twoPipelines},
		want: []row{
			{
				"account_id": "4711", "id": int64(1), "name": "Müük 💶", "order_nr": int64(1), "active": true,
				"deal_probability": true, "add_time": moment("2023-01-10T08:00:00Z"), "update_time": moment("2024-02-15T12:00:00Z"),
			},
			{
				"account_id": "4711", "id": int64(2), "name": "Old", "order_nr": int64(2), "active": false,
				"deal_probability": false, "add_time": moment("2023-03-20T09:30:00Z"),
			},
		},
	}, {
		table: "pipedrive_stages",
		api:   answers{"/api/v2/stages": twoStages, "/api/v2/pipelines": twoPipelines},
		want: []row{
			{
				"account_id": "4711", "id": int64(5), "order_nr": int64(3), "name": "Qualified", "active_flag": true,
				"deal_probability": 75.0, "pipeline_id": int64(1), "pipeline_name": "Müük 💶", "rotten_flag": true, "rotten_days": int64(14),
				"add_time": moment("2023-01-10T08:00:00Z"), "update_time": moment("2023-08-20T11:30:00Z"),
			},
			{
				"account_id": "4711", "id": int64(6), "order_nr": int64(0), "name": `Lead "in"`, "active_flag": true,
				"deal_probability": 0.0, "pipeline_id": int64(9), "rotten_flag": false,
				"add_time": moment("2023-01-10T08:00:00.123Z"),
			},
		},
	}, {
		table: "pipedrive_persons",
		api: answers{"/v1/users": twoUsers, "/api/v2/persons": `{"success":true,"data":[
			{"id":12345,"name":"李小龍 😀","first_name":"小龍","last_name":"李","owner_id":111,"org_id":67890,
			 "add_time":"2024-01-15T10:30:00Z","update_time":"2024-03-20T14:45:00.500Z",
			 "emails":[{"value":"a@b.example","primary":true,"label":"work"}],"phones":[],
			 "is_deleted":false,"visible_to":3,"label_ids":[2,9],"picture_id":8,
			 "postal_address":{"value":"Pärnu mnt 1","country":"Estonia"},"notes":"line\nline","im":[{"value":"x","primary":true,"label":"skype"}],
			 "birthday":"1980-02-29","job_title":"CEO",
			 "next_activity_id":1,"last_activity_id":2,"open_deals_count":3,"related_open_deals_count":4,"closed_deals_count":5,
			 "related_closed_deals_count":6,"participant_open_deals_count":7,"participant_closed_deals_count":8,"email_messages_count":9,
			 "activities_count":10,"done_activities_count":11,"undone_activities_count":12,"files_count":13,"notes_count":14,"followers_count":15,
			 "won_deals_count":16,"related_won_deals_count":17,"lost_deals_count":18,"related_lost_deals_count":19,
			 "last_incoming_mail_time":"2024-03-01T00:00:00Z","last_outgoing_mail_time":"2024-03-02T00:00:00Z",
			 "marketing_status":"subscribed","doi_status":1,"smart_bcc_email":"p-1@pipedrivemail.com",
			 "custom_fields":{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa":{"value":2300,"currency":"EUR"}},"something_new":{"a":[1]}},
			{"id":12346,"name":"","first_name":null,"owner_id":112,"emails":null,"label_ids":[],"ims":[],"custom_fields":null,"update_time":"0000-00-00 00:00:00"},
			{"id":12347}]}`},
		want: []row{
			{
				"account_id": "4711", "id": int64(12345), "name": "李小龍 😀", "first_name": "小龍", "last_name": "李",
				"owner_id": int64(111), "owner_name": "Öie Tamm", "owner_email": "oie@example.com", "org_id": int64(67890),
				"add_time": moment("2024-01-15T10:30:00Z"), "update_time": moment("2024-03-20T14:45:00.5Z"),
				"email":         `[{"value":"a@b.example","primary":true,"label":"work"}]`,
				"primary_email": "a@b.example", "is_deleted": false, "visible_to": int64(3), "label": int64(2), "label_ids": `[2,9]`, "picture_id": int64(8),
				"postal_address": `{"value":"Pärnu mnt 1","country":"Estonia"}`, "notes": "line\nline",
				"im": `[{"value":"x","primary":true,"label":"skype"}]`, "birthday": "1980-02-29", "job_title": "CEO",
				"next_activity_id": int64(1), "last_activity_id": int64(2), "open_deals_count": int64(3), "related_open_deals_count": int64(4),
				"closed_deals_count": int64(5), "related_closed_deals_count": int64(6), "participant_open_deals_count": int64(7),
				"participant_closed_deals_count": int64(8), "email_messages_count": int64(9), "activities_count": int64(10),
				"done_activities_count": int64(11), "undone_activities_count": int64(12), "files_count": int64(13), "notes_count": int64(14),
				"followers_count": int64(15), "won_deals_count": int64(16), "related_won_deals_count": int64(17), "lost_deals_count": int64(18),
				"related_lost_deals_count": int64(19), "last_incoming_mail_time": moment("2024-03-01T00:00:00Z"),
				"last_outgoing_mail_time": moment("2024-03-02T00:00:00Z"), "marketing_status": "subscribed", "doi_status": "1",
				"cc_email":      "p-1@pipedrivemail.com",
				"custom_fields": `{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa":{"value":2300,"currency":"EUR"}}`,
			},
			{"account_id": "4711", "id": int64(12346), "owner_id": int64(112), "owner_name": "Gone"},
			{"account_id": "4711", "id": int64(12347)},
		},
	}, {
		table: "pipedrive_organizations",
		api: answers{"/v1/users": twoUsers, "/api/v2/organizations": `{"success":true,"data":[
			{"id":67890,"name":"Example \u0026 Co","owner_id":111,"add_time":"2023-06-10T09:00:00Z","update_time":"2024-03-20T11:30:00Z",
			 "is_deleted":false,"visible_to":7,"label_ids":[1],"picture_id":3,"website":"https://example.com","linkedin":"https://linkedin.com/x",
			 "industry":4,"annual_revenue":123456789012,"employee_count":200,
			 "address":{"value":"Tartu mnt 2, 10115 Tallinn","country":"Estonia","admin_area_level_1":"Harju","admin_area_level_2":"A2","locality":"Tallinn",
			  "sublocality":"Kesklinn","route":"Tartu mnt","street_number":"2","subpremise":"5","postal_code":"10115","formatted_address":"Tartu mnt 2-5, 10115 Tallinn, Estonia"},
			 "people_count":15,"open_deals_count":3,"closed_deals_count":12,"won_deals_count":10,"lost_deals_count":2,
			 "related_open_deals_count":1,"related_closed_deals_count":2,"related_won_deals_count":3,"related_lost_deals_count":4,
			 "next_activity_id":5,"last_activity_id":6,"email_messages_count":7,"activities_count":8,"done_activities_count":9,
			 "undone_activities_count":10,"files_count":11,"notes_count":12,"followers_count":13,"smart_bcc_email":"org-1@pipedrivemail.com","custom_fields":{}},
			{"id":67891,"address":null},
			{"id":67892,"address":"one line","owner_id":999}]}`},
		want: []row{
			{
				"account_id": "4711", "id": int64(67890), "name": "Example & Co", "owner_id": int64(111), "owner_name": "Öie Tamm", "owner_email": "oie@example.com",
				"add_time": moment("2023-06-10T09:00:00Z"), "update_time": moment("2024-03-20T11:30:00Z"), "is_deleted": false, "visible_to": int64(7),
				"label": int64(1), "label_ids": `[1]`, "picture_id": int64(3), "website": "https://example.com", "linkedin": "https://linkedin.com/x",
				"industry": int64(4), "annual_revenue": 123456789012.0, "employee_count": int64(200),
				"address": "Tartu mnt 2, 10115 Tallinn", "address_country": "Estonia", "address_admin_area_level_1": "Harju",
				"address_admin_area_level_2": "A2", "address_locality": "Tallinn", "address_sublocality": "Kesklinn", "address_route": "Tartu mnt",
				"address_street_number": "2", "address_subpremise": "5", "address_postal_code": "10115", "address_formatted_address": "Tartu mnt 2-5, 10115 Tallinn, Estonia",
				"people_count": int64(15), "open_deals_count": int64(3), "closed_deals_count": int64(12), "won_deals_count": int64(10), "lost_deals_count": int64(2),
				"related_open_deals_count": int64(1), "related_closed_deals_count": int64(2), "related_won_deals_count": int64(3), "related_lost_deals_count": int64(4),
				"next_activity_id": int64(5), "last_activity_id": int64(6), "email_messages_count": int64(7), "activities_count": int64(8),
				"done_activities_count": int64(9), "undone_activities_count": int64(10), "files_count": int64(11), "notes_count": int64(12),
				"followers_count": int64(13), "cc_email": "org-1@pipedrivemail.com",
			},
			{"account_id": "4711", "id": int64(67891)},
			{"account_id": "4711", "id": int64(67892), "address": "one line", "owner_id": int64(999)},
		},
	}, {
		table: "pipedrive_deals",
		api: answers{
			"/v1/users": twoUsers, "/api/v2/stages": twoStages, "/api/v2/deals": `{"success":true,"data":[
			{"id":54321,"title":"Enterprise — Q1","creator_user_id":112,"owner_id":111,"person_id":12345,"org_id":67890,"pipeline_id":1,"stage_id":5,
			 "value":50000.75,"currency":"USD","add_time":"2024-01-10T14:00:00Z","update_time":"2024-03-15T16:20:00Z","stage_change_time":"2024-02-01T00:00:00Z",
			 "archive_time":null,"is_deleted":false,"is_archived":false,"status":"won","probability":75,"lost_reason":"price","visible_to":3,
			 "close_time":"2024-03-15T16:20:00Z","won_time":"2024-03-15T16:20:01Z","lost_time":"2024-03-15T16:20:02Z","local_won_date":"2024-03-15",
			 "local_lost_date":"2024-03-16","local_close_date":"2024-03-17","expected_close_date":"2024-03-31","label_ids":[3,4],
			 "origin":"API","origin_id":"o-1","channel":52,"channel_id":"billboard","arr":120,"mrr":10.5,"acv":130,
			 "next_activity_id":1,"last_activity_id":2,"first_won_time":"2024-03-15T16:20:03Z","products_count":3,"files_count":4,"notes_count":5,"followers_count":6,
			 "email_messages_count":7,"activities_count":8,"done_activities_count":9,"undone_activities_count":10,"participants_count":11,
			 "last_incoming_mail_time":"2024-03-01T00:00:00Z","last_outgoing_mail_time":"2024-03-02T00:00:00Z","smart_bcc_email":"d-1@pipedrivemail.com",
			 "source_lead_id":"adf21080-0e10-11eb-879b-05d71fb426ec","custom_fields":{"a":9007199254740993}}]}`,
			"/api/v2/deals/archived": `{"success":true,"data":[
			{"id":9007199254740993,"value":0,"probability":null,"expected_close_date":"","stage_id":77,"is_archived":true,"archive_time":"2024-05-01T00:00:00Z","status":"deleted","is_deleted":true}]}`,
		},
		want: []row{
			{
				"account_id": "4711", "id": int64(54321), "title": "Enterprise — Q1", "creator_user_id": int64(112), "owner_id": int64(111), "owner_name": "Öie Tamm",
				"owner_email": "oie@example.com", "person_id": int64(12345), "org_id": int64(67890), "pipeline_id": int64(1), "stage_id": int64(5), "stage_order_nr": int64(3),
				"value": 50000.75, "currency": "USD", "add_time": moment("2024-01-10T14:00:00Z"), "update_time": moment("2024-03-15T16:20:00Z"),
				"stage_change_time": moment("2024-02-01T00:00:00Z"), "is_deleted": false, "is_archived": false, "status": "won", "probability": 75.0,
				"lost_reason": "price", "visible_to": int64(3), "close_time": moment("2024-03-15T16:20:00Z"), "won_time": moment("2024-03-15T16:20:01Z"),
				"lost_time": moment("2024-03-15T16:20:02Z"), "local_won_date": "2024-03-15", "local_lost_date": "2024-03-16", "local_close_date": "2024-03-17",
				"expected_close_date": "2024-03-31", "label_ids": `[3,4]`, "origin": "API", "origin_id": "o-1", "channel": int64(52), "channel_id": "billboard",
				"arr": 120.0, "mrr": 10.5, "acv": 130.0, "next_activity_id": int64(1), "last_activity_id": int64(2), "first_won_time": moment("2024-03-15T16:20:03Z"),
				"products_count": int64(3), "files_count": int64(4), "notes_count": int64(5), "followers_count": int64(6), "email_messages_count": int64(7),
				"activities_count": int64(8), "done_activities_count": int64(9), "undone_activities_count": int64(10), "participants_count": int64(11),
				"last_incoming_mail_time": moment("2024-03-01T00:00:00Z"), "last_outgoing_mail_time": moment("2024-03-02T00:00:00Z"),
				"smart_bcc_email": "d-1@pipedrivemail.com", "source_lead_id": "adf21080-0e10-11eb-879b-05d71fb426ec", "custom_fields": `{"a":9007199254740993}`,
			},
			{
				"account_id": "4711", "id": int64(9007199254740993), "value": 0.0, "stage_id": int64(77), "is_archived": true,
				"archive_time": moment("2024-05-01T00:00:00Z"), "status": "deleted", "is_deleted": true,
			},
		},
	}, {
		table: "pipedrive_notes",
		api: answers{"/v1/notes": `{"success":true,"data":[
			{"id":98765,"active_flag":true,"add_time":"2024-03-18 10:15:00","update_time":"2024-03-18 10:15:01","content":"<p>Grüße &amp; <b>😀</b></p>",
			 "deal":{"title":"Enterprise"},"lead_id":"adf21080-0e10-11eb-879b-05d71fb426ec","deal_id":54321,"last_update_user_id":112,"org_id":67890,
			 "organization":{"name":"Example"},"person":{"name":"John"},"person_id":12345,"project_id":4,"project":{"title":"P"},"task_id":5,"task":{"title":"T"},
			 "pinned_to_lead_flag":false,"pinned_to_deal_flag":true,"pinned_to_organization_flag":1,"pinned_to_person_flag":0,"pinned_to_project_flag":"1","pinned_to_task_flag":"0",
			 "user":{"email":"u@example.com","icon_url":null,"is_you":true,"name":"U"},"user_id":111},
			{"id":98766,"add_time":"0000-00-00 00:00:00","update_time":null,"content":"","deal":null,"person":null,"organization":null,"user":null,"lead_id":null}],
			"additional_data":{"pagination":{"start":0,"limit":500,"more_items_in_collection":false}}}`},
		want: []row{
			{
				"account_id": "4711", "id": int64(98765), "active_flag": true, "add_time": moment("2024-03-18T10:15:00Z"), "update_time": moment("2024-03-18T10:15:01Z"),
				"content": "<p>Grüße &amp; <b>😀</b></p>", "deal_id": int64(54321), "deal_title": "Enterprise", "lead_id": "adf21080-0e10-11eb-879b-05d71fb426ec",
				"last_update_user_id": int64(112), "org_id": int64(67890), "organization_name": "Example", "person_id": int64(12345), "person_name": "John",
				"project_id": int64(4), "project_title": "P", "task_id": int64(5), "task_title": "T", "pinned_to_lead_flag": false, "pinned_to_deal_flag": true,
				"pinned_to_organization_flag": true, "pinned_to_person_flag": false, "pinned_to_project_flag": true, "pinned_to_task_flag": false,
				"user_id": int64(111), "user_name": "U", "user_email": "u@example.com",
			},
			{"account_id": "4711", "id": int64(98766)},
		},
	}, {
		table: "pipedrive_notes",
		api:   answers{"/v1/notes": `{"success":true,"data":null,"additional_data":{"pagination":{"start":0,"limit":500,"more_items_in_collection":false}}}`},
	}} {
		t.Run(test.table, func(t *testing.T) {
			rows, err := sync(t, started(t, test.api, ""), test.table)
			require.NoError(t, err)
			require.Len(t, rows[test.table], len(test.want))
			for i, want := range test.want {
				requireRow(t, want, rows[test.table][i])
			}
		})
	}
}

// TestTables_theLogInIsReadOnce: the company's row comes from its answer.
func TestTables_theLogInIsReadOnce(t *testing.T) {
	var requests atomic.Int64
	p := started(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		fmt.Fprint(w, `{"success":true,"data":{"id":7,"name":"Ada","email":"ada@example.com","default_currency":"EUR","timezone_name":"Europe/Tallinn",
			"access":[{"app":"global","admin":true}],"company_id":4711,"company_name":"Näide \"OÜ\"","company_domain":"naide","company_country":"EE",
			"company_industry":null,"language":{"language_code":"et","country_code":"EE"}}}`)
	}), "")
	rows, err := sync(t, p, "pipedrive_company")
	require.NoError(t, err)
	require.Len(t, rows["pipedrive_company"], 1)
	requireRow(t, row{
		"account_id": "4711", "company_name": `Näide "OÜ"`, "company_domain": "naide", "company_country": "EE", "language_code": "et", "country_code": "EE",
		"user_id": int64(7), "user_name": "Ada", "user_email": "ada@example.com", "default_currency": "EUR", "timezone_name": "Europe/Tallinn",
	}, rows["pipedrive_company"][0])
	require.EqualValues(t, 1, requests.Load())
}

// TestTables_oddValues: a value of another kind than its column is NULL, and its row still comes.
func TestTables_oddValues(t *testing.T) {
	api := answers{
		"/api/v2/stages":    `{"success":true,"data":[{"id":"8","name":["x"],"order_nr":"7","deal_probability":"12.5","pipeline_id":{},"days_to_rotten":1.5,"is_deal_rot_enabled":"perhaps","add_time":"yesterday","update_time":5}]}`,
		"/api/v2/pipelines": none,
	}
	rows, err := sync(t, started(t, api, ""), "pipedrive_stages")
	require.NoError(t, err)
	require.Len(t, rows["pipedrive_stages"], 1)
	requireRow(t, row{"account_id": "4711", "id": int64(8), "order_nr": int64(7), "deal_probability": 12.5}, rows["pipedrive_stages"][0])
}

// TestTables_valuesThatCanNotBeReadAreFoundByTheirKeys: the log has the records' keys, but not the values.
func TestTables_valuesThatCanNotBeReadAreFoundByTheirKeys(t *testing.T) {
	var stages []string
	for id := range 7 {
		stages = append(stages, fmt.Sprintf(`{"id":%d,"name":["jane@example.com"],"order_nr":%d}`, 11+id, id))
	}
	api := answers{"/api/v2/stages": `{"success":true,"data":[` + strings.Join(stages, ",") + `]}`, "/api/v2/pipelines": none}
	var log bytes.Buffer
	p := Plugin()
	p.SetLogger(zerolog.New(zerolog.SyncWriter(&log)).Level(zerolog.WarnLevel))
	raw := fmt.Sprintf(`{"api_token":%q,"api_url":%q}`, token, httpServer(t, api))
	require.NoError(t, p.Init(context.Background(), []byte(raw), plugin.NewClientOptions{}))
	rows, err := sync(t, p, "pipedrive_stages")
	require.NoError(t, err)
	require.Len(t, rows["pipedrive_stages"], 7)
	require.Contains(t, log.String(), `"column":"name","values":7,"keys":["11","12","13","14","15"]`)
	require.NotContains(t, log.String(), "jane")
}

// TestTables_contract: keys, types and descriptions are complete for every column, also without a connection.
func TestTables_contract(t *testing.T) {
	c, err := Configure(context.Background(), zerolog.Nop(), nil, plugin.NewClientOptions{NoConnection: true})
	require.NoError(t, err)
	tables, err := c.Tables(context.Background(), plugin.TableOptions{Tables: []string{"*"}})
	require.NoError(t, err)
	require.Len(t, tables, len(declared.All())+len(declared.Histories()))
	keys := map[string][]string{
		"pipedrive_fields": {"account_id", "entity", "field_code"}, "pipedrive_syncs": {"account_id", "started_at"},
		"pipedrive_company": {"account_id"}, "pipedrive_lead_sources": {"account_id", "name"},
		"pipedrive_activity_attendees":         {"account_id", "activity_id", "position"},
		"pipedrive_activity_participants":      {"account_id", "activity_id", "position"},
		"pipedrive_deal_followers":             {"account_id", "deal_id", "user_id"},
		"pipedrive_note_comments":              {"account_id", "uuid"},
		"pipedrive_organization_followers":     {"account_id", "org_id", "user_id"},
		"pipedrive_person_followers":           {"account_id", "person_id", "user_id"},
		"pipedrive_deal_changelog":             {"account_id", "deal_id", "seq"},
		"pipedrive_deal_stage_changes":         {"account_id", "deal_id", "seq"},
		"pipedrive_organization_changelog":     {"account_id", "org_id", "seq"},
		"pipedrive_permission_set_assignments": {"account_id", "permission_set_id", "user_id"},
		"pipedrive_person_changelog":           {"account_id", "person_id", "seq"},
		"pipedrive_project_changelog":          {"account_id", "project_id", "seq"},
		"pipedrive_person_emails":              {"account_id", "person_id", "position"},
		"pipedrive_person_phones":              {"account_id", "person_id", "position"},
		"pipedrive_product_prices":             {"account_id", "product_id", "currency"},
		"pipedrive_deal_mail_messages":         {"account_id", "deal_id", "id"},
		"pipedrive_goal_results":               {"account_id", "goal_id"},
		"pipedrive_role_assignments":           {"account_id", "role_id", "user_id"},
		"pipedrive_role_settings":              {"account_id", "role_id"},
		"pipedrive_product_variation_prices":   {"account_id", "product_variation_id", "currency"},
		"pipedrive_team_members":               {"account_id", "team_id", "user_id"},
	}
	for _, table := range tables {
		key := keys[table.Name]
		switch {
		case strings.HasSuffix(table.Name, "_history"):
			key = []string{"account_id", "id", "valid_from"}
		case key == nil:
			key = []string{"account_id", "id"}
		}
		require.Equal(t, key, table.PrimaryKeys(), table.Name)
		require.NotEmpty(t, table.Description, table.Name)
		require.NotEmpty(t, table.Title, table.Name)
		for _, c := range table.Columns {
			if c.Name == "_cq_id" || c.Name == "_cq_parent_id" {
				continue
			}
			require.Regexp(t, `^[a-z_][a-z\d_]*$`, c.Name)
			require.NotEmpty(t, c.Description, "%s.%s", table.Name, c.Name)
			require.Equal(t, c.PrimaryKey, c.NotNull, "%s.%s: every column but the key is nullable", table.Name, c.Name)
		}
	}
	require.NoError(t, tables.ValidateDuplicateColumns())
	require.NoError(t, tables.ValidateDuplicateTables())
}

package plugin

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// requireShapes syncs a table from an answer, and compares its rows.
func requireShapes(t *testing.T, table string, api answers, want ...row) {
	t.Helper()
	rows, err := sync(t, started(t, api, ""), table)
	require.NoError(t, err)
	require.Len(t, rows[table], len(want))
	for i, want := range want {
		want["account_id"] = "4711"
		requireRow(t, want, rows[table][i])
	}
}

// TestFiles_shapes: an absent value is null, an empty text or missing, and ids may be texts.
func TestFiles_shapes(t *testing.T) {
	requireShapes(t, "pipedrive_files", answers{"/v1/files": `{"success":true,"data":[
		{"id":123,"user_id":456,"deal_id":1,"person_id":789,"org_id":2,"product_id":3,"activity_id":4,"lead_id":"adf21080-0e10-11eb-879b-05d71fb426ec",
		 "project_id":5,"log_id":null,"add_time":"2020-02-20 14:36:35","update_time":"2020-02-20 14:57:33","file_name":"IMG_8189.jpg","file_type":"img",
		 "file_size":7801780,"active_flag":true,"inline_flag":false,"remote_location":"googledocs","remote_id":"1mT6jshiv","cid":"","s3_bucket":"",
		 "mail_message_id":"","mail_template_id":"","deal_name":"","person_name":"Person","lead_name":"Lead","project_name":"Project","org_name":"","product_name":"",
		 "url":"https://app.pipedrive.com/v1/files/123/download","name":"photo","description":"of the sea"},
		{"id":"124","user_id":"456","deal_id":"","org_id":"7","lead_id":"","log_id":"8","mail_message_id":4711,"mail_template_id":12,"file_size":"99",
		 "active_flag":1,"inline_flag":"0","update_time":"2026-11-01T10:00:00Z","description":"","remote_location":null},
		{"id":125,"update_time":null,"add_time":""}],
		"additional_data":{"pagination":{"start":0,"limit":100,"more_items_in_collection":false,"next_start":100}}}`},
		row{
			"id": int64(123), "user_id": int64(456), "deal_id": int64(1), "person_id": int64(789), "org_id": int64(2), "product_id": int64(3), "activity_id": int64(4),
			"lead_id": "adf21080-0e10-11eb-879b-05d71fb426ec", "project_id": int64(5), "add_time": moment("2020-02-20T14:36:35Z"), "update_time": moment("2020-02-20T14:57:33Z"),
			"file_name": "IMG_8189.jpg", "file_type": "img", "file_size": int64(7801780), "active_flag": true, "inline_flag": false, "remote_location": "googledocs",
			"remote_id": "1mT6jshiv", "person_name": "Person", "lead_name": "Lead", "project_name": "Project", "url": "https://app.pipedrive.com/v1/files/123/download",
			"name": "photo", "description": "of the sea",
		},
		row{
			"id": int64(124), "user_id": int64(456), "org_id": int64(7), "log_id": int64(8), "mail_message_id": "4711", "mail_template_id": "12", "file_size": int64(99),
			"active_flag": true, "inline_flag": false, "update_time": moment("2026-11-01T10:00:00Z"),
		},
		row{"id": int64(125)},
	)
}

// TestGoals_shapes: a pipeline is a number, a list of one, or null for all; a type has the name in the API or in
// the user interface. A goal that is in both lists comes once.
func TestGoals_shapes(t *testing.T) {
	requireShapes(t, "pipedrive_goals", answers{"/v1/goals/find": `{"success":true,"statusCode":20000,"statusText":"OK","service":"statistics-goals-api","data":{"goals":[
		{"id":"5665cef556ddff22606fc8f6c0004807","owner_id":987654,"title":"Some goal","type":{"name":"Deals started","params":{"pipeline_id":[5,2],"activity_type_id":[9]}},
		 "assignee":{"type":"company","id":123456},"interval":"weekly","duration":{"start":"2019-11-01","end":"2020-10-30"},
		 "expected_outcome":{"target":100,"tracking_metric":"quantity"},"is_active":false,"report_ids":["f37bd66a2ab64d28ff6a9b6d2289813a"]},
		{"id":"a1","type":{"name":"deals_won","params":{"pipeline_id":3,"activity_type_id":"4,5"}},"assignee":{"id":"7","type":"person"},"duration":{"start":"2026-01-01","end":null},
		 "expected_outcome":{"target":1000.5,"tracking_metric":"sum","currency_id":1},"is_active":1,"report_ids":[]},
		{"id":"a2","type":{"name":"deals_progressed","params":{"pipeline_id":null,"stage_id":6,"activity_type_id":[]}},"expected_outcome":{"target":"12"}},
		{"id":"a3","type":{"params":null},"assignee":null,"duration":null,"expected_outcome":null,"title":""}]}}`},
		row{
			"id": "5665cef556ddff22606fc8f6c0004807", "owner_id": int64(987654), "title": "Some goal", "type": "Deals started", "pipeline_ids": `[5,2]`,
			"activity_type_ids": `[9]`, "assignee_type": "company", "assignee_id": int64(123456), "interval": "weekly", "duration_start": "2019-11-01",
			"duration_end": "2020-10-30", "expected_target": 100.0, "expected_tracking_metric": "quantity", "is_active": false,
			"report_ids": `["f37bd66a2ab64d28ff6a9b6d2289813a"]`,
		},
		row{
			"id": "a1", "type": "deals_won", "pipeline_ids": `[3]`, "activity_type_ids": `[4,5]`, "assignee_id": int64(7), "assignee_type": "person",
			"duration_start": "2026-01-01", "expected_target": 1000.5, "expected_tracking_metric": "sum", "expected_currency_id": int64(1), "is_active": true,
		},
		row{"id": "a2", "type": "deals_progressed", "stage_id": int64(6), "expected_target": 12.0},
		row{"id": "a3"},
	)
}

package tables

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// shape is a record from Pipedrive's documents or from other clients' experience, and the expected values of its
// columns.
type shape struct {
	table *table.Table
	// seen is the source of the shape.
	seen   string
	record string
	want   map[string]string
}

const null = array.NullValueStr

// shapes are those in which Pipedrive's schema, its examples and its observed answers disagree.
var shapes = []shape{
	{
		activities(), "the schema", `{"id": 1, "due_time": "15:00:00", "duration": "01:00:00", "location": {"value": "Pärnu mnt 1", "country": "Estonia"},
			"participants": [{"person_id": 1, "primary": true}],
			"attendees": [{"email": "a@example.com", "name": "A", "status": "accepted", "is_organizer": true, "person_id": 1, "user_id": null}]}`,
		map[string]string{
			"due_time": "15:00:00", "duration": "01:00:00", "location": "Pärnu mnt 1", "location_country": "Estonia", "location_locality": null,
			"participants": `[{"person_id":1,"primary":true}]`,
			"attendees":    `[{"email":"a@example.com","name":"A","status":"accepted","is_organizer":true,"person_id":1,"user_id":null}]`,
			"outcome":      null, "private": null,
		},
	},
	{
		activities(), "the migration guide", `{"id": 1, "due_time": "15:00", "duration": "00:45", "participants": [{"person_id": 1, "primary_flag": true}],
			"attendees": [{"email_address": "a@example.com", "is_organizer": 1}], "private": true, "outcome": 3}`,
		map[string]string{
			"due_time": "15:00", "duration": "00:45", "participants": `[{"person_id":1,"primary_flag":true}]`,
			"attendees": `[{"email_address":"a@example.com","is_organizer":1}]`, "private": "true", "outcome": "3",
		},
	},
	{
		activities(), "what there is none of", `{"id": 1, "due_date": "", "due_time": "", "duration": "", "location": null, "participants": [], "attendees": null,
			"busy": null, "note": ""}`,
		map[string]string{
			"due_date": null, "due_time": null, "duration": null, "location": null, "location_country": null, "participants": null,
			"attendees": null, "busy": null, "note": null,
		},
	},
	{
		activities(), "API v1's flags and a location without parts", `{"id": "1", "busy": 1, "done": "0", "location": "Pärnu mnt 1"}`,
		map[string]string{"id": "1", "busy": "true", "done": "false", "location": "Pärnu mnt 1", "location_country": null},
	},
	{
		leads(), "the example", `{"id": "adf21080-0e10-11eb-879b-05d71fb426ec", "title": "Jane Doe Lead", "owner_id": 1, "creator_id": 1,
			"label_ids": ["f08b42a0-4e75-11ea-9643-03698ef1cfd6"], "person_id": 1092, "organization_id": null, "source_name": "API",
			"is_archived": false, "was_seen": false, "value": {"amount": 999, "currency": "USD"}, "expected_close_date": null,
			"next_activity_id": 1, "add_time": "2020-10-14T11:30:36.551Z", "update_time": "2020-10-14T11:30:36.551Z", "visible_to": "3",
			"cc_email": "company+1+leadntPaYKA5QRxXkh6WMNHiGh@dev.pipedrivemail.com"}`,
		map[string]string{
			"id": "adf21080-0e10-11eb-879b-05d71fb426ec", "value": "999", "currency": "USD", "visible_to": "3",
			"update_time": "2020-10-14T11:30:36.551Z", "label_ids": `["f08b42a0-4e75-11ea-9643-03698ef1cfd6"]`, "was_seen": "false",
			"organization_id": null, "custom_fields": null, "source_deal_id": null,
		},
	},
	{
		leads(), "what there is none of", `{"id": "1", "value": null, "label_ids": [], "visible_to": 3, "origin_id": "", "channel": null}`,
		map[string]string{"value": null, "currency": null, "label_ids": null, "visible_to": "3", "origin_id": null, "channel": null},
	},
	{
		products(), "the example, whose custom fields are a schema by mistake", `{"id": 1, "unit": "", "tax": 0, "category": "Retail", "visible_to": 3,
			"prices": [{"product_id": 1, "price": 5, "currency": "EUR", "cost": 2, "direct_cost": 1, "notes": "this is a note"}],
			"custom_fields": {"type": "object", "additionalProperties": {"oneOf": [{"type": "string"}]}}}`,
		map[string]string{
			"unit": null, "tax": "0", "category": "Retail", "visible_to": "3",
			"prices":        `[{"product_id":1,"price":5,"currency":"EUR","cost":2,"direct_cost":1,"notes":"this is a note"}]`,
			"custom_fields": `{"type":"object","additionalProperties":{"oneOf":[{"type":"string"}]}}`,
		},
	},
	{
		products(), "the category by its id, and prices without that of the product", `{"id": 1, "category": 28, "visible_to": "3", "tax": "22.5",
			"prices": [{"price": 5.5, "currency": "EUR", "direct_cost": null}], "billing_frequency_cycles": null}`,
		map[string]string{
			"category": "28", "visible_to": "3", "tax": "22.5", "billing_frequency_cycles": null,
			"prices": `[{"price":5.5,"currency":"EUR","direct_cost":null}]`,
		},
	},
	{
		products(), "what there is none of", `{"id": 1, "category": null, "prices": [], "custom_fields": {}}`,
		map[string]string{"category": null, "prices": null, "custom_fields": null},
	},
	{
		persons(), "the example", `{"id": 1, "emails": [{"value": "a@example.com", "primary": false, "label": "home"}, {"value": "b@example.com", "primary": true}], "phones": []}`,
		map[string]string{"primary_email": "b@example.com", "primary_phone": null, "phone": null},
	},
	{
		dealProducts(), "the example", `{"id": 3, "sum": 90, "tax": 0, "deal_id": 1, "name": "Mechanical Pencil", "product_id": 1, "product_variation_id": null,
			"order_nr": 50, "add_time": "2019-12-19T11:36:49Z", "comments": "", "quantity": 1, "billing_frequency_cycles": null, "billing_start_date": "2019-12-01"}`,
		map[string]string{
			"id": "3", "deal_id": "1", "sum": "90", "product_variation_id": null, "comments": null, "billing_frequency_cycles": null,
			"billing_start_date": "2019-12-01", "deal_update_time": null,
		},
	},
	{
		dealInstallments(), "the example", `{"id": 1, "amount": 10, "billing_date": "2025-03-10", "deal_id": 1, "description": "Delivery Fee"}`,
		map[string]string{"id": "1", "amount": "10", "billing_date": "2025-03-10", "deal_id": "1", "description": "Delivery Fee", "deal_update_time": null},
	},
	{
		personEmails(), "the example", `{"value": "a@example.com", "primary": true, "label": "work"}`,
		map[string]string{"value": "a@example.com", "is_primary": "true", "label": "work", "person_id": null, "position": null},
	},
	{
		personPhones(), "an empty one of API v1", `{"value": "", "primary": "1"}`,
		map[string]string{"value": null, "is_primary": "true", "label": null},
	},
	{
		productPrices(), "the example", `{"product_id": 1, "price": 5, "currency": "EUR", "cost": 2, "direct_cost": 1, "notes": "this is a note"}`,
		map[string]string{"currency": "EUR", "price": "5", "cost": "2", "direct_cost": "1", "notes": "this is a note", "product_id": null},
	},
	{
		activityParticipants(), "the migration guide", `{"person_id": 1, "primary_flag": true}`,
		map[string]string{"person_id": "1", "is_primary": "true", "activity_id": null, "position": null},
	},
	{
		activityAttendees(), "the migration guide", `{"email_address": "a@example.com", "is_organizer": 1, "name": "", "user_id": null}`,
		map[string]string{"email": "a@example.com", "is_organizer": "true", "name": null, "user_id": null, "person_id": null},
	},
	{
		permissionSetAssignments(), "the schema", `{"app": "sales", "admin": true, "permission_set_id": "62cc4d7f-4038-4352-abf3-a8c1c822b631"}`,
		map[string]string{"app": "sales", "is_admin": "true", "permission_set_id": "62cc4d7f-4038-4352-abf3-a8c1c822b631", "user_id": null},
	},
	{
		projects(), "the example", `{"id": 3, "start_date": "2026-04-15", "deal_ids": [1], "label_ids": [], "health_status": 10,
			"add_time": "2026-04-14T10:45:20.852Z", "archive_time": null, "custom_fields": {}}`,
		map[string]string{
			"start_date": "2026-04-15", "end_date": null, "deal_ids": "[1]", "label_ids": null, "health_status": "10",
			"add_time": "2026-04-14T10:45:20.852Z", "archive_time": null, "custom_fields": null,
		},
	},
	{
		tasks(), "the example", `{"id": 1, "parent_task_id": null, "assignee_ids": [2, 3], "priority": null, "due_date": "2026-10-11", "is_done": false}`,
		map[string]string{"parent_task_id": null, "assignee_ids": "[2,3]", "priority": null, "due_date": "2026-10-11", "is_done": "false"},
	},
	{
		products().Fields, "the example", `{"field_name": "Categories", "field_code": "0c", "field_type": "set",
			"options": [{"id": 1, "label": "Software", "color": "blue"}], "subfields": null, "is_custom_field": true,
			"is_optional_response_field": false, "ui_visibility": {"add_visible_flag": true}}`,
		map[string]string{
			"field_code": "0c", "field_name": "Categories", "options": `[{"id":1,"label":"Software","color":"blue"}]`, "subfields": null,
			"description": null, "is_optional_response_field": "false", "ui_visibility": `{"add_visible_flag":true}`,
			"important_fields": null, "required_fields": null, "options_deleted": null, "id": null,
		},
	},
	{
		projects().Fields, "the example", `{"field_code": "name", "important_fields": {"enabled": false, "stage_ids": []}, "required_fields": {"enabled": true}}`,
		map[string]string{"important_fields": `{"enabled":false,"stage_ids":[]}`, "required_fields": `{"enabled":true}`, "ui_visibility": null},
	},
	{
		noteFields(), "the example", `{"id": 2, "key": "pinned_to_deal_flag", "name": "Note is pinned to deal", "field_type": "enum",
			"edit_flag": true, "options": [{"id": 1, "label": "Yes"}, {"id": 0, "label": "No"}], "mandatory_flag": true}`,
		map[string]string{
			"id": "2", "field_code": "pinned_to_deal_flag", "field_name": "Note is pinned to deal", "field_type": "enum",
			"options": `[{"id":1,"label":"Yes"},{"id":0,"label":"No"}]`, "options_deleted": null, "ui_visibility": null,
		},
	},
	{
		noteFields(), "the schema, which has deleted options and ids that are texts", `{"id": "2", "key": "a", "options": [{"id": "open", "label": "Open"}],
			"options_deleted": [{"id": 7, "label": "Old", "add_time": "2019-02-04 13:58:03"}]}`,
		map[string]string{
			"id": "2", "options": `[{"id":"open","label":"Open"}]`,
			"options_deleted": `[{"id":7,"label":"Old","add_time":"2019-02-04 13:58:03"}]`,
		},
	},
}

func TestShapes(t *testing.T) {
	for _, s := range shapes {
		t.Run(s.table.Records+"/"+s.seen, func(t *testing.T) {
			row := s.decode(t)
			require.Empty(t, row.Mismatch, "no value is of another kind than its column")
			got := map[string]string{}
			for column := range s.want {
				got[column] = text(s.table, row, column)
			}
			require.Equal(t, s.want, got)
		})
	}
}

// decode decodes the record as for an account on API v2.
func (s shape) decode(t *testing.T) *table.Row {
	t.Helper()
	form := s.table.Form(table.V2)
	decoder := table.NewDecoder(s.table.Columns, func(c table.Column) table.Source { return c.SourceFor("", form) })
	record := jsontext.Value(s.record)
	require.NoError(t, record.Compact())
	row, _, err := decoder.Record(record)
	require.NoError(t, err)
	return row
}

// text is a value in Arrow's text form.
func text(of *table.Table, row *table.Row, column string) string {
	i := of.Column(column)
	b := array.NewBuilder(memory.DefaultAllocator, of.SchemaColumn(i).Type)
	defer b.Release()
	row.Value(i).AppendTo(b)
	values := b.NewArray()
	defer values.Release()
	return values.ValueStr(0)
}

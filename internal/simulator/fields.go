package simulator

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
)

// Field is a field of an entity, standard or custom. The Go type of a custom
// field's values in CustomFields follows from Type:
//
//	varchar, text, varchar_auto, phone, lead        string
//	double                                          float64
//	int, enum, user, org, people, deal, project,
//	stage, activity                                 int64
//	set                                             []int64
//	boolean                                         bool
//	date                                            Date
//	monetary, daterange, time, timerange, address   Money, DateRange, TimeOfDay, TimeRange, Address
//	json                                            json.RawMessage
//
// A key that is missing from CustomFields, or present with nil, is null.
type Field struct {
	Entity      string // deal, person, organization, note, product, activity, project or lead
	ID          int64  // v1 only
	Key         string // field_code in v2; 40 hexadecimal digits for a custom field
	Name        string
	Type        string // field_type [v2 /dealFields]
	Description string
	Options     []Choice
	Custom      bool
	Optional    bool // a standard field that comes only if include_fields names it
	AddTime     time.Time
	UpdateTime  *time.Time
}

// Choice is an option of an enum or set field.
type Choice struct {
	ID    any // int64, or string for some standard fields [v2 /dealFields]
	Label string
	Color string // may be empty
}

// subfields are the suffixes and types of the parts of composite fields
// [v2 /dealFields; Pipedrive: API v2 migration guide].
var subfields = map[string][]struct{ suffix, kind string }{
	"monetary":  {{"currency", "varchar"}},
	"daterange": {{"until", "date"}},
	"time":      {{"timezone_id", "int"}},
	"timerange": {{"until", "time"}, {"timezone_id", "int"}},
	"address": {
		{"subpremise", "varchar"},
		{"street_number", "varchar"},
		{"route", "varchar"},
		{"sublocality", "varchar"},
		{"locality", "varchar"},
		{"admin_area_level_1", "varchar"},
		{"admin_area_level_2", "varchar"},
		{"country", "varchar"},
		{"postal_code", "varchar"},
		{"formatted_address", "varchar"},
	},
}

// AddField adds a custom field and returns its id in v1. An empty Key becomes
// a hash of the entity and the name.
func (c *Company) AddField(f Field) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	f.Custom = true
	if f.Key == "" {
		sum := sha1.Sum(fmt.Appendf(nil, "%d/%s/%s/%d", c.id, f.Entity, f.Name, len(c.fields[f.Entity])))
		f.Key = hex.EncodeToString(sum[:])
	}
	return c.addField(f)
}

func (c *Company) addField(f Field) int64 {
	c.lastFieldID++
	f.ID = c.lastFieldID
	if f.AddTime.IsZero() {
		f.AddTime = c.now
	}
	c.fields[f.Entity] = append(c.fields[f.Entity], &f)
	return f.ID
}

// RemoveField removes a custom field, as when a user deletes it. Records keep its values, but no API shows them
// any more.
func (c *Company) RemoveField(entity, key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, f := range c.fields[entity] {
		if f.Key == key {
			c.fields[entity] = append(c.fields[entity][:i:i], c.fields[entity][i+1:]...)
			return
		}
	}
	panic(fmt.Sprintf("simulator: there is no %s field %s", entity, key))
}

// UpdateField changes a field, for example its Name or Options.
func (c *Company) UpdateField(entity, key string, f func(*Field)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, field := range c.fields[entity] {
		if field.Key == key {
			f(field)
			field.UpdateTime = new(c.now)
			return
		}
	}
	panic(fmt.Sprintf("simulator: there is no %s field %s", entity, key))
}

// Fields lists an entity's fields in the API's order.
func (c *Company) Fields(entity string) []Field {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var fs []Field
	for _, f := range c.describedFields(entity) {
		fs = append(fs, *f)
	}
	return fs
}

// describedFields are the fields in an entity's fields list: its own and those that it shares with another entity.
// The lock must be held.
func (c *Company) describedFields(entity string) []*Field {
	if entity == "lead" {
		return append(slices.Clone(c.fields[entity]), c.customFields("deal")...)
	}
	return c.fields[entity]
}

// customFields are an entity's custom fields; the lock must be held.
func (c *Company) customFields(entity string) []*Field {
	var fs []*Field
	for _, f := range c.fields[entity] {
		if f.Custom {
			fs = append(fs, f)
		}
	}
	return fs
}

func (c *Company) addStandardFields() {
	addStandard(c, "deal", dealAttributes)
	addStandard(c, "person", personAttributes)
	addStandard(c, "organization", organizationAttributes)
	addStandard(c, "note", noteAttributes)
	for _, k := range kinds {
		if k.describes != "" {
			addStandard(c, k.describes, k.attributes())
		}
	}
}

func addStandard[T any](c *Company, entity string, as []attribute[T]) {
	for _, a := range as {
		if a.kind == "" {
			continue
		}
		c.addField(Field{
			Entity: entity, Key: a.v2, Name: title(a.v2), Type: a.kind, Optional: a.optional,
			Options: standardOptions[a.v2],
			AddTime: defaultNow.AddDate(-7, 0, 0),
		})
	}
}

// standardOptions are the choices of standard fields. Those of label_ids give the labels' names.
var standardOptions = map[string][]Choice{
	"label_ids": {
		{int64(1), "Hot lead", "red"},
		{int64(2), "Warm lead", "yellow"},
		{int64(3), "Cold lead", "blue"},
		{int64(4), "Klient", "green"},
		{int64(5), "Клиент, «важный»", "purple"},
	},
	"status": {{"open", "Open", ""}, {"won", "Won", ""}, {"lost", "Lost", ""}, {"deleted", "Deleted", ""}},
	"visible_to": {
		{int64(1), "Item owner", ""},
		{int64(3), "All users", ""},
		{int64(5), "Item owner's visibility group and sub-groups", ""},
		{int64(7), "Entire company", ""},
	},
	"channel":          {{int64(52), "Web forms", ""}, {int64(53), "Campaigns", ""}},
	"industry":         {{int64(1), "Software", ""}, {int64(2), "Retail", ""}, {int64(3), "Logistics", ""}},
	"marketing_status": {{"no_consent", "No consent", ""}, {"subscribed", "Subscribed", ""}, {"unsubscribed", "Unsubscribed", ""}, {"archived", "Archived", ""}},
}

// v2 is a field of /api/v2/{deal,person,organization}Fields [v2 /dealFields].
func (f *Field) v2(include map[string]bool) object {
	o := object{
		{"field_name", f.Name},
		{"field_code", f.Key},
		{"description", f.Description},
		{"field_type", f.Type},
		{"options", f.optionsV2()},
		{"subfields", f.subfieldsV2()},
		{"is_custom_field", f.Custom},
		{"is_optional_response_field", f.Optional},
	}
	unasked := f.Entity == "project" // project fields come without being requested [v2 /projectFields]
	if unasked || include["ui_visibility"] {
		o = append(o, member{"ui_visibility", object{{"add_visible_flag", true}, {"details_visible_flag", true}}})
	}
	if unasked || include["important_fields"] {
		o = append(o, member{"important_fields", object{{"enabled", false}, {"stage_ids", list{}}}})
	}
	if unasked || include["required_fields"] {
		required := object{{"enabled", false}}
		if f.Entity == "deal" {
			required = append(required, object{{"stage_ids", list{}}, {"statuses", object{}}}...)
		}
		o = append(o, member{"required_fields", required})
	}
	return o
}

func (f *Field) optionsV2() any {
	if f.Options == nil {
		return nil
	}
	var os list
	for _, op := range f.Options {
		os = append(os, object{{"id", op.ID}, {"label", op.Label}, {"color", orNull(op.Color)}})
	}
	return os
}

func (f *Field) subfieldsV2() any {
	parts := subfields[f.Type]
	if parts == nil {
		return nil
	}
	var os list
	for _, p := range parts {
		os = append(os, object{
			{"field_code", f.Key + "_" + p.suffix}, {"field_name", title(p.suffix) + " of " + f.Name}, {"field_type", p.kind},
		})
	}
	return os
}

// v1 is a field of /v1/*Fields [v1 /dealFields].
func (f *Field) v1() object {
	var options any
	if f.Options != nil {
		os := list{}
		for _, op := range f.Options {
			os = append(os, object{{"id", op.ID}, {"label", op.Label}})
		}
		options = os
	}
	o := object{
		{"id", f.ID},
		{"key", f.Key},
		{"name", f.Name},
		{"field_type", f.Type},
		{"active_flag", true},
		{"edit_flag", f.Custom},
		{"bulk_edit_allowed", true},
		{"mandatory_flag", !f.Custom},
		{"options", options},
	}
	if f.Entity == "note" {
		return o // a field list has no further members [v1 /noteFields]
	}
	o = append(o, object{
		{"order_nr", f.ID},
		{"add_time", f.AddTime},
		{"update_time", f.UpdateTime},
		{"last_updated_by_user_id", nil},
		{"created_by_user_id", nil},
		{"index_visible_flag", true},
		{"details_visible_flag", true},
		{"add_visible_flag", f.Custom},
		{"important_flag", false},
		{"searchable_flag", false},
		{"filtering_allowed", true},
		{"sortable_flag", true},
	}...)
	if parts := subfields[f.Type]; parts != nil {
		var os list
		for _, p := range parts {
			os = append(os, object{{"key", f.Key + "_" + p.suffix}, {"name", title(p.suffix) + " of " + f.Name}, {"field_type", p.kind}})
		}
		o = append(o, member{"subfields", os})
	}
	return o
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// customObject appends v2's custom_fields: every field in fs, mostly null [Pipedrive: custom fields]. For a record
// without values it is null.
func customObject(e *encoder, fs []*Field, values map[string]any) {
	if values == nil {
		e.buf = append(e.buf, "null"...)
		return
	}
	e.buf = append(e.buf, '{')
	for i, f := range fs {
		if i > 0 {
			e.buf = append(e.buf, ',')
		}
		e.name(f.Key)
		e.value(customV2(values[f.Key]))
	}
	e.buf = append(e.buf, '}')
}

// customMembers are v1's custom fields, at the record's root.
func customMembers(fs []*Field, values map[string]any) []member {
	var ms []member
	for _, f := range fs {
		ms = append(ms, customV1(f, values[f.Key])...)
	}
	return ms
}

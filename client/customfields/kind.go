package customfields

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/scan"
)

// kind is the kind of a custom field's values and the columns for them ([Pipedrive: custom fields]).
//
// [Pipedrive: custom fields]: https://pipedrive.readme.io/docs/core-api-concepts-custom-fields
type kind struct {
	// name tells kinds apart: two fields of the same name and kind share a column.
	name string
	// columns of a value; the first has the value itself.
	columns []part
}

// part is one column of a custom field.
type part struct {
	// name of the part in the value's object, and behind the column's name; empty for the value itself.
	name    string
	Type    table.Type
	meaning string // the column's part of the field, for its description
}

// whole is the only column of a value without parts, and the first of one with.
func whole(t table.Type) part { return part{Type: t} }

var (
	until        = part{"until", table.Date, "end"}
	timezoneID   = part{"timezone_id", table.Int, "id of the time zone"}
	timezoneName = part{"timezone_name", table.Text, "name of the time zone"}
	textKind     = kind{name: "text", columns: []part{whole(table.Text)}}
)

// kinds are the kinds by Pipedrive's field_type; all others are JSON.
var kinds = map[string]kind{
	"varchar": textKind, "text": textKind, "varchar_auto": textKind, "varchar_options": textKind, "phone": textKind,
	"lead": textKind, // the id of a lead is a UUID

	"double":  {name: "double", columns: []part{whole(table.Float)}},
	"int":     {name: "int", columns: []part{whole(table.Int)}},
	"boolean": {name: "boolean", columns: []part{whole(table.Bool)}},
	"date":    {name: "date", columns: []part{whole(table.Date)}},
	"enum":    {name: "enum", columns: []part{whole(table.Text)}},
	"set":     {name: "set", columns: []part{whole(table.JSON)}},

	"monetary":  {name: "monetary", columns: []part{whole(table.Float), {"currency", table.Text, "currency, an ISO 4217 code"}}},
	"daterange": {name: "daterange", columns: []part{whole(table.Date), until}},
	"time":      {name: "time", columns: []part{whole(table.Text), timezoneID, timezoneName}},
	"timerange": {name: "timerange", columns: []part{whole(table.Text), {"until", table.Text, "end"}, timezoneID, timezoneName}},
	"address": {name: "address", columns: []part{
		whole(table.Text),
		{"country", table.Text, "country"},
		{"admin_area_level_1", table.Text, "state or region"},
		{"admin_area_level_2", table.Text, "county"},
		{"locality", table.Text, "city or town"},
		{"sublocality", table.Text, "district"},
		{"route", table.Text, "street"},
		{"street_number", table.Text, "house number"},
		{"subpremise", table.Text, "apartment or suite"},
		{"postal_code", table.Text, "postal code"},
		{"formatted_address", table.Text, "address in one line, as the map service writes it"},
	}},

	"activity": idKind("activity"), "deal": idKind("deal"), "org": idKind("org"), "people": idKind("people"),
	"project": idKind("project"), "stage": idKind("stage"), "user": idKind("user"),
}

func idKind(name string) kind { return kind{name: name, columns: []part{whole(table.Int)}} }

// kindOf is the kind of a field_type, JSON if the type is unknown.
func kindOf(fieldType string) kind {
	if k, ok := kinds[fieldType]; ok {
		return k
	}
	return kind{name: "json", columns: []part{whole(table.JSON)}}
}

// columnOf is the name of a part's column.
func (p part) columnOf(column string) string {
	if p.name == "" {
		return column
	}
	return column + "_" + p.name
}

// source is the source of a part of a custom field in a record of API v2.
func (k kind) source(p part, hash string, options *options) table.Source {
	at := table.CustomFieldsColumn + "." + hash
	switch {
	case k.name == "enum":
		return table.At(at).With(options.readLabel)
	case k.name == "set":
		return table.At(at).With(options.readLabels)
	case len(k.columns) == 1:
		return table.At(at)
	case p.name == "":
		return table.At(at+".value", at) // also a bare value
	}
	return table.At(at + "." + p.name)
}

// options are the labels of a field's options, by id. They lack removed options, which records may still have.
type options struct{ labels map[string]string }

// optionsOf reads a field's list of options.
func optionsOf(field *table.Row) *options {
	o := &options{labels: map[string]string{}}
	list := jsontext.Value(field.Value(Options).Text)
	if list.Kind() != '[' {
		return o
	}
	d := table.NewDecoder([]table.Column{{Name: "id"}, {Name: "label"}}, func(c table.Column) table.Source { return c.V2 })
	for record := range scan.Elements(list) {
		if option, _, err := d.Record(record); err == nil {
			o.labels[option.Value(0).Text] = option.Value(1).Text
		}
	}
	return o
}

// label is an option's label, or its id if it has none.
func (o *options) label(v jsontext.Value) (string, error) {
	id, err := table.Bare(v)
	if label := o.labels[string(id)]; label != "" {
		return label, err
	}
	return string(id), err
}

func (o *options) readLabel(v jsontext.Value) (table.Value, error) {
	label, err := o.label(v)
	return table.TextValue(label), err
}

// readLabels reads the labels of a list of options, in its order.
func (o *options) readLabels(v jsontext.Value) (table.Value, error) {
	if v.Kind() != '[' {
		return table.Value{}, table.ErrShape
	}
	var labels []byte
	for id := range scan.Elements(v) {
		label, err := o.label(id)
		if err != nil {
			return table.Value{}, err
		}
		labels = append(labels, ',')
		if labels, err = jsontext.AppendQuote(labels, label); err != nil {
			return table.Value{}, err
		}
	}
	if len(labels) == 0 {
		return table.Value{}, nil
	}
	labels[0] = '['
	return table.Value{Valid: true, Text: string(append(labels, ']'))}, nil
}

package client

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// kind is what the values of a custom field are, and which columns they become ([Pipedrive: custom fields]).
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
	Type    Type
	meaning string // what the column has of the field, in its description
}

// whole is the only column of a value without parts, and the first of one with.
func whole(t Type) part { return part{Type: t} }

var (
	until        = part{"until", Date, "end"}
	timezoneID   = part{"timezone_id", Int, "id of the time zone"}
	timezoneName = part{"timezone_name", Text, "name of the time zone"}
	textKind     = kind{name: "text", columns: []part{whole(Text)}}
)

// kinds are the kinds by Pipedrive's field_type; all others are JSON.
var kinds = map[string]kind{
	"varchar": textKind, "text": textKind, "varchar_auto": textKind, "varchar_options": textKind, "phone": textKind,
	"lead": textKind, // the id of a lead is a UUID

	"double":  {name: "double", columns: []part{whole(Float)}},
	"int":     {name: "int", columns: []part{whole(Int)}},
	"boolean": {name: "boolean", columns: []part{whole(Bool)}},
	"date":    {name: "date", columns: []part{whole(Date)}},
	"enum":    {name: "enum", columns: []part{whole(Text)}},
	"set":     {name: "set", columns: []part{whole(JSON)}},

	"monetary":  {name: "monetary", columns: []part{whole(Float), {"currency", Text, "currency, an ISO 4217 code"}}},
	"daterange": {name: "daterange", columns: []part{whole(Date), until}},
	"time":      {name: "time", columns: []part{whole(Text), timezoneID, timezoneName}},
	"timerange": {name: "timerange", columns: []part{whole(Text), {"until", Text, "end"}, timezoneID, timezoneName}},
	"address": {name: "address", columns: []part{
		whole(Text),
		{"country", Text, "country"},
		{"admin_area_level_1", Text, "state or region"},
		{"admin_area_level_2", Text, "county"},
		{"locality", Text, "city or town"},
		{"sublocality", Text, "district"},
		{"route", Text, "street"},
		{"street_number", Text, "house number"},
		{"subpremise", Text, "apartment or suite"},
		{"postal_code", Text, "postal code"},
		{"formatted_address", Text, "address in one line, as the map service writes it"},
	}},

	"activity": idKind("activity"), "deal": idKind("deal"), "org": idKind("org"), "people": idKind("people"),
	"project": idKind("project"), "stage": idKind("stage"), "user": idKind("user"),
}

func idKind(name string) kind { return kind{name: name, columns: []part{whole(Int)}} }

// kindOf is the kind of a field_type, and that of its own name.
func kindOf(fieldType string) kind {
	if k, ok := kinds[fieldType]; ok {
		return k
	}
	return kind{name: "json", columns: []part{whole(JSON)}}
}

// columnOf is the name of a part's column.
func (p part) columnOf(column string) string {
	if p.name == "" {
		return column
	}
	return column + "_" + p.name
}

// source is where a record of API v2 has the part of a custom field.
func (k kind) source(p part, hash string, options *options) Source {
	at := customFieldsColumn + "." + hash
	switch {
	case k.name == "enum":
		return Source{paths: []string{at}, read: options.readLabel}
	case k.name == "set":
		return Source{paths: []string{at}, read: options.readLabels}
	case len(k.columns) == 1:
		return At(at)
	case p.name == "":
		return At(at+".value", at) // a bare value, should one come
	}
	return At(at + "." + p.name)
}

// options are the labels of a field's options, by id. An option that was removed is not among them, though
// records may still have it.
type options struct{ labels map[string]string }

// optionsOf reads a field's list of options.
func optionsOf(field *Row) *options {
	o := &options{labels: map[string]string{}}
	dec := jsontext.NewDecoder(strings.NewReader(field.values[fieldOptions].text), pipedrive.Lenient...)
	if dec.PeekKind() != '[' {
		return o
	}
	d := newDecoder([]Column{{Name: "value", V2: At("id")}, {Name: "label"}}, func(c Column) Source { return c.V2 })
	_, err := dec.ReadToken()
	for err == nil && dec.PeekKind() == '{' {
		var option *Row
		if option, err = d.record(dec); err == nil {
			o.labels[option.values[0].text] = option.values[1].text
		}
	}
	return o
}

// label is an option's label, or its id where it has none.
func (o *options) label(v jsontext.Value) (string, error) {
	id, err := bare(v)
	if label := o.labels[id]; label != "" {
		return label, err
	}
	return id, err
}

func (o *options) readLabel(v jsontext.Value) (value, error) {
	label, err := o.label(v)
	return textValue(label), err
}

// readLabels reads the labels of a list of options, in its order.
func (o *options) readLabels(v jsontext.Value) (value, error) {
	if v.Kind() != '[' {
		return value{}, errShape
	}
	var labels []byte
	dec := jsontext.NewDecoder(strings.NewReader(string(v)), pipedrive.Lenient...)
	_, err := dec.ReadToken()
	for err == nil && dec.PeekKind() != ']' {
		var id jsontext.Value
		if id, err = dec.ReadValue(); err != nil {
			break
		}
		var label string
		if label, err = o.label(id); err != nil {
			break
		}
		labels = append(labels, ',')
		labels, err = jsontext.AppendQuote(labels, label)
	}
	if err != nil || len(labels) == 0 {
		return value{}, err
	}
	labels[0] = '['
	return value{valid: true, text: string(append(labels, ']'))}, nil
}

package simulator

import "strings"

// attribute is one field of an entity as the APIs show it. The v2 record, the v1 record, the export record and the
// standard part of the fields lists are all built from an entity's list of attributes.
type attribute[T any] struct {
	v2, v1    string // names; "" if that API lacks it
	kind      string // field_type in the fields lists; "" if they lack it
	optional  bool   // v2 shows it only if include_fields names it
	export    bool   // the export endpoint's own addition to the v1 record
	marketing bool   // only companies with the marketing app have it

	value func(*Company, *T) any
	// v1Value is set if v1's form differs.
	v1Value func(*Company, *T) any
}

// same declares an attribute with one name and one form in both APIs.
func same[T any](name, kind string, value func(*T) any) attribute[T] {
	return attribute[T]{v2: name, v1: name, kind: kind, value: plain(value)}
}

// onlyV2 declares an attribute that v1 lacks.
func onlyV2[T any](name, kind string, value func(*T) any) attribute[T] {
	return attribute[T]{v2: name, kind: kind, value: plain(value)}
}

// onlyV1 declares an attribute that v2 lacks.
func onlyV1[T any](name string, value func(*Company, *T) any) attribute[T] {
	return attribute[T]{v1: name, v1Value: value}
}

// asked declares an attribute that v1 always shows and v2 on request.
func asked[T any](name, kind string, value func(*T) any) attribute[T] {
	return attribute[T]{v2: name, v1: name, kind: kind, optional: true, value: plain(value)}
}

func plain[T any](value func(*T) any) func(*Company, *T) any {
	return func(_ *Company, r *T) any { return value(r) }
}

// recordV2 appends a record in v2's form, with the requested optional attributes and custom fields; custom is nil
// for entities without custom fields.
func recordV2[T any](e *encoder, c *Company, r *T, as []attribute[T], include map[string]bool, custom func(*encoder, *T)) {
	e.buf = append(e.buf, '{')
	first := true
	for i := range as {
		a := &as[i]
		if a.v2 == "" || a.optional && !include[a.v2] {
			continue
		}
		v := a.value(c, r)
		if v == absent {
			continue
		}
		e.next(&first, a.v2)
		e.value(v)
	}
	if custom != nil {
		e.next(&first, "custom_fields")
		custom(e, r)
	}
	e.buf = append(e.buf, '}')
}

// recordV1 appends a record in v1's form, or in the export endpoint's form if export is true; custom gives the
// custom fields at the record's root.
func recordV1[T any](e *encoder, c *Company, r *T, as []attribute[T], export bool, custom []member) {
	e.buf = append(e.buf, '{')
	first := true
	for i := range as {
		a := &as[i]
		if a.v1 == "" || a.export && !export || a.marketing && !c.marketingApp {
			continue
		}
		value := a.value
		if a.v1Value != nil {
			value = a.v1Value
		}
		v := value(c, r)
		if v == absent {
			continue
		}
		e.next(&first, a.v1)
		e.value(v)
	}
	for _, m := range custom {
		e.next(&first, m.name)
		e.value(m.value)
	}
	e.buf = append(e.buf, '}')
}

func (e *encoder) next(first *bool, name string) {
	if !*first {
		e.buf = append(e.buf, ',')
	}
	*first = false
	e.name(name)
}

// absent, as an attribute's value, leaves the attribute out of the record.
var absent any = absence{}

type absence struct{}

// title derives a field's display name from its key: "add_time" becomes "Add time".
func title(key string) string {
	s := strings.ReplaceAll(key, "_", " ")
	return strings.ToUpper(s[:1]) + s[1:]
}

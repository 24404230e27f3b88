package simulator

import "strings"

// attribute is one field of an entity as the APIs show it. Each entity has one
// list of them, from which the v2 record, the v1 record, the export record and
// the standard part of the fields lists are made.
type attribute[T any] struct {
	v2, v1    string // names; "" where that API doesn't have it
	kind      string // field_type in the fields lists; "" if those don't list it
	optional  bool   // v2 shows it only when include_fields names it
	export    bool   // the export endpoint's own addition to the v1 record
	marketing bool   // only companies with the marketing app have it

	value func(*Company, *T) any
	// v1Value is set where v1's form is another one.
	v1Value func(*Company, *T) any
}

// same declares an attribute that has one name and one form in both APIs.
func same[T any](name, kind string, value func(*T) any) attribute[T] {
	return attribute[T]{v2: name, v1: name, kind: kind, value: plain(value)}
}

// onlyV2 declares an attribute that v1 doesn't have.
func onlyV2[T any](name, kind string, value func(*T) any) attribute[T] {
	return attribute[T]{v2: name, kind: kind, value: plain(value)}
}

// onlyV1 declares an attribute that v2 doesn't have.
func onlyV1[T any](name string, value func(*Company, *T) any) attribute[T] {
	return attribute[T]{v1: name, v1Value: value}
}

// asked declares an attribute that v1 always shows and v2 when asked for.
func asked[T any](name, kind string, value func(*T) any) attribute[T] {
	return attribute[T]{v2: name, v1: name, kind: kind, optional: true, value: plain(value)}
}

func plain[T any](value func(*T) any) func(*Company, *T) any {
	return func(_ *Company, r *T) any { return value(r) }
}

// recordV2 appends a record in v2's form, with the optional attributes and the
// custom fields that were asked for; custom is nil for entities without.
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

// recordV1 appends a record in v1's form, or with export in that of the export
// endpoint; custom gives the custom fields at the record's root.
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

// absent as an attribute's value leaves the attribute out of the record.
var absent any = absence{}

type absence struct{}

// title makes a field's display name of its key: "add_time" is "Add time".
func title(key string) string {
	s := strings.ReplaceAll(key, "_", " ")
	return strings.ToUpper(s[:1]) + s[1:]
}

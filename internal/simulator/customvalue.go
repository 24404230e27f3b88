package simulator

// Money is the value of a monetary custom field.
type Money struct {
	Value    float64
	Currency string
}

// DateRange is the value of a daterange custom field.
type DateRange struct{ Value, Until Date }

// TimeOfDay is the value of a time custom field, with Value as "15:04:05".
type TimeOfDay struct {
	Value        string
	TimezoneID   int64
	TimezoneName string
}

// TimeRange is the value of a timerange custom field.
type TimeRange struct {
	Value, Until string
	TimezoneID   int64
	TimezoneName string
}

// Address is a postal address, also the value of an address custom field. An empty part is null in v2 and "" in
// v1.
type Address struct {
	Value            string
	Country          string
	AdminAreaLevel1  string
	AdminAreaLevel2  string
	Locality         string
	Sublocality      string
	Route            string
	StreetNumber     string
	Subpremise       string
	PostalCode       string
	FormattedAddress string
}

// parts lists an address's components under their common names. v1 puts them behind a prefix and v2 into an
// object.
func (a Address) parts() []member {
	return []member{
		{"subpremise", a.Subpremise},
		{"street_number", a.StreetNumber},
		{"route", a.Route},
		{"sublocality", a.Sublocality},
		{"locality", a.Locality},
		{"admin_area_level_1", a.AdminAreaLevel1},
		{"admin_area_level_2", a.AdminAreaLevel2},
		{"country", a.Country},
		{"postal_code", a.PostalCode},
		{"formatted_address", a.FormattedAddress},
	}
}

// v2 returns the address as an object [v2 /organizations].
func (a Address) v2() object {
	o := object{{"value", a.Value}}
	for _, p := range a.parts() {
		if p.value == "" {
			p.value = nil
		}
		o = append(o, p)
	}
	return o
}

// customV2 is a custom field's value in v2's custom_fields.
func customV2(v any) any {
	switch v := v.(type) {
	case Money:
		return object{{"value", v.Value}, {"currency", v.Currency}}
	case DateRange:
		return object{{"value", v.Value}, {"until", v.Until}}
	case TimeOfDay:
		return object{{"value", v.Value}, {"timezone_id", v.TimezoneID}, {"timezone_name", v.TimezoneName}}
	case TimeRange:
		return object{{"value", v.Value}, {"until", v.Until}, {"timezone_id", v.TimezoneID}, {"timezone_name", v.TimezoneName}}
	case Address:
		return v.v2()
	default:
		return v
	}
}

// customV1 is a custom field's value at the root of a v1 record: under its key, and for composite types also under
// keys with a suffix. These are present even if the value is null [Pipedrive: API v2 migration guide].
func customV1(f *Field, v any) []member {
	switch f.Type {
	case "enum":
		if id, ok := v.(int64); ok {
			v = joinIDs([]int64{id})
		}
	case "set":
		if ids, ok := v.([]int64); ok {
			v = joinIDs(ids)
		}
	case "monetary":
		m, ok := v.(Money)
		return composite(f, ok, member{"", m.Value}, member{"_currency", m.Currency})
	case "daterange":
		r, ok := v.(DateRange)
		return composite(f, ok, member{"", r.Value}, member{"_until", r.Until})
	case "time":
		t, ok := v.(TimeOfDay)
		return composite(f, ok, member{"", t.Value}, member{"_timezone_id", t.TimezoneID})
	case "timerange":
		t, ok := v.(TimeRange)
		return composite(f, ok, member{"", t.Value}, member{"_until", t.Until}, member{"_timezone_id", t.TimezoneID})
	case "address":
		a, ok := v.(Address)
		parts := []member{{"", a.Value}}
		for _, p := range a.parts() {
			parts = append(parts, member{"_" + p.name, p.value})
		}
		return composite(f, ok, parts...)
	}
	return []member{{f.Key, v}}
}

// composite names the parts of a value by a field's key and their suffixes. Without a value they are null.
func composite(f *Field, there bool, parts ...member) []member {
	for i := range parts {
		parts[i].name = f.Key + parts[i].name
		if !there {
			parts[i].value = nil
		}
	}
	return parts
}

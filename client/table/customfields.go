package table

import (
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// HashLength is the length of a custom field's key: a SHA-1 in hexadecimal.
const HashLength = 40

var lenient = json.JoinOptions(pipedrive.Lenient...)

// CustomFieldsV1 collects the custom fields that v1 spreads over a record, and converts them to v2's form: one
// object by hash, in which a value with parts is an object too ([Pipedrive: migrating to v2]).
//
// [Pipedrive: migrating to v2]: https://pipedrive.readme.io/docs/pipedrive-api-v2-migration-guide
type CustomFieldsV1 struct {
	// Kinds are the fields' types by hash. An export endpoint has no list of them; options then keep v1's text
	// form.
	Kinds map[string]string
	found []member
}

type member struct {
	hash, part string
	value      jsontext.Value
}

// has reports whether a member of a record, by its quoted name, may belong to a custom field.
func (c *CustomFieldsV1) has(name jsontext.Value) bool {
	return IsCustomField(string(name[1 : len(name)-1]))
}

// take keeps a member of a record if it belongs to a custom field.
func (c *CustomFieldsV1) take(name string, v jsontext.Value) {
	if len(name) == HashLength {
		c.found = append(c.found, member{hash: name, value: v.Clone()})
	} else if hash, part := name[:HashLength], name[HashLength+1:]; name[HashLength] == '_' {
		c.found = append(c.found, member{hash: hash, part: part, value: v.Clone()})
	}
}

// IsCustomField reports whether a member's name begins with the hash of a custom field.
func IsCustomField(name string) bool {
	if len(name) < HashLength {
		return false
	}
	for _, c := range []byte(name[:HashLength]) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// object returns the collected fields in v2's form, nil for none.
func (c *CustomFieldsV1) object() (jsontext.Value, error) {
	if len(c.found) == 0 {
		return nil, nil
	}
	parts := map[string]map[string]jsontext.Value{}
	for _, m := range c.found {
		if m.part != "" {
			if parts[m.hash] == nil {
				parts[m.hash] = map[string]jsontext.Value{}
			}
			parts[m.hash][m.part] = scalarV2(m.value, "")
		}
	}
	object := map[string]jsontext.Value{}
	for _, m := range c.found {
		if m.part == "" {
			object[m.hash] = c.v2(m, parts[m.hash])
		}
	}
	return json.Marshal(object, json.Deterministic(true), lenient)
}

// v2 returns a field's value in API v2's form.
func (c *CustomFieldsV1) v2(m member, parts map[string]jsontext.Value) jsontext.Value {
	v := scalarV2(m.value, c.Kinds[m.hash])
	if v.Kind() == 'n' || len(parts) == 0 {
		return v
	}
	parts["value"] = v
	object, err := json.Marshal(parts, json.Deterministic(true), lenient)
	if err != nil {
		return m.value
	}
	return object
}

// scalarV2 is the id of a related record, the number of an option, a list of such numbers, or else the value
// itself; an empty text is none.
func scalarV2(v jsontext.Value, kind string) jsontext.Value {
	switch v.Kind() {
	case '{':
		var ref struct{ Value, ID *int64 }
		if json.Unmarshal(v, &ref, json.MatchCaseInsensitiveNames(true), lenient) == nil {
			for _, id := range []*int64{ref.Value, ref.ID} {
				if id != nil {
					return jsontext.Value(strconv.FormatInt(*id, 10))
				}
			}
		}
	case '"':
		text := string(unquote(v))
		if text == "" {
			return jsontext.Value("null")
		}
		list := jsontext.Value("[" + strings.ReplaceAll(text, " ", "") + "]")
		switch {
		case kind == "set" && list.IsValid():
			return list
		case kind == "enum" && list[1:len(list)-1].IsValid():
			return list[1 : len(list)-1]
		}
	}
	return v
}

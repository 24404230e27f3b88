package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// A rule is a condition on a value of the spec. All rules are in the JSON schema, against which both a run and
// `cloudquery validate-config` check a spec. So both accept the same specs.
type rule struct {
	holds *jsonschema.Schema
	words string // the allowed form
}

// chain combines rules so that a value gets only the error of the first rule that it breaks. In the schema, a broken
// rule is a constant with the rule's words: validators show the expected constant, but never the value, which may be a
// secret.
func chain(rules ...rule) *jsonschema.Schema {
	var s *jsonschema.Schema
	for _, r := range slices.Backward(rules) {
		s = &jsonschema.Schema{If: r.holds, Then: s, Else: refusal(r.words)}
	}
	return s
}

// refusal is a schema that no value satisfies, not even the words themselves.
func refusal(words string) *jsonschema.Schema {
	return &jsonschema.Schema{Const: words, Not: &jsonschema.Schema{Const: words}}
}

// Rules for texts. Their patterns have the same meaning in Go and in ECMAScript, which editors use.
var (
	present = rule{pattern(`\S`), "not empty; is its variable set?"}
	token   = rule{present.holds, present.words + howToGetToken}
	oneLine = rule{pattern(`^\s*[^\p{Cc}]*\s*$`), "free of line breaks and of other control characters"}
	filled  = rule{pattern(`.`), "not empty"}

	// The limits on digits keep the sum within Go's range, and fractions at or above a nanosecond.
	duration = rule{
		&jsonschema.Schema{AllOf: []*jsonschema.Schema{pattern(`[0-9]`), pattern(
			`^([0-9]{1,6}(\.[0-9]{1,9})?h)?([0-9]{1,7}(\.[0-9]{1,9})?m)?([0-9]{1,9}(\.[0-9]{1,9})?s)?` +
				`([0-9]{1,9}(\.[0-9]{1,6})?ms)?([0-9]{1,9}(\.[0-9]{1,3})?[uµμ]s)?([0-9]{1,9}ns)?$`)}},
		"a duration of 0s or more, like 60s, 1h30m or 168h; days are no unit",
	}
	positive = rule{pattern(`[1-9]`), "a duration of more than 0s"}

	moment = rule{&jsonschema.Schema{AnyOf: []*jsonschema.Schema{
		{Format: "date"},
		{Format: "date-time", Pattern: `^.{10}T.{6}[0-5][0-9](\.[0-9]{1,9})?(Z|[+-].{5})$`}, // no leap seconds, no lower case
		pattern(`^now$`),
		pattern(`^([0-9]{1,5}\s+(second|minute|hour|day|month|year)s?\s+){1,5}ago$`),
	}}, "a date like 2024-01-31, a time like 2024-01-31T12:00:00Z, or a span like 90 days ago"}

	withoutUser = rule{&jsonschema.Schema{Not: pattern(`^([A-Za-z]+://)?[^/]*@|[?#]`)}, "an address with no user, query or fragment"}
	safe        = rule{
		&jsonschema.Schema{Format: "uri", Pattern: `^(https://([\p{L}\p{N}][\p{L}\p{N}._-]*|\[[0-9A-Fa-f:.]+\])|` +
			`http://(localhost|127\.` + octet + `\.` + octet + `\.` + octet + `|\[::1\]))(:[0-9]{1,5})?(/[^\s?#]*)?$`},
		"an https:// address; http:// is allowed for this machine only",
	}
)

const octet = `(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])`

// address has the rules for an address that receives credentials.
var address = []rule{filled, withoutUser, safe}

func pattern(p string) *jsonschema.Schema { return &jsonschema.Schema{Pattern: p} }

// Rules for maps.
const (
	beside  = "absent beside spec.accounts, which has the connections"
	ownURL  = "absent beside export, which has a url of its own"
	consent = "a map with refresh_token or token_file; `cq-source-pipedrive login` gets the first one"
	connect = "a map with one way to connect: "

	howToGetToken = " (spec.api_token: " + pipedrive.APITokenPlace + ")"
)

// missing reports whether a rule's words are about missing credentials.
func missing(words string) bool {
	return words == consent || strings.HasPrefix(words, present.words) || strings.HasPrefix(words, connect)
}

// restrict sets the rules of a text key, in place of the general schema of its type.
func restrict(s *jsonschema.Schema, key string, rules ...rule) {
	property, _ := s.Properties.Get(key)
	property.Type, property.Ref = "string", ""
	property.AllOf = []*jsonschema.Schema{chain(rules...)}
}

// oneOf requires exactly one of the ways to connect. It accepts a map with an unknown key, which may be a mistyped
// way.
func oneOf(s *jsonschema.Schema, ways []string) {
	var known []any
	for p := s.Properties.Oldest(); p != nil; p = p.Next() {
		known = append(known, p.Key)
	}
	some := []*jsonschema.Schema{{Not: &jsonschema.Schema{PropertyNames: &jsonschema.Schema{Enum: known}}}}
	for i, way := range ways {
		some = append(some, has(way))
		for _, other := range ways[i+1:] {
			if other != accounts {
				s.AllOf = append(s.AllOf, chain(rule{
					&jsonschema.Schema{Not: has(way, other)},
					fmt.Sprintf("a map with only one way to connect, not %s and %s", way, other),
				}))
			}
		}
	}
	s.AllOf = append(s.AllOf,
		chain(rule{&jsonschema.Schema{AnyOf: some}, connect + strings.Join(ways, ", ") + howToGetToken}),
		excludes("export", ownURL, "api_url", "api_version"))
}

// excludes forbids some keys beside another.
func excludes(key, words string, excluded ...string) *jsonschema.Schema {
	properties := jsonschema.NewProperties()
	for _, e := range excluded {
		properties.Set(e, refusal(words))
	}
	return &jsonschema.Schema{If: has(key), Then: &jsonschema.Schema{Properties: properties}}
}

func has(keys ...string) *jsonschema.Schema { return &jsonschema.Schema{Required: keys} }

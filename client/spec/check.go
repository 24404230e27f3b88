package spec

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/nearest"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// check validates a value of the spec and returns the most important error. Unknown keys come first, then missing
// credentials, since a mistyped key causes both. path is the value's path in the spec.
func check(schema *jsonschema.Schema, path string, value any) error {
	var broken *jsonschema.ValidationError
	if err := schema.Validate(value); !errors.As(err, &broken) {
		return err
	}
	first := slices.MinFunc(leaves(broken), func(a, b *jsonschema.ValidationError) int {
		return cmp.Or(
			cmp.Compare(rank(a), rank(b)),
			slices.Compare(a.InstanceLocation, b.InstanceLocation),
			cmp.Compare(words(a), words(b)))
	})
	return explain(first, path, value)
}

// leaves are the single errors, without the validator's groups.
func leaves(e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return []*jsonschema.ValidationError{e}
	}
	var all []*jsonschema.ValidationError
	for _, c := range e.Causes {
		all = append(all, leaves(c)...)
	}
	return all
}

func rank(e *jsonschema.ValidationError) int {
	if _, unknown := e.ErrorKind.(*kind.AdditionalProperties); unknown {
		return 0
	}
	if codeOf(e) == pipedrive.TokenNotFound {
		return 1
	}
	return 2
}

func codeOf(e *jsonschema.ValidationError) pipedrive.Code {
	switch k := e.ErrorKind.(type) {
	case *kind.Const:
		if text, _ := k.Want.(string); missing(text) {
			return pipedrive.TokenNotFound
		}
	case *kind.Type:
		if k.Got == "null" && isSecret(e.InstanceLocation) {
			return pipedrive.TokenNotFound
		}
	}
	return pipedrive.InvalidSpec
}

// words is the text of the error: the words of a broken rule, or the validator's own.
func words(e *jsonschema.ValidationError) string {
	switch k := e.ErrorKind.(type) {
	case *kind.Const:
		if text, ok := k.Want.(string); ok {
			return "must be " + text
		}
	case *kind.AdditionalProperties:
		slices.Sort(k.Properties)
	}
	return e.ErrorKind.LocalizedString(message.NewPrinter(language.English))
}

// explain returns the error for the user.
func explain(e *jsonschema.ValidationError, path string, value any) error {
	for _, step := range e.InstanceLocation {
		switch v := value.(type) {
		case map[string]any:
			value, path = v[step], path+"."+step
		case []any:
			i, _ := strconv.Atoi(step)
			value, path = v[i], path+"["+step+"]"
		}
	}
	text := words(e)
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		text += nearest.Hint(k.Properties[0], "", keysOf(e.SchemaURL))
	case *kind.Enum:
		text += nearestOf(value, k.Want)
	}
	return pipedrive.Errorf(codeOf(e), "%s:%s %s", path, printable(value, isSecret(e.InstanceLocation)), text)
}

// nearestOf suggests the allowed text that is most similar to a value.
func nearestOf(value any, allowed []any) string {
	typed, _ := value.(string)
	var words []string
	for _, a := range allowed {
		if word, ok := a.(string); ok {
			words = append(words, word)
		}
	}
	return nearest.Hint(typed, "", words)
}

// keysOf are the keys of a definition in the schema.
func keysOf(schemaURL string) []string {
	var schema struct {
		Defs map[string]struct {
			Properties map[string]json.RawMessage
		} `json:"$defs"`
	}
	_, name, _ := strings.Cut(schemaURL, "#/$defs/")
	if json.Unmarshal([]byte(JSONSchema), &schema) != nil {
		return nil
	}
	var keys []string
	for key := range schema.Defs[name].Properties {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// secrets are the keys whose values never appear in an error. The maps among them may hold a token by mistake.
var secrets = []string{"api_token", "client_secret", "refresh_token", "token", "oauth", "export", "accounts"}

func isSecret(location []string) bool {
	return slices.ContainsFunc(location, func(step string) bool { return slices.Contains(secrets, step) })
}

// printable formats a value for an error, with a blank before it and a colon after it. It hides secrets.
func printable(value any, secret bool) string {
	switch v := value.(type) {
	case nil, map[string]any, []any:
		return ""
	case string:
		if v == "" {
			return ""
		}
		if u, err := url.Parse(v); err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			secret = true // an address with credentials
		}
	}
	if secret {
		return " [hidden]:"
	}
	text, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return " " + string(text) + ":"
}

func invalid(path, value, allowed string) error {
	return pipedrive.Errorf(pipedrive.InvalidSpec, "%s: %s: %s", path, value, allowed)
}

package spec

import (
	"strings"
	"testing"

	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// FuzzParse: no spec makes Parse panic, and `cloudquery validate-config` accepts each spec that Parse accepts.
func FuzzParse(f *testing.F) {
	for _, raw := range []string{
		`{"api_token":"x"}`,
		`{"api_tokn":"x"}`,
		`{"api_token":"x","timeout":"0s"}`,
		`{"api_token":"x","start_time":"90 days ago","custom_fields":false}`,
		`{"accounts":[{"name":"a","api_token":"x"},{"name":"b","export":{"url":"https://example.com","token":"y","account_id":"z"}}]}`,
		`{"oauth":{"client_id":"a","client_secret":"b","token_file":"t.json"},"api_url":"http://127.evil.example"}`,
		`null`,
		`[]`,
	} {
		f.Add(raw)
	}
	validator, err := plugin.JSONSchemaValidator(JSONSchema)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		s, err := Parse([]byte(raw))
		if err != nil || raw == "" || raw == "null" {
			return
		}
		if s.PageSize < 1 || s.Timeout.Duration() <= 0 || len(s.Connections()) == 0 {
			t.Fatalf("%q gives %+v", raw, s)
		}
		instance, err := jsonschema.UnmarshalJSON(strings.NewReader(raw))
		if err != nil {
			t.Fatalf("%q is no JSON, and was taken", raw)
		}
		if err := validator.Validate(instance); err != nil {
			t.Fatalf("a run takes %q, and validate-config does not: %v", raw, err)
		}
	})
}

package spec

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func TestParse_defaults(t *testing.T) {
	s, err := Parse([]byte(`{"api_token":"x"}`))
	require.NoError(t, err)
	require.Equal(t, "https://api.pipedrive.com", s.APIURL)
	require.Equal(t, "v2", s.APIVersion)
	require.Equal(t, 500, s.PageSize)
	require.Zero(t, s.Concurrency, "as many as are of use")
	require.Equal(t, 8, s.MaxRetries)
	require.Equal(t, time.Minute, s.Timeout.Duration())
	require.Zero(t, s.MaxRequestsPerSecond)
	require.True(t, s.Deleted)
	require.True(t, s.Archived)
}

func TestParse_takesWhatIsWritten(t *testing.T) {
	s, err := Parse([]byte(`{"api_token":"x","api_url":"http://127.0.0.1:8080/","page_size":1,"concurrency":2,
		"max_requests_per_second":2.5,"max_retries":0,"timeout":"1m30s","deleted":false,"archived":false}`))
	require.NoError(t, err)
	require.Equal(t, "http://127.0.0.1:8080", s.APIURL)
	require.Equal(t, 1, s.PageSize)
	require.Equal(t, 2.5, s.MaxRequestsPerSecond)
	require.Zero(t, s.MaxRetries)
	require.Equal(t, 90*time.Second, s.Timeout.Duration())
	require.False(t, s.Deleted)
	require.False(t, s.Archived)
}

// refused are specs that Parse refuses, each with the code of the error and some of its words.
var refused = []struct {
	spec string
	code pipedrive.Code
	says []string // the path, the value if it is no secret, the allowed form
}{
	{``, pipedrive.TokenNotFound, []string{"spec", "api_token"}},
	{`{}`, pipedrive.TokenNotFound, []string{"spec.api_token"}},
	{`null`, pipedrive.TokenNotFound, []string{"spec.api_token"}},
	{`{"api_token":""}`, pipedrive.TokenNotFound, []string{"spec.api_token", "variable"}},
	{`{"api_token":"  "}`, pipedrive.TokenNotFound, []string{"spec.api_token", "variable"}},
	{`{"api_token":null}`, pipedrive.TokenNotFound, []string{"spec.api_token"}},
	{`{"oauth":{"client_id":"","client_secret":"s3cr3t-t0ken","refresh_token":"r"}}`, pipedrive.TokenNotFound, []string{"spec.oauth.client_id"}},
	{`{"accounts":[{"name":"a","api_token":"x"},{"name":"b","api_token":""}]}`, pipedrive.TokenNotFound, []string{"spec.accounts[1].api_token"}},
	{`[`, pipedrive.InvalidSpec, []string{"JSON"}},
	{`[]`, pipedrive.InvalidSpec, []string{"map"}},
	{`{"api_token":"s3cr3t-t0ken","page_sice":3}`, pipedrive.InvalidSpec, []string{"spec", "page_sice"}},
	{`{"api_token":17}`, pipedrive.InvalidSpec, []string{"spec.api_token", "[hidden]", "number", "string"}},
	{`{"api_token":"s3cr3t-t0ken","page_size":501}`, pipedrive.InvalidSpec, []string{"spec.page_size", "501", "500"}},
	{`{"api_token":"s3cr3t-t0ken","page_size":0}`, pipedrive.InvalidSpec, []string{"spec.page_size", "0", "1"}},
	{`{"api_token":"s3cr3t-t0ken","page_size":"500"}`, pipedrive.InvalidSpec, []string{"spec.page_size", `"500"`, "integer"}},
	{`{"api_token":"s3cr3t-t0ken","concurrency":1.5}`, pipedrive.InvalidSpec, []string{"spec.concurrency"}},
	{`{"api_token":"s3cr3t-t0ken","max_retries":-1}`, pipedrive.InvalidSpec, []string{"spec.max_retries", "-1", "0"}},
	{`{"api_token":"s3cr3t-t0ken","max_requests_per_second":-0.5}`, pipedrive.InvalidSpec, []string{"spec.max_requests_per_second"}},
	{`{"api_token":"s3cr3t-t0ken","timeout":60}`, pipedrive.InvalidSpec, []string{"spec.timeout", "60", "string"}},
	{`{"api_token":"s3cr3t-t0ken","timeout":"soon!"}`, pipedrive.InvalidSpec, []string{"spec.timeout", "soon!", "60s"}},
	{`{"api_token":"s3cr3t-t0ken","timeout":"0s"}`, pipedrive.InvalidSpec, []string{"spec.timeout", "0s"}},
	{`{"api_token":"s3cr3t-t0ken","timeout":"5 parsecs"}`, pipedrive.InvalidSpec, []string{"spec.timeout"}},
	{`{"api_token":"s3cr3t-t0ken","custom_fields":"all"}`, pipedrive.InvalidSpec, []string{"spec.custom_fields", "all", "json"}},
	{`{"api_token":"s3cr3t-t0ken","api_version":"v3"}`, pipedrive.InvalidSpec, []string{"spec.api_version", "v3", "v2"}},
	{`{"api_token":"s3cr3t-t0ken","api_url":"http://api.pipedrive.com"}`, pipedrive.InvalidSpec, []string{"spec.api_url", "http://api.pipedrive.com", "https"}},
	{`{"api_token":"s3cr3t-t0ken","api_url":"https://u:s3cr3t-t0ken@[bad"}`, pipedrive.InvalidSpec, []string{"spec.api_url"}},
	{`{"api_token":"s3cr3t-t0ken","api_url":"api.pipedrive.com/?api_token=s3cr3t-t0ken"}`, pipedrive.InvalidSpec, []string{"spec.api_url"}},
	{`{"api_token":"x","api_url":""}`, pipedrive.InvalidSpec, []string{"spec.api_url", "empty"}},
	{`{"oauth":"s3cr3t-t0ken"}`, pipedrive.InvalidSpec, []string{"spec.oauth", "[hidden]", "object"}},
	{`{"export":"s3cr3t-t0ken"}`, pipedrive.InvalidSpec, []string{"spec.export", "[hidden]", "object"}},
	{`{"oauth":null}`, pipedrive.TokenNotFound, []string{"spec.oauth"}},
	{`{"oauth":{"client_id":"a","client_secret":"b"}}`, pipedrive.TokenNotFound, []string{"spec.oauth", "login"}},
	{`{"oauth":{"client_id":"a","client_secret":"b","refresh_token":"c","token_url":"http://example.com"}}`, pipedrive.InvalidSpec, []string{"spec.oauth.token_url", "https"}},
	{`{"export":{"url":"https://e.example/x","token":"t"}}`, pipedrive.InvalidSpec, []string{"spec.export", "account_id"}},
	{`{"export":{"url":"https://e.example/x","token":"t","account_id":"a"},"api_version":"v1"}`, pipedrive.InvalidSpec, []string{"api_version", "export"}},
	{`{"api_token":"line\nbreak"}`, pipedrive.InvalidSpec, []string{"spec.api_token", "control"}},
	{`{"api_token":"s3cr3t-t0ken","page_size":5.0}`, pipedrive.InvalidSpec, []string{"spec.page_size", "5.0", "int"}},
	{`{"api_token":"s3cr3t-t0ken","page_size":1e400}`, pipedrive.InvalidSpec, []string{"spec.page_size"}},
	{`{"accounts":[]}`, pipedrive.InvalidSpec, []string{"spec.accounts"}},
	{`{"api_token":"x","history":["deal"]}`, pipedrive.InvalidSpec, []string{"spec.history[0]", `"deal"`, "did you mean deals?"}},
	{`{"api_token":"x","history":["notes"]}`, pipedrive.InvalidSpec, []string{"spec.history[0]", `"notes"`, "deals"}},
	{`{"api_token":"x","history":["deals","deals"]}`, pipedrive.InvalidSpec, []string{"spec.history", "equal"}},
	{`{"api_token":"x","history":"deals"}`, pipedrive.InvalidSpec, []string{"spec.history", "array"}},
	{`{"api_token":"s3cr3t-t0ken","api_url":"api.pipedrive.com"}`, pipedrive.InvalidSpec, []string{"spec.api_url", "https"}},
	{`{"api_token":"s3cr3t-t0ken","api_url":"https://u:p@api.pipedrive.com"}`, pipedrive.InvalidSpec, []string{"spec.api_url"}},
	{`{"api_token":"s3cr3t-t0ken","oauth":{"client_id":"a","client_secret":"b","refresh_token":"c"}}`, pipedrive.InvalidSpec, []string{"api_token and oauth", "only one"}},
	{`{"accounts":[{"name":"a","oauth":{"client_id":"a","client_secret":"b","refresh_token":"c","token_file":"t.json"}},{"name":"b","oauth":{"client_id":"a","client_secret":"b","refresh_token":"d","token_file":"t.json"}}]}`, pipedrive.InvalidSpec, []string{"spec.accounts[1].oauth.token_file", "t.json", "another account"}},
	{`{"accounts":[{"name":"a","oauth":{"client_id":"a","client_secret":"b","refresh_token":"c","token_file":"t.json"}},{"name":"b","oauth":{"client_id":"a","client_secret":"b","refresh_token":"d","token_file":"./sub/../t.json"}}]}`, pipedrive.InvalidSpec, []string{"spec.accounts[1].oauth.token_file", "t.json", "another account"}},
	{`{"api_url":"https://u:p@api.pipedrive.com","accounts":[{"name":"a","api_token":"x"}]}`, pipedrive.InvalidSpec, []string{"spec.api_url", "no user"}},
	{`{"api_token":"s3cr3t-t0ken","accounts":[{"name":"a","api_token":"x"}]}`, pipedrive.InvalidSpec, []string{"spec.api_token", "spec.accounts"}},
}

func TestParse_refuses(t *testing.T) {
	const secret = "s3cr3t-t0ken"
	for _, test := range refused {
		t.Run(test.spec, func(t *testing.T) {
			_, err := Parse([]byte(test.spec))
			require.ErrorIs(t, err, test.code)
			for _, says := range test.says {
				require.ErrorContains(t, err, says)
			}
			require.NotContains(t, err.Error(), secret)
		})
	}
}

// TestJSONSchema_refusesWhatParseRefuses: `cloudquery validate-config`, which has only the schema, gives the same
// errors, except those that a schema can't express.
func TestJSONSchema_refusesWhatParseRefuses(t *testing.T) {
	validator, err := plugin.JSONSchemaValidator(JSONSchema)
	require.NoError(t, err)
	beyond := []string{
		`5.0`,                   // an integer to JSON schema
		`"token_file":"t.json"`, // two accounts that share a file
	}
	for _, test := range refused {
		var instance any
		if json.Unmarshal([]byte(test.spec), &instance) != nil ||
			slices.ContainsFunc(beyond, func(s string) bool { return strings.Contains(test.spec, s) }) {
			continue
		}
		err := validator.Validate(instance)
		require.Error(t, err, test.spec)
		require.NotContains(t, err.Error(), "s3cr3t-t0ken", test.spec)
	}
	require.NoError(t, validator.Validate(map[string]any{"api_token": "x", "api_url": "http://127.0.0.1:80", "timeout": "1m"}))
}

// TestParse_accountsTakeWhatTheTopLevelSays: api_url and api_version at the top level apply to all accounts that do
// not set their own.
func TestParse_accountsTakeWhatTheTopLevelSays(t *testing.T) {
	s, err := Parse([]byte(`{"api_url":"https://proxy.example/","api_version":"v1","accounts":[
		{"name":"a","api_token":"x"},
		{"name":"b","api_token":"x","api_url":"https://b.example","api_version":"v2"},
		{"name":"c","oauth":{"client_id":"a","client_secret":"b","refresh_token":"c"}},
		{"name":"d","export":{"url":"https://e.example/x","token":"t","account_id":"d"}}]}`))
	require.NoError(t, err)
	var got []string
	for _, a := range s.Connections() {
		got = append(got, a.APIURL+" "+a.APIVersion)
	}
	require.Equal(t, []string{"https://proxy.example v1", "https://b.example v2", "https://proxy.example v1", " "}, got)
}

// TestParse_trimsOAuthsKeys: a secret from a file often ends with a line break, which Pipedrive would refuse.
func TestParse_trimsOAuthsKeys(t *testing.T) {
	s, err := Parse([]byte(`{"oauth":{"client_id":" a","client_secret":"b\n","refresh_token":"c\r\n"}}`))
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b", "c"}, []string{s.OAuth.ClientID, s.OAuth.ClientSecret, s.OAuth.RefreshToken})
}

// TestParse_durations: validate-config and a run accept the same values.
func TestParse_durations(t *testing.T) {
	for _, value := range []string{"7d", "banana", "", "60", "1h30"} {
		_, err := Parse([]byte(`{"api_token":"x","full_refresh_every":"` + value + `"}`))
		require.ErrorIs(t, err, pipedrive.InvalidSpec, value)
		require.ErrorContains(t, err, "spec.full_refresh_every", value)
	}
	for _, value := range []string{"0s", "168h", "1h30m", "1.5h"} {
		_, err := Parse([]byte(`{"api_token":"x","full_refresh_every":"` + value + `"}`))
		require.NoError(t, err, value)
	}
}

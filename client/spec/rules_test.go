package spec

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// bad are invalid values, by key.
var bad = map[string][]string{
	"timeout":            {"0s", "0", "-5s", "0h0m0.000s", "7d", "soon", "", "60", "1h30", "9999999999h", "0.1ns", "1s "},
	"lookback":           {"-1s", "-0.5h", "7d", "", "2", "99999999999m"},
	"full_refresh_every": {"-1h", "7d", "banana", "", "60", "1h30"},
	"lists_every":        {"-1h", "1d", "daily", "", "24", "1h30"},
	"start_time": {
		"2024-13-45", "2023-02-29", "2024-02-30", "2024-00-10", "2024-01-01T25:00:00Z", "2024-01-01T12:60:00Z",
		"2024-01-01 12:00:00", "2016-12-31T23:59:60Z", "2024-01-01t12:00:00z", "2024-01-01T12:00:00", "yesterday", "", "90 d ago",
		"90 days", "days ago", "2024-1-1", "2024-01-01T12:00:00+25:00", "2024-01-01T12:00:00.1234567890Z", "90days ago",
	},
	"api_url": {
		"", "https://", "http://127.evil.example", "http://127.0.0.1.evil.example", "http://localhost.evil.example",
		"http://api.pipedrive.com", "api.pipedrive.com", "ftp://api.pipedrive.com", "https:///path", "https:api.pipedrive.com",
		"https://u:p@api.pipedrive.com", "https://u@api.pipedrive.com", "https://api.pipedrive.com?x=1", "https://api.pipedrive.com/#x",
		"https://api.pipedrive.com:https", "https://[bad", "https://a b.example", "https://api.pipedrive.com/%zz", "https://[::1",
		" https://api.pipedrive.com", "https://api.pipedrive.com\n", "http://127.0.0.256", "http://[::2]", "https://:443", "https://?x",
		"https://[1:2:3]", "https://api.pipedrive.com?",
	},
	"api_token": {"", "  ", "\n", "line\nbreak", "tab\tinside", "nul\x00"},
}

// good are valid values, by key.
var good = map[string][]string{
	"timeout":            {"60s", "1m30s", "1.5h", "100ms", "1h0m5s", "2500µs", "0.5s"},
	"lookback":           {"0s", "2m", "168h", "0.5h"},
	"full_refresh_every": {"0s", "168h", "1h30m", "1.5h"},
	"lists_every":        {"0s", "24h", "23h30m", "1.5h"},
	"start_time": {
		"2024-01-01", "2024-02-29", "2000-02-29", "2024-12-31", "2024-01-01T12:00:00Z", "2024-01-01T12:00:00.123Z",
		"2024-01-01T12:00:00+05:30", "90 days ago", "1 year 3 months ago", "24 hours ago", "now",
	},
	"api_url": {
		"https://api.pipedrive.com", "https://api.pipedrive.com/", "https://acme.pipedrive.com:8443/proxy/path", "http://localhost",
		"http://localhost:8080/", "http://127.0.0.1", "http://127.8.9.10:1", "http://[::1]:80", "https://[2001:db8::1]/x", "https://10.0.0.1",
		"https://my_proxy.example", "https://api.example/a%20b", "https://müller.example", "http://[::1]",
	},
	"api_token": {"x", " x ", "x\n", "0123456789abcdef"},
}

// specsWith puts each value into its own spec.
func specsWith(t *testing.T, values map[string][]string) [][]byte {
	t.Helper()
	var specs [][]byte
	for key, list := range values {
		for _, v := range list {
			raw, err := json.Marshal(map[string]any{"api_token": "x", key: v})
			require.NoError(t, err)
			specs = append(specs, raw)
		}
	}
	return specs
}

// validate checks a spec like `cloudquery validate-config`.
func validate(t *testing.T, raw []byte) error {
	t.Helper()
	validator, err := compiled()
	require.NoError(t, err)
	var instance any
	require.NoError(t, json.Unmarshal(raw, &instance))
	return validator.Validate(instance)
}

func TestRules_aRunAndValidateConfigRefuseTheSame(t *testing.T) {
	for _, raw := range specsWith(t, bad) {
		_, err := Parse(raw)
		require.Error(t, err, "a run accepts %s", raw)
		require.Error(t, validate(t, raw), "validate-config accepts %s", raw)
	}
}

func TestRules_aRunAndValidateConfigAcceptTheSame(t *testing.T) {
	for _, raw := range specsWith(t, good) {
		_, err := Parse(raw)
		require.NoError(t, err, "%s", raw)
		require.NoError(t, validate(t, raw), "%s", raw)
	}
}

// TestRules_aRunAndValidateConfigUseTheSameWords compares the words of each rule in Parse's errors with the output
// of the validator.
func TestRules_aRunAndValidateConfigUseTheSameWords(t *testing.T) {
	for raw, words := range map[string]string{
		`{"api_token":"x","timeout":"0s"}`:                  "a duration of more than 0s",
		`{"api_token":"x","lookback":"-1s"}`:                "a duration of 0s or more",
		`{"api_token":"x","start_time":"2024-13-45"}`:       "a date like 2024-01-31",
		`{"api_token":"x","api_url":"http://example.com"}`:  "an https:// address",
		`{"api_token":"x","api_url":"https://u@e.example"}`: "with no user, query or fragment",
		`{"api_token":""}`:                                  "is its variable set?",
		`{}`:                                                "one way to connect",
		`{"api_token":"x","page_size":501}`:                 "maximum: got 501, want 500",
		`{"api_token":"x","api_version":"v3"}`:              "value must be one of 'v2', 'v1'",
		`{"api_token":"x","page_size":"500"}`:               "got string, want integer",
		`{"api_token":"x","page_sice":5}`:                   "additional properties 'page_sice' not allowed",
	} {
		_, err := Parse([]byte(raw))
		require.ErrorContains(t, err, words)
		require.ErrorContains(t, validate(t, []byte(raw)), words)
	}
}

// TestRules_validateConfigShowsNoValue makes sure that the validator, whose output this plugin can't control, uses
// no message that repeats a value, which may be a secret.
func TestRules_validateConfigShowsNoValue(t *testing.T) {
	const secret = "s3cr3t-t0ken"
	for _, key := range []string{"api_token", "api_url", "timeout", "start_time"} {
		raw := fmt.Sprintf(`{"api_token":"x",%q:%q}`, key, "http://u:"+secret+"@e.example/\n?"+secret)
		err := validate(t, []byte(raw))
		require.Error(t, err)
		require.NotContains(t, err.Error(), secret)
	}
}

func TestParse_unknownKeysComeFirst(t *testing.T) {
	for raw, says := range map[string][]string{
		`{"api_tokn":"x"}`:                           {"spec:", "api_tokn", "did you mean api_token?"},
		`{"api_token":"","timeoutt":"0s"}`:           {"spec:", "timeoutt", "did you mean timeout?"},
		`{"oath":{}}`:                                {"spec:", "oath", "did you mean oauth?"},
		`{"colour":1,"page_size":0}`:                 {"spec:", "colour"},
		`{"oauth":{"client_idd":"a"}}`:               {"spec.oauth:", "client_idd", "did you mean client_id?"},
		`{"accounts":[{"name":"a","ap_token":"x"}]}`: {"spec.accounts[0]:", "ap_token", "did you mean api_token?"},
	} {
		_, err := Parse([]byte(raw))
		require.ErrorContains(t, err, "INVALID_SPEC")
		for _, s := range says {
			require.ErrorContains(t, err, s, raw)
		}
		require.NotContains(t, err.Error(), "way to connect", raw)
	}
}

// TestRules_validateConfigDoesNotBlameTheConnectionForATypo counts the validator's errors.
func TestRules_validateConfigDoesNotBlameTheConnectionForATypo(t *testing.T) {
	var broken *jsonschema.ValidationError
	require.True(t, errors.As(validate(t, []byte(`{"api_tokn":"x"}`)), &broken))
	require.Contains(t, broken.Error(), "api_tokn")
	require.NotContains(t, broken.Error(), "way to connect")
	require.NotContains(t, broken.Error(), "missing")
}

// TestParse_saysTheSameEachTime: the validator's findings are in no order.
func TestParse_saysTheSameEachTime(t *testing.T) {
	raw := []byte(`{"api_token":"x","page_size":0,"timeout":"0s","lookback":"-1s","concurrency":-1,"max_retries":-1,"api_version":"v3"}`)
	_, want := Parse(raw)
	for range 50 {
		_, err := Parse(raw)
		require.EqualError(t, err, want.Error())
	}
}

// TestRules_whatTheSchemaAcceptsCanBeRead draws texts from the rules' own patterns: a run must be able to read
// each text that the schema accepts.
func TestRules_whatTheSchemaAcceptsCanBeRead(t *testing.T) {
	for key, pattern := range map[string]string{
		"timeout":    duration.holds.AllOf[1].Pattern,
		"lookback":   duration.holds.AllOf[1].Pattern,
		"start_time": moment.holds.AnyOf[3].Pattern,
		"api_url":    safe.holds.Pattern,
	} {
		t.Run(key, rapid.MakeCheck(func(t *rapid.T) {
			raw, err := json.Marshal(map[string]any{"api_token": "x", key: rapid.StringMatching(pattern).Draw(t, key)})
			require.NoError(t, err)
			validator, err := compiled()
			require.NoError(t, err)
			var instance any
			require.NoError(t, json.Unmarshal(raw, &instance))
			s, err := Parse(raw)
			require.Equal(t, validator.Validate(instance) == nil, err == nil, "%s: %v", raw, err)
			if err == nil {
				require.Positive(t, s.Timeout.Duration(), "%s", raw)
				require.GreaterOrEqual(t, s.Lookback.Duration(), time.Duration(0), "%s", raw)
			}
		}))
	}
}

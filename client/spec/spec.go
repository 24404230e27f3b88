// Package spec is the plugin's configuration: the keys below `spec:`, their defaults, and the checks that refuse
// an unusable spec before anything is read.
package spec

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/configtype"
	"github.com/invopop/jsonschema"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/redact"
)

// Spec is the configuration of the Pipedrive source plugin.
type Spec struct {
	Connection

	// Several accounts in one sync, instead of one at the top level. Each has a name and its own connection.
	Accounts []Account `json:"accounts,omitempty" jsonschema:"minItems=1"`

	// Records per request. The cost of a request does not depend on its size, so the default is Pipedrive's
	// maximum.
	PageSize int `json:"page_size,omitempty" jsonschema:"minimum=1,maximum=500,default=500"`
	// The maximum number of concurrent requests per account. 0 derives it from the burst limit in Pipedrive's answers.
	Concurrency int `json:"concurrency,omitempty" jsonschema:"minimum=0,maximum=1000,default=0"`
	// A cap on the rate of requests per account, in requests per second. 0 follows the limits in Pipedrive's answers.
	MaxRequestsPerSecond float64 `json:"max_requests_per_second,omitempty" jsonschema:"minimum=0,default=0"`
	// The maximum number of retries of a request after a temporary failure.
	MaxRetries int `json:"max_retries,omitempty" jsonschema:"minimum=0,maximum=100,default=8"`
	// Time limit of one request.
	Timeout configtype.Duration `json:"timeout,omitzero"`

	// Incremental tables start here instead of at the beginning: a date, a moment or "90 days ago".
	StartTime *configtype.Time `json:"start_time,omitempty"`
	// Each incremental run also reads this span before its checkpoint again.
	Lookback configtype.Duration `json:"lookback,omitzero"`

	// Include deals that were deleted in the last 30 days, with is_deleted, and deleted projects, with that status.
	Deleted bool `json:"deleted,omitempty" jsonschema:"default=true"`
	// Include archived deals, leads and projects, with is_archived or archive_time.
	Archived bool `json:"archived,omitempty" jsonschema:"default=true"`
	// The form of custom fields: a typed column for each plus one JSON column for all, only the JSON column, or
	// none.
	CustomFields CustomFields `json:"custom_fields,omitempty"`

	// Stop cleanly after this many API tokens in a run; 0 for no cap.
	MaxTokens int64 `json:"max_tokens,omitempty" jsonschema:"minimum=0,default=0"`
	// With several accounts: whether an account that can't log in fails the run or is skipped.
	OnAccountError string `json:"on_account_error,omitempty" jsonschema:"enum=fail,enum=skip,default=fail"`
	// Read incremental tables from the beginning this often, and remove rows of records that were deleted at
	// Pipedrive; 0s for never.
	FullRefreshEvery configtype.Duration `json:"full_refresh_every,omitzero"`
	// How rows of records that were deleted at Pipedrive leave the destination: delete deletes them, mark sets _removed_at,
	// and auto marks those that the destination can't delete.
	RemovedRows RemovedRows `json:"removed_rows,omitempty" jsonschema:"enum=auto,enum=delete,enum=mark,default=auto"`
	// With a state: request the products of open deals this often even if the deals did not change; 0s for never.
	OpenDealsEvery configtype.Duration `json:"open_deals_every,omitzero"`
	// With a state: read the lists of an account's set-up at most this often; 0s for every run. These lists are read
	// in full and rarely change.
	ListsEvery configtype.Duration `json:"lists_every,omitzero"`
	// Types of record whose versions are kept. Each version that a run reads is also a row of
	// pipedrive_<type>_history, at no cost in API tokens.
	History []string `json:"history,omitempty" jsonschema:"uniqueItems=true"`
	// Check at the start of a run that the rows of the last one arrived.
	Verify bool `json:"verify,omitempty" jsonschema:"default=true"`
	// With verify: the longest time without a check of a table of which earlier runs sent few rows; 0s for a check in
	// each run.
	VerifyEvery configtype.Duration `json:"verify_every,omitzero"`

	secrets *redact.Secrets
}

// RemovedRows is the method to remove rows of records that were deleted at Pipedrive.
type RemovedRows string

// The methods of removal.
const (
	Auto   RemovedRows = "auto"
	Delete RemovedRows = "delete"
	Mark   RemovedRows = "mark"
)

// CustomFields is the form of custom fields.
type CustomFields string

// The forms of custom fields.
const (
	Columns CustomFields = "columns"
	JSON    CustomFields = "json"
	Off     CustomFields = "off"
)

// UnmarshalJSON accepts false for off: YAML turns an unquoted off into false.
func (c *CustomFields) UnmarshalJSON(raw []byte) error {
	if string(raw) == "false" {
		*c = Off
		return nil
	}
	return json.Unmarshal(raw, (*string)(c))
}

// JSONSchema allows the values that UnmarshalJSON accepts.
func (CustomFields) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Enum: []any{Columns, JSON, Off, false}, Default: Columns}
}

// Connection configures the access to one Pipedrive account.
type Connection struct {
	// A user's personal API token, from Pipedrive's "Personal preferences → API".
	APIToken string `json:"api_token,omitempty"`
	// An OAuth app's credentials.
	OAuth *OAuth `json:"oauth,omitempty"`
	// An export endpoint that serves Pipedrive's records.
	Export *Export `json:"export,omitempty"`
	// Base URL of the API. With oauth the default is the api_domain of the token response.
	APIURL string `json:"api_url,omitempty" jsonschema:"default=https://api.pipedrive.com"`
	// Version of the API. Pipedrive has not supported v1's lists since 2026-08-01.
	APIVersion string `json:"api_version,omitempty" jsonschema:"enum=v2,enum=v1,default=v2"`
}

// Account is one of several accounts.
type Account struct {
	// The account's name in log lines and errors.
	Name string `json:"name" jsonschema:"minLength=1"`
	Connection
}

// OAuth are the credentials of an OAuth app and the consent of a user.
type OAuth struct {
	// The app's client id, from Pipedrive's Developer Hub.
	ClientID string `json:"client_id"`
	// The app's client secret.
	ClientSecret string `json:"client_secret"`
	// The refresh token from the user's consent.
	RefreshToken string `json:"refresh_token,omitempty"`
	// A file that keeps the newest refresh token between runs.
	TokenFile string `json:"token_file,omitempty" jsonschema:"minLength=1"`
	// The endpoint that refreshes tokens.
	TokenURL string `json:"token_url,omitempty" jsonschema:"default=https://oauth.pipedrive.com/oauth/token"`
}

// Export is an export endpoint.
type Export struct {
	// The endpoint's URL without the type of record.
	URL string `json:"url"`
	// The endpoint's bearer token, a JWT.
	Token string `json:"token"`
	// The value of the account_id column: the endpoint does not name its account.
	AccountID string `json:"account_id"`
}

// ways are the keys of the ways to connect to one account. The key accounts connects to several.
var ways = []string{"api_token", "oauth", "export"}

const accounts = "accounts"

// JSONSchemaExtend adds the rules of [Spec].
func (Spec) JSONSchemaExtend(s *jsonschema.Schema) {
	restrict(s, "timeout", duration, positive)
	restrict(s, "lookback", duration)
	restrict(s, "full_refresh_every", duration)
	restrict(s, "lists_every", duration)
	restrict(s, "open_deals_every", duration)
	restrict(s, "verify_every", duration)
	restrict(s, "start_time", moment)
	Connection{}.JSONSchemaExtend(s)
	oneOf(s, slices.Concat(ways, []string{accounts}))
	s.AllOf = append(s.AllOf, excludes(accounts, beside, ways...))
}

// JSONSchemaExtend adds the rules of [Account].
func (Account) JSONSchemaExtend(s *jsonschema.Schema) {
	Connection{}.JSONSchemaExtend(s)
	oneOf(s, ways)
}

// JSONSchemaExtend adds the rules of [Connection].
func (Connection) JSONSchemaExtend(s *jsonschema.Schema) {
	restrict(s, "api_token", token, oneLine)
	restrict(s, "api_url", address...)
}

// JSONSchemaExtend adds the rules of [OAuth].
func (OAuth) JSONSchemaExtend(s *jsonschema.Schema) {
	for _, key := range []string{"client_id", "client_secret", "refresh_token"} {
		restrict(s, key, present)
	}
	restrict(s, "token_url", address...)
	either := &jsonschema.Schema{AnyOf: []*jsonschema.Schema{has("refresh_token"), has("token_file")}}
	s.AllOf = append(s.AllOf, chain(rule{either, consent}))
}

// JSONSchemaExtend adds the rules of [Export].
func (Export) JSONSchemaExtend(s *jsonschema.Schema) {
	restrict(s, "token", present)
	restrict(s, "account_id", present)
	restrict(s, "url", append([]rule{present}, address[1:]...)...)
}

// DefaultAPIURL is the host that serves all accounts by API token.
const DefaultAPIURL = "https://api.pipedrive.com"

// Connections are the accounts to connect: those of the list, or the one at the top level, which has no name.
func (s *Spec) Connections() []Account {
	if len(s.Accounts) > 0 {
		return s.Accounts
	}
	return []Account{{Connection: s.Connection}}
}

// StartTimeText is start_time in the user's words; empty for none.
func (s *Spec) StartTimeText() string {
	if s.StartTime == nil {
		return ""
	}
	raw, _ := s.StartTime.MarshalJSON() // of a string
	text, _ := strconv.Unquote(string(raw))
	return text
}

// defaults is the spec of a user who sets nothing.
func defaults() *Spec {
	return &Spec{
		PageSize:       500,
		MaxRetries:     8,
		Timeout:        configtype.NewDuration(time.Minute),
		Lookback:       configtype.NewDuration(2 * time.Minute),
		Deleted:        true,
		Archived:       true,
		CustomFields:   Columns,
		OnAccountError: "fail",
		History:        []string{},
		OpenDealsEvery: configtype.NewDuration(24 * time.Hour),
		RemovedRows:    Auto,
		Verify:         true,
		VerifyEvery:    configtype.NewDuration(24 * time.Hour),
	}
}

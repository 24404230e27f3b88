package plugin

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	gosync "sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// pagesOf answers with pages of one organization each; instead answers the given page.
func pagesOf(page int, instead func(http.ResponseWriter)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/api/v2/organizations") {
			answers{"/v1/users": twoUsers, "/api/v2/pipelines": twoPipelines}.ServeHTTP(w, r)
			return
		}
		n := len(r.URL.Query().Get("cursor")) + 1
		if n == page {
			instead(w)
			return
		}
		fmt.Fprintf(w, `{"success":true,"data":[{"id":%d}],"additional_data":{"next_cursor":%q}}`, n, strings.Repeat("x", n))
	}
}

func TestSync_failsWhenATableFails(t *testing.T) {
	api := pagesOf(3, func(w http.ResponseWriter) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"success":false,"error":"Scope and URL mismatch","errorCode":403}`)
	})
	rows, err := sync(t, started(t, api, ""), "pipedrive_organizations", "pipedrive_pipelines")
	require.ErrorIs(t, err, pipedrive.MissingScope)
	require.ErrorContains(t, err, "pipedrive_organizations")
	require.ErrorContains(t, err, "4711")
	require.Len(t, rows["pipedrive_organizations"], 2, "rows from before the failure still go to the destination")
}

func TestSync_failsOnARecordWithoutID(t *testing.T) {
	for _, record := range []string{`{"name":"x"}`, `{"id":null}`, `{"id":"x"}`, `null`, `[]`, `7`} {
		api := answers{"/api/v2/pipelines": `{"success":true,"data":[{"id":1},` + record + `]}`}
		rows, err := sync(t, started(t, api, ""), "pipedrive_pipelines")
		require.ErrorIs(t, err, pipedrive.ExternalAPIError, record)
		require.Empty(t, rows, "a page leaves whole or not at all")
	}
}

// TestSync_aListOfChildrenInAnotherForm fails their table, and not that of their parents, whose rows all arrive.
func TestSync_aListOfChildrenInAnotherForm(t *testing.T) {
	for _, list := range []string{`{"value":"a@b.example"}`, `["a@b.example"]`, `"a@b.example"`} {
		api := answers{"/api/v2/persons": `{"success":true,"data":[{"id":1,"emails":` + list + `},{"id":2,"emails":[]}],"additional_data":{"next_cursor":null}}`}
		rows, err := sync(t, started(t, api, ""), "pipedrive_persons", "pipedrive_person_emails")
		require.ErrorIs(t, err, pipedrive.ExternalAPIError, list)
		require.ErrorContains(t, err, "table pipedrive_person_emails: email of the record 1 of pipedrive_persons", list)
		require.ErrorContains(t, err, "skip_tables", list)
		require.Len(t, rows["pipedrive_persons"], 2, list)
	}
}

func TestSync_refusedTokenReadsNothing(t *testing.T) {
	var requests atomic.Int64
	p := started(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"success":false,"error":"unauthorized access","errorCode":401}`)
	}), "")
	messages, err := p.SyncAll(context.Background(), plugin.SyncOptions{Tables: []string{"*"}})
	require.ErrorIs(t, err, pipedrive.TokenInvalidated)
	require.Empty(t, messages, "not even a migration")
	require.EqualValues(t, 1, requests.Load())
}

// TestSync_twoTokensOfOneAccount would bring each row twice.
func TestSync_twoTokensOfOneAccount(t *testing.T) {
	var requests atomic.Int64
	url := httpServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		r.Header.Set("x-api-token", token)
		complete.ServeHTTP(w, r)
	}))
	p := Plugin()
	p.SetLogger(zerolog.Nop())
	for _, onError := range []string{"fail", "skip"} {
		requests.Store(0)
		raw := fmt.Sprintf(`{"on_account_error":%q,"accounts":[{"name":"a","api_token":"t0ken-1","api_url":%[2]q},{"name":"b","api_token":"t0ken-2","api_url":%[2]q}]}`, onError, url)
		require.NoError(t, p.Init(context.Background(), []byte(raw), plugin.NewClientOptions{}))
		messages, err := p.SyncAll(context.Background(), plugin.SyncOptions{Tables: []string{"*"}})
		require.ErrorIs(t, err, pipedrive.InvalidSpec, onError)
		require.ErrorContains(t, err, "4711")
		require.Empty(t, messages, onError)
		require.EqualValues(t, 2, requests.Load(), "the log-ins only")
	}
}

func TestSync_unknownTable(t *testing.T) {
	_, err := sync(t, started(t, answers{}, ""), "pipedrive_invoices")
	require.ErrorIs(t, err, pipedrive.InvalidType)
	require.ErrorContains(t, err, "pipedrive_deals")
}

// TestSync_unknownTableIsToldBeforeAnythingIsRead: a typo costs no token and no wait for an unreachable host.
func TestSync_unknownTableIsToldBeforeAnythingIsRead(t *testing.T) {
	var requests atomic.Int64
	api := recorded(nil)
	p := started(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		api.ServeHTTP(w, r)
	}), "")
	_, err := sync(t, p, "pipedrive_deal")
	require.ErrorIs(t, err, pipedrive.InvalidType)
	require.Zero(t, requests.Load())
}

func TestSync_unknownTableIsNamedWithTheNearest(t *testing.T) {
	for asked, nearest := range map[string]string{
		"pipedrive_deal": "pipedrive_deals", "deals": "pipedrive_deals", "pipedrive_organisations": "pipedrive_organizations",
	} {
		_, err := sync(t, started(t, answers{}, ""), asked)
		require.ErrorIs(t, err, pipedrive.InvalidType)
		require.ErrorContains(t, err, "did you mean "+nearest+"?")
		require.ErrorContains(t, err, asked)
	}
}

// TestSync_aTableAndALookupShareAList: a shared list gives both the same values as a separate one.
func TestSync_aTableAndALookupShareAList(t *testing.T) {
	api := answers{
		"/v1/users": twoUsers, "/api/v2/stages": twoStages, "/api/v2/pipelines": twoPipelines, "/api/v2/deals/archived": none,
		"/api/v2/deals": `{"success":true,"data":[{"id":1,"stage_id":5},{"id":2,"stage_id":6}]}`,
	}
	tables := []string{"pipedrive_deals", "pipedrive_pipelines", "pipedrive_stages"}
	together, err := sync(t, started(t, api, ""), tables...)
	require.NoError(t, err)
	for _, table := range tables {
		alone, err := sync(t, started(t, api, ""), table)
		require.NoError(t, err)
		require.Len(t, together[table], 2)
		for i, want := range alone[table] {
			delete(want, "_cq_id")
			delete(together[table][i], "_cq_id")
			require.Equal(t, want, together[table][i])
		}
	}
	require.Equal(t, "Müük 💶", together["pipedrive_stages"][0]["pipeline_name"])
	require.EqualValues(t, 3, together["pipedrive_deals"][0]["stage_order_nr"])
}

// TestSync_lookupsComeOnceAndOnlyWhenNeeded counts the requests for look-up lists: there is none before a row has
// an id to look up.
func TestSync_lookupsComeOnceAndOnlyWhenNeeded(t *testing.T) {
	rows := func(record string) string {
		return `{"success":true,"data":[{"id":1,` + record + `},{"id":2,` + record + `}],"additional_data":{"next_cursor":null}}`
	}
	const (
		users, stages, pipelines = "/v1/users", "/api/v2/stages", "/api/v2/pipelines"
		ids, nulls               = `"owner_id":111,"stage_id":5,"pipeline_id":1`, `"owner_id":null,"pipeline_id":null`
	)
	for name, test := range map[string]struct {
		tables  []string
		records string // of persons, organizations, deals and stages; "" for none
		want    map[string]int
	}{
		"nothing to look up":        {[]string{"pipelines", "notes"}, ids, map[string]int{pipelines: 1}},
		"one list for two tables":   {[]string{"persons", "organizations"}, ids, map[string]int{users: 1}},
		"two lists for one table":   {[]string{"deals"}, ids, map[string]int{users: 1, stages: 1}},
		"no rows":                   {[]string{"persons", "organizations", "deals"}, "", map[string]int{}},
		"rows without ids":          {[]string{"persons", "organizations", "deals"}, nulls, map[string]int{}},
		"a list with a look-up":     {[]string{"stages"}, ids, map[string]int{stages: 1, pipelines: 1}},
		"stages without a pipeline": {[]string{"stages"}, nulls, map[string]int{stages: 1}},
		"no stages":                 {[]string{"stages"}, "", map[string]int{stages: 2}}, // an empty list is confirmed
		"tables that are lists": {
			[]string{"deals", "persons", "stages", "pipelines", "users"}, ids, map[string]int{users: 1, stages: 1, pipelines: 1},
		},
		"tables that are lists, with nobody to look up": {[]string{"persons", "pipelines", "users"}, nulls, map[string]int{users: 1, pipelines: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			records := none
			if test.records != "" {
				records = rows(test.records)
			}
			api := answers{
				users: twoUsers, stages: records, pipelines: twoPipelines, "/v1/notes": none, "/api/v2/persons": records,
				"/api/v2/organizations": records, "/api/v2/deals": records, "/api/v2/deals/archived": none,
			}
			var counting gosync.Mutex
			count := map[string]int{}
			p := started(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if path := r.URL.Path; path == users || path == stages || path == pipelines {
					counting.Lock()
					count[path]++
					counting.Unlock()
				}
				api.ServeHTTP(w, r)
			}), "")
			var tables []string
			for _, records := range test.tables {
				tables = append(tables, "pipedrive_"+records)
			}
			_, err := sync(t, p, tables...)
			require.NoError(t, err)
			require.Equal(t, test.want, count)
		})
	}
}

// TestSync_aLookupThatFailsFailsItsTable: no row of the page that needs it is sent.
func TestSync_aLookupThatFailsFailsItsTable(t *testing.T) {
	api := answers{"/api/v2/persons": `{"success":true,"data":[{"id":1,"owner_id":111}]}`}
	rows, err := sync(t, started(t, api, ""), "pipedrive_persons")
	require.ErrorIs(t, err, pipedrive.ExternalAPIError)
	require.ErrorContains(t, err, "pipedrive_persons")
	require.ErrorContains(t, err, "/v1/users")
	require.Empty(t, rows)
}

func TestTestConnection(t *testing.T) {
	good := httpServer(t, answers{})
	bad := httpServer(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	for _, test := range []struct{ spec, code string }{
		{fmt.Sprintf(`{"api_token":%q,"api_url":%q}`, token, good), ""},
		{fmt.Sprintf(`{"api_token":"another","api_url":%q}`, good), "TOKEN_INVALIDATED"},
		{fmt.Sprintf(`{"api_token":%q,"api_url":%q}`, token, bad), "TOKEN_INVALIDATED"},
		{`{"api_token":""}`, "TOKEN_NOT_FOUND"},
		{``, "TOKEN_NOT_FOUND"},
		{`{"api_token":"x","page_sice":3}`, "INVALID_SPEC"},
	} {
		err := TestConnection(context.Background(), zerolog.Nop(), []byte(test.spec))
		if test.code == "" {
			require.NoError(t, err)
			continue
		}
		var e *plugin.TestConnError
		require.ErrorAs(t, err, &e, test.spec)
		require.Equal(t, test.code, e.Code, test.spec)
		require.NotContains(t, err.Error(), token)
	}
}

// TestSync_v1FieldsWithoutID: v1 lists the parts of a custom field as fields without an id.
func TestSync_v1FieldsWithoutID(t *testing.T) {
	hash := strings.Repeat("a", 40)
	api := answers{
		"/v1/personFields": `{"success":true,"data":[{"id":9,"key":"` + hash + `","name":"Budget","field_type":"monetary"},
			{"id":null,"key":"` + hash + `_currency","name":"Currency of Budget","field_type":"varchar","is_subfield":true}],"additional_data":{"pagination":{"more_items_in_collection":false}}}`,
		"/v1/dealFields": `{"success":true,"data":null}`, "/v1/organizationFields": `{"success":true,"data":null}`,
		"/v1/persons": `{"success":true,"data":[{"id":1,"` + hash + `":5,"` + hash + `_currency":"EUR"}],"additional_data":{"pagination":{"more_items_in_collection":false}}}`,
	}
	rows, err := sync(t, started(t, api, `,"api_version":"v1"`), "pipedrive_persons", "pipedrive_fields")
	require.NoError(t, err)
	require.Equal(t, 5.0, rows["pipedrive_persons"][0]["cf_budget"])
	require.Equal(t, "EUR", rows["pipedrive_persons"][0]["cf_budget_currency"])
	require.Len(t, rows["pipedrive_fields"], 2)
}

// TestTestConnection_namesMissingTables in the log, since the wanted tables are unknown.
func TestTestConnection_namesMissingTables(t *testing.T) {
	url := httpServer(t, consented("base,deals:read", answers{}))
	raw := fmt.Sprintf(`{"oauth":{"client_id":"a","client_secret":"b","refresh_token":"c","token_url":"%[1]s/oauth/token"},"api_url":%[1]q}`, url)
	var log bytes.Buffer
	require.NoError(t, TestConnection(context.Background(), zerolog.New(zerolog.SyncWriter(&log)), []byte(raw)))
	require.Contains(t, log.String(), "MISSING_SCOPE")
	require.Contains(t, log.String(), "pipedrive_persons")
	require.Contains(t, log.String(), "contacts:read")
	require.NotContains(t, log.String(), "pipedrive_deals")
}

// consented is an API with an OAuth app that was granted scopes.
func consented(scopes string, api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/oauth/token" {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"access_token":"a","token_type":"Bearer","expires_in":3600,"scope":%q}`, scopes)
			return
		}
		r.Header.Set("x-api-token", token)
		api.ServeHTTP(w, r)
	})
}

// TestChoose_namesAndWildcards: two wildcards stand for the tables that are on by default; any other matching
// entry names a table.
func TestChoose_namesAndWildcards(t *testing.T) {
	for _, test := range []struct {
		tables, skip  []string
		wanted, named string
	}{
		{[]string{"*"}, nil, "deals,roles", ""},
		{[]string{"pipedrive_*"}, nil, "deals,roles", ""},
		{[]string{"pipedrive_roles", "*"}, nil, "deals,roles", "roles"},
		{[]string{"*", "pipedrive_deal_changelog"}, nil, "deal_changelog,deals,roles", "deal_changelog"},
		{[]string{"pipedrive_deal*"}, nil, "deal_changelog,deals", "deal_changelog,deals"},
		{[]string{"*", "*_changelog"}, []string{"pipedrive_roles"}, "deal_changelog,deals", "deal_changelog"},
		{[]string{"*", "pipedrive_deal*"}, []string{"*_changelog"}, "deals,roles", "deals"},
	} {
		declared := []*table.Table{{Records: "deal_changelog", OnRequest: true}, {Records: "deals"}, {Records: "roles"}}
		tables, named, err := choose(declared, plugin.TableOptions{Tables: test.tables, SkipTables: test.skip}, false)
		require.NoError(t, err)
		var wanted, wantedByName []string
		for _, of := range tables {
			wanted = append(wanted, of.Records)
			if named[of.Records] {
				wantedByName = append(wantedByName, of.Records)
			}
		}
		require.Equal(t, test.wanted, strings.Join(wanted, ","), test)
		require.Equal(t, test.named, strings.Join(wantedByName, ","), test)
	}
	all, _, err := choose([]*table.Table{{Records: "deals"}, {Records: "deal_changelog", OnRequest: true}}, plugin.TableOptions{Tables: []string{"*"}}, true)
	require.NoError(t, err)
	require.Len(t, all, 2, "who lists the tables wants to see them all")
}

// TestTestConnection_anAddressThatLeadsNowhere: the error comes within five seconds and names the key.
func TestTestConnection_anAddressThatLeadsNowhere(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes the 5 s after which the plugin gives up")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nobody := "http://" + listener.Addr().String()
	require.NoError(t, listener.Close())
	plain := strings.Replace(httpServer(t, answers{}), "http://", "https://", 1)
	for name, test := range map[string]struct{ connection, says string }{
		"connection refused":         {fmt.Sprintf(`"api_token":%q,"api_url":%q`, token, nobody), "no connection to " + nobody + "; is api_url right?"},
		"no such host":               {fmt.Sprintf(`"api_token":%q,"api_url":"https://nowhere.invalid"`, token), "no connection to https://nowhere.invalid; is api_url right?"},
		"https to http":              {fmt.Sprintf(`"api_token":%q,"api_url":%q`, token, plain), "no connection to " + plain + "; is api_url right?"},
		"https to http, export":      {fmt.Sprintf(`"export":{"url":%q,"token":"x","account_id":"a"}`, plain), "is export.url right?"},
		"connection refused, tokens": {fmt.Sprintf(`"oauth":{"client_id":"a","client_secret":"b","refresh_token":"c","token_url":"%s/oauth/token"}`, nobody), "is oauth.token_url right?"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begin := time.Now()
			err := TestConnection(context.Background(), zerolog.Nop(), []byte("{"+test.connection+"}"))
			require.ErrorContains(t, err, test.says)
			require.Less(t, time.Since(begin), 5*time.Second)
		})
	}
}

// TestTestConnection_namesAnAccountThatASyncWouldSkip: the purpose of the test is to check all accounts.
func TestTestConnection_namesAnAccountThatASyncWouldSkip(t *testing.T) {
	good := httpServer(t, answers{})
	raw := fmt.Sprintf(`{"on_account_error":"skip","accounts":[{"name":"a","api_token":%q,"api_url":%q},{"name":"b","api_token":"another","api_url":%q}]}`, token, good, good)
	var e *plugin.TestConnError
	require.ErrorAs(t, TestConnection(context.Background(), zerolog.Nop(), []byte(raw)), &e)
	require.Equal(t, "TOKEN_INVALIDATED", e.Code)
	require.ErrorContains(t, e, `"b"`)
}

// TestSync_fieldsThatTheScopesCover: the table of fields leaves out fields without consent, whether custom fields
// become columns or not.
func TestSync_fieldsThatTheScopesCover(t *testing.T) {
	api := answers{
		"/api/v2/dealFields": `{"success":true,"data":[{"field_code":"title","field_name":"Title","field_type":"varchar"}]}`,
		"/api/v2/deals":      none, "/api/v2/deals/archived": none, "/api/v2/stages": none,
	}
	url := httpServer(t, consented("base,deals:read", api))
	for _, custom := range []string{"json", "columns"} {
		p := Plugin()
		p.SetLogger(zerolog.Nop())
		raw := fmt.Sprintf(`{"oauth":{"client_id":"a","client_secret":"b","refresh_token":"c","token_url":"%[1]s/oauth/token"},"api_url":%[1]q,"custom_fields":%[2]q}`, url, custom)
		require.NoError(t, p.Init(context.Background(), []byte(raw), plugin.NewClientOptions{}), raw)
		messages, err := p.SyncAll(context.Background(), plugin.SyncOptions{Tables: []string{"pipedrive_deals", "pipedrive_fields"}})
		require.NoError(t, err, custom)
		require.Len(t, rowsOf(t, messages)["pipedrive_fields"], 1, custom)
		for _, m := range messages {
			if announced, ok := m.(*message.SyncMigrateTable); ok {
				require.True(t, announced.Table.IsIncremental, "%s: the other fields' rows of an earlier run stay", announced.Table.Name)
			}
		}
	}
}

// TestSync_aFieldWithoutACodeTakesNoOtherWithIt: the record without a key is left out with a warning.
func TestSync_aFieldWithoutACodeTakesNoOtherWithIt(t *testing.T) {
	api := answers{"/api/v2/personFields": `{"success":true,"data":[{"field_code":"name","field_name":"Name","field_type":"varchar"},
		{"field_name":"no code","field_type":"varchar"},{"field_code":"label","field_name":"Label","field_type":"enum"}],"additional_data":{"next_cursor":null}}`}
	var log bytes.Buffer
	p := Plugin()
	p.SetLogger(zerolog.New(zerolog.SyncWriter(&log)))
	raw := fmt.Sprintf(`{"api_token":%q,"api_url":%q,"custom_fields":"json"}`, token, httpServer(t, api))
	require.NoError(t, p.Init(context.Background(), []byte(raw), plugin.NewClientOptions{}))
	rows, err := sync(t, p, "pipedrive_fields")
	require.NoError(t, err)
	require.Len(t, rows["pipedrive_fields"], 2)
	require.Contains(t, log.String(), `"records":1`)
	require.Contains(t, log.String(), "pipedrive_fields")
}

package client

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http/httptest"
	"testing"

	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/progress"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/spec"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

// gatedTables are boards and tasks, which need an add-on; roles, which need a permission of the user; currencies, which
// each account has; and stages, which are core.
func gatedTables() []*table.Table {
	id := []table.Column{{Name: "id", Type: table.Int, Key: true}}
	addOn := &table.Gate{Needs: "the Projects add-on", AnyNotFound: true}
	admin := &table.Gate{Needs: "an administrator's permissions"}
	projects := []string{"projects:read"}
	boards := &table.Table{
		Records: "project_boards", Columns: id, Gate: addOn,
		V2: []pipedrive.Listing{{Path: "/api/v2/boards", Cost: 10, Scopes: projects}},
	}
	roles := &table.Table{
		Records: "roles", Columns: id, Gate: admin,
		V1: []pipedrive.Listing{{Path: "/v1/roles", Cost: 20, Paging: pipedrive.Offset, Scopes: []string{"admin"}}},
	}
	addOn.Probe = func() *table.Table { return boards }
	return []*table.Table{
		{Records: "currencies", Columns: id, V1: []pipedrive.Listing{{Path: "/v1/currencies", Cost: 20}}},
		boards,
		roles,
		{
			Records: "stages", Columns: id, Core: true,
			V2: []pipedrive.Listing{pipedrive.ByIDV2("/api/v2/stages", 5, []string{"deals:read"})},
		},
		{
			Records: "tasks", Columns: id, Gate: addOn,
			V2: []pipedrive.Listing{{Path: "/api/v2/tasks", Cost: 10, Paging: pipedrive.Cursor, Scopes: projects}},
		},
	}
}

// gated are accounts whose tables are read, and the results.
type gated struct {
	t         *testing.T
	companies []*simulator.Company
	simulator *simulator.Server
	url       string
	connect   map[string]any // the only account, if it does not connect by its token
	tables    []*table.Table
	named     map[string]bool
	shard     *plugin.Shard
	kept      keptState // nil for runs without a state
	every     string    // lists_every of runs with a state

	announced map[string]bool  // whether each table that was announced counts as incremental
	rows      map[string]int64 // of each table
	log       bytes.Buffer     // warnings; of runs with a state, all lines
}

func newGated(t *testing.T, companies int) *gated {
	t.Helper()
	g := &gated{t: t, tables: gatedTables()}
	var options []simulator.Option
	for i := range companies {
		c := simulator.Generate(simulator.Config{Seed: uint64(i), CompanyID: int64(i + 1), Deals: 5, Persons: 5, Organizations: 5, Notes: 5})
		g.companies = append(g.companies, c)
		options = append(options, simulator.WithCompany(string(rune('a'+i)), c))
	}
	options = append(options, simulator.WithExportToken("jwt", g.companies[0]), simulator.WithOAuthApp(simulator.App{
		ClientID: "app", ClientSecret: "secret", RefreshToken: "refresh", Company: g.companies[0], Scopes: []string{"base", "deals:read", "admin"},
	}))
	g.simulator = simulator.NewServer(options...)
	server := httptest.NewServer(g.simulator)
	t.Cleanup(server.Close)
	g.url = server.URL
	return g
}

// read reads the tables, and returns the error that stopped it.
func (g *gated) read() error {
	g.t.Helper()
	g.announced, g.rows = map[string]bool{}, map[string]int64{}
	g.log.Reset()
	g.simulator.ResetUsage()
	var accounts []map[string]any
	for i := range g.companies {
		account := map[string]any{"name": string(rune('a' + i)), "api_token": string(rune('a' + i)), "api_url": g.url}
		if g.connect != nil {
			account = g.connect
			account["name"] = "a"
		}
		accounts = append(accounts, account)
	}
	options, level := map[string]any{"accounts": accounts, "max_retries": 1}, zerolog.WarnLevel
	if g.kept != nil {
		options["lists_every"], options["verify"], level = g.every, false, zerolog.InfoLevel
	}
	raw, err := json.Marshal(options)
	require.NoError(g.t, err)
	s, err := spec.Parse(raw)
	require.NoError(g.t, err)
	run := NewRunOn(Machine{Now: g.companies[0].Now}, 0)
	logger := zerolog.New(zerolog.SyncWriter(&g.log)).Level(level)
	connected, _, err := Connect(context.Background(), s, g.tables, "test", run, logger)
	require.NoError(g.t, err)
	for _, a := range connected {
		defer a.Close()
	}
	if g.kept != nil {
		run.UseState(progress.NewState(g.kept, nil, "state"))
	}
	if err := run.CheckDue(context.Background(), g.tables, g.shard, logger); err != nil {
		return err
	}
	if err := run.Check(context.Background(), g.tables, g.named, g.shard, true); err != nil {
		return err
	}
	out, failed := make(chan message.SyncMessage), make(chan error, 1)
	go func() {
		defer close(out)
		failed <- run.Read(context.Background(), g.tables, plugin.SyncOptions{Shard: g.shard}, out)
	}()
	for m := range out {
		switch m := m.(type) {
		case *message.SyncMigrateTable:
			g.announced[m.Table.Name] = m.Table.IsIncremental
		case *message.SyncInsert:
			name, _ := m.Record.Schema().Metadata().GetValue(schema.MetadataTableName)
			g.rows[name] += m.Record.NumRows()
		}
	}
	if err := <-failed; err != nil || g.kept == nil {
		return err
	}
	return run.state.Finish(context.Background())
}

// keptState is a state backend, in memory.
type keptState map[string]string

func (s keptState) SetKey(_ context.Context, key, value string) error {
	s[key] = value
	return nil
}
func (s keptState) GetKey(_ context.Context, key string) (string, error) { return s[key], nil }
func (keptState) Flush(context.Context) error                            { return nil }
func (keptState) Close() error                                           { return nil }

func (g *gated) requests(path string) int64 { return g.simulator.Usage().ByPath[path].Requests }

// names are those of tables, marked as not incremental.
func names(tables ...string) map[string]bool {
	announced := map[string]bool{}
	for _, t := range tables {
		announced["pipedrive_"+t] = false
	}
	return announced
}

// TestCheck_costsNothing: the probes' lists are those of tables, and are not read again.
func TestCheck_costsNothing(t *testing.T) {
	g := newGated(t, 1)
	for name, named := range map[string]map[string]bool{"a wildcard": nil, "names": {"project_boards": true, "roles": true, "tasks": true}} {
		t.Run(name, func(t *testing.T) {
			g.t, g.named = t, named
			require.NoError(t, g.read())
			require.Equal(t, names("currencies", "project_boards", "roles", "stages", "tasks"), g.announced)
			for records, path := range map[string]string{"project_boards": "/api/v2/boards", "roles": "/v1/roles", "tasks": "/api/v2/tasks"} {
				require.EqualValues(t, 1, g.requests(path), path)
				require.EqualValues(t, len(g.companies[0].Truth(records, simulator.TruthOptions{})), g.rows["pipedrive_"+records], records)
			}
			require.EqualValues(t, 2+20+10+20+5+10, g.simulator.Usage().Tokens)
			require.Empty(t, g.log.String())
		})
	}
}

// TestCheck_aWildcardLeavesOut: tables that the account lacks are not announced, so nothing is removed. One line of the
// log lists them.
func TestCheck_aWildcardLeavesOut(t *testing.T) {
	for _, status := range []int{402, 403, 404, 410, 415} {
		g := newGated(t, 1)
		g.companies[0].Refuse("projects", status)
		require.NoError(t, g.read())
		require.Equal(t, names("currencies", "roles", "stages"), g.announced, status)
		require.EqualValues(t, 1, g.requests("/api/v2/boards"), "one request shows it for all tables")
		require.Zero(t, g.requests("/api/v2/tasks"))
		require.Equal(t, 1, bytes.Count(g.log.Bytes(), []byte("\n")), "one line")
		require.Contains(t, g.log.String(), `"tables":["pipedrive_project_boards","pipedrive_tasks"]`)
		require.Contains(t, g.log.String(), "pipedrive_project_boards, pipedrive_tasks: NOT_AVAILABLE: GET /api/v2/boards")
		require.Contains(t, g.log.String(), "the Projects add-on")
	}
	g := newGated(t, 1)
	g.companies[0].Refuse("projects", 402)
	g.companies[0].Refuse("admin", 403)
	require.NoError(t, g.read())
	require.Equal(t, names("currencies", "stages"), g.announced)
	require.Equal(t, 1, bytes.Count(g.log.Bytes(), []byte("\n")), "one line for both")
	require.Contains(t, g.log.String(), "Required suites missing", "Pipedrive's own words")
	require.Contains(t, g.log.String(), "You do not have permissions to do this")
}

// TestCheck_aListWithoutAGate: a table that is read in full is left out too if Pipedrive refuses its list, without a
// further request. A named one fails before anything is announced.
func TestCheck_aListWithoutAGate(t *testing.T) {
	for _, status := range []int{402, 404} {
		g := newGated(t, 1)
		require.NoError(t, g.read())
		require.EqualValues(t, 1, g.requests("/v1/currencies"))
		g.simulator.AddFault(simulator.Fault{Path: "/v1/currencies", Action: simulator.Status(status)})
		require.NoError(t, g.read())
		require.Equal(t, names("project_boards", "roles", "stages", "tasks"), g.announced)
		require.Contains(t, g.log.String(), "pipedrive_currencies: NOT_AVAILABLE: GET /v1/currencies")
		g.named = map[string]bool{"currencies": true}
		err := g.read()
		require.ErrorIs(t, err, pipedrive.NotAvailable)
		require.ErrorContains(t, err, "pipedrive_currencies")
		require.ErrorContains(t, err, "a wildcard leaves it out")
		require.Empty(t, g.announced)
	}
}

// TestCheck_aNamedTableFails: the run fails before anything is announced, and names the account, the table, the request
// and Pipedrive's message.
func TestCheck_aNamedTableFails(t *testing.T) {
	for _, named := range []string{"tasks", "project_boards"} {
		g := newGated(t, 1)
		g.named = map[string]bool{named: true}
		g.companies[0].Refuse("projects", 402)
		err := g.read()
		require.ErrorIs(t, err, pipedrive.NotAvailable)
		for _, says := range []string{`account "1"`, "table pipedrive_" + named, "GET /api/v2/boards", "HTTP 402", "the Projects add-on", "Required suites missing"} {
			require.ErrorContains(t, err, says)
		}
		require.Empty(t, g.announced)
	}
}

// TestCheck_onlyNamedTablesAreNotProbed: their own readings show if the account lacks them.
func TestCheck_onlyNamedTablesAreNotProbed(t *testing.T) {
	g := newGated(t, 1)
	g.tables, g.named = g.tables[4:], map[string]bool{"tasks": true}
	require.NoError(t, g.read())
	require.Zero(t, g.requests("/api/v2/boards"))
	g.companies[0].Refuse("projects", 403)
	err := g.read()
	require.ErrorIs(t, err, pipedrive.NotAvailable)
	require.ErrorContains(t, err, "table pipedrive_tasks: GET /api/v2/tasks: HTTP 403: the table needs the Projects add-on")
	require.ErrorContains(t, err, "You do not have permissions to do this")
}

// TestCheck_errorsThatMayPassLeaveNothingOut: they are retried, and then fail the run.
func TestCheck_errorsThatMayPassLeaveNothingOut(t *testing.T) {
	for _, test := range []struct {
		action simulator.Action
		code   pipedrive.Code
	}{
		{simulator.Status(500), pipedrive.ExternalAPIError},
		{simulator.Status(503), pipedrive.ExternalAPIError},
		{simulator.HTMLPage, pipedrive.ExternalAPIError},
		{simulator.DailyLimit, pipedrive.RateLimitExceeded},
		{simulator.ExpiredToken, pipedrive.TokenInvalidated},
		{simulator.StatusHTML(404), pipedrive.ExternalAPIError}, // counts as lacking only at the add-on's probe
	} {
		g := newGated(t, 1)
		g.simulator.AddFault(simulator.Fault{Path: "/v1/roles", Action: test.action})
		err := g.read()
		require.ErrorIs(t, err, test.code, test.action)
		require.ErrorContains(t, err, "pipedrive_roles", test.action)
		require.Empty(t, g.announced, test.action)
	}
	g := newGated(t, 1)
	g.simulator.AddFault(simulator.Fault{Path: "/v1/roles", First: 1, Action: simulator.Status(502)})
	require.NoError(t, g.read())
	require.Contains(t, g.announced, "pipedrive_roles")
}

// TestCheck_scopes: a table that the consent does not cover is left out without a request, unless it is named or core.
// With an API token only Pipedrive's answer shows it.
func TestCheck_scopes(t *testing.T) {
	g := newGated(t, 1)
	g.connect = map[string]any{"oauth": map[string]any{
		"client_id": "app", "client_secret": "secret", "refresh_token": "refresh", "token_url": g.url + "/oauth/token",
	}, "api_url": g.url}
	require.NoError(t, g.read())
	require.Equal(t, names("currencies", "roles", "stages"), g.announced)
	require.Zero(t, g.requests("/api/v2/boards"))
	require.Contains(t, g.log.String(), "pipedrive_project_boards: MISSING_SCOPE: GET /api/v2/boards")
	require.Contains(t, g.log.String(), "projects:read")

	g.named = map[string]bool{"tasks": true}
	err := g.read()
	require.ErrorIs(t, err, pipedrive.MissingScope)
	require.ErrorContains(t, err, "pipedrive_tasks")
	require.NotContains(t, err.Error(), "project_boards")

	g.named = nil
	g.tables[3].V2[0].Scopes = []string{"contacts:read"}
	err = g.read()
	require.ErrorIs(t, err, pipedrive.MissingScope)
	require.ErrorContains(t, err, "pipedrive_stages")

	g = newGated(t, 1)
	g.simulator.AddFault(simulator.Fault{Path: "/api/v2/boards", Action: simulator.Status(403)}) // about the scope
	require.NoError(t, g.read())
	require.Equal(t, names("currencies", "roles", "stages"), g.announced)
	require.Contains(t, g.log.String(), "pipedrive_project_boards, pipedrive_tasks: MISSING_SCOPE")
}

// TestCheck_aCoreTableIsNeverLeftOut: an account always has it.
func TestCheck_aCoreTableIsNeverLeftOut(t *testing.T) {
	for _, status := range []int{402, 404, 410} {
		g := newGated(t, 1)
		g.simulator.AddFault(simulator.Fault{Path: "/api/v2/stages", Action: simulator.Status(status)})
		err := g.read()
		require.ErrorIs(t, err, pipedrive.ExternalAPIError, status)
		require.ErrorContains(t, err, "pipedrive_stages")
	}
}

// TestCheck_severalAccounts: if only some have a table, the others' rows stay, since it counts as incremental.
func TestCheck_severalAccounts(t *testing.T) {
	g := newGated(t, 3)
	g.companies[1].Refuse("projects", 402)
	require.NoError(t, g.read())
	require.Equal(t, map[string]bool{
		"pipedrive_currencies": false, "pipedrive_project_boards": true, "pipedrive_roles": false, "pipedrive_stages": false, "pipedrive_tasks": true,
	}, g.announced)
	var tasks int64
	for _, i := range []int{0, 2} {
		tasks += int64(len(g.companies[i].Truth("tasks", simulator.TruthOptions{})))
	}
	require.Equal(t, tasks, g.rows["pipedrive_tasks"])
	require.Equal(t, 1, bytes.Count(g.log.Bytes(), []byte("\n")))
	require.Contains(t, g.log.String(), `"account_id":"2"`)

	g.named = map[string]bool{"tasks": true}
	err := g.read()
	require.ErrorIs(t, err, pipedrive.NotAvailable)
	require.ErrorContains(t, err, `account "2"`)
}

// TestCheck_shardsAreCutAtTheSamePlaces: each table is read by exactly one shard, whichever tables the accounts lack
// when each shard begins.
func TestCheck_shardsAreCutAtTheSamePlaces(t *testing.T) {
	g := newGated(t, 2)
	read := map[string]int64{}
	for i, status := range []int{403, 0} {
		g.companies[0].Refuse("admin", status)
		g.shard = &plugin.Shard{Num: int32(i + 1), Total: 2}
		require.NoError(t, g.read())
		for name, rows := range g.rows {
			read[name] += rows
		}
	}
	for _, of := range g.tables {
		var want int64
		for i, c := range g.companies {
			if i > 0 || of.Records != "roles" { // the first shard has those of the first company
				want += int64(len(c.Truth(of.Records, simulator.TruthOptions{})))
			}
		}
		require.Equal(t, want, read[of.Name()], of.Name())
	}
}

// TestCheck_apis: a table that the API lacks is left out in one line, even if it is named.
func TestCheck_apis(t *testing.T) {
	g := newGated(t, 1)
	for api, test := range map[string]struct {
		connect map[string]any
		left    map[string]bool
		reason  string
	}{
		"v1":     {map[string]any{"api_token": "a", "api_url": g.url, "api_version": "v1"}, names("currencies", "roles"), "API v1 does not have it"},
		"export": {map[string]any{"export": map[string]any{"url": g.url + "/v1/e/pipedrive/export", "token": "jwt", "account_id": "1"}}, names(), "an export endpoint does not have it"},
	} {
		g.connect, g.named = test.connect, map[string]bool{"tasks": true}
		require.NoError(t, g.read(), api)
		require.Equal(t, test.left, g.announced, api)
		require.Equal(t, 1, bytes.Count(g.log.Bytes(), []byte("\n")), api)
		require.Contains(t, g.log.String(), test.reason)
	}
}

// TestFieldLists: a list that a wanted table needs is required, and errors name that table. A refusal of the others leaves
// them out.
func TestFieldLists(t *testing.T) {
	list := func(records string) *table.Table { return &table.Table{Records: records} }
	withFields := func(records, scope string) *table.Table {
		return &table.Table{
			Records: records, Fields: list(records + "Fields"), Columns: []table.Column{{Name: table.CustomFieldsColumn}},
			V2: []pipedrive.Listing{{Path: "/api/v2/" + records, Scopes: []string{scope}}},
		}
	}
	deals, products, notes := withFields("deals", "deals:read"), withFields("products", "products:read"), list("notes")
	fields := &table.Table{Records: "fields", Describes: []table.Described{
		{Entity: "deal", Of: deals, Fields: deals.Fields},
		{Entity: "note", Of: notes, Fields: list("noteFields")},
		{Entity: "product", Of: products, Fields: products.Fields},
	}}
	all := []*table.Table{deals, products, notes, fields}
	columns, bare := spec.Columns, spec.JSON
	for name, of := range map[string]struct {
		form   spec.CustomFields
		wanted []*table.Table
		syncs  bool
		want   map[string]string // the table that an error names, by list; with a question mark, a refusal is none
	}{
		"JSON": {bare, all, true, map[string]string{
			"dealsFields": "fields", "noteFields": "fields?", "productsFields": "fields?",
		}},
		"columns": {columns, all, true, map[string]string{
			"dealsFields": "deals", "noteFields": "fields?", "productsFields": "fields?",
		}},
		"a shard with the fields":     {columns, all[3:], true, map[string]string{"dealsFields": "fields?", "noteFields": "fields?", "productsFields": "fields?"}},
		"a shard without them":        {columns, all[:1], true, map[string]string{"dealsFields": "deals", "productsFields": "products"}},
		"a shard without them, JSON":  {bare, all[:1], true, map[string]string{}},
		"test-connection":             {columns, all, false, map[string]string{"noteFields": "fields?", "productsFields": "fields?"}},
		"test-connection, no records": {columns, all[3:], false, map[string]string{"dealsFields": "fields?", "noteFields": "fields?", "productsFields": "fields?"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := &Account{api: table.V2, scopes: []string{"deals:read"}, customFields: of.form} // the account lacks the products
			got := map[string]string{}
			for _, f := range a.fieldLists(all, of.wanted, of.syncs) {
				got[f.fields.Records] = f.by.Records
				if !f.required {
					got[f.fields.Records] += "?"
				}
			}
			require.Equal(t, of.want, got)
		})
	}
}

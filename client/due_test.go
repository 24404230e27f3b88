package client

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/progress"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// newSetup are accounts with a state. They read currencies, roles and stages once a day.
func newSetup(t *testing.T, companies int) *gated {
	t.Helper()
	g := newGated(t, companies)
	g.kept, g.every = keptState{}, "24h"
	for _, of := range g.tables {
		of.Setup = of.Records == "currencies" || of.Records == "roles" || of.Records == "stages"
	}
	return g
}

func (g *gated) advance(d time.Duration) {
	for _, c := range g.companies {
		c.Advance(d)
	}
}

// TestCheckDue_leavesOutTablesThatAreNotDue: the table is not announced, and one line of the log names it.
func TestCheckDue_leavesOutTablesThatAreNotDue(t *testing.T) {
	g := newSetup(t, 2)
	require.NoError(t, g.read())
	require.Equal(t, names("currencies", "project_boards", "roles", "stages", "tasks"), g.announced)
	require.NotContains(t, g.log.String(), "not due")
	g.advance(24*time.Hour - time.Second)
	require.NoError(t, g.read())
	require.Equal(t, names("project_boards", "tasks"), g.announced)
	require.EqualValues(t, 2*(2+10+10), g.simulator.Usage().Tokens)
	require.Equal(t, 1, strings.Count(g.log.String(), "not due"))
	require.Contains(t, g.log.String(), `"tables":["pipedrive_currencies","pipedrive_roles","pipedrive_stages"]`)
	g.advance(time.Second)
	require.NoError(t, g.read())
	require.Equal(t, names("currencies", "project_boards", "roles", "stages", "tasks"), g.announced)
}

// TestCheckDue_isDueForAllAccountsAtOnce: a table that is due for one account, here a new one, is due for all.
func TestCheckDue_isDueForAllAccountsAtOnce(t *testing.T) {
	g := newSetup(t, 2)
	both := g.companies
	g.companies = both[:1]
	require.NoError(t, g.read())
	g.companies = both
	g.advance(time.Hour)
	require.NoError(t, g.read())
	require.Equal(t, names("currencies", "project_boards", "roles", "stages", "tasks"), g.announced)
	require.EqualValues(t, 2, g.requests("/v1/currencies"))
	g.advance(23 * time.Hour)
	require.NoError(t, g.read())
	require.Equal(t, names("project_boards", "tasks"), g.announced)
}

// TestCheckDue_missingTables: a table that an account lacks is requested as rarely as the others, and is no reason
// to read another account's.
func TestCheckDue_missingTables(t *testing.T) {
	for _, companies := range []int{1, 2} {
		g := newSetup(t, companies)
		g.companies[0].Refuse("admin", 403)
		require.NoError(t, g.read())
		require.EqualValues(t, companies, g.requests("/v1/roles"))
		g.advance(time.Hour)
		require.NoError(t, g.read())
		require.Zero(t, g.requests("/v1/roles"))
		require.Equal(t, names("project_boards", "tasks"), g.announced)
		g.companies[0].Refuse("admin", 0)
		g.advance(23 * time.Hour)
		require.NoError(t, g.read())
		require.Contains(t, g.announced, "pipedrive_roles")
		require.EqualValues(t, companies, g.requests("/v1/roles"))
	}
}

// TestCheckDue_scopesThatComeLater: the scopes are known without a request, so a table is read as soon as they cover
// it.
func TestCheckDue_scopesThatComeLater(t *testing.T) {
	g := newSetup(t, 1)
	roles := g.tables[2]
	roles.V1[0].Scopes = []string{"users:read"}
	g.connect = map[string]any{"oauth": map[string]any{
		"client_id": "app", "client_secret": "secret", "refresh_token": "refresh", "token_url": g.url + "/oauth/token",
	}, "api_url": g.url}
	require.NoError(t, g.read())
	require.Equal(t, names("currencies", "stages"), g.announced)
	roles.V1[0].Scopes = []string{"admin"}
	require.NoError(t, g.read())
	require.Equal(t, names("roles"), g.announced)
}

// TestCheckDue_aNewColumn: the rows of the last reading lack its values.
func TestCheckDue_aNewColumn(t *testing.T) {
	g := newSetup(t, 1)
	require.NoError(t, g.read())
	stages := g.tables[3]
	stages.Columns = append(slices.Clone(stages.Columns), table.Column{Name: "name"})
	require.NoError(t, g.read())
	require.Equal(t, names("project_boards", "stages", "tasks"), g.announced)
}

// TestCheckDue_shardsAreCutAtTheSamePlaces: each table is read by exactly one shard, whichever tables are due when each
// shard begins.
func TestCheckDue_shardsAreCutAtTheSamePlaces(t *testing.T) {
	g := newSetup(t, 3)
	of := func(num int32) map[string]int64 {
		g.shard = &plugin.Shard{Num: num, Total: 4}
		require.NoError(t, g.read())
		return g.rows
	}
	first := map[int32]map[string]int64{}
	for num := range int32(4) {
		first[num] = maps.Clone(of(num + 1))
	}
	for num := range int32(4) {
		for _, setup := range []string{"currencies", "roles", "stages"} {
			delete(first[num], "pipedrive_"+setup)
		}
		require.Equal(t, first[num], of(num+1), "shard %d", num+1)
	}
}

// TestReserve_isTheLastCostOfTables: without a last time, a page of each of their lists. The reserve lacks the
// tokens that the tables have cost in this run.
func TestReserve_isTheLastCostOfTables(t *testing.T) {
	g := newSetup(t, 1)
	run := func() *Account {
		r := NewRun(0)
		a := &Account{id: "1", api: table.V2, run: r, lastReadings: map[string]progress.FullReading{}}
		r.accounts = []*Account{a}
		r.UseState(progress.NewState(g.kept, nil, "state"))
		require.NoError(t, r.CheckDue(t.Context(), g.tables, nil, zerolog.Nop()))
		r.readings(g.tables, nil)
		return a
	}
	require.EqualValues(t, 100+20+10+20+5+10, run().reserve())
	g.companies[0].Refuse("projects", 402) // the probe shows it
	require.NoError(t, g.read())
	a := run()
	require.EqualValues(t, 100+20+20+5, a.reserve())
	for _, r := range a.whole {
		if r.table.Records == "roles" {
			r.ended.Store(true)
		}
	}
	require.EqualValues(t, 100+20+5, a.reserve())
}

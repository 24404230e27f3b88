package estimate

import (
	"context"
	"encoding/json"
	"math"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	source "github.com/cq-source-pipedrive/cq-source-pipedrive/resources/plugin"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

// account is a served account.
type account struct {
	t      *testing.T
	server *simulator.Server
	url    string
	spec   map[string]any
	tables []string
}

func serve(t *testing.T, c *simulator.Company, options ...simulator.Option) *account {
	t.Helper()
	server := simulator.NewServer(append(options, simulator.WithCompany("token", c))...)
	listener := httptest.NewServer(server)
	t.Cleanup(listener.Close)
	spec := map[string]any{"api_token": "token", "api_url": listener.URL}
	return &account{t: t, server: server, url: listener.URL, tables: []string{"*"}, spec: spec}
}

// estimate returns the estimate of syncs without a state. It also checks the estimate's own cost.
func (a *account) estimate(tokens int64) client.Estimate {
	a.t.Helper()
	a.server.ResetUsage()
	raw, err := json.Marshal(a.spec)
	require.NoError(a.t, err)
	estimates, err := source.Estimate(context.Background(), zerolog.Nop(), raw, plugin.TableOptions{Tables: a.tables}, false, tokens)
	require.NoError(a.t, err)
	require.Len(a.t, estimates, 1)
	usage := a.server.Usage()
	require.LessOrEqual(a.t, usage.Tokens, tokens)
	require.Equal(a.t, usage.Requests, estimates[0].Spent.Requests)
	if a.spec["export"] == nil { // the operator of an export endpoint decides its price
		require.Equal(a.t, usage.Tokens, estimates[0].Spent.Tokens)
	}
	return estimates[0]
}

// sync returns the cost of a sync, by the simulator's counts.
func (a *account) sync() client.Cost {
	a.t.Helper()
	a.server.ResetUsage()
	raw, err := json.Marshal(a.spec)
	require.NoError(a.t, err)
	p := source.Plugin()
	p.SetLogger(zerolog.Nop())
	require.NoError(a.t, p.Init(context.Background(), raw, plugin.NewClientOptions{}))
	messages, failed := make(chan message.SyncMessage), make(chan error, 1)
	go func() {
		failed <- p.Sync(context.Background(), plugin.SyncOptions{Tables: a.tables}, messages)
		close(messages)
	}()
	for range messages { // nobody keeps the rows
	}
	require.NoError(a.t, <-failed)
	require.NoError(a.t, p.Close(context.Background()))
	usage := a.server.Usage()
	return client.Cost{Requests: usage.Requests, Tokens: usage.Tokens}
}

// requireWithin compares an estimate with the cost of a sync.
func (a *account) requireWithin(percent float64, e client.Estimate) {
	a.t.Helper()
	cost := a.sync()
	require.InEpsilon(a.t, cost.Tokens, e.First.Tokens, percent/100, "API tokens: %+v", e)
	require.InEpsilon(a.t, cost.Requests, e.First.Requests, percent/100, "requests: %+v", e)
}

// dense is an account in which hardly any record was deleted.
func dense(factor int) *simulator.Company {
	return simulator.Generate(simulator.Config{
		Seed: 11, CompanyID: 4711, Deals: 1800 * factor, Persons: 4000 * factor, Organizations: 1500 * factor, Notes: 3000 * factor,
		Records: map[string]int{
			"activities": 12_000 * factor, "files": 1000 * factor, "products": 50 * factor, "leads": 500 * factor, "roles": 10,
			"permission_sets": 8, "goals": 20,
		},
	})
}

// sparse is an account in which many of the old records were deleted: 4 of 5 persons, 2 of 3 notes and 3 of 4 files of its
// first years, and half of its activities.
func sparse() *simulator.Company {
	c := dense(1)
	for i := int64(1); i < 8000; i++ {
		if i < 1500 && i%5 != 0 {
			c.DeletePerson(i)
		}
		if i < 2000 && i%3 != 0 {
			c.DeleteNote(i)
		}
		if i < 600 && i%4 != 0 {
			c.RemoveRecord("files", i)
		}
		if i%2 == 0 {
			c.RemoveRecord("activities", i)
		}
	}
	return c
}

func small() *simulator.Company {
	return simulator.Generate(simulator.Config{Seed: 3, CompanyID: 4711, Deals: 60, Persons: 80, Organizations: 40, Notes: 60})
}

func TestEstimate_ofASmallAccountIsExact(t *testing.T) {
	a := serve(t, small())
	cost := a.sync().Tokens
	for _, tokens := range []int64{defaultTokens, math.MaxInt64} {
		require.Equal(t, cost, a.estimate(tokens).First.Tokens)
	}
}

// TestEstimate_isWithinFivePercentOfTheFirstRun: of all default tables, for 150 API tokens.
func TestEstimate_isWithinFivePercentOfTheFirstRun(t *testing.T) {
	if testing.Short() {
		t.Skip("it reads 80,000 records")
	}
	for name, c := range map[string]*simulator.Company{"22,000 records": dense(1), "66,000 records": dense(3)} {
		t.Run(name, func(t *testing.T) {
			a := serve(t, c)
			a.requireWithin(5, a.estimate(defaultTokens))
		})
	}
}

// TestEstimate_knowsMissingTables: the cheap probe of a gate, and the requests that a run makes nevertheless.
func TestEstimate_knowsMissingTables(t *testing.T) {
	c := small()
	c.Refuse("projects", 402)
	a := serve(t, c)
	e := a.estimate(defaultTokens)
	require.Equal(t, a.sync().Tokens, e.First.Tokens)
	require.Len(t, e.Lacking, 1)
	for reason, names := range e.Lacking {
		require.Contains(t, reason, "the Projects add-on")
		require.Contains(t, names, "pipedrive_project_boards")
		require.Contains(t, names, "pipedrive_project_phases")
	}
}

// TestEstimate_countsGaps: an account with many deleted records takes more looks, and the range covers the truth.
func TestEstimate_countsGaps(t *testing.T) {
	if testing.Short() {
		t.Skip("it reads 20,000 records")
	}
	a := serve(t, sparse())
	cheap, dear := a.estimate(defaultTokens), a.estimate(400)
	cost := a.sync()
	require.Less(t, math.Abs(float64(cheap.First.Tokens-cost.Tokens)), 2*cheap.Deviation)
	require.InEpsilon(t, cost.Tokens, dear.First.Tokens, 0.05)
	require.Less(t, dear.Deviation, cheap.Deviation)
}

// TestEstimate_ofPagesOfEachSize: the requests for a list are those of the pager, at the edges of pages too.
func TestEstimate_ofPagesOfEachSize(t *testing.T) {
	for _, records := range []int{0, 1, 9, 10, 11, 19, 20, 28, 29, 200} {
		c := simulator.NewCompany(4711)
		for range records {
			c.AddNote(simulator.Note{Content: "x"})
			c.AddOrganization(simulator.Organization{Name: "x", OwnerID: 1})
		}
		a := serve(t, c)
		a.spec["page_size"], a.spec["custom_fields"], a.tables = 10, "json", []string{"pipedrive_notes"}
		require.Equal(t, a.sync(), withoutTime(a.estimate(defaultTokens).First), "%d notes", records)
		a.tables = []string{"pipedrive_organizations", "pipedrive_users"}
		require.Equal(t, a.sync(), withoutTime(a.estimate(defaultTokens).First), "%d organizations", records)
	}
}

func withoutTime(c client.Cost) client.Cost {
	c.Takes = 0
	return c
}

func TestEstimate_obeysTheSpec(t *testing.T) {
	for key, value := range map[string]any{
		"archived": false, "deleted": false, "custom_fields": "off", "start_time": "2026-06-01", "api_version": "v1",
	} {
		a := serve(t, small())
		a.spec[key] = value
		a.requireWithin(5, a.estimate(defaultTokens))
	}
}

// TestEstimate_ofAnExportEndpoint: its requests have no price, so that an estimate may take as many as tokens elsewhere.
func TestEstimate_ofAnExportEndpoint(t *testing.T) {
	c := small()
	a := serve(t, c, simulator.WithExportToken("key", c))
	a.spec = map[string]any{"export": map[string]any{"url": a.url + "/v1/e/pipedrive/export", "token": "key", "account_id": "acme"}}
	e := a.estimate(defaultTokens)
	require.Equal(t, a.sync().Requests, e.First.Requests)
	require.Zero(t, e.First.Tokens)
}

// TestEstimate_ofTablesOnRequest: of each declared table, with its parents and without. If several lists share parents,
// like the folders of mail threads, their number is unknown, so the estimate is an upper bound.
func TestEstimate_ofTablesOnRequest(t *testing.T) {
	var found int
	for _, of := range tables.All() {
		if !of.OnRequest && of.Parent == nil {
			continue
		}
		found++
		a := serve(t, small())
		a.tables = []string{of.Name()}
		e := a.estimate(1000)
		if of.Parent != nil && of.Parent.Table.Once && of.Incremental {
			require.GreaterOrEqual(t, e.First.Tokens, a.sync().Tokens)
			continue
		}
		a.requireWithin(5, e)
	}
	require.Positive(t, found)
}

// TestEstimate_ofParentsWithoutRequests: deals without products, and deleted ones, take no request. The products of
// others take several pages.
func TestEstimate_ofParentsWithoutRequests(t *testing.T) {
	c := small()
	for _, id := range c.Numbers("deals", simulator.TruthOptions{})[:30] {
		c.DeleteDeal(id)
	}
	a := serve(t, c)
	a.tables, a.spec["page_size"] = []string{"pipedrive_deal_products"}, 4 // it is also the number of parents in a request
	a.requireWithin(15, a.estimate(defaultTokens))                         // the pages of so few parents vary
}

// TestEstimate_ofAListThatKnowsOnlyTheNewestRecords: without a state, the newest records of several pages are read
// again.
func TestEstimate_ofAListThatKnowsOnlyTheNewestRecords(t *testing.T) {
	c := simulator.NewCompany(4711)
	for i := range 350 {
		folders := []string{"inbox", "sent"}[:1+i%2]
		c.AddRecord("mail_threads", map[string]any{"folders": folders})
		c.Advance(time.Minute)
	}
	a := serve(t, c)
	a.tables = []string{"pipedrive_mail_threads"}
	cost, e := a.sync(), a.estimate(1000)
	require.Equal(t, cost, withoutTime(e.First))
	for _, row := range e.Rows {
		if row.Name == "pipedrive_mail_threads" {
			require.EqualValues(t, 350, row.Records)
		}
	}
}

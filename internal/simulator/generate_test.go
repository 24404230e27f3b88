package simulator_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

func TestGenerate_sameSeedSameBytes(t *testing.T) {
	cfg := simulator.Config{Seed: 5, Persons: 200, Organizations: 100, Deals: 300, Notes: 200}
	pages := func(cfg simulator.Config) (all string) {
		s := simulator.NewServer(simulator.WithCompany("token", simulator.Generate(cfg)))
		for _, path := range []string{
			"/api/v2/deals", "/api/v2/deals/archived", "/api/v2/persons", "/api/v2/organizations", "/v1/notes", "/v1/users",
			"/api/v2/dealFields", "/v1/deals", "/v1/persons",
		} {
			all += get(t, s, path, "limit", "500").raw
		}
		return all
	}
	first := pages(cfg)
	assert.Equal(t, first, pages(cfg))
	cfg.Seed++
	assert.NotEqual(t, first, pages(cfg))
}

func TestGenerate_makesEveryAwkwardCase(t *testing.T) {
	c := simulator.Generate(simulator.Config{Seed: 1, Persons: 3000, Organizations: 1000, Deals: 9000, Notes: 3000})
	all := simulator.TruthOptions{Deleted: true, Archived: true}
	seen := map[string]int{}
	sameSecond := map[any]int{}
	for _, d := range c.Truth("deals", all) {
		seen["status "+d["status"].(string)]++
		if d["is_archived"].(bool) {
			seen["archived"]++
		}
		if d["update_time"] == nil {
			seen["no update_time"]++
		}
		if d["value"] == 0.0 {
			seen["no value"]++
		}
		if d["stage_order_nr"] == nil {
			seen["deleted stage"]++
		}
		seen[fmt.Sprint("pipeline ", d["pipeline_id"])]++
		sameSecond[d["update_time"]]++
	}
	for _, want := range []string{
		"status open", "status won", "status lost", "status deleted", "archived", "no update_time", "no value",
		"deleted stage", "pipeline 1", "pipeline 4",
	} {
		assert.Positive(t, seen[want], want)
	}
	most := 0
	for at, n := range sameSecond {
		if at != nil {
			most = max(most, n)
		}
	}
	assert.Greater(t, most, 500, "more than a page shares one second")
}

func TestGenerate_countsDeals(t *testing.T) {
	c := simulator.Generate(simulator.Config{Seed: 1, Persons: 50, Deals: 400})
	open := map[any]int64{}
	for _, d := range c.Truth("deals", simulator.TruthOptions{}) {
		if d["status"] == "open" {
			open[d["person_id"]]++
		}
	}
	for _, p := range c.Truth("persons", simulator.TruthOptions{}) {
		assert.Equal(t, open[p["id"]], p["open_deals_count"])
	}
}

func BenchmarkPage(b *testing.B) {
	c := simulator.Generate(simulator.Config{Seed: 1, Deals: 20_000})
	s := simulator.NewServer(simulator.WithCompany("token", c))
	require.Equal(b, 200, get(b, s, "/api/v2/deals", "limit", "500").status)
	for b.Loop() {
		get(b, s, "/api/v2/deals", "limit", "500")
	}
}

func BenchmarkGenerate(b *testing.B) {
	for b.Loop() {
		simulator.Generate(simulator.Config{Seed: 1, Persons: 10_000, Deals: 100_000})
	}
}

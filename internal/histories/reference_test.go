package histories

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

// reference is an account of some size, without the Projects add-on.
func reference() *simulator.Company {
	c := simulator.Generate(simulator.Config{
		Seed: 11, CompanyID: 4711, Deals: 1800, Persons: 4000, Organizations: 1500, Notes: 3000, CustomFieldsPerEntity: 30,
		Records: map[string]int{"activities": 12_000, "files": 1000, "products": 50, "leads": 500, "roles": 10, "permission_sets": 8, "goals": 20},
	})
	c.Refuse("projects", 402)
	return c
}

// listed returns the numbers of records in a table's lists, archived ones separately.
func listed(c *simulator.Company, table string) (live, archived int) {
	live = len(c.Truth(table, simulator.TruthOptions{Deleted: true}))
	return live, len(c.Truth(table, everything)) - live
}

// pages is the number of requests for n records, with pages of a size that repeat some records of the page before.
func pages(n, size, repeated int) int64 {
	if n <= size {
		return 1
	}
	return 1 + int64((n-size+size-repeated-1)/(size-repeated))
}

// leastFull is the minimum cost of a full run over all tables: the vendor's prices for the pages of all lists,
// computed by hand.
func leastFull(c *simulator.Company) int64 {
	count := func(table string) int { live, _ := listed(c, table); return live }
	deals, archivedDeals := listed(c, "deals")
	leads, archivedLeads := listed(c, "leads")
	incremental := 10*pages(deals, 500, 0) + 20*pages(archivedDeals, 500, 0) + 10*pages(count("persons"), 500, 0) +
		10*pages(count("organizations"), 500, 0) + 10*pages(count("activities"), 500, 0) + 20*pages(count("notes"), 500, 1) +
		20*pages(leads, 500, 1) + 40*pages(archivedLeads, 500, 1) + 20*pages(count("files"), 100, 1) + 10*pages(count("products"), 500, 0)
	const (
		setup  = 2 + 5 + 5 + 20 + 20 + 10 + 2 + 20 + 20 + 2*20 + 2*20 // log-in to roles and permission sets, without fields
		fields = 5*10 + 2*20
	)
	return incremental + setup + fields + leastOfDeals(c)
}

// leastOfDeals is the minimum cost of the products and the installments of deals. A request names 100 deals with
// products that are not deleted, archived ones separately.
func leastOfDeals(c *simulator.Company) (tokens int64) {
	deals := map[bool]int{}
	for _, deal := range c.Truth("deals", everything) {
		if deal["products_count"] != int64(0) && deal["is_deleted"] == false {
			deals[deal["is_archived"] == true]++
		}
	}
	return 2 * 10 * (pages(deals[false], 100, 0) + pages(deals[true], 100, 0))
}

// TestCost_ofTheReferenceAccount: no request is repeated or useless, except the one that finds no Projects add-on.
func TestCost_ofTheReferenceAccount(t *testing.T) {
	long(t)
	w := newWorld(t, reference())
	c := w.company()
	w.tables, w.spec["custom_fields"] = []string{"*"}, "columns"
	least := leastFull(c)
	full := w.requireTokens()
	require.GreaterOrEqual(t, full, least)
	require.LessOrEqual(t, full, least*102/100)

	c.Advance(time.Hour)
	quiet := w.requireTokens()
	require.LessOrEqual(t, quiet, int64(445))

	c.Advance(time.Hour)
	for _, table := range incremental { // a hundredth of the records: at most a page of any list
		numbers := c.Numbers(table, everything)
		for _, number := range numbers[:(len(numbers)+99)/100] {
			w.accounts[0].Change(table, number, "changed")
		}
	}
	c.Advance(time.Minute)
	const children = 2 * 2 * 10 // products and installments of deals, also of archived ones
	require.Equal(t, quiet+children, w.requireTokens())
	w.requireTruth(without(declared(func(t *table.Table) bool { return t.Gate != nil && gateOf(t) == "projects" }))...)

	c.Advance(time.Hour)
	w.spec["lists_every"] = "24h"
	require.LessOrEqual(t, w.requireTokens(), int64(215+children), "the deals changed just before the last run")

	delete(w.spec, "lists_every")
	w.tables = core
	require.LessOrEqual(t, w.requireTokens(), int64(125))
	t.Log("full", full, "of", least, "quiet", quiet)
}

package truth

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

// The simulator has the truth of each declared table of records, column by column, and serves its lists.
func TestTables_areAllSimulated(t *testing.T) {
	c := simulator.Generate(simulator.Config{Seed: 1, Persons: 20, Organizations: 20, Deals: 40, Notes: 20})
	require.NotEmpty(t, Tables)
	for _, of := range declared(tables.All()) {
		want := []string{"account_id"}
		for _, column := range of.Columns {
			if column.Name != table.RemovedColumn {
				want = append(want, column.Name)
			}
		}
		rows := c.Truth(of.Records, Everything)
		require.NotEmpty(t, rows, of.Records)
		assert.ElementsMatch(t, want, slices.Collect(maps.Keys(rows[0])), of.Records)
		require.NotEmpty(t, Paths[of.Records], of.Records)
		assert.Subset(t, simulator.Paths(), Paths[of.Records], of.Records)
	}
}

// Each declared table is covered: nothing here names it.
func TestTables_aNewOneIsCovered(t *testing.T) {
	d := declared([]*table.Table{
		{Records: "leads", Incremental: true, Columns: []table.Column{{Name: "id", Key: true}, {Name: "title"}}},
		{Records: "assignments", Columns: []table.Column{{Name: "role_id", Key: true}, {Name: "name"}, {Name: "user_id", Key: true}}},
		{Records: "syncs", Runs: true},
		{Records: "fields", Describes: []table.Described{{}}},
	})
	assert.Equal(t, [][]string{{"leads"}, {"assignments"}}, [][]string{d.names(true), d.names(false)})
	withTables(t, d)
	assert.Equal(t, "7/3", Row{"role_id": {Text: "7"}, "user_id": {Text: "3"}, "name": {Text: "x"}}.Key("assignments"))
	assert.Equal(t, "7/3", KeyOf("assignments", map[string]any{"role_id": int64(7), "user_id": int64(3)}))
	want := []map[string]any{{"account_id": "1", "id": "a-b", "title": "L"}, {"account_id": "1", "id": "a-c", "title": "M"}}
	row := func(id, title string) Row {
		return Row{"account_id": {"text", "1"}, "id": {"text", id}, "title": {"text", title}}
	}
	var kinds []Kind
	for _, d := range Compare("leads", want, []Row{row("a-b", "old"), row("a-d", "?"), row("a-d", "?")}, nil) {
		kinds = append(kinds, d.Kind)
	}
	assert.ElementsMatch(t, []Kind{Stale, Lost, Duplicate, Surplus}, kinds)
}

// withTables replaces the plugin's tables with the test's.
func withTables(t *testing.T, d declaration) {
	t.Helper()
	plugins, incremental := of, Incremental
	of, Incremental = d, d.names(true)
	t.Cleanup(func() { of, Incremental = plugins, incremental })
}

// withList replaces the plugin's tables with one of the elements of lists and its parents'.
func withList(t *testing.T, list string) {
	t.Helper()
	of := &table.Table{Records: list, Incremental: true, Columns: []table.Column{{Name: "person_id", Type: table.Int}}}
	parent, member := simulator.ParentOf(list)
	places := map[string]string{
		"product_prices": "currency", "product_variation_prices": "currency", "permission_set_assignments": "permission_set_id",
		"team_members": "user_id",
	}
	place := cmp.Or(places[list], "position")
	for _, name := range []string{member, place} {
		kind := map[bool]table.Type{true: table.Int}[name == "user_id"]
		of.Columns = append(of.Columns, table.Column{Name: name, Key: true, Type: kind})
	}
	all := declaration{of}
	for ; parent != ""; parent, _ = simulator.ParentOf(parent) {
		all = append(all, &table.Table{Records: parent, Incremental: true, Columns: []table.Column{{Name: "id", Key: true}}})
	}
	withTables(t, all)
}

// Changes of the elements of lists work like those of records.
func TestAccount_changesElementsOfLists(t *testing.T) {
	for _, list := range simulator.Nested() {
		withList(t, list)
		parent, member := simulator.ParentOf(list)
		changed, _ := simulator.TimeOf(list)
		a := NewAccount(simulator.NewCompany(4711))
		row := func(id int64) map[string]any { return a.Company.Truth(list, Everything)[slices.Index(a.IDs(list), id)] }
		first := a.Add(list, "before", time.Time{})
		before, after := "before", "change 1"
		if slices.Contains(of.keys(list), simulator.Text(list)) { // no two elements share it
			before, after = "before 1", fmt.Sprintf("change 2 of %d", first)
		}
		require.Equal(t, of.value(list, simulator.Text(list), before), row(first)[simulator.Text(list)], list)
		a.Company.Advance(time.Minute)
		a.Apply(Change{Kind: "change", Table: list, Record: slices.Index(a.IDs(list), first)})
		require.Equal(t, of.value(list, simulator.Text(list), after), row(first)[simulator.Text(list)], list)
		second := a.Add(list, "beside it", time.Time{})
		require.Equal(t, row(first)[member], row(second)[member], list)
		if changed != "" {
			at := a.Company.Now().Add(-time.Hour)
			third, fourth := a.Add(list, "long ago", at), a.AddNeverChanged(list, "imported")
			assert.Equal(t, []any{a.Company.Now(), at, nil}, []any{row(second)[changed], row(third)[changed], row(fourth)[changed]}, list)
		}
		had := a.keys(list)[list]
		a.Remove(list, first)
		has := a.keys(list)[list]
		require.Len(t, has, len(had)-1, list)
		for key := range had {
			place, id, _ := strings.Cut(key, "/")
			gone := Row{}
			for i, name := range of.keys(list) {
				gone[name] = Cell{Text: []string{place, id}[i]}
			}
			assert.Equal(t, !has[key], a.MayStay(list)(gone), "%s %s", list, key)
		}
		if parent != "users" { // the list of users keeps deleted ones
			a.Remove(parent, row(a.IDs(list)[0])[member].(int64))
			assert.Len(t, a.keys(list)[list], len(has)-1, list)
		}
	}
}

// The children of a deleted deal are gone with it.
func TestAccount_removesChildrenOfDeals(t *testing.T) {
	withTables(t, declaration{
		{Records: "deals", Incremental: true, Columns: []table.Column{{Name: "id", Key: true}}},
		{Records: "deal_products", Incremental: true, Columns: []table.Column{{Name: "id", Key: true}}},
	})
	a := NewAccount(simulator.NewCompany(4711))
	kept, gone := a.Add("deal_products", "kept", time.Time{}), a.Add("deal_products", "gone", a.Company.Now())
	row := a.Company.Truth("deal_products", Everything)[1]
	a.Remove("deals", row["deal_id"].(int64))
	assert.Equal(t, []int64{kept}, a.IDs("deal_products"))
	assert.True(t, a.MayStay("deal_products")(Row{"id": {Text: fmt.Sprint(gone)}}))
	assert.False(t, a.MayStay("deal_products")(Row{"id": {Text: fmt.Sprint(kept)}}))
}

// If the records' text is their key, their texts differ.
func TestAccount_addsRecordsOfDifferentKeys(t *testing.T) {
	withTables(t, declaration{{Records: "lead_sources", Columns: []table.Column{{Name: "name", Key: true}}}})
	a := NewAccount(simulator.NewCompany(4711))
	first, second := a.Add("lead_sources", "old", time.Time{}), a.Add("lead_sources", "old", time.Time{})
	assert.NotEqual(t, a.Key("lead_sources", first), a.Key("lead_sources", second))
}

// Changes work for records of every kind.
func TestAccount_treatsAllKindsAlike(t *testing.T) {
	for _, kind := range simulator.Kinds() {
		keys := map[string]string{
			"note_comments": "uuid", "lead_sources": "name", "role_assignments": "user_id", "role_settings": "role_id",
			"goal_results": "goal_id",
		}
		key := cmp.Or(keys[kind], "id")
		if strings.HasSuffix(kind, "_followers") {
			key = "user_id"
		}
		column := table.Column{Name: simulator.Text(kind)}
		if strings.HasSuffix(column.Name, "_id") || strings.HasSuffix(column.Name, "_visibility") {
			column.Type = table.Int
		} else if column.Name == "progress" {
			column.Type = table.Float
		}
		parent, _ := simulator.ParentOf(kind)
		changed, _ := simulator.TimeOf(kind)
		withTables(t, declaration{
			{Records: kind, Incremental: true, Columns: []table.Column{{Name: key, Type: column.Type, Key: true}, column}},
			{Records: parent, Columns: []table.Column{{Name: "id", Key: true}}},
		})
		a := NewAccount(simulator.NewCompany(4711))
		row := func(i int) map[string]any { return a.Company.Truth(kind, Everything)[i] }
		first := a.Add(kind, "before", time.Time{})
		a.Company.Advance(time.Minute)
		a.Change(kind, first, "after")
		after := "after"
		if column.Name == key {
			after = fmt.Sprintf("after of %d", first)
		}
		require.Equal(t, of.value(kind, column.Name, after), row(0)[column.Name], kind)
		if simulator.HasOwner(kind) {
			require.Equal(t, a.Company.Truth("users", Everything)[0]["name"], row(0)["owner_name"], kind)
		}
		at := a.Company.Now().Add(-time.Hour)
		a.Apply(Change{Kind: "create", Table: kind})
		second := a.IDs(kind)[1]
		if row(0)[changed] != nil {
			assert.Equal(t, a.Company.Now(), row(0)[changed], kind)
			third, fourth := a.Add(kind, "long ago", at), a.AddNeverChanged(kind, "imported")
			assert.Equal(t, []any{at, nil}, []any{row(2)[changed], row(3)[changed]}, kind)
			assert.Equal(t, []int64{first, second, third, fourth}, a.IDs(kind), kind)
		}
		if simulator.HasArchive(kind) {
			listed := func() []int64 { return a.Company.Numbers(kind, simulator.TruthOptions{}) }
			a.Apply(Change{Kind: "archive", Table: kind, Record: 1})
			assert.NotContains(t, listed(), second, kind)
			a.Apply(Change{Kind: "archive", Table: kind, Record: 1})
			assert.Contains(t, listed(), second, kind)
		}
		if strings.HasSuffix(kind, "_changelog") { // entries behind a removed one get other numbers
			continue
		}
		gone, kept := Row{key: {Text: fmt.Sprint(row(0)[key])}}, Row{key: {Text: fmt.Sprint(row(1)[key])}}
		assert.False(t, a.MayStay(kind)(gone), kind)
		a.Apply(Change{Kind: "delete", Table: kind})
		listed := kind == "projects" // a deleted one stays in the list
		assert.Equal(t, !listed, a.MayStay(kind)(gone), kind)
		assert.False(t, a.MayStay(kind)(kept), kind)
	}
}

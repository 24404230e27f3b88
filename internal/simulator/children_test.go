package simulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

// ofDeal are the ids of the records that a list has for deals.
func ofDeal(t *testing.T, s *simulator.Server, list, deals string) (ids []any) {
	t.Helper()
	for _, r := range all(t, s, "/api/v2/deals/"+list+"?deal_ids="+deals) {
		ids = append(ids, r["id"])
	}
	return ids
}

// A deal's counter and update_time follow its products.
func TestDealProducts_moveTheirDeal(t *testing.T) {
	c, s := small(3)
	deal := func(i int) []any {
		row := c.Truth("deals", everything)[i]
		return []any{row["products_count"], row["update_time"]}
	}
	c.Advance(time.Minute)
	first := c.AddRecord("deal_products", map[string]any{"deal_id": int64(1), "quantity": 0.5})
	created := c.Now()
	assert.Equal(t, []any{int64(1), created}, deal(0))
	assert.Equal(t, created, c.Truth("deal_products", everything)[0]["deal_update_time"])
	c.Advance(time.Minute)
	c.UpdateRecord("deal_products", first, map[string]any{"deal_id": int64(2)})
	moved := c.Now()
	assert.Equal(t, [][]any{{int64(0), moved}, {int64(1), moved}}, [][]any{deal(0), deal(1)})
	c.SetChildrenStampParents(false)
	c.Advance(time.Minute)
	c.AddRecord("deal_products", map[string]any{"deal_id": int64(2)})
	assert.Equal(t, []any{int64(2), moved}, deal(1), "without a change of the deal")
	c.SetChildrenStampParents(true)
	c.RemoveRecord("deal_products", first)
	c.RemoveRecord("deal_products", first)
	assert.Equal(t, []any{int64(1), c.Now()}, deal(1))
	assert.Equal(t, []any{2.0}, ofDeal(t, s, "products", "1,2,3"))
	at := c.Now().Add(-time.Hour)
	c.AddRecord("deal_installments", map[string]any{"deal_id": int64(2), "deal_update_time": at})
	assert.Equal(t, []any{int64(1), at}, deal(1), "an installment is no product")
}

// Missing and deleted deals have no products. Archived ones do.
func TestDealProducts_ofDealsThatAreThere(t *testing.T) {
	c, s := small(3)
	for i := range int64(4) {
		c.AddRecord("deal_products", map[string]any{"deal_id": i + 1})
	}
	c.DeleteDeal(1)
	c.ArchiveDeal(2)
	assert.Equal(t, []any{2.0, 3.0}, ofDeal(t, s, "products", "1,2,3,4,99"))
	ids := func(opts simulator.TruthOptions) (ids []any) {
		for _, row := range c.Truth("deal_products", opts) {
			ids = append(ids, row["id"])
		}
		return ids
	}
	assert.Equal(t, []any{int64(2), int64(3)}, ids(everything))
	assert.Equal(t, []any{int64(3)}, ids(simulator.TruthOptions{Deleted: true}))
	assert.Empty(t, ids(simulator.TruthOptions{Archived: true, API: "v1"}))
}

func TestDealProducts_onSeveralPages(t *testing.T) {
	c, s := small(100)
	for range 501 {
		c.AddRecord("deal_products", map[string]any{"deal_id": int64(7)})
	}
	c.AddRecord("deal_products", map[string]any{"deal_id": int64(100)})
	a := get(t, s, "/api/v2/deals/products", "deal_ids", numbers(100), "limit", "500", "sort_by", "deal_id")
	assert.Len(t, a.Data, 500)
	require.NotNil(t, a.Additional.NextCursor)
	assert.Len(t, ofDeal(t, s, "products", numbers(100)), 502)
	assert.Len(t, ofDeal(t, s, "products", "7"), 501)
	for _, wrong := range []string{"", "x", "1,", numbers(101)} {
		assert.Equal(t, http.StatusBadRequest, get(t, s, "/api/v2/deals/installments", "deal_ids", wrong).status, wrong)
	}
}

func TestDealInstallments_needAPlan(t *testing.T) {
	c, s := small(1)
	for _, status := range []int{402, 403} {
		c.Refuse("installments", status)
		assert.Equal(t, status, get(t, s, "/api/v2/deals/installments", "deal_ids", "1").status)
		assert.Equal(t, http.StatusOK, get(t, s, "/api/v2/deals/products", "deal_ids", "1").status)
	}
	c.Refuse("installments", 0)
	assert.Equal(t, http.StatusOK, get(t, s, "/api/v2/deals/installments", "deal_ids", "1").status)
}

// The counters of generated deals say how many products they have. Only deals with products have installments, which
// add up to the deal's value.
func TestGenerate_childrenOfDealsBelongTogether(t *testing.T) {
	for _, records := range []map[string]int{nil, {"deal_products": 250, "deal_installments": 70}} {
		c := simulator.Generate(simulator.Config{Seed: 4, Persons: 40, Organizations: 20, Deals: 300, Records: records})
		deals, products, paid, most := map[any]map[string]any{}, map[any]int64{}, map[any]float64{}, int64(0)
		for _, d := range c.Truth("deals", simulator.TruthOptions{Archived: true}) {
			deals[d["id"]] = d
		}
		for _, p := range c.Truth("deal_products", everything) {
			products[p["deal_id"]]++
			most = max(most, products[p["deal_id"]])
			assert.Equal(t, deals[p["deal_id"]]["currency"], p["currency"])
			assert.Equal(t, products[p["deal_id"]], p["order_nr"])
		}
		for id, d := range deals {
			assert.Equal(t, products[id], d["products_count"], id)
		}
		installments := c.Truth("deal_installments", everything)
		for _, i := range installments {
			assert.Positive(t, products[i["deal_id"]])
			paid[i["deal_id"]] += i["amount"].(float64)
		}
		assert.Greater(t, most, int64(1))
		assert.Greater(t, len(installments), len(paid))
		if records == nil {
			for id, sum := range paid {
				assert.InDelta(t, deals[id]["value"], sum, 0.02, id)
			}
		}
	}
}

// The rows of nested lists are the stored elements with their parents' keys and times.
func TestTruth_ofNestedLists(t *testing.T) {
	c, _ := small(0)
	p := c.AddPerson(simulator.Person{Name: "P", Emails: []simulator.Contact{{"a@b", false, "home"}, {"c@d", true, ""}}, Phones: []simulator.Contact{{"1", false, ""}}})
	gone := c.AddPerson(simulator.Person{Name: "gone", Emails: []simulator.Contact{{"e@f", true, ""}}})
	c.DeletePerson(gone)
	product := c.AddRecord("products", map[string]any{"name": "X", "prices": []map[string]any{
		{"product_id": int64(1), "price": 5.0, "currency": "EUR", "cost": 2.0, "direct_cost": nil, "notes": ""},
	}})
	activity := c.AddRecord("activities", map[string]any{
		"participants": []map[string]any{{"person_id": p, "primary": true}},
		"attendees":    []map[string]any{{"email": "g@h", "name": "G", "status": "accepted", "is_organizer": false, "person_id": nil, "user_id": int64(1)}},
	})
	for table, want := range map[string][]map[string]any{
		"person_emails": {
			{"person_id": p, "position": int64(1), "value": "a@b", "label": "home", "is_primary": false, "person_update_time": start},
			{"person_id": p, "position": int64(2), "value": "c@d", "label": nil, "is_primary": true, "person_update_time": start},
		},
		"person_phones":         {{"person_id": p, "position": int64(1), "value": "1", "label": nil, "is_primary": false, "person_update_time": start}},
		"product_prices":        {{"product_id": product, "currency": "EUR", "price": 5.0, "cost": 2.0, "direct_cost": nil, "notes": nil, "product_update_time": start}},
		"activity_participants": {{"activity_id": activity, "position": int64(1), "person_id": p, "is_primary": true, "activity_update_time": start}},
		"activity_attendees": {{
			"activity_id": activity, "position": int64(1), "email": "g@h", "name": "G", "status": "accepted", "is_organizer": false,
			"person_id": nil, "user_id": int64(1), "activity_update_time": start,
		}},
		"permission_set_assignments": {
			{"user_id": int64(1), "permission_set_id": "62cc4d7f-4038-4352-abf3-a8c1c822b631", "app": "sales", "is_admin": true},
			{"user_id": int64(1), "permission_set_id": "233b7976-39bd-43a9-b305-ef3a2b0998e5", "app": "global", "is_admin": true},
		},
	} {
		for _, row := range want {
			row["account_id"] = "42"
		}
		assert.Equal(t, want, c.Truth(table, everything), table)
	}
	assert.Empty(t, c.Truth("product_prices", simulator.TruthOptions{API: "v1"}))
	assert.Len(t, c.Truth("person_emails", simulator.TruthOptions{API: "v1"}), 2)
	row := c.Truth("persons", everything)[0]
	assert.Equal(t, []any{"c@d", "1"}, []any{row["primary_email"], row["primary_phone"]})
}

// A change of an element changes the parent as the API shows it.
func TestNested_changesOfElements(t *testing.T) {
	c, s := small(0)
	p := c.AddPerson(simulator.Person{Name: "P"})
	c.Advance(time.Minute)
	first := c.AddRecord("person_emails", map[string]any{"value": "a@b", "is_primary": true})
	second := c.AddRecord("person_emails", map[string]any{"person_id": p, "value": "c@d"})
	c.UpdateRecord("person_emails", second, map[string]any{"value": "e@f"})
	emails := func() any { return get(t, s, "/api/v2/persons").Data[0]["emails"] }
	one := map[string]any{"value": "a@b", "primary": true, "label": "work"}
	two := map[string]any{"value": "e@f", "primary": false, "label": "work"}
	assert.Equal(t, []any{one, two}, emails())
	assert.Equal(t, c.Now(), c.Truth("persons", everything)[0]["update_time"])
	assert.Equal(t, []int64{first, second}, c.Numbers("person_emails", everything))
	c.RemoveRecord("person_emails", first)
	assert.Equal(t, []any{two}, emails())
	c.UpdateRecord("person_emails", first, map[string]any{"person_update_time": nil})
	assert.Nil(t, c.Truth("persons", everything)[0]["update_time"])

	n := c.AddRecord("products", map[string]any{"name": "X"})
	c.AddRecord("product_prices", map[string]any{"product_id": n, "currency": "EUR"})
	c.AddRecord("product_prices", map[string]any{"notes": "of any product"})
	rows := c.Truth("product_prices", everything)
	assert.NotEqual(t, rows[0]["currency"], rows[1]["currency"])
	prices, ok := c.Truth("products", everything)[0]["prices"].(json.RawMessage)
	require.True(t, ok)
	assert.Contains(t, string(prices), fmt.Sprintf(`"currency":%q`, rows[1]["currency"]))

	c.AddRecord("permission_set_assignments", map[string]any{"app": "projects"})
	access, ok := get(t, s, "/v1/users").Data[0]["access"].([]any)
	require.True(t, ok)
	assert.Equal(t, "projects", access[2].(map[string]any)["app"])
}

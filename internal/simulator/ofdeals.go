package simulator

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// dealProducts are [v2 /deals/products]. A request names up to 100 deals.
var dealProducts = &kind{
	name: "deal_products", text: "comments", parent: "deals", member: "deal_id", parentTime: "deal_update_time",
	counter: func(c *Company, deal int64) *int64 { return &c.deals.rows[deal].ProductsCount }, drawn: dealsWithProducts,
	lists: []listed{{
		path: "/api/v2/deals/products", cost: 10, scopes: slices.Concat(productScopes, dealScopes), paging: cursors,
		sorts: slices.Concat(v2Times, []string{"deal_id", "order_nr"}), filters: []filter{{"deal_ids", true, oneOf("deal_id", 100)}},
	}},
	fields: []field{
		key("id"),
		{name: "deal_id", draw: parent},
		{name: "product_id", draw: sometimes(0.95, related("products"))},
		{name: "product_variation_id"},
		{name: "name", draw: anyOf(dealNouns...)},
		{name: "quantity", draw: anyOf(1.0, 2.0, 0.5)},
		{name: "item_price", draw: money},
		{name: "sum"},
		{name: "currency"},
		{name: "discount", draw: anyOf(0.0, 10.0, 2.5)},
		{name: "discount_type", draw: anyOf("percentage", "amount")},
		{name: "tax", draw: anyOf(0.0, 22.0)},
		{name: "tax_method", draw: anyOf("exclusive", "inclusive", "none")},
		{name: "comments", draw: sometimes(0.2, anyOf(noteOpenings...)), form: blank},
		{name: "is_enabled", draw: flag(0.95)},
		{name: "order_nr", draw: place},
		addTime(), updateTime(),
		{name: "billing_frequency", draw: anyOf(frequencies...)},
		{name: "billing_frequency_cycles", draw: upTo(24)},
		{name: "billing_start_date", draw: sometimes(0.4, someDay)},
	},
	finish: func(d *draws) {
		deal := d.c.deals.rows[d.parent]
		d.set("currency", deal.Currency)
		sum := as[float64](d.entry.get("quantity")) * as[float64](d.entry.get("item_price"))
		if discount := as[float64](d.entry.get("discount")); d.entry.get("discount_type") == "amount" {
			sum -= discount
		} else {
			sum *= 1 - discount/100
		}
		d.set("sum", cents(max(0, sum)))
		if product, ok := d.entry.get("product_id").(int64); ok {
			d.set("name", d.c.kinds["products"]().rows[product].get("name"))
		}
		if installments(deal) > 0 {
			d.set("billing_frequency", "one-time")
		}
		if d.entry.get("billing_frequency") == "one-time" {
			d.set("billing_frequency_cycles", nil)
		}
	},
}

// dealInstallments are [v2 /deals/installments], which only some plans have.
var dealInstallments = &kind{
	name: "deal_installments", text: "description", parent: "deals", member: "deal_id", parentTime: "deal_update_time",
	needs: dealProducts, drawn: dealsWithInstallments,
	lists: []listed{{
		path: "/api/v2/deals/installments", cost: 10, scopes: dealScopes, gate: "installments", paging: cursors,
		sorts: []string{"id", "billing_date", "deal_id"}, filters: []filter{{"deal_ids", true, oneOf("deal_id", 100)}},
	}},
	fields: []field{
		key("id"),
		{name: "deal_id", draw: parent},
		{name: "amount"},
		{name: "billing_date"},
		{name: "description", draw: func(d *draws) any { return fmt.Sprintf("Osamakse %d", d.place) }},
	},
	finish: func(d *draws) {
		deal := d.c.deals.rows[d.parent]
		d.set("amount", cents(deal.Value/float64(max(1, installments(deal)))))
		d.set("billing_date", Date(deal.AddTime.AddDate(0, int(d.place), 0).Format(time.DateOnly)))
	},
}

func cents(amount float64) float64 { return math.Round(amount*100) / 100 }

// dealsWithProducts are the deals, each as often as it has products.
func dealsWithProducts(g *generator) []int64 {
	return repeated(g.c.deals, func(d *Deal) int { return int(d.ProductsCount) })
}

// dealsWithInstallments are the deals, each as often as it has installments.
func dealsWithInstallments(g *generator) []int64 { return repeated(g.c.deals, installments) }

// installments is the number of installments of a generated deal. Only deals with products have some.
func installments(d *Deal) int {
	if d.ProductsCount == 0 || d.Value == 0 || d.ID%3 != 0 {
		return 0
	}
	return int(1 + d.ID/3%3)
}

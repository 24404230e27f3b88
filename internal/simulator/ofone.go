package simulator

import (
	"fmt"
	"slices"
	"time"
)

// The kinds in this file have lists in which a request names one parent in its path.

// ofOne is the filter of such a list, given the field with the parent's number.
func ofOne(member string) []filter { return []filter{{parentParam, true, oneOf(member, 1)}} }

// dealDiscounts are [v2 /deals/{id}/discounts].
var dealDiscounts = &kind{
	name: "deal_discounts", id: uuid, text: "description", parent: "deals", member: "deal_id", parentTime: "deal_update_time",
	needs: dealProducts, drawn: dealsWithDiscounts,
	lists: []listed{{path: "/api/v2/deals/{id}/discounts", cost: 10, scopes: dealScopes, filters: ofOne("deal_id")}},
	fields: []field{
		key("id"),
		{name: "deal_id", draw: parent},
		{name: "type", draw: anyOf("percentage", "amount")},
		{name: "amount", draw: anyOf(10.0, 2.5, 199.99)},
		{name: "description", draw: func(d *draws) any { return fmt.Sprintf("Allahindlus %d", d.place) }},
		{name: "created_at", of: func(e *entry) any { return e.add }},
		{name: "created_by", draw: related("users")},
		{name: "updated_at", draw: since},
		{name: "updated_by", draw: related("users")},
	},
}

// dealsWithDiscounts are the deals, each as often as it has discounts. Only deals with products have some.
func dealsWithDiscounts(g *generator) []int64 {
	return repeated(g.c.deals, func(d *Deal) int {
		if d.ProductsCount == 0 {
			return 0
		}
		return int(d.ID % 3)
	})
}

// dealFollowers are [v2 /deals/{id}/followers].
var dealFollowers = followers("deal", "deals", dealScopes,
	func(c *Company, id int64) *int64 { return &c.deals.rows[id].FollowersCount },
	func(g *generator) []int64 {
		return repeated(g.c.deals, func(d *Deal) int { return int(d.FollowersCount) })
	})

// dealParticipants are [v1 /deals/{id}/participants]: the deal's person, whom the counter counts, and others.
var dealParticipants = &kind{
	name: "deal_participants", text: "added_by_user_id", parent: "deals", member: "deal_id", parentTime: "deal_update_time",
	counter: func(c *Company, deal int64) *int64 { return &c.deals.rows[deal].ParticipantsCount },
	own:     func(c *Company, deal int64) int64 { return min(1, c.deals.rows[deal].PersonID) },
	drawn: func(g *generator) []int64 {
		return repeated(g.c.deals, func(d *Deal) int { return int(d.ParticipantsCount + min(1, d.PersonID)) })
	},
	lists: []listed{{
		path: "/v1/deals/{id}/participants", cost: 10, scopes: dealScopes, paging: offsets, filters: ofOne("deal_id"),
	}},
	fields: []field{
		key("id"),
		{name: "deal_id", at: "related_item_id", draw: parent},
		{name: "related_item_type", draw: always("deal"), hidden: true},
		{name: "person_id", draw: participant, object: func(c *Company, id any) any { return c.personObject(as[int64](id)) }},
		addTime(),
		{name: "active_flag", draw: always(true)},
		{name: "added_by_user_id", draw: related("users"), object: func(c *Company, id any) any { return c.userObject(as[int64](id)) }},
	},
	gone: func(c *Company, e *entry) {
		if d := c.deals.rows[e.parent()]; e.get("person_id") == any(d.PersonID) {
			c.deals.edit(d.ID, func(d *Deal) { d.PersonID = 0 })
		}
	},
}

// participant is the deal's person first, and then others.
func participant(d *draws) any {
	own := d.c.deals.rows[d.parent].PersonID
	if own != 0 && d.place == 1 {
		return own
	}
	if d.Persons < 2 {
		return nil
	}
	id := int64(1 + d.r.IntN(d.Persons-1))
	if own != 0 && id >= own {
		id++
	}
	return id
}

// personFollowers are [v2 /persons/{id}/followers].
var personFollowers = followers("person", "persons", contactScopes,
	func(c *Company, id int64) *int64 { return &c.persons.rows[id].Activity.Followers },
	func(g *generator) []int64 {
		return repeated(g.c.persons, func(p *Person) int { return int(p.Activity.Followers) })
	})

// organizationFollowers are [v2 /organizations/{id}/followers].
var organizationFollowers = followers("organization", "organizations", contactScopes,
	func(c *Company, id int64) *int64 { return &c.organizations.rows[id].Activity.Followers },
	func(g *generator) []int64 {
		return repeated(g.c.organizations, func(o *Organization) int { return int(o.Activity.Followers) })
	})

// followers are the users who follow the records of a table. They have no ids of their own.
func followers(of, parents string, scopes []string, counter func(*Company, int64) *int64, drawn func(*generator) []int64) *kind {
	member := of + "_id"
	if of == "organization" {
		member = "org_id"
	}
	return &kind{
		name: of + "_followers", text: "user_id", parent: parents, member: member, parentTime: of + "_update_time",
		counter: counter, drawn: drawn,
		lists: []listed{{
			path: "/api/v2/" + parents + "/{id}/followers", cost: 10, scopes: scopes, paging: cursors, filters: ofOne(member),
		}},
		fields: []field{
			{name: member, draw: parent, form: unsaid},
			{name: "user_id", draw: func(d *draws) any { return 1 + (d.parent+d.place)%int64(len(userNames)) }},
			addTime(),
		},
	}
}

// productVariations are [v2 /products/{id}/variations]. Every second product has some.
var productVariations = &kind{
	name: "product_variations", text: "name", parent: "products", member: "product_id", parentTime: "product_update_time",
	drawn: func(g *generator) (products []int64) {
		for n := range int64(g.records("products")) {
			products = append(products, slices.Repeat([]int64{n + 1}, int((n+1)%2*(1+n%3)))...)
		}
		return products
	},
	lists: []listed{{
		path: "/api/v2/products/{id}/variations", cost: 10, scopes: productScopes, paging: cursors, filters: ofOne("product_id"),
	}},
	fields: []field{
		key("id"),
		{name: "product_id", draw: parent},
		{name: "name", draw: func(d *draws) any { return fmt.Sprintf("Variant %d", d.place) }},
		{name: "prices", draw: pricesOf("product_variation_id")},
	},
}

// noteComments are [v1 /notes/{id}/comments]. Every tenth note has some.
var noteComments = &kind{
	name: "note_comments", id: uuid, text: "content", grain: time.Millisecond,
	parent: "notes", member: "note_id", parentTime: "note_update_time",
	drawn: func(g *generator) []int64 {
		return repeated(g.c.notes, func(n *Note) int {
			if n.ID%10 != 0 {
				return 0
			}
			return int(1 + n.ID/10%3)
		})
	},
	lists: []listed{{path: "/v1/notes/{id}/comments", cost: 20, scopes: noteScopes, paging: offsets, filters: ofOne("note_id")}},
	fields: []field{
		key("uuid"),
		{name: "note_id", at: "object_id", draw: parent, form: digits},
		{name: "object_type", draw: always("note"), hidden: true},
		{name: "content", draw: anyOf(noteOpenings...)},
		{name: "user_id", draw: related("users")},
		{name: "updater_id", draw: sometimes(0.3, related("users"))},
		{name: "company_id", draw: func(d *draws) any { return d.CompanyID }, hidden: true},
		{name: "active_flag", draw: always(true)},
		addTime().as(millis), updateTime().as(millis),
	},
}

// repeated are the numbers of a table's records, each as often as it has children.
func repeated[T any, P row[T]](t *table[T, P], times func(P) int) (numbers []int64) {
	for _, number := range t.numbers("") {
		numbers = append(numbers, slices.Repeat([]int64{number}, times(t.rows[number]))...)
	}
	return numbers
}

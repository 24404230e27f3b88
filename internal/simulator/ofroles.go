package simulator

import "slices"

// roleAssignments are [v1 /roles/{id}/assignments], one request per role.
var roleAssignments = &kind{
	name: "role_assignments", text: "user_id", parent: "roles", member: "role_id",
	counter: func(c *Company, role int64) *int64 { return &c.kinds["roles"]().rows[role].children },
	drawn: func(g *generator) []int64 {
		return repeatedNumbers(g, "roles", func(role int64) int { return []int{2, 0, 5, 4}[role%4] })
	},
	lists: []listed{{
		path: "/v1/roles/{id}/assignments", cost: 10, scopes: admin, gate: "admin", paging: offsets, filters: ofOne("role_id"),
	}},
	fields: []field{
		{name: "user_id", draw: place},
		{name: "role_id", draw: parent},
		{name: "parent_role_id", draw: always(int64(1))},
		{name: "name", draw: anyOf("Müük", "Support")},
		{name: "active_flag", draw: always(true)},
		{name: "type", draw: always("1")},
	},
}

// roleSettings are [v1 /roles/{id}/settings], an object per role. The levels of access are those of the first role only.
var roleSettings = &kind{
	name: "role_settings", text: "deal_default_visibility", parent: "roles", member: "role_id", single: true, drawn: oncePer("roles"),
	lists: []listed{{
		path: "/v1/roles/{id}/settings", cost: 20, scopes: admin, gate: "admin", one: true, filters: ofOne("role_id"),
	}},
	fields: []field{
		{name: "role_id", draw: parent, form: gone},
		{name: "deal_default_visibility", draw: anyOf[int64](1, 3, 5, 7)},
		{name: "lead_default_visibility", draw: anyOf[int64](1, 3, 5, 7)},
		{name: "org_default_visibility", draw: anyOf[int64](1, 3, 5, 7)},
		{name: "person_default_visibility", draw: anyOf[int64](1, 3, 5, 7)},
		{name: "product_default_visibility", draw: anyOf[int64](1, 3, 5, 7)},
		{name: "deal_access_level", draw: ofFirst, form: left},
		{name: "org_access_level", draw: ofFirst, form: left},
		{name: "person_access_level", draw: ofFirst, form: left},
		{name: "product_access_level", draw: ofFirst, form: left},
	},
}

// ofFirst draws a value for the children of the first parent only.
func ofFirst(d *draws) any {
	if d.parent != 1 {
		return nil
	}
	return int64(1 + d.r.IntN(7))
}

// oncePer makes each record of a table the parent of one.
func oncePer(table string) func(*generator) []int64 {
	return func(g *generator) []int64 { return repeatedNumbers(g, table, func(int64) int { return 1 }) }
}

// repeatedNumbers are the numbers of a table's records, each as often as it has children.
func repeatedNumbers(g *generator, table string, times func(int64) int) (numbers []int64) {
	for _, number := range g.c.parents(table).numbers("") {
		numbers = append(numbers, slices.Repeat([]int64{number}, times(number))...)
	}
	return numbers
}

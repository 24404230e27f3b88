package simulator

import (
	"slices"
	"strconv"
)

// organizationRelationships are [v1 /organizationRelationships]. A request names one organization, and gets the
// relationships that have it at either end.
var organizationRelationships = &kind{
	name: "organization_relationships", text: "type", parent: "organizations", member: "rel_owner_org_id", other: "rel_linked_org_id",
	parentTime: "org_update_time",
	drawn: func(g *generator) []int64 {
		return repeated(g.c.organizations, func(o *Organization) int { return []int{2, 0, 0, 1, 0}[o.ID%5] })
	},
	lists: []listed{{
		path: "/v1/organizationRelationships", cost: 20, scopes: contactScopes, filters: []filter{{"org_id", true, atEitherEnd}},
	}},
	fields: []field{
		key("id"),
		{name: "type", draw: anyOf("parent", "related")},
		{name: "rel_owner_org_id", at: "rel_owner_org_id.value", draw: parent},
		{name: "rel_owner_org_name", at: "rel_owner_org_id.name", draw: anyOf(orgNames...), hidden: true},
		{name: "rel_linked_org_id", at: "rel_linked_org_id.value", draw: anotherOrganization},
		{name: "rel_linked_org_name", at: "rel_linked_org_id.name", draw: anyOf(orgNames...), hidden: true},
		addTime(), updateTime(),
		{name: "active_flag", draw: flag(0.9), form: inWords},
		{name: "calculated_type", draw: always("related"), hidden: true},
		{name: "calculated_related_org_id", draw: always(int64(1)), hidden: true},
		{name: "related_organization_name", draw: anyOf(orgNames...), hidden: true},
	},
}

// inWords is a flag as a text.
func inWords(v any) any {
	if v == nil {
		return nil
	}
	return strconv.FormatBool(v == true)
}

// anotherOrganization is one that is not the record's parent.
func anotherOrganization(d *draws) any {
	all := d.c.organizations.numbers("")
	all = slices.DeleteFunc(all, func(id int64) bool { return id == d.parent })
	if len(all) == 0 {
		return nil
	}
	return all[d.r.IntN(len(all))]
}

// atEitherEnd keeps the relationships of an organization.
func atEitherEnd(value string) (func(*entry) bool, *refusal) {
	id, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return nil, invalid("org_id must be a number")
	}
	return func(e *entry) bool { return e.parent() == id || e.otherParent() == id }, nil
}

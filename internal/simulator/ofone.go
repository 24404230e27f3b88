package simulator

import (
	"slices"
	"time"
)

// The kinds in this file have lists in which a request names one parent, in its path.

// ofOne is the filter of such a list, given the field with the parent's number.
func ofOne(member string) []filter { return []filter{{parentParam, true, oneOf(member, 1)}} }

// noteComments are [v1 /notes/{id}/comments]. Every tenth note has some.
var noteComments = &kind{
	name: "note_comments", id: uuid, text: "content", grain: time.Millisecond, parent: "notes", member: "note_id", parentTime: "note_update_time",
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

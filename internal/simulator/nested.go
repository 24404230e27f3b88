package simulator

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// nested declares a table of the elements of a list that each record of a parent table stores. A change of an
// element is a change of its parent.
type nested struct {
	name    string
	parent  string
	member  string            // the column with the parent's number
	root    string            // the column with the number of the parent's own parent; "" for none
	time    string            // the column with the parent's update_time; "" for none
	place   string            // the column with the element's place in the list, from 1; "" for none
	text    string            // see kind.text
	columns map[string]string // the elements' members by the columns that show them
	ids     bool              // whether the elements are ids instead of objects, in the column of text
	load    func(*Company, int64) []map[string]any
	save    func(*Company, int64, []map[string]any)
	// fresh makes the values of the n-th element that tests add.
	fresh func(n int64) map[string]any
}

// mostElements is the greatest number of elements of a list. An element's number is made of its parent's number and its
// index.
const mostElements = 1000

var (
	positioned     = map[string]string{"value": "value", "label": "label", "is_primary": "primary"}
	personContacts = func(int64) map[string]any { return map[string]any{"value": "", "label": "work", "primary": false} }
)

// nestedTables are the tables of nested lists.
var nestedTables = []*nested{
	inPersons("person_emails", func(p *Person) *[]Contact { return &p.Emails }),
	inPersons("person_phones", func(p *Person) *[]Contact { return &p.Phones }),
	inRecords("products", "prices", nested{
		name: "product_prices", member: "product_id", time: "product_update_time", text: "notes",
		columns: alike("currency", "price", "cost", "direct_cost", "notes"),
		fresh: func(n int64) map[string]any {
			return map[string]any{"currency": fmt.Sprint("X", n), "price": float64(n), "cost": 0.5, "direct_cost": nil, "notes": ""}
		},
	}),
	inRecords("product_variations", "prices", nested{
		name: "product_variation_prices", member: "product_variation_id", root: "product_id", time: "product_update_time", text: "notes",
		columns: alike("currency", "price", "cost", "direct_cost", "notes"),
		fresh: func(n int64) map[string]any {
			return map[string]any{"currency": fmt.Sprint("X", n), "price": float64(n), "cost": 0.5, "direct_cost": nil, "notes": ""}
		},
	}),
	inRecords("activities", "participants", nested{
		name: "activity_participants", member: "activity_id", time: "activity_update_time", place: "position", text: "person_id",
		columns: map[string]string{"person_id": "person_id", "is_primary": "primary"},
		fresh:   func(n int64) map[string]any { return map[string]any{"person_id": n, "primary": false} },
	}),
	inRecords("activities", "attendees", nested{
		name: "activity_attendees", member: "activity_id", time: "activity_update_time", place: "position", text: "name",
		columns: alike("email", "name", "status", "is_organizer", "person_id", "user_id"),
		fresh: func(n int64) map[string]any {
			return map[string]any{
				"email": fmt.Sprintf("guest%d@example.com", n), "name": "", "status": "noreply", "is_organizer": false,
				"person_id": n, "user_id": nil,
			}
		},
	}),
	inRecords("teams", "users", nested{
		name: "team_members", member: "team_id", text: "user_id", columns: alike("user_id"), ids: true,
		fresh: func(n int64) map[string]any { return map[string]any{"user_id": 100 + n} },
	}),
	{
		name: "permission_set_assignments", parent: "users", member: "user_id", text: "app",
		columns: map[string]string{"permission_set_id": "permission_set_id", "app": "app", "is_admin": "admin"},
		load: func(c *Company, id int64) []map[string]any {
			return elementsOf(c.users.rows[id].Access, Access.element)
		},
		save: func(c *Company, id int64, elements []map[string]any) {
			access := []Access{}
			for _, e := range elements {
				access = append(access, Access{as[string](e["app"]), as[bool](e["admin"]), as[string](e["permission_set_id"])})
			}
			c.users.edit(id, func(u *User) { u.Access = access })
		},
		fresh: func(n int64) map[string]any {
			return map[string]any{"app": "sales", "admin": false, "permission_set_id": uuid(0, "permission_sets", n)}
		},
	},
}

// alike are members that have columns of the same names.
func alike(names ...string) map[string]string {
	columns := map[string]string{}
	for _, name := range names {
		columns[name] = name
	}
	return columns
}

// inPersons is the table of a list of contacts.
func inPersons(name string, of func(*Person) *[]Contact) *nested {
	return &nested{
		name: name, parent: "persons", member: "person_id", time: "person_update_time", place: "position", text: "value",
		columns: positioned, fresh: personContacts,
		load: func(c *Company, id int64) []map[string]any {
			return elementsOf(*of(c.persons.rows[id]), Contact.element)
		},
		save: func(c *Company, id int64, elements []map[string]any) {
			var contacts []Contact
			for _, e := range elements {
				contacts = append(contacts, Contact{as[string](e["value"]), as[bool](e["primary"]), as[string](e["label"])})
			}
			c.persons.edit(id, func(p *Person) { *of(p) = contacts })
		},
	}
}

// inRecords completes the table of a list that the records of a declared kind have in a field.
func inRecords(kind, field string, n nested) *nested {
	n.parent = kind
	n.load = func(c *Company, number int64) []map[string]any {
		list := c.kinds[kind]().rows[number].get(field)
		if ids, ok := list.([]int64); ok {
			return elementsOf(ids, func(id int64) map[string]any { return map[string]any{n.text: id} })
		}
		elements, _ := list.([]map[string]any)
		return elements
	}
	n.save = func(c *Company, number int64, elements []map[string]any) {
		var list any = elements
		if n.ids {
			list = elementsOf(elements, func(e map[string]any) int64 { return as[int64](e[n.text]) })
		}
		c.kinds[kind]().edit(number, func(e *entry) { e.set(map[string]any{field: list}) })
	}
	return &n
}

func (c Contact) element() map[string]any {
	return map[string]any{"value": c.Value, "primary": c.Primary, "label": c.Label}
}

func (a Access) element() map[string]any {
	return map[string]any{"app": a.App, "admin": a.Admin, "permission_set_id": a.PermissionSetID}
}

func elementsOf[T, E any](list []T, element func(T) E) []E {
	elements := make([]E, len(list))
	for i, v := range list {
		elements[i] = element(v)
	}
	return elements
}

// nestedNamed returns the nested table of a name; nil if there is none.
func nestedNamed(name string) *nested {
	for _, n := range nestedTables {
		if n.name == name {
			return n
		}
	}
	return nil
}

// Nested are the names of the nested tables.
func Nested() (names []string) {
	for _, n := range nestedTables {
		names = append(names, n.name)
	}
	return names
}

// addElement appends an element to the list of the parent that the values name, or of any.
func (c *Company) addElement(n *nested, values map[string]any) int64 {
	c.elements++
	parent, ok := values[n.member].(int64)
	if !ok {
		parent = as[int64](c.anyParent(n.parent, c.elements))
	}
	elements := append(slices.Clone(n.load(c, parent)), n.with(n.fresh(c.elements), values))
	c.replace(n, parent, elements, values)
	return parent*mostElements + int64(len(elements)-1)
}

// changeElement changes values of an element.
func (c *Company) changeElement(n *nested, number int64, values map[string]any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	parent, i := number/mostElements, number%mostElements
	elements := slices.Clone(n.load(c, parent))
	elements[i] = n.with(elements[i], values)
	c.replace(n, parent, elements, values)
}

// removeElement removes an element. Those behind it move up, and their numbers change.
func (c *Company) removeElement(n *nested, number int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	parent, i := number/mostElements, int(number%mostElements)
	c.replace(n, parent, slices.Delete(slices.Clone(n.load(c, parent)), i, i+1), nil)
}

// with is an element with changed values, which are keyed by columns.
func (n *nested) with(element, values map[string]any) map[string]any {
	element = maps.Clone(element)
	for column, v := range values {
		if column == n.member || column == n.time {
			continue
		}
		member, ok := n.columns[column]
		if !ok {
			panic(fmt.Sprintf("simulator: elements of %s have no %s", n.name, column))
		}
		element[member] = v
	}
	return element
}

// replace stores a parent's list. The values are those of the changed element.
func (c *Company) replace(n *nested, parent int64, elements []map[string]any, values map[string]any) {
	if len(elements) > mostElements {
		panic(fmt.Sprintf("simulator: a record has at most %d %s", mostElements, n.name))
	}
	n.save(c, parent, elements)
	c.touch(n.parent, parent, n.time, values)
}

// nestedRows are the rows of a nested table, by number.
func (t *truth) nestedRows(n *nested) (rows []map[string]any, numbers []int64) {
	for _, parent := range t.parents(n.parent).numbers("there") {
		if !t.listsParent(n.parent, parent) {
			continue
		}
		for i, element := range n.load(t.Company, parent) {
			row := map[string]any{"account_id": strconv.FormatInt(t.id, 10), n.member: parent}
			for column, member := range n.columns {
				row[column] = stored(element[member])
			}
			if n.place != "" {
				row[n.place] = int64(i + 1)
			}
			if n.root != "" {
				_, row[n.root] = t.stamped(n.parent, parent)
			}
			if n.time != "" {
				row[n.time] = t.parentTime(n.parent, parent)
			}
			rows, numbers = append(rows, row), append(numbers, parent*mostElements+int64(i))
		}
	}
	return rows, numbers
}

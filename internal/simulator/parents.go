package simulator

import "time"

// parents is a table of parents in the view of their children.
type parents interface {
	// shows reports whether a subset has a record.
	shows(subset string, number int64) bool
	// numbers are the numbers of a subset's records, in order.
	numbers(subset string) []int64
	// changed is a record's update_time; nil for NULL.
	changed(number int64) *time.Time
	// stamp sets it.
	stamp(number int64, at *time.Time)
}

// parents is the table of a name. Only tables with children have one; the company's lock must be held.
func (c *Company) parents(name string) parents {
	switch name {
	case "deals":
		return c.deals
	case "persons":
		return c.persons
	case "organizations":
		return c.organizations
	case "notes":
		return c.notes
	case "users":
		return c.users
	}
	return c.kinds[name]()
}

func (t *table[T, P]) shows(subset string, number int64) bool {
	p, ok := t.rows[number]
	return ok && t.subsets[subset](p)
}

func (t *table[T, P]) numbers(subset string) (numbers []int64) {
	for _, p := range t.ordered(subset, "id").rows {
		numbers = append(numbers, *p.id())
	}
	return numbers
}

func (t *table[T, P]) changed(number int64) *time.Time { return *t.rows[number].updated() }

func (t *table[T, P]) stamp(number int64, at *time.Time) {
	t.edit(number, func(p P) { *p.updated() = at })
}

// parent is the number of the record's parent; 0 for none.
func (e *entry) parent() int64 {
	number, _ := e.get(e.kind.member).(int64)
	return number
}

// otherParent is the number of the record's further parent; 0 for none.
func (e *entry) otherParent() (number int64) {
	if e.kind.other != "" {
		number, _ = e.get(e.kind.other).(int64)
	}
	return number
}

// orphaned reports whether a record's parent is gone, never existed, or lacks the record that this one needs.
func (c *Company) orphaned(e *entry) bool {
	k := e.kind
	other := e.otherParent()
	return k.parent != "" && !c.parents(k.parent).shows("there", e.parent()) ||
		other != 0 && !c.parents(k.parent).shows("there", other) ||
		k.needs != nil && c.lacksNeeded(e)
}

// lacksNeeded reports whether a record's parent has none of the records that it needs.
func (c *Company) lacksNeeded(e *entry) bool {
	return c.parents(e.kind.parent).shows("", e.parent()) && *e.kind.needs.counter(c, e.parent()) == 0
}

// anyParent is one of the existing parents; nil for none. Successive numbers give different ones.
func (c *Company) anyParent(name string, number int64) any {
	all := c.parents(name).numbers("there")
	if len(all) == 0 {
		return nil
	}
	return all[int(number)%len(all)]
}

// tally adds a record to its parent's counter, or subtracts it, and stamps the parent. The values are those of the
// change.
func (c *Company) tally(e *entry, by int64, values map[string]any) {
	if e == nil || e.removed || e.kind.parentTime == "" && e.kind.counter == nil || c.orphaned(e) {
		return
	}
	if e.kind.counter != nil {
		*e.kind.counter(c, e.parent()) += by
	}
	if e.kind.parentTime != "" {
		c.touch(e.kind.parent, e.parent(), e.kind.parentTime, values)
	}
	if at, ok := values[e.kind.parentTime].(time.Time); e.kind.moved != nil && ok {
		e.kind.moved(c, e, at)
	} else if e.kind.moved != nil {
		e.kind.moved(c, e, c.now)
	}
}

// touch stamps a parent whose children changed, with the time in the children's column, or else with the clock's.
func (c *Company) touch(name string, number int64, column string, values map[string]any) {
	name, number = c.stamped(name, number)
	switch at, given := values[column]; {
	case given && at == nil:
		c.parents(name).stamp(number, nil)
	case given:
		c.parents(name).stamp(number, new(as[time.Time](at)))
	case !c.silentParents:
		c.parents(name).stamp(number, new(c.now))
	}
}

// stamped is the record with the update_time of a parent's children: the parent itself, or its own parent if it has
// none.
func (c *Company) stamped(name string, number int64) (string, int64) {
	if k := kindNamed(name); k != nil && k.parentTime != "" {
		return c.stamped(k.parent, c.kind(k).rows[number].parent())
	}
	return name, number
}

// listsParent reports whether this reader can read the children of a record.
func (t *truth) listsParent(name string, number int64) bool {
	all := t.parents(name)
	if k := kindNamed(name); k != nil {
		return all.shows("there", number) && t.lists(k, t.kind(k).rows[number])
	}
	if name == "deals" && t.deals.rows[number] != nil {
		return all.shows("there", number) && t.dealListed(t.deals.rows[number])
	}
	return all.shows("there", number)
}

// parentTime is the update_time of a parent.
func (t *truth) parentTime(name string, number int64) any {
	name, number = t.stamped(name, number)
	if at := t.parents(name).changed(number); at != nil {
		return at.UTC()
	}
	return nil
}

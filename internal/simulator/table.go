package simulator

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"
)

// table keeps one entity's records in the orders of its lists. An order is built on first use and then maintained
// by moving the one record that changed. A page costs its own length plus a binary search, even while records
// change between pages.
//
// The company's lock guards a table: reading needs it shared, changing exclusive.
type table[T any, P row[T]] struct {
	name string
	// subsets are the parts of the records that lists show, by name; "" always stands for all of them.
	subsets map[string]func(P) bool
	// keys are the sort keys beside id, add_time and update_time.
	keys map[string]func(P) int64
	// grain is the unit of times: a second for most tables.
	grain time.Duration
	// null is the key of an update_time that is NULL.
	null int64

	rows   map[int64]P
	lastID int64

	building sync.Mutex // guards orders among readers
	orders   map[orderName]*order[P]
}

type orderName struct{ subset, key string }

// order is a subset of the records, sorted by key and then by id.
type order[P any] struct {
	rows []P
	has  func(P) bool
	key  func(P) int64
}

func newTable[T any, P row[T]](name string) *table[T, P] {
	return &table[T, P]{
		name:    name,
		grain:   time.Second,
		null:    sortsFirst,
		subsets: map[string]func(P) bool{"": func(P) bool { return true }},
		keys:    map[string]func(P) int64{},
		rows:    map[int64]P{},
		orders:  map[orderName]*order[P]{},
	}
}

// sortsFirst and sortsLast are keys of a NULL. MySQL sorts it first, and so presumably does the vendor.
const (
	sortsFirst = math.MinInt64
	sortsLast  = math.MaxInt64
)

// sortNulls sets the place of a NULL in update_time.
func (t *table[T, P]) sortNulls(key int64) {
	t.null = key
	clear(t.orders)
}

func (t *table[T, P]) key(name string) func(P) int64 {
	switch name {
	case "id":
		return func(p P) int64 { return *p.id() }
	case "add_time":
		return func(p P) int64 { return t.moment(*p.added()) }
	case "update_time":
		return func(p P) int64 {
			if u := *p.updated(); u != nil {
				return t.moment(*u)
			}
			return t.null
		}
	}
	return t.keys[name]
}

// moment returns the sort key of a time, by the second unless the table has finer ones, so that cursors can
// express it.
func (t *table[T, P]) moment(at time.Time) int64 {
	if t.grain < time.Second {
		return at.UnixMilli()
	}
	return at.Unix()
}

// ordered returns a subset in an order. The result is valid while the lock is held and must not be changed.
func (t *table[T, P]) ordered(subset, key string) *order[P] {
	t.building.Lock()
	defer t.building.Unlock()
	name := orderName{subset, key}
	if o := t.orders[name]; o != nil {
		return o
	}
	o := &order[P]{has: t.subsets[subset], key: t.key(key)}
	type entry struct { // keys are computed once per record, not per comparison
		key, id int64
		row     P
	}
	entries := make([]entry, 0, len(t.rows))
	for id, p := range t.rows {
		if o.has(p) {
			entries = append(entries, entry{o.key(p), id, p})
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.id, b.id)) })
	o.rows = make([]P, len(entries))
	for i, e := range entries {
		o.rows[i] = e.row
	}
	t.orders[name] = o
	return o
}

// position is the index of the first record that is not before (key, id).
func position[T any, P row[T]](o *order[P], key, id int64) int {
	i, _ := slices.BinarySearchFunc(o.rows, key, func(p P, key int64) int {
		return cmp.Or(cmp.Compare(o.key(p), key), cmp.Compare(*p.id(), id))
	})
	return i
}

// add stores a record, with the next id if it has none, and with now for missing times: the vendor stamps both
// times on a new record.
func (t *table[T, P]) add(p P, now time.Time) int64 {
	if *p.id() == 0 {
		*p.id() = t.lastID + 1
	}
	id := *p.id()
	if _, ok := t.rows[id]; ok {
		panic(fmt.Sprintf("simulator: %s %d exists already", t.name, id))
	}
	t.lastID = max(t.lastID, id)
	if p.added().IsZero() {
		*p.added() = now
	}
	if *p.updated() == nil {
		*p.updated() = new(*p.added())
	}
	t.store(p)
	return id
}

// store inserts a record unchanged.
func (t *table[T, P]) store(p P) {
	t.round(p)
	t.rows[*p.id()] = p
	t.lastID = max(t.lastID, *p.id())
	for _, o := range t.orders {
		insert(o, p)
	}
}

// change applies f to a record and stamps now as its update_time unless f sets it.
func (t *table[T, P]) change(id int64, now time.Time, f func(P)) {
	t.edit(id, func(p P) {
		before := value(*p.updated())
		f(p)
		if value(*p.updated()).Equal(before) {
			*p.updated() = new(now)
		}
	})
}

// edit applies f to a record, which keeps its id.
func (t *table[T, P]) edit(id int64, f func(P)) {
	p, ok := t.rows[id]
	if !ok {
		panic(fmt.Sprintf("simulator: there is no %s %d", t.name, id))
	}
	for _, o := range t.orders {
		remove(o, p)
	}
	f(p)
	*p.id() = id
	t.round(p)
	for _, o := range t.orders {
		insert(o, p)
	}
}

// value is the target of p, or the zero value.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// round drops the fractions of times that the API's lists lack.
func (t *table[T, P]) round(p P) {
	*p.added() = p.added().UTC().Truncate(t.grain)
	if u := *p.updated(); u != nil {
		*p.updated() = new(u.UTC().Truncate(t.grain))
	}
}

func insert[T any, P row[T]](o *order[P], p P) {
	if o.has(p) {
		o.rows = slices.Insert(o.rows, position(o, o.key(p), *p.id()), p)
	}
}

func remove[T any, P row[T]](o *order[P], p P) {
	if o.has(p) {
		i := position(o, o.key(p), *p.id())
		o.rows = slices.Delete(o.rows, i, i+1)
	}
}

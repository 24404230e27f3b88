package simulator

import (
	"cmp"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// draws makes up one record of a declared kind.
type draws struct {
	*generator
	entry *entry
	// parent is the number of the record's parent if the kind declares the parents of generated records, else 0. place
	// is the record's place among those with the same parent, counted from 1.
	parent, place int64
}

// drawKinds makes the company draw its declared kinds on first use. Each kind has its own random source, so it does not
// depend on the use of others.
func (g *generator) drawKinds(all []*kind) {
	g.all = all
	for _, k := range all {
		parents := g.parentsOf(k) // before any change of the company
		g.c.kinds[k.name] = sync.OnceValue(func() *table[entry, *entry] {
			own := *g
			own.r = rand.New(rand.NewPCG(g.Seed, seedOf(k.name)+uint64(g.CompanyID)))
			t := newKindTable(k)
			places := map[int64]int64{}
			for i, parent := range parents {
				places[parent]++
				t.store(own.record(k, draws{parent: parent, place: places[parent]}, int64(i+1)))
			}
			return t
		})
	}
}

// parentsOf are the parents of a kind's records, one for each record. The configured number of records is spread over
// the parents that have such records.
func (g *generator) parentsOf(k *kind) []int64 {
	if k.drawn == nil {
		return make([]int64, g.records(k.name))
	}
	parents := k.drawn(g)
	if n, ok := g.Records[k.name]; ok {
		of := slices.Compact(slices.Clone(parents))
		parents = nil
		for i := range min(n, n*len(of)) {
			parents = append(parents, of[i%len(of)])
		}
		slices.Sort(parents)
	}
	if k.counter != nil {
		for _, parent := range g.c.parents(k.parent).numbers("") {
			*k.counter(g.c, parent) = 0
		}
		for _, parent := range parents {
			*k.counter(g.c, parent)++
		}
	}
	return parents
}

func seedOf(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // a hash accepts any text
	return h.Sum64()
}

func (g *generator) record(k *kind, d draws, number int64) *entry {
	d.generator, d.entry = g, k.entry(number)
	d.entry.add, d.entry.update = g.times()
	if k.grain == time.Millisecond {
		fraction := time.Duration(g.r.IntN(1000)) * time.Millisecond
		d.entry.add = d.entry.add.Add(fraction)
		if d.entry.update != nil {
			d.entry.update = new(d.entry.update.Add(fraction))
		}
	}
	d.entry.seal(g.CompanyID)
	d.entry.archived, d.entry.removed = g.chance(k.archived), k.archived > 0 && g.chance(0.02)
	for i, f := range k.fields {
		if f.draw != nil {
			d.entry.values[i] = f.draw(&d)
		}
	}
	if k.entity != "" {
		d.entry.custom = g.customValues(k.entity)
	}
	if k.finish != nil {
		k.finish(&d)
	}
	return d.entry
}

// records returns the number of records that the company has of a declared kind.
func (g *generator) records(name string) int {
	if n, ok := g.Records[name]; ok {
		return n
	}
	for _, k := range g.all {
		if k.name == name {
			return k.count(g.Config)
		}
	}
	return 0
}

func (d *draws) set(name string, v any) { d.entry.values[d.entry.kind.index(name)] = v }

// end is the time of the record's last change.
func (d *draws) end() time.Time {
	if d.entry.update == nil {
		return d.entry.add
	}
	return *d.entry.update
}

type draw = func(*draws) any

// sometimes draws a value with the given chance, otherwise NULL.
func sometimes(chance float64, f draw) draw {
	return func(d *draws) any {
		if !d.chance(chance) {
			return nil
		}
		return f(d)
	}
}

// maybeList draws a list with the given chance, otherwise an empty one.
func maybeList(chance float64, f func(*draws) []map[string]any) draw {
	return func(d *draws) any {
		if !d.chance(chance) {
			return []map[string]any{}
		}
		return f(d)
	}
}

func always(v any) draw { return func(*draws) any { return v } }

func anyOf[T any](values ...T) draw { return func(d *draws) any { return pick(d.generator, values) } }

func upTo(n int) draw { return func(d *draws) any { return int64(1 + d.r.IntN(n)) } }

func flag(chance float64) draw { return func(d *draws) any { return d.chance(chance) } }

func money(d *draws) any { return float64(d.skewed(1_000_000)) / 100 }

func someDay(d *draws) any { return d.date() }

func since(d *draws) any { return d.between(d.entry.add, d.end()).UTC() }

// inTurn gives each record the next of the values.
func inTurn[T any](values ...T) draw {
	return func(d *draws) any { return values[int(d.entry.number-1)%len(values)] }
}

func place(d *draws) any { return d.place }

func parent(d *draws) any { return d.parent }

// related draws the id of a record of another kind, which is its first field.
func related(name string) draw {
	return func(d *draws) any {
		n := d.number(name)
		if n == 0 {
			return nil
		}
		return d.keyOf(name, n)
	}
}

// relatedList draws up to most ids.
func relatedList(name string, most int) draw {
	one := related(name)
	return func(d *draws) any {
		var texts []string
		var numbers []int64
		for range d.r.IntN(most + 1) {
			switch v := one(d).(type) {
			case string:
				texts = append(texts, v)
			case int64:
				numbers = append(numbers, v)
			}
		}
		if texts != nil {
			return texts
		}
		return numbers
	}
}

// number draws the number of a record of another kind; 0 if there are none.
func (d *draws) number(name string) int64 {
	n := map[string]int{
		"users": len(userNames), "deals": d.Deals, "persons": d.Persons, "organizations": d.Organizations, "notes": d.Notes,
		"pipelines": len(pipelineNames) - 1,
	}[name]
	if n = cmp.Or(n, d.records(name)); n == 0 {
		return 0
	}
	return int64(1 + d.skewed(n))
}

func (d *draws) keyOf(name string, n int64) any {
	for _, k := range d.all {
		if k.name == name && k.id != nil {
			return k.id(d.CompanyID, name, n)
		}
	}
	return n
}

package customfields

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// Names are the columns of a table's custom fields, of all accounts that the table was ever read from. A field keeps
// its first column after a rename. The JSON form is part of the state.
type Names struct {
	Version int      `json:"version"`
	Fields  []*Field `json:"fields"`
	// Surplus are the fields without a column, because the table is full. Only the JSON column has their values.
	Surplus []*Field `json:"surplus,omitempty"`
}

// Complete is false if a field lacks its kind, its hash or its column.
func (n *Names) Complete() bool {
	return !slices.ContainsFunc(n.Fields, func(f *Field) bool { return !f.identified() || f.Column == "" }) &&
		!slices.ContainsFunc(n.Surplus, func(f *Field) bool { return !f.identified() || f.Column != "" })
}

// identified reports whether the field has its kind and its hash.
func (f *Field) identified() bool { return f != nil && f.Kind != "" && len(f.Hash) == table.HashLength }

// Listed is an account's list of fields.
type Listed struct {
	Account string
	Fields  []*table.Row
}

// key identifies a column permanently.
type key struct{ account, hash, kind string }

func (f *Field) key() key { return key{f.Account, f.Hash, f.Kind} }

// Add adds the fields in the accounts' lists, and gives each new field a column while there is room. stored is true if
// the names come from a state: then no earlier run has seen a field that they lack.
func (n *Names) Add(lists []Listed, stored bool) {
	known, seen := map[key]*Field{}, map[key]bool{}
	for _, f := range slices.Concat(n.Fields, n.Surplus) {
		known[f.key()] = f
		seen[key{f.Account, f.Hash, ""}] = true // of any kind
	}
	var without []*Field
	for _, list := range lists {
		for place, row := range list.Fields {
			if !Custom(row) {
				continue
			}
			f := &Field{Account: list.Account, Hash: row.Value(Code).Text, Kind: kindOf(row.Value(FieldType).Text).name}
			if of := known[f.key()]; of != nil {
				f = of
			} else {
				f.fresh = stored && !seen[key{f.Account, f.Hash, ""}]
			}
			if f.Column == "" {
				without = append(without, f)
			}
			f.Name, f.source, f.place = row.Value(FieldName).Text, row, place
		}
	}
	nameColumns(n.Fields, without)
	n.admit(without)
	slices.SortFunc(n.Fields, byColumn)
}

// admit gives fields their columns, in the order of their accounts' lists, while the table has room. A field that needs
// more columns than are left does not stop those behind it. Fields that share a column take room once.
func (n *Names) admit(fields []*Field) {
	slices.SortFunc(fields, byPlace)
	taken, room := map[string]bool{}, MaxColumns
	take := func(f *Field) {
		if !taken[f.Column] {
			taken[f.Column], room = true, room-f.width()
		}
	}
	for _, f := range n.Fields {
		take(f)
	}
	n.Surplus = slices.DeleteFunc(n.Surplus, func(f *Field) bool { return f.source != nil }) // which are among fields
	for _, f := range fields {
		if taken[f.Column] || f.width() <= room {
			take(f)
			n.Fields = append(n.Fields, f)
		} else {
			f.Column = ""
			n.Surplus = append(n.Surplus, f)
		}
	}
}

// WithoutColumn are the names of the accounts' present fields that have no column because the table is full.
func (n *Names) WithoutColumn() []string {
	var names []string
	for _, f := range n.Surplus {
		if f.source != nil {
			names = append(names, f.Name)
		}
	}
	return names
}

// Of returns the columns of an account's present fields, by the fields' hashes.
func (n *Names) Of(account string) map[string]string {
	columns := map[string]string{}
	for _, f := range n.Fields {
		if f.Account == account && f.source != nil {
			columns[f.Hash] = f.Column
		}
	}
	return columns
}

// Columns are the columns of all fields. The column of a field that no account has any more stays.
func (n *Names) Columns() []table.Column { return columnsFor(n.Fields) }

// columnsFor are the columns of fields, which are sorted by the names of their columns.
func columnsFor(fields []*Field) []table.Column {
	var columns []table.Column
	for len(fields) > 0 {
		n := 1
		for n < len(fields) && fields[n].Column == fields[0].Column {
			n++
		}
		columns = append(columns, columnsOf(fields[:n])...)
		fields = fields[n:]
	}
	return columns
}

// columnsOf are the columns that fields of the same kind share.
func columnsOf(fields []*Field) []table.Column {
	k := kindOf(fields[0].Kind)
	var columns []table.Column
	for _, p := range k.columns {
		c := table.Column{
			Name: p.columnOf(fields[0].Column), Type: p.Type, Description: describeColumn(fields, p),
			ByAccount: map[string]table.Source{}, Fresh: map[string]bool{},
		}
		for _, f := range fields {
			if f.source != nil {
				c.ByAccount[f.Account] = k.source(p, f.Hash, optionsOf(f.source))
				c.Fresh[f.Account] = f.fresh
			}
		}
		columns = append(columns, c)
	}
	return columns
}

// describeColumn lists the present names of the fields that share a column.
func describeColumn(fields []*Field, p part) string {
	var names []string
	which := "Former custom field"
	for _, f := range fields {
		if f.source != nil && which != "Custom field" {
			which, names = "Custom field", nil
		}
		if f.source != nil || which != "Custom field" {
			names = append(names, fmt.Sprintf("%q", f.Name))
		}
	}
	slices.Sort(names)
	text := fmt.Sprintf("%s %s, of type %s", which, strings.Join(slices.Compact(names), ", "), fields[0].Kind)
	if p.meaning != "" {
		text += ": " + p.meaning
	}
	return text + "."
}

package table

import "slices"

// Only selects the records that have a text in one of their members.
type Only struct{ Member, Text string }

// Decoder returns the decoder of the table's records. It marks the records that [Table.Only] leaves out.
func (t *Table) Decoder(source func(Column) Source) *Decoder {
	if t.Only == nil {
		return NewDecoder(t.Columns, source)
	}
	d := NewDecoder(append(slices.Clone(t.Columns), Column{Name: t.Only.Member}), source)
	d.only = t.Only.Text
	return d
}

// choose marks a record that does not belong to the table. It looks at the value of the last column, which the table
// itself lacks.
func (d *Decoder) choose(row *Row) {
	if d.only == "" {
		return
	}
	last := len(row.states) - 1
	row.foreign = row.Value(last).Text != d.only
	row.numbers, row.states = row.numbers[:last], row.states[:last]
	row.Mismatch = slices.DeleteFunc(row.Mismatch, func(column int) bool { return column == last })
}

// Belongs reports whether the record belongs to the table, whose listings may have others.
func (r *Row) Belongs() bool { return !r.foreign }

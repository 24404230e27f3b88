package table

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/scan"
)

// Parent declares the parents of a table's records. Each listing says how a request names parents.
type Parent struct {
	// Table is the parents' table. A run that reads the children reads its list, if only for them. If its records are
	// children themselves, those of this table are cut from them.
	Table *Table
	// Column is the children's column with the parent's key. It is [OfParent] if the records lack it; then each
	// parent needs its own request. If the parents are children themselves, it has the key of their own parent: only
	// that is still there once a parent has left.
	Column string
	// Count is the parents' column with the number of children; empty for none. A parent with 0 children is
	// skipped.
	Count string
	// Own is the column of both parents and children that holds a parent's own child; empty for none. Count counts that
	// child, but only further ones make rows. If there are none, a parent with rows at the destination is asked once
	// more: Pipedrive does not document that Count includes its own child.
	Own string
	// Sparse is true if many of the parents that are asked for have no children. An empty answer is confirmed only if the
	// destination has children of one of them.
	Sparse bool
	// Other is a further column of the children with the key of a second parent, which lists them too; empty for none.
	// A child comes in the version of the parent that changed last.
	Other string
	// Begins is the parents' column with the first day on which they can have children; empty for none.
	Begins string
	// Skip is the parents' flag column; empty for none. A parent with the flag has no children and is skipped.
	Skip string
	// Moved is the parents' time column with the last move that gave them a child, empty if each change of a parent may be
	// one. Parents that have not moved since their children were read need no request. A parent has no children if it has
	// no such time, or still that of its creation, which is in the column Created.
	Moved, Created string
	// Recheck are lists of parents whose children are read again at intervals even if the parents did not change; none on
	// an API without them. Pipedrive does not document whether a change of a child changes its parent.
	Recheck []pipedrive.Listing
	// Rows is the parents' JSON column with the list of the records; empty if the records take requests.
	Rows string
}

// IsCut reports whether the records are cut from a list in their parents.
func (t *Table) IsCut() bool { return t.Parent != nil && t.Parent.Rows != "" }

// Number numbers those of a parent's records that belong to the table, given in the order in which the API lists them: the
// last one is the oldest.
func (t *Table) Number(records []*Row, source func(Column) Source) {
	column := slices.IndexFunc(t.Columns, func(c Column) bool { return source(c).sequence })
	n := int64(0)
	for _, row := range slices.Backward(records) {
		if row.Belongs() {
			n++
			row.Set(column, IntValue(n))
		}
	}
}

// Root is the table at the beginning of a line of parents: the table itself if its records have none.
func (t *Table) Root() *Table {
	for t.Parent != nil {
		t = t.Parent.Table
	}
	return t
}

// LeaveOut leaves a child out of the table if it is its parent's own.
func (t *Table) LeaveOut(child *Row, own Value) {
	of := child.Value(t.Column(t.Parent.Own))
	child.foreign = child.foreign || own.Valid && of.Valid && of.Number == own.Number
}

// ParentColumns are the columns of children that come from their parents.
type ParentColumns struct {
	table   *Table
	today   Value
	own     int   // column of the children with the parent's key
	other   int   // a further one, -1 for none
	past    []int // of the columns that are days up to today
	columns []int // of the children
	of      []int // the parents' columns with their values
}

// ParentColumns returns those of a table of children, given its parents' table, the sources of its columns and the time.
func (t *Table) ParentColumns(parents *Table, source func(Column) Source, now time.Time) *ParentColumns {
	p := &ParentColumns{table: t, own: t.Column(t.Parent.Column), other: t.Column(t.Parent.Other), today: DayValue(now)}
	for i, c := range t.Columns {
		if column := source(c).OfParent(); column != "" {
			if source(c).past {
				p.past = append(p.past, len(p.columns))
			}
			p.columns, p.of = append(p.columns, i), append(p.of, parents.Column(column))
		}
	}
	return p
}

// Values are the parent's values for its children. They may be kept for long, and the parent's other texts do not stay
// with them.
func (p *ParentColumns) Values(parent *Row) []Value {
	values := parent.Key(p.of)
	for i := range values {
		values[i].Text = strings.Clone(values[i].Text)
	}
	for _, i := range p.past {
		if v := &values[i]; !v.Valid || v.Number > p.today.Number {
			*v = p.today
		}
	}
	return values
}

// Begun reports whether a parent can have children by now.
func (p *ParentColumns) Begun(parent *Row) bool {
	of := p.table.Parent
	begins := of.Table.Column(of.Begins)
	if begins < 0 {
		return true
	}
	day := parent.Value(begins)
	return day.Valid && day.Number <= p.today.Number
}

// Day is the day in a column that comes from the parent, given its values.
func (p *ParentColumns) Day(column string, values []Value) string {
	return values[slices.Index(p.columns, p.table.Column(column))].Day()
}

// fill puts the parent's values into a child.
func (p *ParentColumns) fill(child *Row, values []Value) {
	for i, column := range p.columns {
		child.Set(column, values[i])
	}
}

// ParentOf is the key of a child's parent: of several, the one that was requested.
func (p *ParentColumns) ParentOf(child *Row) pipedrive.Key {
	if child.ofOther {
		return KeyOf(child.Key([]int{p.other}))
	}
	return KeyOf(child.Key([]int{p.own}))
}

// Others are the keys of a child's other parents.
func (p *ParentColumns) Others(child *Row) (keys []pipedrive.Key) {
	asked := p.ParentOf(child)
	for _, column := range []int{p.own, p.other} {
		if column >= 0 && child.Value(column).Valid {
			keys = append(keys, KeyOf(child.Key([]int{column})))
		}
	}
	return slices.DeleteFunc(keys, func(k pipedrive.Key) bool { return k == asked })
}

// Filler returns the function that fills a child's parent columns, given the values of the parents. It refuses a child
// of any other parent: the answer then belongs to another request, and its records are arbitrary.
func (p *ParentColumns) Filler(parents map[pipedrive.Key][]Value) func(child *Row) error {
	var only []Value
	if slices.Contains(p.columns, p.own) && len(parents) == 1 {
		for _, only = range parents {
		}
	}
	return func(child *Row) error {
		values := only
		if values == nil {
			var asked bool
			if values, asked = parents[p.ParentOf(child)]; !asked && p.other >= 0 {
				child.ofOther = true
				values, asked = parents[p.ParentOf(child)]
			}
			if !asked {
				return pipedrive.Refuse(fmt.Errorf("a record has the %s %s, which was not asked for",
					p.table.Parent.Column, KeyText(child.Key([]int{p.own}))))
			}
		}
		p.fill(child, values)
		return nil
	}
}

// ListDecoder decodes the records in a list of their parent. It is not safe for concurrent use.
type ListDecoder struct {
	columns  *ParentColumns
	decoder  *Decoder
	list     int // the parents' column with the list
	position int // the records' column with their places, -1 for none
}

// ListDecoder returns that of a table, given its parents' table and the sources of its columns.
func (p *ParentColumns) ListDecoder(parents *Table, source func(Column) Source) *ListDecoder {
	t := p.table
	return &ListDecoder{
		columns: p, decoder: NewDecoder(t.Columns, source), list: parents.Column(t.Parent.Rows),
		position: slices.IndexFunc(t.Columns, func(c Column) bool { return source(c).IsPosition() }),
	}
}

// Decode returns the records in a parent's list; none if it has no list.
func (d *ListDecoder) Decode(parent *Row) ([]*Row, error) {
	list := parent.Value(d.list)
	if !list.Valid {
		return nil, nil
	}
	records := jsontext.Value(list.Text)
	if records.Kind() != '[' {
		return nil, d.failed(parent, errors.New("the value is not a list"))
	}
	values := d.columns.Values(parent)
	var rows []*Row
	for record := range scan.Elements(records) {
		row, _, err := d.decoder.Record(record)
		if err != nil {
			return nil, d.failed(parent, err)
		}
		d.columns.fill(row, values)
		if rows = append(rows, row); d.position >= 0 {
			row.Set(d.position, IntValue(int64(len(rows))))
		}
	}
	return rows, nil
}

func (d *ListDecoder) failed(parent *Row, err error) error {
	of := d.columns.table.Parent
	return fmt.Errorf("%s of the record %s of %s: %w", of.Rows, parent.KeyText(of.Table.Key()), of.Table.Name(), err)
}

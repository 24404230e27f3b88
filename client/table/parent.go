package table

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// Parent declares the parents of a table's records. Each listing says how a request names parents.
type Parent struct {
	// Table is the parents' table. A run that reads the children reads its list, if only for them.
	Table *Table
	// Column is the children's column with the parent's key. It is [OfParent] if the records lack it; then each
	// parent needs its own request.
	Column string
	// Count is the parents' column with the number of children; empty for none. A parent with 0 children is
	// skipped.
	Count string
	// Skip is the parents' flag column; empty for none. A parent with the flag has no children and is skipped.
	Skip string
	// Rows is the parents' JSON column with the list of the records; empty if requests read the records.
	Rows string
}

// Heirs fill the columns of children that come from their parents.
type Heirs struct {
	table   *Table
	own     int   // column of the children with the parent's key
	columns []int // of the children
	of      []int // the parents' columns that these come from
}

// Heirs returns those of a table of children, given the sources of its columns.
func (t *Table) Heirs(source func(Column) Source) *Heirs {
	h := &Heirs{table: t, own: t.Column(t.Parent.Column)}
	for i, c := range t.Columns {
		if column := source(c).OfParent(); column != "" {
			h.columns, h.of = append(h.columns, i), append(h.of, t.Parent.Table.Column(column))
		}
	}
	return h
}

// Estate is the values of a parent that its children inherit.
func (h *Heirs) Estate(parent *Row) []Value { return parent.Key(h.of) }

// inherit fills a child's parent columns.
func (h *Heirs) inherit(child *Row, estate []Value) {
	for i, column := range h.columns {
		child.Values[column] = estate[i]
	}
}

// ParentOf is the key of a child's parent.
func (h *Heirs) ParentOf(child *Row) pipedrive.Key { return KeyOf(child.Key([]int{h.own})) }

// Adopt returns the function that fills a child's parent columns, given the estates of the parents. It refuses a child
// whose parent is not among these: the answer then belongs to another request, and may have any records.
func (h *Heirs) Adopt(estates map[pipedrive.Key][]Value) func(child *Row) error {
	var only []Value
	if slices.Contains(h.columns, h.own) && len(estates) == 1 {
		for _, only = range estates {
		}
	}
	return func(child *Row) error {
		estate := only
		if estate == nil {
			var found bool
			if estate, found = estates[h.ParentOf(child)]; !found {
				return pipedrive.Refuse(fmt.Errorf("a record has the %s %s, which was not asked for",
					h.table.Parent.Column, KeyText(child.Key([]int{h.own}))))
			}
		}
		h.inherit(child, estate)
		return nil
	}
}

// Cutter makes records of a list in their parent. It is not safe for concurrent use.
type Cutter struct {
	heirs    *Heirs
	decoder  *Decoder
	rows     int // the parents' column with the list
	position int // column of the records with their places, -1 for none
	text     strings.Reader
}

// Cutter returns that of a table of children, given the sources of its columns.
func (h *Heirs) Cutter(source func(Column) Source) *Cutter {
	t := h.table
	return &Cutter{
		heirs: h, decoder: NewDecoder(t.Columns, source), rows: t.Parent.Table.Column(t.Parent.Rows),
		position: slices.IndexFunc(t.Columns, func(c Column) bool { return source(c).IsPosition() }),
	}
}

// Cut returns the records in a parent's list; none where it has no list.
func (c *Cutter) Cut(parent *Row) ([]*Row, error) {
	list := parent.Values[c.rows]
	if !list.Valid {
		return nil, nil
	}
	c.text.Reset(list.Text)
	dec := jsontext.NewDecoder(&c.text, pipedrive.Lenient...)
	if dec.PeekKind() != '[' {
		return nil, c.failed(parent, errors.New("it is no list"))
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, c.failed(parent, err)
	}
	estate := c.heirs.Estate(parent)
	var rows []*Row
	for dec.PeekKind() != ']' {
		row, err := c.decoder.Record(dec)
		if err != nil {
			return nil, c.failed(parent, err)
		}
		c.heirs.inherit(row, estate)
		if rows = append(rows, row); c.position >= 0 {
			row.Values[c.position] = IntValue(int64(len(rows)))
		}
	}
	return rows, nil
}

func (c *Cutter) failed(parent *Row, err error) error {
	of := c.heirs.table.Parent
	return fmt.Errorf("%s of the record %s of %s: %w", of.Rows, parent.KeyText(of.Table.Key()), of.Table.Name(), err)
}

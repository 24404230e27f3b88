package table

import (
	"fmt"

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

// Adopt returns the function that fills a child's parent columns. It refuses a child whose parent is not among the
// parents: the answer then belongs to another request, and may have any records.
func (t *Table) Adopt(parents map[pipedrive.Key]*Row, source func(Column) Source) func(child *Row) error {
	own, taken := t.Column(t.Parent.Column), map[int]int{}
	for i, c := range t.Columns {
		if column := source(c).OfParent(); column != "" {
			taken[i] = t.Parent.Table.Column(column)
		}
	}
	var only *Row
	if _, ok := taken[own]; ok && len(parents) == 1 {
		for _, only = range parents {
		}
	}
	return func(child *Row) error {
		parent := only
		if parent == nil {
			key := child.Key([]int{own})
			if parent = parents[KeyOf(key)]; parent == nil {
				return pipedrive.Refuse(fmt.Errorf("a record has the %s %s, which was not asked for", t.Parent.Column, KeyText(key)))
			}
		}
		for i, column := range taken {
			child.Values[i] = parent.Values[column]
		}
		return nil
	}
}

package table

import (
	"fmt"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// Parent declares whose children a table's records are. Each listing says how a request names parents.
type Parent struct {
	// Table is the parents'. A run that reads the children reads its list, if only for them.
	Table *Table
	// Column is the children's column with the parent's key. It is [OfParent] where the records do not have it, which takes
	// a request for each parent.
	Column string
	// Count is the parents' column with the number of children; empty for none. A parent with 0 is not asked for.
	Count string
}

// Adopt returns the function that fills a child's columns of its parent. It refuses the child of a record that is not
// among the parents: an answer with one is to another request, and may have any records.
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

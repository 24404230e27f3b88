package table

import (
	"slices"
	"strings"
	"time"
)

// ValidFromColumn is the column of a history with the moment from which a version of a record holds.
const ValidFromColumn = "valid_from"

// History is the table of the versions of a table's records, with one row for each version that a run has seen. A
// version's key is the record's and [ValidFromColumn], so that a later version does not replace an earlier one.
func History(t *Table) *Table {
	h := *t
	h.Of, h.Versioned, h.Core = t, false, false
	h.Records, h.Title = t.Records+"_history", "History of "+strings.ToLower(t.Title)
	h.Description = "Versions of the records of " + t.Name() + ", one row for each version that a run has seen since `history` names " +
		t.Records + ". A record that is gone at Pipedrive has a last row with _removed_at. No row is ever removed."
	if h.FieldsOf == nil {
		h.FieldsOf = t
	}
	h.Columns = slices.Clone(t.Columns)
	if i := h.Column(RemovedColumn); i >= 0 {
		h.Columns[i].Description = "When the record was found to be gone at Pipedrive. All other columns but the key are NULL then. " +
			"NULL in the row of a version."
	}
	key := t.Key()
	h.Columns = slices.Insert(h.Columns, key[len(key)-1]+1, Column{
		Name: ValidFromColumn, Key: true, Type: Timestamp, V2: Absent(), V1: Absent(),
		Description: "When the version began: its update_time; for a record without one its add_time, or else 1970-01-01. " +
			"It holds until the record's next valid_from. For the removal of a record, when a run found that it is gone; " +
			"for a record that came back unchanged, when a run found it again.",
	})
	return &h
}

// Identity returns the indices of the columns that identify a record: the primary key, of a history without the moment of the
// version.
func (t *Table) Identity() []int {
	return slices.DeleteFunc(t.Key(), func(i int) bool { return t.Of != nil && t.Columns[i].Name == ValidFromColumn })
}

// Versions makes the rows of a history from those of its table. It is safe for concurrent use.
type Versions struct {
	from    []int // the table's columns, by the history's; -1 for those that the table lacks
	valid   int   // the history's column with the moment of the version
	changed int   // the history's column that it is incremental on
	times   []int // the history's columns with the moment of a version, the first one with a value counts
}

// Versions returns the versions of a history, given its table with the columns of this run.
func (t *Table) Versions(of *Table) *Versions {
	v := &Versions{valid: t.Column(ValidFromColumn), changed: t.Time()}
	for _, c := range t.Columns {
		v.from = append(v.from, of.Column(c.Name))
	}
	for _, i := range []int{t.Time(), t.Column("add_time")} {
		if i >= 0 {
			v.times = append(v.times, i)
		}
	}
	return v
}

// Of is the row of a record's version. If the record had been gone since a moment that is not before the version, the
// version holds from the moment at which it was found again. gone is zero for a record that was not gone.
func (v *Versions) Of(record *Row, gone, found time.Time) *Row {
	row := &Row{
		cells: newCells(len(v.from)), texts: record.texts, others: slices.Clip(record.others), key: record.key, changed: v.changed,
	}
	for i, column := range v.from {
		if column >= 0 {
			row.numbers[i], row.states[i] = record.numbers[column], record.states[column]
		}
	}
	from := time.Unix(0, 0).UTC()
	for _, i := range v.times {
		if at := row.Value(i); at.Valid {
			from = at.Time()
			break
		}
	}
	if !gone.IsZero() && !from.After(gone) {
		if from = found; !from.After(gone) {
			from = gone.Add(time.Microsecond)
		}
	}
	row.Set(v.valid, TimeValue(from))
	return row
}

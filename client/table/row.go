package table

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// Row is one record, decoded into the values of its table's columns.
type Row struct {
	Mismatch []int // columns whose value in the record has another kind

	cells
	texts   string   // of the record's values, one behind the other
	others  []string // texts that do not come from the record
	key     pipedrive.Key
	changed int  // index of the column that the table is incremental on, -1 for none
	foreign bool // whether the record does not belong to the table
	ofOther bool // whether it is a child of the parent in the column Other
}

// cells are the values of a row without their texts, by column. They take 9 bytes a column and have no pointers, so that
// the garbage collector passes over them.
type cells struct {
	// numbers are those of the values. That of a text has the index of its first byte in the row's texts in its upper 32
	// bits, and its length below. A text among the other ones has the complement of its index.
	numbers []int64
	states  []state
}

// state says whether a cell has a value, and of which kind. It is 0 for NULL.
type state uint8

const (
	hasValue state = 1 << iota
	hasText
	// firstRank is the unit of the rank of the path that a value comes from, in the bits above.
	firstRank
)

func newCells(columns int) cells { return cells{make([]int64, columns), make([]state, columns)} }

// rowsAtOnce is the number of rows whose cells a decoder allocates at once.
const rowsAtOnce = 16

// first returns the cells of a row at the beginning. It allocates further ones if none are left.
func (c *cells) first(columns int) cells {
	if len(c.states) < columns {
		*c = newCells(columns * rowsAtOnce)
	}
	return cells{c.numbers[:columns:columns], c.states[:columns:columns]}
}

// drop cuts off the cells of a row at the beginning.
func (c *cells) drop(columns int) { c.numbers, c.states = c.numbers[columns:], c.states[columns:] }

// reset makes the cells NULL.
func (c *cells) reset() {
	clear(c.numbers)
	clear(c.states)
}

// NewRow returns a row that is not a record of Pipedrive.
func NewRow(values ...Value) *Row {
	r := &Row{cells: newCells(len(values)), changed: -1}
	for i, v := range values {
		r.Set(i, v)
	}
	return r
}

// Clone returns a row with the same values, which can be set independently.
func (r *Row) Clone() *Row {
	clone := *r
	clone.numbers, clone.states, clone.others = slices.Clone(r.numbers), slices.Clone(r.states), slices.Clip(r.others)
	return &clone
}

// Value is the value of a column.
func (r *Row) Value(column int) Value {
	number, state := r.numbers[column], r.states[column]
	switch {
	case state&hasText == 0:
		return Value{Valid: state != 0, Number: number}
	case number < 0:
		return Value{Valid: true, Text: r.others[^number]}
	}
	from, length := number>>32, number&math.MaxUint32
	return Value{Valid: true, Text: r.texts[from : from+length]}
}

// Set sets the value of a column.
func (r *Row) Set(column int, v Value) {
	number, state := v.Number, state(0)
	if v.Valid {
		state = hasValue
	}
	if v.Text != "" {
		number, state = ^int64(len(r.others)), hasValue|hasText
		r.others = append(r.others, v.Text)
	}
	r.numbers[column], r.states[column] = number, state
}

// RecordKey identifies the record within its table and account.
func (r *Row) RecordKey() pipedrive.Key { return r.key }

// RecordTime is the value of the column that the table is incremental on, usually the record's update_time; false
// if there is none.
func (r *Row) RecordTime() (time.Time, bool) {
	if r.changed < 0 || r.states[r.changed] == 0 {
		return time.Time{}, false
	}
	return r.Value(r.changed).Time(), true
}

// HasAll reports whether all of the given columns have a value.
func (r *Row) HasAll(columns []int) bool {
	return !slices.ContainsFunc(columns, func(c int) bool { return r.states[c] == 0 })
}

// Key returns the row's values of some columns.
func (r *Row) Key(columns []int) []Value {
	values := make([]Value, len(columns))
	for i, c := range columns {
		values[i] = r.Value(c)
	}
	return values
}

// KeyText is the row's primary key for messages.
func (r *Row) KeyText(key []int) string { return KeyText(r.Key(key)) }

// KeyText formats the values of a primary key for messages.
func KeyText(values []Value) string { return joined(values, ", ") }

func joined(values []Value, separator string) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = cmp.Or(v.Text, strconv.FormatInt(v.Number, 10))
	}
	return strings.Join(parts, separator)
}

// Bytes is the approximate size of the row in a record batch.
func (r *Row) Bytes() int {
	size := valueBytes*len(r.states) + len(r.texts)
	for _, text := range r.others {
		size += len(text)
	}
	return size
}

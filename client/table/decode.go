package table

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// Row is one record, decoded into the values of its table's columns.
type Row struct {
	Values   []Value
	Mismatch []int // columns whose value in the record has another kind

	key     pipedrive.Key
	changed int // index of the column that the table is incremental on, -1 for none
}

// NewRow returns a row that is not a record of Pipedrive.
func NewRow(values ...Value) *Row { return &Row{Values: values, changed: -1} }

// RecordKey identifies the record within its table and account.
func (r *Row) RecordKey() pipedrive.Key { return r.key }

// RecordTime is the value of the column that the table is incremental on, usually the record's update_time; false
// if there is none.
func (r *Row) RecordTime() (time.Time, bool) {
	if r.changed < 0 || !r.Values[r.changed].Valid {
		return time.Time{}, false
	}
	return r.Values[r.changed].Time(), true
}

// HasAll reports whether all of the given columns have a value.
func (r *Row) HasAll(columns []int) bool {
	return !slices.ContainsFunc(columns, func(c int) bool { return !r.Values[c].Valid })
}

// Key returns the row's values of some columns.
func (r *Row) Key(columns []int) []Value {
	values := make([]Value, len(columns))
	for i, c := range columns {
		values[i] = r.Values[c]
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
	size := valueBytes * len(r.Values)
	for i := range r.Values {
		size += len(r.Values[i].Text)
	}
	return size
}

// Decoder reads records of one table in one API version's form, in one pass and without an intermediate map. It is
// not safe for concurrent use.
type Decoder struct {
	// Custom collects custom fields that are spread over a record; nil if a record has none, or has them in one
	// object.
	Custom *CustomFieldsV1

	root    *node
	width   int   // number of columns
	key     []int // the columns of the primary key that records have themselves
	alone   bool  // whether the primary key is one column, which each record must have
	changed int   // index of the column that the table is incremental on, -1 for none

	inner *jsontext.Decoder // reads an object a second time
	bytes bytes.Reader
}

// node is a place in a record that has a value for some column, or an object with such places.
type node struct {
	leaves []leaf
	fields map[string]*node
}

// leaf is a column that takes its value from a node.
type leaf struct {
	column int
	read   Reader
	// rank of the path among the column's paths: if a record has several, the lowest wins.
	rank int
	// whole is true if the column accepts objects too.
	whole bool
}

var errNoKey = errors.New("a record has no key")

// NewDecoder compiles the sources of columns, as source gives them. If the primary key is a single column, it
// refuses records without it.
func NewDecoder(columns []Column, source func(Column) Source) *Decoder {
	d := &Decoder{root: &node{}, width: len(columns), changed: -1}
	keys := 0
	for i, c := range columns {
		s := source(c)
		if c.Key {
			keys++
		}
		if c.IncrementalKey {
			d.changed = i
		}
		if s.absent || s.position || s.parent != "" {
			continue
		}
		if c.Key {
			d.key = append(d.key, i)
		}
		if s.itself {
			d.root.leaves = append(d.root.leaves, leaf{column: i, read: s.readerOf(c)})
			continue
		}
		if s.paths == nil {
			s.paths = []string{c.Name}
		}
		for rank, path := range s.paths {
			n := d.root.at(strings.Split(path, "."))
			n.leaves = append(n.leaves, leaf{column: i, read: s.readerOf(c), rank: rank, whole: c.Type == JSON})
		}
	}
	d.alone = keys == 1 && len(d.key) == 1
	return d
}

// Clone returns a decoder of the same records for another goroutine.
func (d *Decoder) Clone() *Decoder {
	clone := *d
	clone.inner, clone.bytes = nil, bytes.Reader{}
	if d.Custom != nil {
		clone.Custom = &CustomFieldsV1{Kinds: d.Custom.Kinds}
	}
	return &clone
}

func (s Source) readerOf(c Column) Reader {
	switch {
	case s.lookup != nil: // the id is read here and replaced later
		return readInt
	case s.read != nil:
		return s.read
	}
	return readers[c.Type]
}

func (n *node) at(path []string) *node {
	for _, name := range path {
		next := n.fields[name]
		if next == nil {
			next = &node{}
			if n.fields == nil {
				n.fields = map[string]*node{}
			}
			n.fields[name] = next
		}
		n = next
	}
	return n
}

// Record reads the next record. It is a [pipedrive.Decode].
func (d *Decoder) Record(dec *jsontext.Decoder) (*Row, error) {
	if dec.PeekKind() != '{' {
		return d.plain(dec)
	}
	if d.Custom != nil {
		d.Custom.found = d.Custom.found[:0] // left behind by an answer that broke off
	}
	row := &Row{changed: d.changed, Values: make([]Value, d.width)}
	if err := d.object(dec, d.root, row); err != nil {
		return nil, err
	}
	if d.Custom != nil {
		if err := d.customV1(row); err != nil {
			return nil, err
		}
	}
	return row, d.setKey(row)
}

// plain reads the next record, which is not an object. Only a column of the whole record takes it.
func (d *Decoder) plain(dec *jsontext.Decoder) (*Row, error) {
	v, err := dec.ReadValue()
	if err != nil {
		return nil, err
	}
	if len(d.root.leaves) == 0 {
		return nil, pipedrive.Refuse(errNoKey)
	}
	row := &Row{changed: d.changed, Values: make([]Value, d.width)}
	for _, l := range d.root.leaves {
		if v.Kind() != 'n' {
			l.take(v, row)
		}
	}
	return row, d.setKey(row)
}

// setKey sets the row's key. Columns of a composite key may be empty: the row is then left out later.
func (d *Decoder) setKey(row *Row) error {
	if len(d.key) == 0 {
		return nil
	}
	if d.alone && !row.Values[d.key[0]].Valid {
		return pipedrive.Refuse(errNoKey)
	}
	row.key = KeyOf(row.Key(d.key))
	return nil
}

// customV1 sets the columns of custom fields from the collected members of a v1 record.
func (d *Decoder) customV1(row *Row) error {
	object, err := d.Custom.object()
	if object == nil || err != nil {
		return err
	}
	return d.member(jsontext.NewDecoder(bytes.NewBuffer(object), pipedrive.Lenient...), d.root.fields[CustomFieldsColumn], row)
}

// object reads those members of the next object that lie on a column's path.
func (d *Decoder) object(dec *jsontext.Decoder, n *node, row *Row) error {
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadValue()
		if err != nil {
			return err
		}
		field := n.field(name)
		if d.Custom != nil && n == d.root && field == nil {
			if name := string(name[1 : len(name)-1]); IsCustomField(name) {
				v, err := dec.ReadValue()
				if err != nil {
					return err
				}
				d.Custom.take(name, v)
				continue
			}
		}
		if err := d.member(dec, field, row); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

func (n *node) field(name jsontext.Value) *node {
	if inner := name[1 : len(name)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return n.fields[string(inner)] // the compiler does not copy for a look-up
	}
	return n.fields[unquote(name)]
}

func (d *Decoder) member(dec *jsontext.Decoder, n *node, row *Row) error {
	switch kind := dec.PeekKind(); {
	case n == nil, kind == 'n':
		return dec.SkipValue()
	case kind == '{' && n.fields != nil && !n.takesObjects():
		return d.object(dec, n, row)
	}
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	for _, l := range n.leaves {
		l.take(v, row)
	}
	if v.Kind() == '{' && n.fields != nil {
		return d.again(v, n, row)
	}
	return nil
}

// again reads the members of an object that a column also takes as a whole. Such objects are not nested in each
// other.
func (d *Decoder) again(object jsontext.Value, n *node, row *Row) error {
	d.bytes.Reset(object)
	if d.inner == nil {
		d.inner = jsontext.NewDecoder(&d.bytes, pipedrive.Lenient...)
	} else {
		d.inner.Reset(&d.bytes, pipedrive.Lenient...)
	}
	return d.object(d.inner, n, row)
}

func (n *node) takesObjects() bool {
	for _, l := range n.leaves {
		if l.whole {
			return true
		}
	}
	return false
}

// take sets the leaf's column, unless an earlier path of the column did.
func (l leaf) take(v jsontext.Value, row *Row) {
	to := &row.Values[l.column]
	if to.Valid && int(to.rank) <= l.rank {
		return
	}
	got, err := l.read(v)
	if err != nil {
		row.Mismatch = append(row.Mismatch, l.column)
		return
	}
	if got.Valid {
		if !utf8.ValidString(got.Text) {
			got.Text = strings.ToValidUTF8(got.Text, "\uFFFD")
		}
		got.rank = int8(l.rank)
		*to = got
	}
}

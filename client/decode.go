package client

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
	id       int64
	changed  int // index of the column update_time, -1 for none
	values   []value
	mismatch []int // columns whose value in the record is of another kind
}

// RecordID is the record's id in Pipedrive.
func (r *Row) RecordID() int64 { return r.id }

// RecordTime is the record's update_time; false where it has none, or its table no such column.
func (r *Row) RecordTime() (time.Time, bool) {
	if r.changed < 0 || !r.values[r.changed].valid {
		return time.Time{}, false
	}
	return time.UnixMicro(r.values[r.changed].number).UTC(), true
}

// hasAll reports whether all of the columns have a value.
func (r *Row) hasAll(columns []int) bool {
	return !slices.ContainsFunc(columns, func(c int) bool { return !r.values[c].valid })
}

// keyText is the row's primary key for people.
func (r *Row) keyText(key []int) string {
	parts := make([]string, len(key))
	for i, column := range key {
		v := r.values[column]
		parts[i] = cmp.Or(v.text, strconv.FormatInt(v.number, 10))
	}
	return strings.Join(parts, ", ")
}

// bytes is about the size of the row in a record batch.
func (r *Row) bytes() int {
	size := valueBytes * len(r.values)
	for i := range r.values {
		size += len(r.values[i].text)
	}
	return size
}

// decoder reads records of one table as one API version writes them, in one pass and without an
// intermediate map.
type decoder struct {
	root    *node
	width   int             // number of columns
	id      int             // index of the id column, -1 where records have none
	keyless bool            // whether a record may have no id, since another column is its key
	changed int             // index of the column update_time, -1 for none
	custom  *customFieldsV1 // nil where the record has no custom fields, or has them in one object

	inner  *jsontext.Decoder // of an object that is read a second time
	reader bytes.Reader
}

// node is a place in a record at which there is a value that some column wants, or an object that has
// such places.
type node struct {
	leaves []leaf
	fields map[string]*node
}

// leaf is a column that takes its value from a node.
type leaf struct {
	column int
	read   reader
	// rank of the path among the column's paths: a lower one wins where a record has several.
	rank int
	// whole is true where the column takes objects too.
	whole bool
}

var errNoID = errors.New("a record has no id")

// newDecoder compiles the sources of the columns.
func newDecoder(columns []Column, source func(Column) Source) *decoder {
	d := &decoder{root: &node{}, width: len(columns), id: columnIndex(columns, idColumn), changed: columnIndex(columns, timeColumn)}
	for i, c := range columns {
		d.keyless = d.keyless || (c.Key && c.Name != idColumn)
		s := source(c)
		if s.absent {
			if i == d.id {
				d.id = -1
			}
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
	return d
}

func (s Source) readerOf(c Column) reader {
	switch {
	case s.via != nil: // the id is read here and replaced later
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

// record reads the record that comes next. It is a [pipedrive.Decode].
func (d *decoder) record(dec *jsontext.Decoder) (*Row, error) {
	if dec.PeekKind() != '{' {
		if err := dec.SkipValue(); err != nil {
			return nil, err
		}
		return nil, pipedrive.Refuse(errNoID)
	}
	if d.custom != nil {
		d.custom.found = d.custom.found[:0] // what an answer that broke off has left behind
	}
	row := &Row{changed: d.changed, values: make([]value, d.width)}
	if err := d.object(dec, d.root, row); err != nil {
		return nil, err
	}
	if d.custom != nil {
		if err := d.customV1(row); err != nil {
			return nil, err
		}
	}
	if d.id < 0 {
		return row, nil
	}
	id := row.values[d.id]
	if !id.valid && !d.keyless {
		return nil, pipedrive.Refuse(errNoID)
	}
	row.id = id.number
	return row, nil
}

// customV1 sets the columns of custom fields from what was gathered of a v1 record.
func (d *decoder) customV1(row *Row) error {
	object, err := d.custom.object()
	if object == nil || err != nil {
		return err
	}
	return d.member(jsontext.NewDecoder(bytes.NewBuffer(object), pipedrive.Lenient...), d.root.fields[customFieldsColumn], row)
}

// object reads the members of the object that comes next which lie on some column's path.
func (d *decoder) object(dec *jsontext.Decoder, n *node, row *Row) error {
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadValue()
		if err != nil {
			return err
		}
		field := n.field(name)
		if d.custom != nil && n == d.root && field == nil {
			if name := string(name[1 : len(name)-1]); isCustomField(name) {
				v, err := dec.ReadValue()
				if err != nil {
					return err
				}
				d.custom.take(name, v)
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

func (d *decoder) member(dec *jsontext.Decoder, n *node, row *Row) error {
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

// again reads the members of an object that some column takes as a whole. Objects that are read again do not
// hold others that are.
func (d *decoder) again(object jsontext.Value, n *node, row *Row) error {
	d.reader.Reset(object)
	if d.inner == nil {
		d.inner = jsontext.NewDecoder(&d.reader, pipedrive.Lenient...)
	} else {
		d.inner.Reset(&d.reader, pipedrive.Lenient...)
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

// take sets the leaf's column, unless an earlier one of its paths did.
func (l leaf) take(v jsontext.Value, row *Row) {
	to := &row.values[l.column]
	if to.valid && int(to.rank) <= l.rank {
		return
	}
	got, err := l.read(v)
	if err != nil {
		row.mismatch = append(row.mismatch, l.column)
		return
	}
	if got.valid {
		if !utf8.ValidString(got.text) {
			got.text = strings.ToValidUTF8(got.text, "\uFFFD")
		}
		got.rank = int8(l.rank)
		*to = got
	}
}

package table

import (
	"errors"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/scan"
)

// Decoder reads records of one table in one API version's form, in one pass and without an intermediate map. It is
// not safe for concurrent use.
type Decoder struct {
	// Custom collects custom fields that are spread over a record; nil if a record has none, or has them in one
	// object.
	Custom *CustomFieldsV1

	root    *node
	width   int    // number of columns
	key     []int  // the columns of the primary key that records have themselves
	alone   bool   // whether the primary key is one column, which each record must have
	changed int    // index of the column that the table is incremental on, -1 for none
	only    string // that records of the table have in the last column; "" if all belong to it

	// follows has, for each node, the one that followed it in the record before: behind it in its object, or as the
	// first one in it. The records of a list have their members in the same order.
	follows []following
	texts   []byte // of the record's values so far
	spare   cells  // of the next records
}

// following are nodes that came behind and inside another one.
type following struct{ behind, inside *node }

// node is a place in a record that has a value for some column, or an object with such places.
type node struct {
	number int // from 0
	name   string
	leaves []leaf
	fields map[string]*node
}

// leaf is a column that takes its value from a node.
type leaf struct {
	column int
	read   Reader
	// add appends the value's text to the texts of a row instead; nil for a column with its own reader or without a text.
	add appender
	// rank of the path among the column's paths: if a record has several, the lowest wins.
	rank int
	// whole is true if the column accepts objects too.
	whole bool
}

var errNoKey = errors.New("a record has no key")

// NewDecoder compiles the sources of columns, as source gives them. If the primary key is a single column, it
// refuses records without it.
func NewDecoder(columns []Column, source func(Column) Source) *Decoder {
	d := &Decoder{root: &node{}, follows: make([]following, 1), width: len(columns), changed: -1}
	keys := 0
	for i, c := range columns {
		s := source(c)
		if c.Key {
			keys++
		}
		if c.IncrementalKey {
			d.changed = i
		}
		if s.absent || s.position || s.sequence || s.parent != "" {
			continue
		}
		if c.Key {
			d.key = append(d.key, i)
		}
		if s.itself {
			d.root.leaves = append(d.root.leaves, s.leaf(i, c, 0))
			continue
		}
		if s.paths == nil {
			s.paths = []string{c.Name}
		}
		for rank, path := range s.paths {
			n := d.at(strings.Split(path, "."))
			n.leaves = append(n.leaves, s.leaf(i, c, rank))
		}
	}
	d.alone = keys == 1 && len(d.key) == 1
	return d
}

// Clone returns a decoder of the same records for another goroutine.
func (d *Decoder) Clone() *Decoder {
	clone := *d
	clone.follows, clone.texts, clone.spare = make([]following, len(d.follows)), nil, cells{}
	if d.Custom != nil {
		clone.Custom = &CustomFieldsV1{Kinds: d.Custom.Kinds}
	}
	return &clone
}

// leaf returns that of a column at one of the source's paths.
func (s Source) leaf(column int, c Column, rank int) leaf {
	l := leaf{column: column, read: readers[c.Type], rank: rank, whole: c.Type == JSON}
	switch {
	case s.lookup != nil: // the id is read here and replaced later
		l.read = readInt
	case s.read != nil:
		l.read = s.read
	default:
		l.add = appenders[c.Type]
	}
	return l
}

// at returns the node at a path, which it adds.
func (d *Decoder) at(path []string) *node {
	n := d.root
	for _, name := range path {
		next := n.fields[name]
		if next == nil {
			next = &node{number: len(d.follows), name: name}
			d.follows = append(d.follows, following{})
			if n.fields == nil {
				n.fields = map[string]*node{}
			}
			n.fields[name] = next
		}
		n = next
	}
	return n
}

// Record reads the record that b begins with. It is a [pipedrive.Decode].
func (d *Decoder) Record(b []byte) (row *Row, end int, err error) {
	if cap(d.texts) > mostKept {
		d.texts = nil
	}
	d.texts = d.texts[:0]
	if d.Custom != nil {
		d.Custom.found = d.Custom.found[:0]
	}
	row = &Row{changed: d.changed, cells: d.spare.first(d.width)}
	isObject := len(b) > 0 && b[0] == '{'
	if isObject {
		end = d.object(b, 0, d.root, row)
	} else {
		end = scan.Value(b, 0)
	}
	switch {
	case end < 0:
		row.reset() // its cells are those of the next row
		return nil, end, nil
	case isObject:
	case len(d.root.leaves) == 0:
		return nil, end, pipedrive.Refuse(errNoKey)
	case b[0] != 'n':
		d.takeAll(d.root.leaves, b[:end], row)
	}
	d.spare.drop(d.width)
	if d.Custom != nil {
		if err = d.customV1(row); err != nil {
			return nil, end, err
		}
	}
	row.texts = string(d.texts)
	d.choose(row)
	return row, end, d.setKey(row)
}

// setKey sets the row's key. Columns of a composite key may be empty: the row is then left out later.
func (d *Decoder) setKey(row *Row) error {
	switch {
	case len(d.key) == 0:
		return nil
	case d.alone && row.states[d.key[0]] == 0:
		return pipedrive.Refuse(errNoKey)
	case len(d.key) == 1: // a key may be kept for long, and the row's other texts must not stay with it
		v := row.Value(d.key[0])
		row.key = pipedrive.Key{Number: v.Number, Text: strings.Clone(v.Text)}
	default:
		row.key = KeyOf(row.Key(d.key))
	}
	return nil
}

// customV1 sets the columns of custom fields from the collected members of a v1 record.
func (d *Decoder) customV1(row *Row) error {
	object, err := d.Custom.object()
	if object != nil && err == nil {
		d.member(object, 0, d.root.fields[CustomFieldsColumn], row)
	}
	return err
}

// object reads those members of the object that begins at i that lie on a column's path. It returns the index behind
// the object, or one of the negative numbers of package scan.
func (d *Decoder) object(b []byte, i int, n *node, row *Row) int {
	guess := &d.follows[n.number].inside
	for i = scan.First(b, i); i >= 0; i = scan.Next(b, i, '}') {
		if b[i] == '}' {
			return i + 1
		}
		var end int
		field := *guess
		if field != nil && field.hasNameAt(b, i) {
			end = i + len(field.name) + 2
		} else {
			if end = scan.String(b, i); end < 0 {
				return end
			}
			if field = n.field(b[i:end]); field != nil {
				*guess = field
			}
		}
		if field != nil {
			guess = &d.follows[field.number].behind
		}
		name, from := b[i:end], scan.Colon(b, end)
		if from < 0 {
			return from
		}
		if i = d.member(b, from, field, row); i < 0 {
			return i
		}
		if field == nil && d.Custom != nil && n == d.root && d.Custom.has(name) {
			d.Custom.take(string(name[1:len(name)-1]), b[from:i])
		}
	}
	return i
}

// hasNameAt reports whether the JSON string that begins at i is the node's name.
func (n *node) hasNameAt(b []byte, i int) bool {
	end := i + len(n.name) + 1
	return end < len(b) && b[i] == '"' && b[end] == '"' && string(b[i+1:end]) == n.name
}

func (n *node) field(name jsontext.Value) *node {
	return n.fields[string(unquote(name))] // the compiler does not copy for a look-up
}

// member reads the value of a member that begins at i, and returns the index behind it, or a negative one. n is nil if no
// column needs the value.
func (d *Decoder) member(b []byte, i int, n *node, row *Row) (end int) {
	switch {
	case n == nil, i == len(b):
		return scan.Value(b, i)
	case b[i] == 'n':
		return scan.Null(b, i)
	case b[i] == '{' && n.fields != nil:
		if end = d.object(b, i, n, row); end < 0 || !n.takesObjects() {
			return end
		}
	default:
		if end = scan.Value(b, i); end < 0 {
			return end
		}
	}
	d.takeAll(n.leaves, b[i:end], row)
	return end
}

func (n *node) takesObjects() bool {
	for i := range n.leaves {
		if n.leaves[i].whole {
			return true
		}
	}
	return false
}

func (d *Decoder) takeAll(leaves []leaf, v jsontext.Value, row *Row) {
	for i := range leaves {
		d.take(&leaves[i], v, row)
	}
}

// take sets the leaf's column, unless an earlier path of the column did.
func (d *Decoder) take(l *leaf, v jsontext.Value, row *Row) {
	state := hasValue + firstRank*state(l.rank)
	if has := row.states[l.column]; has != 0 && has&^hasText <= state {
		return
	}
	var got Value
	var err error
	from := len(d.texts)
	if l.add != nil {
		d.texts, err = l.add(d.texts, v)
	} else if got, err = l.read(v); got.Text != "" {
		d.texts = append(d.texts, strings.ToValidUTF8(got.Text, "\uFFFD")...)
	}
	switch length := len(d.texts) - from; {
	case err != nil:
		row.Mismatch = append(row.Mismatch, l.column)
	case length > 0:
		row.numbers[l.column], row.states[l.column] = int64(from)<<32|int64(length), state|hasText
	case got.Valid:
		row.numbers[l.column], row.states[l.column] = got.Number, state
	}
}

package table

import (
	"errors"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
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

// Record reads a record, which must be valid JSON. It is a [pipedrive.Decode].
func (d *Decoder) Record(record jsontext.Value) (*Row, error) {
	if cap(d.texts) > mostKept {
		d.texts = nil
	}
	d.texts = d.texts[:0]
	row := &Row{changed: d.changed, cells: d.spare.cut(d.width)}
	switch kind := record.Kind(); {
	case kind == '{':
		d.object(record, 0, d.root, row)
	case len(d.root.leaves) == 0:
		return nil, pipedrive.Refuse(errNoKey)
	case kind != 'n':
		d.takeAll(d.root.leaves, record, row)
	}
	if d.Custom != nil {
		if err := d.customV1(row); err != nil {
			return nil, err
		}
	}
	row.texts = string(d.texts)
	d.choose(row)
	return row, d.setKey(row)
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
	d.Custom.found = d.Custom.found[:0]
	if object != nil && err == nil {
		d.member(object, 0, d.root.fields[CustomFieldsColumn], row)
	}
	return err
}

// object reads those members of the object that begins at i that lie on a column's path. It returns the index behind
// the object.
func (d *Decoder) object(v jsontext.Value, i int, n *node, row *Row) int {
	guess := &d.follows[n.number].inside
	for i = skipComma(v, i+1); v[i] != '}'; i = skipComma(v, i) {
		field := *guess
		if field != nil && field.hasNameAt(v, i+1) {
			i = skipColon(v, i+len(field.name)+2)
		} else {
			end := skipString(v, i)
			name := v[i:end]
			i = skipColon(v, end)
			if field = n.field(name); field != nil {
				*guess = field
			} else if d.Custom != nil && n == d.root && d.Custom.has(name) {
				end = skipValue(v, i)
				d.Custom.take(string(name[1:len(name)-1]), v[i:end])
				i = end
				continue
			}
		}
		if field != nil {
			guess = &d.follows[field.number].behind
		}
		i = d.member(v, i, field, row)
	}
	return i + 1
}

// hasNameAt reports whether the text of a JSON string that begins at i is the node's name.
func (n *node) hasNameAt(v jsontext.Value, i int) bool {
	end := i + len(n.name)
	return end < len(v) && v[end] == '"' && string(v[i:end]) == n.name
}

func (n *node) field(name jsontext.Value) *node {
	return n.fields[string(unquote(name))] // the compiler does not copy for a look-up
}

// member reads the value of a member that begins at i, and returns the index behind it.
func (d *Decoder) member(v jsontext.Value, i int, n *node, row *Row) (end int) {
	switch {
	case n == nil, v[i] == 'n':
		return skipValue(v, i)
	case v[i] == '{' && n.fields != nil:
		if end = d.object(v, i, n, row); !n.takesObjects() {
			return end
		}
	default:
		end = skipValue(v, i)
	}
	d.takeAll(n.leaves, v[i:end], row)
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

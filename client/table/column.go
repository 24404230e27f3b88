package table

import (
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/cloudquery/plugin-sdk/v4/types"
)

// Type is what a column's values are. It decides the Arrow type and how a JSON value is read.
type Type int

// The types of columns.
const (
	Text      Type = iota
	Int            // ids, counts, positions: int64
	Float          // money and probabilities: float64
	Bool           // v1 also writes 0, 1, "0" and "1"
	Timestamp      // a moment, microseconds in UTC; v1 writes "2006-01-02 15:04:05", v2 RFC 3339
	Date           // a day
	JSON           // lists and objects, as Pipedrive sends them
)

var arrowTypes = map[Type]arrow.DataType{
	Text:      arrow.BinaryTypes.String,
	Int:       arrow.PrimitiveTypes.Int64,
	Float:     arrow.PrimitiveTypes.Float64,
	Bool:      arrow.FixedWidthTypes.Boolean,
	Timestamp: arrow.FixedWidthTypes.Timestamp_us,
	Date:      arrow.FixedWidthTypes.Date32,
	JSON:      types.ExtensionTypes.JSON,
}

// Column declares a column and where its value stands in a record.
type Column struct {
	Name        string
	Type        Type
	Description string
	// V2 is where API v2 has the value. The zero Source is the field of the column's own name.
	V2 Source
	// V1 is the same for API v1 and for export endpoints.
	V1 Source
	// Key marks a column of the primary key, which account_id is always part of.
	Key bool
	// IncrementalKey marks the column that a run continues from.
	IncrementalKey bool

	// Presence says when V2 sends the value.
	Presence Presence

	// ByAccount is where each account has the value, by its id, in place of V2 and V1; nil for a column
	// that all accounts have.
	ByAccount map[string]Source
	// Fresh are the accounts whose field is new since the last run, so that no record has had a value of it without
	// having changed since.
	Fresh map[string]bool
}

// Presence is the condition under which API v2 sends a field.
type Presence int

// The conditions.
const (
	Always           Presence = iota
	OnRequest                 // when include_fields names it
	OnRequestIfThere          // likewise, and an account may not have it: asking for it is then answered by 400
)

// SourceFor returns where an account has the column's value on an API.
func (c Column) SourceFor(account string, api API) Source {
	switch s, ok := c.ByAccount[account]; {
	case ok:
		return s
	case c.ByAccount != nil:
		return Absent()
	case api == V2:
		return c.V2
	}
	return c.V1
}

// Source is where a column's value comes from. Make one with [At], [Not], [First], [Lookup], [OfParent] or [Absent].
type Source struct {
	paths  []string
	read   Reader // nil for that of the column's type
	lookup *Looked
	parent string // column of the parent
	absent bool
}

// At is the value at the first of the paths that has one. A path's steps are names, joined by dots.
func At(paths ...string) Source { return Source{paths: paths} }

// Not is the opposite of the flag at path.
func Not(path string) Source { return Source{paths: []string{path}, read: readNot} }

// First is the first element of the list at path.
func First(path string) Source { return Source{paths: []string{path}, read: readFirst} }

// List is the list at the first of the paths that has one. v1 also writes a list of ids as "2,3".
func List(paths ...string) Source { return Source{paths: paths, read: readList} }

// Ref is the id of the related record at the first of the names that has one, which v1 sends as a
// number or as an object with the id in value or id.
func Ref(names ...string) Source {
	var s Source
	for _, name := range names {
		s.paths = append(s.paths, name, name+".value", name+".id")
	}
	return s
}

// Lookup is what the id at path names: a column of the record with that id in another table, like the owner's name.
func Lookup(path string, in *Table, column string) Source {
	return Source{paths: []string{path}, lookup: &Looked{Table: in, Column: column}}
}

// Looked is a column of another table, whose primary key is a number.
type Looked struct {
	Table  *Table
	Column string
}

// Lookup returns what the source looks up, nil for nothing.
func (s Source) Lookup() *Looked { return s.lookup }

// OfParent is a column of the record's parent, like its update_time.
func OfParent(column string) Source { return Source{parent: column} }

// OfParent returns the column of the parent that the source is, empty for none.
func (s Source) OfParent() string { return s.parent }

// first is the first name in the source's first path, or the column's own.
func (s Source) first(column string) string {
	if len(s.paths) == 0 {
		return column
	}
	name, _, _ := strings.Cut(s.paths[0], ".")
	return name
}

// With is the source with a reader of its own.
func (s Source) With(read Reader) Source {
	s.read = read
	return s
}

// Absent says that the API does not have the value; the column is NULL.
func Absent() Source { return Source{absent: true} }

// IsAbsent reports whether the API does not have the value.
func (s Source) IsAbsent() bool { return s.absent }

// schemaColumn is the column as CloudQuery knows it.
func (c Column) schemaColumn() schema.Column {
	return schema.Column{
		Name:           c.Name,
		Type:           arrowTypes[c.Type],
		Description:    c.Description,
		PrimaryKey:     c.Key,
		NotNull:        c.Key,
		IncrementalKey: c.IncrementalKey,
	}
}

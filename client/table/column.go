package table

import (
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/cloudquery/plugin-sdk/v4/types"
)

// Type is the kind of a column's values. It decides the Arrow type and the reading of JSON values.
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

// Column declares a column and the place of its value in a record.
type Column struct {
	Name        string
	Type        Type
	Description string
	// V2 is the value's source on API v2. The zero Source is the field with the column's name.
	V2 Source
	// V1 is the same for API v1 and for export endpoints.
	V1 Source
	// Key marks a column of the primary key, which always includes account_id.
	Key bool
	// IncrementalKey marks the column from which a run continues.
	IncrementalKey bool

	// Refers is the column of a table with the values that the column refers to, like currencies.code. Empty for none,
	// and for the one that follows from the column's name.
	Refers string

	// Presence is the condition under which V2 sends the value.
	Presence Presence

	// ByAccount is each account's source, by account id, instead of V2 and V1; nil for a column that all accounts
	// have.
	ByAccount map[string]Source
	// Fresh are the accounts whose field is new since the last run: a record can have a value of it only if it has
	// changed since.
	Fresh map[string]bool
}

// Presence is the condition under which API v2 sends a field.
type Presence int

// The conditions.
const (
	Always           Presence = iota
	OnRequest                 // if include_fields names it
	OnRequestIfThere          // likewise, and an account may lack it: requesting it then fails with 400
)

// SourceFor returns an account's source of the column on an API.
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

// Source is the origin of a column's value. Make one with [At], [Itself], [Not], [First], [Primary], [Lookup], [OfParent],
// [Position], [Sequence] or [Absent].
type Source struct {
	paths    []string
	read     Reader // nil for the reader of the column's type
	lookup   *Looked
	parent   string // column of the parent
	past     bool   // whether a day that is yet to come is replaced by today
	position bool
	itself   bool
	sequence bool
	absent   bool
}

// At is the value at the first path that has one. A path's steps are names, joined by dots.
func At(paths ...string) Source { return Source{paths: paths} }

// Itself is the whole record, for records that are plain values like ids.
func Itself() Source { return Source{itself: true} }

// Not is the opposite of the flag at path.
func Not(path string) Source { return Source{paths: []string{path}, read: readNot} }

// First is the first element of the list at path.
func First(path string) Source { return Source{paths: []string{path}, read: readFirst} }

// Primary is the value of the primary element of the list at path, or of its first element if none is primary.
func Primary(path string) Source { return Source{paths: []string{path}, read: readPrimary} }

// List is the list at the first path that has one. v1 also writes a list of ids as "2,3".
func List(paths ...string) Source { return Source{paths: paths, read: readList} }

// Ref is the id of the related record under the first name that has one. v1 sends it as a number or as an object
// with the id in value or id.
func Ref(names ...string) Source {
	var s Source
	for _, name := range names {
		s.paths = append(s.paths, name, name+".value", name+".id")
	}
	return s
}

// Lookup takes a column, like the owner's name, from the record of another table that has the id at path.
func Lookup(path string, in *Table, column string) Source {
	return Source{paths: []string{path}, lookup: &Looked{Table: in, Column: column}}
}

// Looked is a column of another table with a numeric primary key.
type Looked struct {
	Table  *Table
	Column string
}

// Lookup returns the look-up of the source, nil for none.
func (s Source) Lookup() *Looked { return s.lookup }

// OfParent is a column of the record's parent, like its update_time.
func OfParent(column string) Source { return Source{parent: column} }

// OfParentSoFar is a day of the record's parent, but today if that is yet to come, or if the parent has none.
func OfParentSoFar(column string) Source { return Source{parent: column, past: true} }

// OfParent returns the source's column of the parent, empty for none.
func (s Source) OfParent() string { return s.parent }

// Position is the record's place in its parent's list, from 1.
func Position() Source { return Source{position: true} }

// IsPosition reports whether the source is the record's place in its parent's list.
func (s Source) IsPosition() bool { return s.position }

// Sequence is the record's number among those of its parent, from 1 for the oldest. The API lists them newest first, so a
// number does not change as records are added.
func Sequence() Source { return Source{sequence: true} }

// Field is the first name in the source's first path, or the column's own.
func (s Source) Field(column string) string {
	if len(s.paths) == 0 {
		return column
	}
	name, _, _ := strings.Cut(s.paths[0], ".")
	return name
}

// With is the source with another reader.
func (s Source) With(read Reader) Source {
	s.read = read
	return s
}

// Absent says that the API lacks the value; the column is NULL.
func Absent() Source { return Source{absent: true} }

// IsAbsent reports whether the API lacks the value.
func (s Source) IsAbsent() bool { return s.absent }

// schemaColumn is the column in CloudQuery's form.
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

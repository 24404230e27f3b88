package customfields

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gosimple/slug"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

const (
	// Prefix begins the names of all columns of custom fields, and of no others.
	Prefix = "cf_"
	// MaxColumns is the greatest number of columns for a table's custom fields. It is the same for all tables, so that
	// tables that share fields have columns for the same ones. It leaves room for the table's own columns below
	// [table.MaxColumns].
	MaxColumns = 900
	// maxName is the length of the longest column name, in bytes.
	maxName = table.MaxName
	// shortHash is the length of the part of a hash that tells a field from others of its name.
	shortHash = 8
	// longHash is the length of the longest part of a hash that has room behind a name.
	longHash = 24
)

// Field is a custom field of an account, with the name of its column. Its JSON form is part of the state.
type Field struct {
	Account string `json:"account"`
	Hash    string `json:"hash"`
	Kind    string `json:"kind"`
	Column  string `json:"column"` // empty for one without
	Name    string `json:"name"`   // as users see it

	precision precision
	fresh     bool       // whether no earlier run has seen the field
	source    *table.Row // the field's present form; nil if the account no longer has it
	place     int        // of the field in the account's list
}

// width is the number of the field's columns.
func (f *Field) width() int { return len(kindOf(f.Kind).columns) }

// precision is the detail of a column's name that tells the field from others.
type precision int

const (
	byName precision = iota
	byKind
	byShortHash
	byKindAndHash
	byLongHash
)

// nameColumns gives each fresh field a column name: its own name as a slug and, if that does not tell it from another
// field, its kind or its hash. Fields of different accounts with the same name and kind share a column. Kept fields
// have their names already. The result does not depend on the order of the fields.
func nameColumns(kept, fresh []*Field) {
	for {
		for _, f := range fresh {
			f.Column = f.columnName()
		}
		if !tellApart(kept, fresh) {
			return
		}
	}
}

// tellApart adds detail to the names of fresh fields that stand for several fields of an account or for several kinds
// of values. If there are none, it does so for names that equal the name of another field's part. It reports whether
// there were any.
func tellApart(kept, fresh []*Field) bool {
	hashes, kinds, owners := sets{}, sets{}, sets{} // of a column of an account, of a column, of a part's name
	keptKind := map[string]string{}
	for _, f := range kept {
		keptKind[f.Column] = f.Kind
	}
	for _, f := range slices.Concat(kept, fresh) {
		hashes.add(f.Account+" "+f.Column, f.Hash)
		kinds.add(f.Column, f.Kind)
		for _, p := range kindOf(f.Kind).columns {
			owners.add(p.columnOf(f.Column), f.Column)
		}
	}
	apart := func(least precision, alike func(*Field) bool) bool {
		found := false
		for _, f := range fresh {
			if f.precision < byLongHash && alike(f) {
				f.precision, found = max(f.precision+1, least), true
			}
		}
		return found
	}
	return apart(byShortHash, func(f *Field) bool { return len(hashes[f.Account+" "+f.Column]) > 1 }) ||
		apart(byKind, func(f *Field) bool { return len(kinds[f.Column]) > 1 && keptKind[f.Column] != f.Kind }) ||
		apart(byShortHash, func(f *Field) bool {
			return slices.ContainsFunc(kindOf(f.Kind).columns, func(p part) bool { return len(owners[p.columnOf(f.Column)]) > 1 })
		})
}

// sets are sets of texts, each with a name.
type sets map[string]map[string]bool

func (s sets) add(name, member string) {
	if s[name] == nil {
		s[name] = map[string]bool{}
	}
	s[name][member] = true
}

// columnName is the name of the field's column in the field's precision: at most maxName bytes of a to z,
// 0 to 9 and _, its longest part's suffix included.
func (f *Field) columnName() string {
	suffix := ""
	switch f.precision {
	case byName:
	case byKind:
		suffix = "_" + f.Kind
	case byShortHash:
		suffix = "_" + f.Hash[:shortHash]
	case byKindAndHash:
		suffix = "_" + f.Kind + "_" + f.Hash[:shortHash]
	case byLongHash:
		suffix = "_" + f.Kind + "_" + f.Hash[:longHash]
	}
	longest := 0
	for _, p := range kindOf(f.Kind).columns {
		longest = max(longest, len(p.columnOf("")))
	}
	name := strings.ReplaceAll(slug.Make(f.Name), "-", "_")
	name = name[:min(len(name), maxName-len(Prefix)-len(suffix)-longest)]
	return Prefix + cmp.Or(strings.Trim(name, "_"), f.Hash[:shortHash]) + suffix
}

// byColumn sorts fields so that neither the order of accounts nor that of an account's fields matters.
func byColumn(a, b *Field) int {
	return cmp.Or(
		cmp.Compare(a.Column, b.Column), cmp.Compare(a.Account, b.Account),
		cmp.Compare(a.Hash, b.Hash), cmp.Compare(a.Kind, b.Kind))
}

// byPlace sorts fields by their places in the lists of their accounts. The order of the accounts does not matter.
func byPlace(a, b *Field) int { return cmp.Or(cmp.Compare(a.place, b.place), byColumn(a, b)) }

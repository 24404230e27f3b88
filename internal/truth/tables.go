package truth

import (
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

// of are the plugin's tables. Each declared table takes part in everything below.
var of = declared(tables.All())

// The tables, each with one type of record.
var (
	Incremental = of.names(true)
	Full        = of.names(false)
	Tables      = slices.Concat(Incremental, Full)
)

// Usual are the tables that a sync of "*" reads: all but those on request.
var Usual = of.usual()

// Core are the tables of the six types of sales records, for tests that spell out their cost.
var Core = []string{"deals", "notes", "organizations", "persons", "pipelines", "stages"}

// Alike are the incremental tables, in groups of the same way of reading: their keys have one type, and their lists
// differ only in paths, costs, scopes and fields.
var Alike = of.alike()

// Paths are the paths of the tables' lists.
var Paths = of.paths()

// Sparse are the paths of the lists of children for which the plugin believes an empty answer, since few parents have
// children.
var Sparse = of.sparse()

// Everything is the scope of a sync with the spec's defaults.
var Everything = simulator.TruthOptions{Deleted: true, Archived: true}

// declaration is a list of tables of records.
type declaration []*table.Table

// declared leaves out the tables whose rows are not records of Pipedrive, fields and runs. These have their own tests.
func declared(all []*table.Table) declaration {
	return slices.DeleteFunc(slices.Clone(all), func(t *table.Table) bool { return t.Describes != nil || t.Runs })
}

// names are the names of the incremental tables, or of the others.
func (d declaration) names(incremental bool) (names []string) {
	for _, t := range d {
		if t.Incremental == incremental {
			names = append(names, t.Records)
		}
	}
	return names
}

// usual are the names of the tables that are not on request, in the order of [Tables].
func (d declaration) usual() []string {
	return slices.DeleteFunc(slices.Concat(d.names(true), d.names(false)), func(records string) bool { return d.table(records).OnRequest })
}

func (d declaration) alike() (groups [][]string) {
	var order []string
	named := map[string][]string{}
	for _, t := range d {
		if !t.Incremental {
			continue
		}
		var of strings.Builder
		of.WriteString(string(t.Form(table.V2)))
		for _, i := range t.Key() {
			fmt.Fprint(&of, " ", t.Columns[i].Type)
		}
		for _, l := range listings(t) {
			l.Path, l.Cost, l.Scopes, l.Include, l.IncludeOptional = "", 0, nil, nil, nil
			fmt.Fprintf(&of, " %+v", l)
		}
		facts := of.String()
		if named[facts] == nil {
			order = append(order, facts)
		}
		named[facts] = append(named[facts], t.Records)
	}
	for _, facts := range order {
		groups = append(groups, named[facts])
	}
	return groups
}

func (d declaration) paths() map[string][]string {
	paths := map[string][]string{}
	for _, t := range d {
		for _, l := range listings(t) {
			paths[t.Records] = append(paths[t.Records], l.Path)
		}
	}
	return paths
}

func (d declaration) sparse() (paths []string) {
	for _, t := range d {
		if t.Parent != nil && t.Parent.Sparse {
			paths = append(paths, d.paths()[t.Records]...)
		}
	}
	return paths
}

// table is the table of a type of record.
func (d declaration) table(records string) *table.Table {
	i := slices.IndexFunc(d, func(t *table.Table) bool { return t.Records == records })
	if i < 0 {
		panic("truth: there is no table " + records)
	}
	return d[i]
}

// Listings are the lists of a table, or those of its parents if the parents contain its records.
func Listings(records string) []pipedrive.Listing { return listings(of.table(records)) }

func listings(t *table.Table) []pipedrive.Listing {
	if t.IsCut() {
		t = t.Parent.Table
	}
	return t.Listings(table.V2)
}

// Keys are the columns that identify a table's rows within an account.
func Keys(records string) []string { return of.keys(records) }

// Time is the column with the time of the last change of an incremental table's record, or of its parent.
func Time(records string) string {
	t := of.table(records)
	return t.Columns[t.Time()].Name
}

// TimeIn is that time in a row of [simulator.Company.Truth], zero for none. If only the reader knows it, it is the
// latest possible time.
func TimeIn(records string, row map[string]any) (at time.Time) {
	switch v := row[Time(records)].(type) {
	case time.Time:
		at = v
	case simulator.Between:
		at, _ = v.To.(time.Time)
	}
	return at
}

// keys are the columns that identify a table's rows within an account.
func (d declaration) keys(records string) (names []string) {
	for _, c := range d.table(records).Columns {
		if c.Key {
			names = append(names, c.Name)
		}
	}
	return names
}

// value is the value of a column for a text: the text itself, or a number that is different for each text.
func (d declaration) value(records, column, text string) any {
	t := d.table(records)
	i := t.Column(column)
	if i < 0 {
		return text
	}
	number := crc32.ChecksumIEEE([]byte(text))
	switch t.Columns[i].Type {
	case table.Int:
		return int64(number)
	case table.Float:
		return float64(number)
	default:
		return text
	}
}

// Key is a row's key within its account, as text.
func (r Row) Key(table string) string {
	return key(table, func(column string) any { return r[column].Text })
}

// KeyOf is the key, as text, of a row of [simulator.Company.Truth].
func KeyOf(table string, row map[string]any) string {
	return key(table, func(column string) any { return row[column] })
}

func key(table string, value func(column string) any) string {
	var parts []string
	for _, column := range of.keys(table) {
		parts = append(parts, fmt.Sprint(value(column)))
	}
	return strings.Join(parts, "/")
}

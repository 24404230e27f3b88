package docs

import (
	"fmt"
	"slices"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

// diagram is an entity-relationship diagram: its tables have the columns of their keys and the referring columns.
type diagram struct {
	Direction string // in which lines lead; "" for down
	Entities  []entity
	Relations []relation
}

type entity struct {
	Name       string
	Attributes []attribute
}

// attribute is a column of an entity. Its keys are "PK", "FK" or both.
type attribute struct{ Type, Name, Keys string }

// relation connects the rows of two tables, by all columns in which one refers to the other.
type relation struct {
	From, To string
	Ends     string // in Mermaid's notation, that of To first
	Columns  string
}

// recordsDiagram has the references between the tables of records, and setupDiagram those to the set-up of an account.
// Nearly each table refers to the users, so one picture of both would be unreadable.
func recordsDiagram() diagram { return diagramOf(func(to *table.Table) bool { return !to.Setup }) }

func setupDiagram() diagram {
	d := diagramOf(func(to *table.Table) bool { return to.Setup })
	d.Direction = "LR" // otherwise the tables that refer to users would be one wide row
	return d
}

// diagramOf has the references to some tables.
func diagramOf(shown func(to *table.Table) bool) (d diagram) {
	joined := map[string]bool{} // tables, and columns as in deals.id
	refers := map[string]bool{} // columns
	for _, r := range tables.References() {
		refers[columnName(r.From, r.Column)] = true
		if !shown(r.To) {
			continue
		}
		for _, name := range []string{r.From.Name(), r.To.Name(), columnName(r.From, r.Column), columnName(r.To, r.Of)} {
			joined[name] = true
		}
		d.relate(r)
	}
	for _, t := range tables.All() {
		if !joined[t.Name()] {
			continue
		}
		e := entity{Name: t.Name()}
		for _, c := range t.Columns {
			if name := columnName(t, c); c.Key || joined[name] {
				e.Attributes = append(e.Attributes, attribute{typeName(c.Type), c.Name, keys(c.Key, refers[name])})
			}
		}
		d.Entities = append(d.Entities, e)
	}
	return d
}

// relate adds a reference to the relation of its tables.
func (d *diagram) relate(r tables.Reference) {
	ends := "|o--o{"
	switch {
	case r.IsList():
		ends = "}o--o{"
	case r.Required():
		ends = "||--o{"
	}
	same := func(other relation) bool {
		return other.From == r.From.Name() && other.To == r.To.Name() && other.Ends == ends
	}
	if i := slices.IndexFunc(d.Relations, same); i >= 0 {
		d.Relations[i].Columns += ", " + r.Column.Name
		return
	}
	d.Relations = append(d.Relations, relation{From: r.From.Name(), To: r.To.Name(), Ends: ends, Columns: r.Column.Name})
}

// keys are the marks of a column in a diagram.
func keys(primary, foreign bool) string {
	switch {
	case primary && foreign:
		return "PK, FK"
	case primary:
		return "PK"
	case foreign:
		return "FK"
	}
	return ""
}

// typeName is the name of a column's type in a diagram.
func typeName(t table.Type) string {
	return [...]string{
		table.Text: "text", table.Int: "bigint", table.Float: "double", table.Bool: "boolean",
		table.Timestamp: "timestamp", table.Date: "date", table.JSON: "json",
	}[t]
}

func columnName(t *table.Table, c table.Column) string { return t.Name() + "." + c.Name }

// joins are the references of all tables as rows of a Markdown table.
func joins() (rows string) {
	for _, r := range tables.References() {
		number := "0 or 1"
		switch {
		case r.IsList():
			number = "a list"
		case r.Required():
			number = "1"
		}
		rows += row(link(r.From), "`"+r.Column.Name+"`", link(r.To), "`"+r.Of.Name+"`", number)
	}
	return rows
}

// link is a link to a table's page.
func link(t *table.Table) string { return fmt.Sprintf("[%s](%s.md)", t.Name(), t.Name()) }

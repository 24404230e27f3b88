// Package docs makes the pages of docs/tables, and its tests check the claims and examples of all pages.
package docs

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"github.com/cloudquery/plugin-sdk/v4/schema"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/plugin"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

//go:generate go run ./gen ../..

//go:embed queries/*.sql
var queries embed.FS

//go:embed *.tmpl
var files embed.FS

var templates = template.Must(template.New("").
	Funcs(template.FuncMap{"cell": cell, "code": code, "literal": literal, "join": strings.Join}).
	ParseFS(files, "*.tmpl"))

// page is the content of a table's page. The form is that of the SDK's own generator, which lacks descriptions,
// sources and queries.
type page struct {
	*schema.Table
	Sources []pipedrive.Listing // its lists on API v2
	Queries []Example
	// Needs is the account's need for the table beside a scope; "" for nothing.
	Needs     string
	OnRequest bool
	Setup     bool
	// Parent is the table of the parent records, "" for none. Asks describes the requests for the children; "" if they
	// come with their parents.
	Parent, Asks string
	// Of is the table of the records whose versions the page's table has, and Type their type in the spec's key
	// history; "" for no history.
	Of, Type string
}

// Example is a query on a table. Its dialect is "sqlite" or "postgresql", or "" if one text serves both.
type Example struct{ Title, Dialect, SQL string }

// TablePages returns the pages about the plugin's tables by file name, with the index.
func TablePages() (map[string]string, error) {
	var pages []page
	for _, t := range slices.Concat(tables.All(), tables.Histories()) {
		examples, err := Examples(t.Name())
		if err != nil {
			return nil, err
		}
		p := page{Table: t.Schema(), Queries: examples, OnRequest: t.OnRequest, Setup: t.Setup}
		if t.Of != nil {
			p.Of, p.Type = t.Of.Name(), t.Of.Records
		} else {
			p.Sources = sources(t)
		}
		if t.Gate != nil {
			p.Needs = t.Gate.Needs
		}
		if t.Parent != nil {
			p.Parent = t.Parent.Table.Name()
			if !t.IsCut() {
				p.Asks = asks(p.Sources[0], counted(t))
			}
		}
		pages = append(pages, p)
	}
	slices.SortFunc(pages, func(a, b page) int { return strings.Compare(a.Name, b.Name) })

	texts := map[string]string{}
	for _, p := range pages {
		if err := render(texts, p.Name+".md", "table.md.tmpl", p); err != nil {
			return nil, err
		}
	}
	return texts, render(texts, "README.md", "tables.md.tmpl", map[string]any{
		"Plugin": plugin.Name, "Pages": pages, "Records": recordsDiagram(), "Setup": setupDiagram(), "Joins": joins(),
	})
}

func render(texts map[string]string, file, name string, values any) error {
	var b strings.Builder
	err := templates.ExecuteTemplate(&b, name, values)
	texts[file] = b.String()
	return err
}

// listings are the lists of a table's records; those of the parents for records that are cut from them.
func listings(t *table.Table) []pipedrive.Listing {
	if t.IsCut() {
		t = t.Parent.Table
	}
	return t.Listings(table.V2)
}

// sources are the lists that a table is read from.
func sources(t *table.Table) []pipedrive.Listing {
	listings := listings(t)
	for _, d := range t.Describes {
		listings = append(listings, d.Fields.Listings(table.V2)...)
	}
	return listings
}

// Examples returns the queries in a table's file: paragraphs of a comment line, which is the title, and a
// statement. A title ends with a dialect in parentheses if the query runs only on that one.
func Examples(table string) ([]Example, error) {
	name := "queries/" + table + ".sql"
	text, err := queries.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("each table needs example queries, in internal/docs/%s: %w", name, err)
	}
	var found []Example
	for paragraph := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
		title, statement, _ := strings.Cut(paragraph, "\n")
		title, isTitle := strings.CutPrefix(title, "-- ")
		if !isTitle || statement == "" {
			return nil, fmt.Errorf("internal/docs/%s: not a title and a statement: %q", name, paragraph)
		}
		found = append(found, Example{title, dialect(title), statement})
	}
	return found, nil
}

func dialect(title string) string {
	switch {
	case strings.HasSuffix(title, " (SQLite)"):
		return "sqlite"
	case strings.HasSuffix(title, " (PostgreSQL)"):
		return "postgresql"
	}
	return ""
}

// HasCustomFields reports whether the table gets columns for custom fields.
func (p page) HasCustomFields() bool { return p.Columns.Index("custom_fields") >= 0 }

// cell is text in the form of a Markdown table's cell.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// code are words in code style.
func code(words []string) []string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = "`" + w + "`"
	}
	return quoted
}

package docs

import (
	"embed"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/cloudquery/plugin-sdk/v4/schema"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

//go:embed destinations/*.yml
var destinations embed.FS

// Files returns all generated files by their path in the repository at root. These are the pages of docs/tables, an
// example for each destination, comments for PostgreSQL, a summary for SQLite, the views of current rows, the list of
// tables in spec.yml.example, and the figures in other pages.
func Files(root string) (map[string]string, error) {
	tablePages, err := TablePages()
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for name, text := range tablePages {
		files["docs/tables/"+name] = text
	}
	blocks, err := destinations.ReadDir("destinations")
	if err != nil {
		return nil, err
	}
	for _, b := range blocks {
		if err := addExample(files, b.Name()); err != nil {
			return nil, err
		}
	}
	described := slices.Concat(tables.All(), tables.Histories())
	for name, of := range map[string][]*table.Table{"comments.sql": described, "summary.sql": byDefault()} {
		if err := render(files, "docs/examples/"+name, name+".tmpl", schemas(of)); err != nil {
			return nil, err
		}
	}
	if err := addCurrentViews(files); err != nil {
		return nil, err
	}
	for _, f := range figures() {
		text, read := files[f.page]
		if !read {
			page, err := os.ReadFile(filepath.Join(root, f.page))
			if err != nil {
				return nil, err
			}
			text = string(page)
		}
		if files[f.page], err = f.fill(text); err != nil {
			return nil, err
		}
	}
	return files, nil
}

var variables = regexp.MustCompile(`\$\{(\w+)\}`)

func addExample(files map[string]string, name string) error {
	block, err := destinations.ReadFile("destinations/" + name)
	if err != nil {
		return err
	}
	var names []string
	for _, v := range variables.FindAllSubmatch(block, -1) {
		names = append(names, string(v[1]))
	}
	return render(files, "docs/examples/"+name, "example.yml.tmpl", map[string]any{
		"Destination": strings.TrimSuffix(name, ".yml"), "Block": string(block), "Variables": names,
	})
}

// schemas are tables in CloudQuery's form, in the order of their names.
func schemas(of []*table.Table) schema.Tables {
	var all schema.Tables
	for _, t := range of {
		all = append(all, t.Schema())
	}
	slices.SortFunc(all, func(a, b *schema.Table) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// tableList lists the names of all tables as a comment below the key tables: those on request come last.
func tableList() string {
	var list strings.Builder
	for _, t := range schemas(byDefault()) {
		list.WriteString("  #   - " + t.Name + "\n")
	}
	for _, t := range schemas(onRequest()) {
		list.WriteString("  #   - " + t.Name + " # on request\n")
	}
	return list.String()
}

// literal is text as an SQL literal.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

package docs

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

// TestMap_isInTheGrammarOfMermaid: each line of the diagrams has one of the forms of [Mermaid: entity relationship
// diagrams] that the page uses. Each entity is opened and closed once, and lines connect existing entities.
//
// [Mermaid: entity relationship diagrams]: https://mermaid.js.org/syntax/entityRelationshipDiagram.html
func TestMap_isInTheGrammarOfMermaid(t *testing.T) {
	t.Parallel()
	forms := map[string]*regexp.Regexp{
		"direction": regexp.MustCompile(`^    direction (LR|TB)$`),
		"entity":    regexp.MustCompile(`^    (\w+) \{$`),
		"attribute": regexp.MustCompile(`^        [a-z]\w* [a-z_]\w*( PK| FK| PK, FK)?$`),
		"end":       regexp.MustCompile(`^    \}$`),
		"relation":  regexp.MustCompile(`^    (\w+) (?:\|\||\|o|\}o)--o\{ (\w+) : "\w+(, \w+)*"$`),
	}
	diagrams := mapDiagrams(t)
	require.Len(t, diagrams, 2)
	for _, d := range diagrams {
		lines := strings.Split(strings.TrimSuffix(d, "\n"), "\n")
		require.Equal(t, "erDiagram", lines[0])
		entities, open := map[string]bool{}, false
		for _, line := range lines[1:] {
			var form string
			for name, expression := range forms {
				if expression.MatchString(line) {
					form = name
				}
			}
			require.NotEmpty(t, form, "%q is no line of a diagram", line)
			require.Equal(t, open, form == "attribute" || form == "end", "%q is outside its place", line)
			switch parts := forms[form].FindStringSubmatch(line); form {
			case "entity":
				require.False(t, entities[parts[1]], "%s is there twice", parts[1])
				entities[parts[1]], open = true, true
			case "end":
				open = false
			case "relation":
				require.True(t, entities[parts[1]], line)
				require.True(t, entities[parts[2]], line)
			}
		}
		require.False(t, open)
	}
}

// TestMap_hasEachReference: in one of the diagrams and in the table of joins.
func TestMap_hasEachReference(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for _, d := range mapDiagrams(t) {
		text.WriteString(d)
	}
	index := read(t, "docs/tables/README.md")
	for _, r := range tables.References() {
		line := regexp.MustCompile(r.To.Name() + ` \S+ ` + r.From.Name() + ` : ".*\b` + r.Column.Name + `\b.*"`)
		require.Regexp(t, line, text.String())
		require.Regexp(t, regexp.QuoteMeta(link(r.From)+" | `"+r.Column.Name+"` | "+link(r.To)+" | `"+r.Of.Name+"`"), index)
	}
}

// mapDiagrams are the texts of the diagrams in the index of tables.
func mapDiagrams(t *testing.T) (texts []string) {
	t.Helper()
	for _, b := range parse(t, "docs/tables/README.md").blocks {
		if b.language == "mermaid" {
			texts = append(texts, b.text)
		}
	}
	return texts
}

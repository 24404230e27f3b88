package docs

import (
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

const repository = "../.."

// markdown is a page for readers.
type markdown struct {
	name     string // its path in the repository
	blocks   []block
	links    []string
	images   []string
	html     []string
	headings []string // as the fragments of links
}

// block is a piece of code on a page.
type block struct{ page, language, text string }

// name identifies a block in the tests: lines move, first lines seldom change.
func (b block) name() string {
	first, _, _ := strings.Cut(b.text, "\n")
	return b.page + ": " + first
}

// pagesOfRepository are README.md, CONTRIBUTING.md and all pages in docs.
func pagesOfRepository(t *testing.T) map[string]markdown {
	t.Helper()
	pages := map[string]markdown{"README.md": parse(t, "README.md"), "CONTRIBUTING.md": parse(t, "CONTRIBUTING.md")}
	err := fs.WalkDir(os.DirFS(repository), "docs", func(name string, _ fs.DirEntry, err error) error {
		if filepath.Ext(name) == ".md" {
			pages[name] = parse(t, name)
		}
		return err
	})
	require.NoError(t, err)
	return pages
}

func parse(t *testing.T, name string) markdown {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(repository, name))
	require.NoError(t, err)
	page := markdown{name: name}
	reader := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithParserOptions(parser.WithAutoHeadingID()))
	err = ast.Walk(reader.Parser().Parse(text.NewReader(source)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.FencedCodeBlock:
			page.blocks = append(page.blocks, block{name, string(n.Language(source)), string(n.Lines().Value(source))})
		case *ast.Link:
			page.links = append(page.links, string(n.Destination))
		case *ast.Image:
			page.images = append(page.images, string(n.Destination))
		case *ast.HTMLBlock:
			page.html = append(page.html, string(n.Lines().Value(source)))
		case *ast.RawHTML:
			page.html = append(page.html, string(n.Segments.Value(source)))
		case *ast.Heading:
			id, _ := n.AttributeString("id")
			page.headings = append(page.headings, string(id.([]byte)))
		}
		return ast.WalkContinue, nil
	})
	require.NoError(t, err)
	return page
}

// TestPages_haveNoDeadLinks: links to files and to headings of pages.
func TestPages_haveNoDeadLinks(t *testing.T) {
	t.Parallel()
	pages := pagesOfRepository(t)
	for name, page := range pages {
		for _, link := range page.links {
			to, err := url.Parse(link)
			require.NoError(t, err, name)
			if to.IsAbs() {
				continue
			}
			target := name
			if to.Path != "" {
				target = filepath.Join(filepath.Dir(name), to.Path)
			}
			require.FileExistsf(t, resolved(target), "%s links to %s", name, link)
			if to.Fragment != "" {
				require.Truef(t, slices.Contains(pages[target].headings, to.Fragment), "%s links to %s; the headings are %q", name, link, pages[target].headings)
			}
		}
	}
}

// resolved is the path of a file in the repository, or of the page that represents a folder.
func resolved(target string) string {
	target = filepath.Join(repository, target)
	if info, err := os.Stat(target); err == nil && info.IsDir() {
		entries, _ := os.ReadDir(target)
		return filepath.Join(target, entries[0].Name())
	}
	return target
}

// TestPages_fitTheHub: only Markdown, and images with absolute addresses. The hub takes the pages in
// docs.
func TestPages_fitTheHub(t *testing.T) {
	t.Parallel()
	for name, page := range pagesOfRepository(t) {
		require.Empty(t, page.html, name)
		for _, image := range page.images {
			if filepath.Dir(name) == "." {
				require.FileExists(t, filepath.Join(repository, image), name)
			} else {
				require.True(t, strings.HasPrefix(image, "https://"), "%s: %s", name, image)
			}
		}
	}
}

// TestPages_callTheCLIByOneName: readers put it on their path, as the README says.
func TestPages_callTheCLIByOneName(t *testing.T) {
	t.Parallel()
	for name, page := range pagesOfRepository(t) {
		for _, b := range page.blocks {
			require.NotContains(t, b.text, "bin/cloudquery", name)
			require.NotContains(t, b.text, "bin/cq-source-pipedrive login", name)
		}
	}
}

// TestContributing_saysWhyForEachDependency: for the dependencies in go.mod that the code imports, and no others.
func TestContributing_saysWhyForEachDependency(t *testing.T) {
	t.Parallel()
	direct := regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllStringSubmatch(read(t, "go.mod"), -1)
	require.NotEmpty(t, direct)
	_, table, _ := strings.Cut(read(t, "CONTRIBUTING.md"), "## Dependencies")
	var named []string
	for line := range strings.Lines(table) {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			for _, m := range regexp.MustCompile("`(.+?)`").FindAllStringSubmatch(cells[1], -1) {
				named = append(named, m[1])
			}
		}
	}
	var want []string
	for _, m := range direct {
		want = append(want, m[1])
	}
	require.ElementsMatch(t, want, named)
}

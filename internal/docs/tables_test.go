package docs

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFiles_areUpToDate(t *testing.T) {
	t.Parallel()
	files, err := Files(repository)
	require.NoError(t, err)
	generated := map[string][]string{}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(repository, name))
		require.NoError(t, err, "run `make gen`")
		require.Equal(t, want, string(got), "%s: run `make gen`", name)
		generated[filepath.Dir(name)] = append(generated[filepath.Dir(name)], filepath.Base(name))
	}
	for folder, names := range generated {
		if folder != "docs/tables" && filepath.Dir(folder) != CurrentViews {
			continue // has other files too
		}
		entries, err := os.ReadDir(filepath.Join(repository, folder))
		require.NoError(t, err)
		require.Len(t, entries, len(names), "%s: run `make gen`", folder)
	}
}

// TestFigures_listEachTableInTheExample starts with an outdated list.
func TestFigures_listEachTableInTheExample(t *testing.T) {
	t.Parallel()
	var example figure
	for _, f := range figures() {
		if f.page == "spec.yml.example" {
			example = f
		}
	}
	got, err := example.fill("  tables: [\"*\"] # or some\n  #   - pipedrive_gone\n  destinations: [x]\n")
	require.NoError(t, err)
	require.NotContains(t, got, "pipedrive_gone")
	for _, table := range schemas(byDefault()) {
		require.Contains(t, got, "\n  #   - "+table.Name+"\n")
	}
	for _, table := range schemas(onRequest()) {
		require.Contains(t, got, "\n  #   - "+table.Name+" # on request\n")
	}
	require.Contains(t, got, "\n  destinations: [x]\n")
}

func TestExamples_areThoseOfTables(t *testing.T) {
	t.Parallel()
	pages, err := TablePages()
	require.NoError(t, err)
	entries, err := queries.ReadDir("queries")
	require.NoError(t, err)
	for _, e := range entries {
		table := e.Name()[:len(e.Name())-len(".sql")]
		require.Contains(t, pages, table+".md", "internal/docs/queries/%s is of no table", e.Name())
	}
}

func TestFigures_aPageWithoutTheirPlaceIsAnError(t *testing.T) {
	t.Parallel()
	for _, f := range figures() {
		_, err := f.fill("# A page\n")
		require.ErrorContains(t, err, f.page)
	}
}

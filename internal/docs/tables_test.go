package docs

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTablePages_areWhatTheCodeSays(t *testing.T) {
	t.Parallel()
	pages, err := TablePages()
	require.NoError(t, err)
	const folder = "../../docs/tables"
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, entries, len(pages), "run `make gen`")
	for name, want := range pages {
		got, err := os.ReadFile(filepath.Join(folder, name))
		require.NoError(t, err, "run `make gen`")
		require.Equal(t, want, string(got), "run `make gen`")
	}
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

package main

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRun_writesThePageAndSaysWhere(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a b")
	require.NoError(t, os.Mkdir(folder, 0o700))
	database := filepath.Join(folder, "pipedrive.db")
	db, err := sql.Open("sqlite", database)
	require.NoError(t, err)
	_, err = db.Exec("CREATE TABLE other (id INTEGER)")
	require.NoError(t, err)
	require.NoError(t, db.Close())

	output := filepath.Join(folder, "report.html")
	address, err := run(t.Context(), database, output)
	require.NoError(t, err)
	require.Regexp(t, `^file:///.*/a%20b/report\.html$`, address)
	page, err := os.ReadFile(output)
	require.NoError(t, err)
	require.Contains(t, string(page), "Nothing was synced yet")
}

func TestRun_saysWhatToDoWithoutADatabase(t *testing.T) {
	output := filepath.Join(t.TempDir(), "report.html")
	_, err := run(t.Context(), filepath.Join(t.TempDir(), "pipedrive.db"), output)
	require.ErrorContains(t, err, "pipedrive.db: run make demo or make sync first")
	require.NoFileExists(t, output)
}

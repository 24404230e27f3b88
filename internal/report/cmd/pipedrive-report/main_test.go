package main

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/postgrestest"
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

func TestRun_readsPostgreSQL(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "pipedrive.db"))
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec(`CREATE TABLE pipedrive_pipelines (_cq_sync_time TIMESTAMP, account_id TEXT, id INTEGER, name TEXT, order_nr INTEGER, active BOOLEAN);
		INSERT INTO pipedrive_pipelines VALUES (NULL, 'acme', 1, 'Renewals', 1, 1)`)
	require.NoError(t, err)
	_, address := postgrestest.Copy(t, db)
	output := filepath.Join(t.TempDir(), "report.html")
	_, err = run(t.Context(), address, output)
	require.NoError(t, err)
	page, err := os.ReadFile(output)
	require.NoError(t, err)
	require.Contains(t, string(page), "Renewals")
}

func TestRun_explainsAMissingDatabase(t *testing.T) {
	output := filepath.Join(t.TempDir(), "report.html")
	_, err := run(t.Context(), filepath.Join(t.TempDir(), "pipedrive.db"), output)
	require.ErrorContains(t, err, "pipedrive.db: run make demo or make sync first")
	require.NoFileExists(t, output)
}

package main

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

func TestSummary_fits80ColumnsAndCountsTheUsualTables(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipedrive.db")
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	columns := map[string]string{
		"pipedrive_deals":     "account_id, pipeline_id, stage_id, status, value, currency, is_archived, is_deleted",
		"pipedrive_pipelines": "account_id, id, name, order_nr",
		"pipedrive_stages":    "account_id, id, name, order_nr",
	}
	for _, table := range tables.All() {
		if table.OnRequest {
			continue
		}
		if columns[table.Name()] == "" {
			columns[table.Name()] = "account_id"
		}
		_, err := db.Exec("CREATE TABLE " + table.Name() + " (" + columns[table.Name()] + ")")
		require.NoError(t, err)
		if columns[table.Name()] == "account_id" {
			_, err := db.Exec("INSERT INTO " + table.Name() + " VALUES ('12345678')")
			require.NoError(t, err)
		}
	}
	_, err = db.Exec(`
		INSERT INTO pipedrive_pipelines VALUES ('12345678', 1, 'A pipeline whose name is rather long', 1);
		INSERT INTO pipedrive_stages VALUES ('12345678', 2, 'A stage whose name is rather long, too', 1);
		INSERT INTO pipedrive_deals SELECT '12345678', 1, 2, 'open', 123456789.4, value, 0, NULL
			FROM json_each('["EUR", "USD", "USD", "BHD", "GBP", "JPY", "SEK", "RUB"]');
		INSERT INTO pipedrive_deals VALUES ('12345678', 1, 3, 'open', NULL, 'EUR', NULL, NULL), ('12345678', 1, 3, 'lost', 5, 'EUR', 0, 0)`)
	require.NoError(t, err)
	require.NoError(t, db.Close())

	script, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "docs", "examples", "summary.sql"))
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{path}, bytes.NewReader(script), &out))
	for line := range strings.SplitSeq(out.String(), "\n") {
		require.LessOrEqual(t, width(line), 80, line)
	}
	for name := range columns {
		require.Contains(t, out.String(), " "+name+" ")
	}
	require.Contains(t, out.String(), "8  246,913,578 USD  + 6 others", "of eight open deals")
	require.Regexp(t, `deleted +1  `, out.String(), "a deal of a stage that is gone, without a value")
}

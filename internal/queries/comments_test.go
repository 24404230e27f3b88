package queries

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/postgrestest"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

// TestComments_describeTheTablesOfPostgreSQL runs docs/examples/comments.sql on synced tables and reads the
// comments back.
func TestComments_describeTheTablesOfPostgreSQL(t *testing.T) {
	postgrestest.Need(t)
	account := synced(t, simulator.Generate(simulator.Config{Seed: 1, CompanyID: 1, Deals: 50, Persons: 50, Organizations: 50}))
	server, _ := postgrestest.Copy(t, account)
	file, err := os.ReadFile("../../docs/examples/comments.sql")
	require.NoError(t, err)
	_, err = server.Exec(string(file))
	require.NoError(t, err)

	without := query(t, server, `SELECT attrelid::regclass::text, attname::text FROM pg_attribute
		WHERE attrelid::regclass::text LIKE 'pipedrive%' AND attnum > 0 AND attname NOT LIKE '_cq%'
		AND col_description(attrelid, attnum) IS NULL`)
	require.Empty(t, without[1:], "columns without a comment")
	named := query(t, server, `SELECT count(*) > 0 AND bool_and(col_description(a.attrelid, a.attnum) LIKE '%' || f.field_name || ' (' || f.field_type || ')%')
		FROM pg_attribute a JOIN pipedrive_fields f ON f.column_name = a.attname AND a.attrelid = to_regclass(f.table_name)
		WHERE f.is_custom_field`)
	require.Equal(t, "1", named[1], "columns of custom fields have the fields' names and types")
}

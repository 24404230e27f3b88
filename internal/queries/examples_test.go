package queries

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/docs"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/postgrestest"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

// A query for one dialect has a twin of the same name for the other, and both must find the same rows.
// internal/docs checks that each finds some.
func TestExamples_findTheSameInSQLiteAndPostgreSQL(t *testing.T) {
	postgrestest.Need(t)
	account := syncedAccounts(t)
	server, _ := postgrestest.Copy(t, account)
	for _, table := range slices.Concat(tables.All(), tables.Histories()) {
		examples, err := docs.Examples(table.Name())
		require.NoError(t, err)
		var here, there []string
		for _, e := range examples {
			if e.Dialect != "postgresql" {
				here = append(here, query(t, account, e.SQL)...)
			}
			if e.Dialect != "sqlite" {
				there = append(there, query(t, server, e.SQL)...)
			}
		}
		require.Greater(t, len(here), len(examples), "%s: its examples find nothing", table.Name())
		require.ElementsMatch(t, here, there, table.Name())
	}
}

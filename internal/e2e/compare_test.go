package e2e

import (
	"database/sql"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/truth"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

// records are the types of record in a sync of all tables, each a table.
var records = truth.Usual

// recordsOn are the types of record that an API has.
func recordsOn(api table.API) (names []string) {
	for _, t := range tables.All() {
		if slices.Contains(records, t.Records) && t.On(api) {
			names = append(names, t.Records)
		}
	}
	return names
}

// open opens the destination's database.
func (s *setup) open() *sql.DB {
	s.t.Helper()
	db, err := sql.Open("sqlite", "file:"+s.database()+"?mode=ro")
	require.NoError(s.t, err)
	s.t.Cleanup(func() { db.Close() })
	return db
}

// count returns the number of rows of each table.
func (s *setup) count() map[string]int {
	s.t.Helper()
	db := s.open()
	rows := map[string]int{}
	for _, r := range records {
		var n int
		require.NoError(s.t, db.QueryRow("SELECT count(*) FROM pipedrive_"+r).Scan(&n))
		rows[r] = n
	}
	return rows
}

// rows returns a table's rows of the only account by their ids.
func (s *setup) rows(table string) map[string]truth.Row {
	s.t.Helper()
	rows, err := truth.Rows(s.t.Context(), s.open(), table)
	require.NoError(s.t, err)
	found := map[string]truth.Row{}
	for _, row := range rows {
		found[row["id"].Text] = row
	}
	return found
}

// requireTruth compares every row and column of the tables with the simulator's records.
func (s *setup) requireTruth(options simulator.TruthOptions, tables ...string) {
	s.t.Helper()
	db := s.open()
	for _, table := range tables {
		rows, err := truth.Rows(s.t.Context(), db, table)
		require.NoError(s.t, err)
		require.Empty(s.t, truth.Compare(table, s.company.Truth(table, options), rows, nil))
	}
}

package sqlite

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/stretchr/testify/require"
)

func TestMigrate_createsWithConstraints(t *testing.T) {
	client := newClient(t, newFile(t))
	require.NoError(t, write(t.Context(), client, migration(dealsTable())))
	require.Equal(t, `CREATE TABLE "deals" ("_cq_source_name" TEXT, "_cq_sync_time" TIMESTAMP, "_cq_id" TEXT NOT NULL, `+
		`"_cq_parent_id" TEXT, "account_id" TEXT NOT NULL, "id" INTEGER NOT NULL, "title" TEXT, PRIMARY KEY ("account_id", "id"))`,
		query(t, client, `SELECT sql FROM sqlite_schema WHERE name = 'deals'`))

	nameless := deal("a", syncedAt, 2, "")
	nameless[2] = nil
	err := write(t.Context(), client, rows(t, dealsTable(), deal("a", syncedAt, 1, ""), nameless))
	require.ErrorContains(t, err, "NOT NULL constraint failed: deals._cq_id")
}

// Files of earlier versions have an index for each unique column, which slows each insert down.
func TestMigrate_dropsIndexesOfUniqueColumns(t *testing.T) {
	client := newClient(t, newFile(t))
	require.NoError(t, write(t.Context(), client, migration(dealsTable())))
	_, err := client.writes.ExecContext(t.Context(),
		`CREATE UNIQUE INDEX "deals._cq_id.unique" ON deals (_cq_id); CREATE INDEX mine ON deals (title)`)
	require.NoError(t, err)
	require.NoError(t, write(t.Context(), client, migration(dealsTable())))
	require.Equal(t, "mine", query(t, client, `SELECT group_concat(name) FROM pragma_index_list('deals') WHERE origin = 'c'`))
}

func TestMigrate_twiceChangesNothing(t *testing.T) {
	client := newClient(t, newFile(t))
	for _, table := range []*schema.Table{dealsTable(), stateTable(), wideTable()} {
		require.NoError(t, write(t.Context(), client, migration(table)))
		version := query(t, client, `PRAGMA schema_version`)
		require.NoError(t, write(t.Context(), client, migration(table), forced(table), migration(table)))
		require.Equal(t, version, query(t, client, `PRAGMA schema_version`))
	}
}

func TestMigrate_addsAColumnAndKeepsTheRows(t *testing.T) {
	client := newClient(t, newFile(t))
	old, wider := dealsTable(), dealsTable()
	wider.Columns = append(wider.Columns, schema.Column{Name: "owner", Type: arrow.BinaryTypes.String, NotNull: true, Unique: true})
	require.NoError(t, write(t.Context(), client, migration(old), rows(t, old, deal("a", syncedAt, 1, "before")),
		migration(wider), rows(t, wider, append(deal("a", syncedAt, 2, "after"), "jo"))))
	require.Equal(t, "-,jo", query(t, client, `SELECT group_concat(coalesce(owner, '-') ORDER BY id) FROM deals`))
	require.NoError(t, write(t.Context(), client, migration(wider)), "the old rows stay without a value")
}

func TestMigrate_keepsARemovedColumn(t *testing.T) {
	client := newClient(t, newFile(t))
	narrow, old := dealsTable(), dealsTable()
	old.Columns = append(old.Columns, schema.Column{Name: "owner", Type: arrow.BinaryTypes.String, NotNull: true, Unique: true})
	require.NoError(t, write(t.Context(), client,
		migration(old), rows(t, old, append(deal("a", syncedAt, 1, ""), "jo")),
		migration(narrow), rows(t, narrow, deal("a", syncedAt, 2, ""), deal("a", syncedAt, 3, ""))))
	require.Equal(t, "jo,-,-", query(t, client, `SELECT group_concat(coalesce(owner, '-') ORDER BY id) FROM deals`))
}

func TestMigrate_refusesWhatWouldLoseRows(t *testing.T) {
	client := newClient(t, newFile(t))
	old, changed, other := dealsTable(), dealsTable(), stateTable()
	changed.Columns[changed.Columns.Index("title")].Type = arrow.PrimitiveTypes.Int64
	changed.Columns[changed.Columns.Index("account_id")].PrimaryKey = false
	require.NoError(t, write(t.Context(), client, migration(old), rows(t, old, deal("a", syncedAt, 1, "kept"))))

	err := write(t.Context(), client, migration(other), migration(changed))
	require.ErrorContains(t, err, "table deals cannot be changed in place: column title is TEXT and would become INTEGER, "+
		"the primary key is (account_id, id) and would become (id); set `migrate_mode: forced`")
	require.Equal(t, "kept", query(t, client, `SELECT title FROM deals`))
	require.Equal(t, "0", query(t, client, `SELECT count(*) FROM sqlite_schema WHERE name = 'state'`), "all or nothing")

	require.NoError(t, write(t.Context(), client, forced(changed)))
	require.Equal(t, "0", query(t, client, `SELECT count(*) FROM deals`))
	require.Equal(t, "INTEGER", query(t, client, `SELECT type FROM pragma_table_info('deals') WHERE name = 'title'`))
}

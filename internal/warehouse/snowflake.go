package warehouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/cloudquery/plugin-sdk/v4/writers/batchwriter"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/sqlite"
)

// snowflake merges rows into tables with a primary key, which Snowflake does not enforce. It deletes stale rows, and no
// others.
type snowflake struct {
	*store
	batchwriter.UnimplementedDeleteRecord
}

// MigrateTables creates tables whose columns have names in upper case. Those of the key are written without quotes.
func (s snowflake) MigrateTables(ctx context.Context, messages message.WriteMigrateTables) error {
	loose := make(message.WriteMigrateTables, len(messages))
	for i, m := range messages {
		if err := checkUnquoted(append(m.Table.PrimaryKeys(), m.Table.Name)); err != nil {
			return fmt.Errorf("failed to create table %s: %w", m.Table.Name, err)
		}
		loose[i] = unconstrained(m, m.MigrateForce)
	}
	return apply(ctx, s.store, loose)
}

// WriteTableBatch merges rows into a table with a primary key, by a statement with all names unquoted. It copies them
// into any other table.
func (s snowflake) WriteTableBatch(ctx context.Context, name string, messages message.WriteInserts) error {
	if len(messages) == 0 {
		return nil
	}
	if err := s.next(name); err != nil {
		return err
	}
	table := messages[0].GetTable()
	if err := s.check(ctx, table); err != nil {
		return err
	}
	if len(table.PrimaryKeys()) == 0 {
		return apply(ctx, s.store, messages)
	}
	if err := checkUnquoted(table.Columns.Names()); err != nil {
		return fmt.Errorf("failed to merge file into table: %w", err)
	}
	err := s.stage(ctx, messages, func(tx *sql.Tx, staged string) error { return merge(ctx, tx, table, staged) })
	if err != nil {
		return fmt.Errorf("failed to merge file into table: %w", err)
	}
	return nil
}

// merge updates the rows that have the key of a staged row, and inserts the others. Snowflake refuses to update a row
// twice, and inserts several rows of a new key. https://docs.snowflake.com/en/sql-reference/sql/merge
func merge(ctx context.Context, tx *sql.Tx, table *schema.Table, staged string) error {
	var same, assignments []string
	for _, c := range table.PrimaryKeys() {
		same = append(same, fmt.Sprintf("source.%[1]s = dest.%[1]s", sqlite.Quote(c)))
	}
	columns := make([]string, len(table.Columns))
	for i, c := range table.Columns.Names() {
		columns[i] = sqlite.Quote(c)
		assignments = append(assignments, columns[i]+" = source."+columns[i])
	}
	words := strings.NewReplacer("DEST", sqlite.Quote(table.Name)+" AS dest", "SOURCE", sqlite.Quote(staged)+" AS source",
		"SAME", strings.Join(same, " AND "), "COLUMNS", strings.Join(columns, ", "), "ASSIGNMENTS", strings.Join(assignments, ", "))
	var twice bool
	err := tx.QueryRowContext(ctx, words.Replace(
		"SELECT EXISTS (SELECT 1 FROM DEST JOIN SOURCE ON SAME GROUP BY dest.rowid HAVING count(*) > 1)")).Scan(&twice)
	if err != nil {
		return err
	}
	if twice {
		return errors.New("100090 (42P18): Duplicate row detected during DML action")
	}
	for _, statement := range []string{
		"UPDATE DEST SET ASSIGNMENTS FROM SOURCE WHERE SAME",
		"INSERT INTO DEST (COLUMNS) SELECT COLUMNS FROM SOURCE WHERE NOT EXISTS (SELECT 1 FROM DEST WHERE SAME)",
	} {
		if _, err := tx.ExecContext(ctx, words.Replace(statement)); err != nil {
			return err
		}
	}
	return nil
}

// DeleteStale deletes the rows that the last sync did not send again.
func (s snowflake) DeleteStale(ctx context.Context, messages message.WriteDeleteStales) error {
	return apply(ctx, s.store, messages)
}

var unquotedName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_$]*$`)

// checkUnquoted returns an error if a name can't be used without quotes.
func checkUnquoted(names []string) error {
	for _, name := range names {
		if !unquotedName.MatchString(name) || slices.Contains(SnowflakeReserved(), strings.ToUpper(name)) {
			return fmt.Errorf("001003 (42000): SQL compilation error:\nsyntax error unexpected '%s'", name)
		}
	}
	return nil
}

// SnowflakeReserved are the words that Snowflake refuses as unquoted names of columns.
// https://docs.snowflake.com/en/sql-reference/reserved-keywords
func SnowflakeReserved() []string {
	return strings.Fields(`ALL ALTER AND ANY AS BETWEEN BY CASE CAST CHECK COLUMN CONNECT CONSTRAINT CREATE CURRENT CURRENT_DATE
		CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER DELETE DISTINCT DROP ELSE EXISTS FALSE FOLLOWING FOR FROM GRANT GROUP HAVING
		ILIKE IN INCREMENT INSERT INTERSECT INTO IS LIKE LOCALTIME LOCALTIMESTAMP MINUS NOT NULL OF ON OR ORDER QUALIFY REGEXP
		REVOKE RLIKE ROW ROWS SAMPLE SELECT SET SOME START TABLE TABLESAMPLE THEN TO TRIGGER TRUE TRY_CAST UNION UNIQUE UPDATE
		VALUES WHEN WHENEVER WHERE WITH`)
}

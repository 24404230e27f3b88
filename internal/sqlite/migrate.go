package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/schema"
)

// migrateTables creates tables and changes existing ones in place. An existing table keeps its rows, and constraints
// are only loosened:
//
//   - a new column is added as nullable, since the old rows have no value;
//   - a removed column stays and becomes nullable;
//   - a column that is now nullable loses its constraint.
//
// A changed type or primary key would require rewriting the rows. It is an error, unless the migration is forced: then
// the table is dropped and created again.
func (c *Client) migrateTables(ctx context.Context, messages message.WriteMigrateTables) error {
	return c.InTransaction(ctx, tablesOf(messages), func(tx *sql.Tx) error {
		var refused []error // the user sees the conflicts of all tables at once
		for _, m := range messages {
			conflicts, err := migrate(ctx, tx, m.Table, m.MigrateForce)
			if err != nil {
				return fmt.Errorf("migrate %s: %w", m.Table.Name, err)
			}
			if len(conflicts) > 0 {
				refused = append(refused, refusal(m.Table.Name, conflicts))
			}
		}
		return errors.Join(refused...)
	})
}

func refusal(table string, conflicts []string) error {
	return fmt.Errorf("table %s cannot be changed in place: %s; set `migrate_mode: forced` in the destination's spec "+
		"to drop and recreate the table, which loses its rows until they are synced again",
		table, strings.Join(conflicts, ", "))
}

// migrate changes one table. It changes nothing and returns the conflicts if there are any and force is false.
func migrate(ctx context.Context, tx *sql.Tx, table *schema.Table, force bool) (conflicts []string, err error) {
	stored, err := describe(ctx, tx, table.Name)
	if err != nil {
		return nil, err
	}
	changes := []string{createSQL(table)}
	if stored.exists() {
		conflicts = stored.conflicts(table)
		switch {
		case len(conflicts) == 0:
			changes = stored.alterSQL(table)
		case force:
			conflicts = nil
			changes = append([]string{"DROP TABLE " + Quote(table.Name)}, changes...)
		default:
			return conflicts, nil
		}
	}
	for _, change := range changes {
		if _, err := tx.ExecContext(ctx, change); err != nil {
			return nil, err
		}
	}
	return conflicts, nil
}

// A storedTable is an existing table of the file.
type storedTable struct {
	columns []storedColumn
	indexes []string
}

type storedColumn struct {
	name, declared string
	notNull        bool
	primaryKey     bool
}

func (t storedTable) exists() bool { return len(t.columns) > 0 }

func (t storedTable) column(name string) (storedColumn, bool) {
	i := slices.IndexFunc(t.columns, func(c storedColumn) bool { return c.name == name })
	if i < 0 {
		return storedColumn{}, false
	}
	return t.columns[i], true
}

func (t storedTable) primaryKeys() []string {
	var names []string
	for _, column := range t.columns {
		if column.primaryKey {
			names = append(names, column.name)
		}
	}
	return names
}

func describe(ctx context.Context, tx *sql.Tx, table string) (storedTable, error) {
	columns, err := collect(ctx, tx, func(rows *sql.Rows) (c storedColumn, err error) {
		return c, rows.Scan(&c.name, &c.declared, &c.notNull, &c.primaryKey)
	}, `SELECT name, type, "notnull", pk > 0 FROM pragma_table_info(?)`, table)
	if err != nil {
		return storedTable{}, err
	}
	indexes, err := collect(ctx, tx, func(rows *sql.Rows) (name string, err error) {
		return name, rows.Scan(&name)
	}, `SELECT name FROM pragma_index_list(?)`, table)
	return storedTable{columns: columns, indexes: indexes}, err
}

func collect[T any](ctx context.Context, tx *sql.Tx, scan func(*sql.Rows) (T, error), query string, values ...any) ([]T, error) {
	rows, err := tx.QueryContext(ctx, query, values...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// conflicts lists the differences that SQLite can't resolve in place.
func (t storedTable) conflicts(table *schema.Table) []string {
	var found []string
	for _, column := range table.Columns {
		declared := typeOf(column.Type).declared
		if stored, ok := t.column(column.Name); ok && stored.declared != declared {
			found = append(found, fmt.Sprintf("column %s is %s and would become %s", column.Name, stored.declared, declared))
		}
	}
	// The order of the key's columns does not matter for an upsert.
	stored, wanted := t.primaryKeys(), table.PrimaryKeys()
	if !slices.Equal(slices.Sorted(slices.Values(stored)), slices.Sorted(slices.Values(wanted))) {
		found = append(found, fmt.Sprintf("the primary key is (%s) and would become (%s)",
			strings.Join(stored, ", "), strings.Join(wanted, ", ")))
	}
	return found
}

// alterSQL returns the statements that update a table without conflicts; none if it is up to date.
func (t storedTable) alterSQL(table *schema.Table) []string {
	var changes []string
	alter := "ALTER TABLE " + Quote(table.Name)
	for _, column := range table.Columns {
		if _, ok := t.column(column.Name); !ok {
			changes = append(changes, fmt.Sprintf("%s ADD COLUMN %s %s", alter, Quote(column.Name), typeOf(column.Type).declared))
		}
	}
	for _, stored := range t.columns {
		wanted := table.Columns.Get(stored.name)
		if stored.notNull && !stored.primaryKey && (wanted == nil || !wanted.NotNull) {
			changes = append(changes, fmt.Sprintf("%s ALTER COLUMN %s DROP NOT NULL", alter, Quote(stored.name)))
		}
		if index := uniqueIndex(table.Name, stored.name); slices.Contains(t.indexes, index) {
			changes = append(changes, "DROP INDEX "+Quote(index))
		}
	}
	return changes
}

// createSQL creates a table. Only its primary key is unique. CloudQuery declares _cq_id as unique too, but an index on
// these random values would take a seventh of the time and find no duplicate.
func createSQL(table *schema.Table) string {
	var definitions []string
	for _, column := range table.Columns {
		definition := Quote(column.Name) + " " + typeOf(column.Type).declared
		if column.NotNull || column.PrimaryKey {
			definition += " NOT NULL"
		}
		definitions = append(definitions, definition)
	}
	if keys := table.PrimaryKeys(); len(keys) > 0 {
		definitions = append(definitions, "PRIMARY KEY ("+quoteAll(keys)+")")
	}
	return fmt.Sprintf("CREATE TABLE %s (%s)", Quote(table.Name), strings.Join(definitions, ", "))
}

// uniqueIndex is the name of the index that earlier versions of this destination created for a unique column.
func uniqueIndex(table, column string) string {
	return table + "." + column + ".unique"
}

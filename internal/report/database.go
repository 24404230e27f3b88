package report

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/sqlite/file"
)

// statements work on both SQLite and PostgreSQL.
//
//go:embed queries/*.sql
var statements embed.FS

// A Database is one that the plugin was synced into.
type Database struct {
	*sql.DB
	catalog string // lists the tables with their columns
}

const (
	sqliteCatalog     = `SELECT t.name, c.name FROM sqlite_master AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table'`
	postgreSQLCatalog = `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = ANY (current_schemas(false))`
)

// connectTimeout applies to addresses that set none.
const connectTimeout = 10 * time.Second

// Open opens a SQLite file or, for an address that begins with postgres:// or
// postgresql://, a database of PostgreSQL. Errors name no password.
func Open(name string) (*Database, error) {
	if !strings.HasPrefix(name, "postgres://") && !strings.HasPrefix(name, "postgresql://") {
		db, err := file.Open(name, file.ReadOnly)
		if err != nil {
			return nil, fmt.Errorf("%w: run make demo or make sync first", err)
		}
		return &Database{db, sqliteCatalog}, nil
	}
	config, err := pgx.ParseConfig(name)
	if err != nil {
		return nil, err
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	return &Database{stdlib.OpenDB(*config), postgreSQLCatalog}, nil
}

// A reader runs queries until one fails.
type reader struct {
	ctx     context.Context
	db      *Database
	columns map[string][]string // by table
	err     error
}

// each calls visit with each row, as scan reads it.
func each[T any](r *reader, statement string, scan func(*T) []any, visit func(T)) {
	if r.err != nil {
		return
	}
	rows, err := r.db.QueryContext(r.ctx, statement)
	if err != nil {
		r.err = fmt.Errorf("%s: %w", statement, err)
		return
	}
	defer rows.Close()
	for rows.Next() {
		var t T
		if err := rows.Scan(scan(&t)...); err != nil {
			r.err = fmt.Errorf("%s: %w", statement, err)
			return
		}
		visit(t)
	}
	r.err = rows.Err()
}

// query returns the rows, as scan reads them.
func query[T any](r *reader, statement string, scan func(*T) []any) (found []T) {
	each(r, statement, scan, func(t T) { found = append(found, t) })
	return found
}

func column[T any](r *reader, statement string) []T {
	return query(r, statement, func(t *T) []any { return []any{t} })
}

// statement returns the query on a table, or false if it or another table that the query reads does not exist.
func (r *reader) statement(table string, others ...string) (string, bool) {
	if !r.has(table) || r.err != nil || slices.ContainsFunc(others, func(o string) bool { return !r.has(o) }) {
		return "", false
	}
	text, err := statements.ReadFile("queries/" + strings.TrimPrefix(table, "pipedrive_") + ".sql")
	r.err = err
	return string(text), err == nil
}

func (r *reader) has(table string) bool { return len(r.columns[table]) > 0 }

// A moment is a time in UTC or a day, in the form of either database; zero is NULL.
type moment struct{ time.Time }

// layouts are the text forms of times in a SQLite column without a type for times.
var layouts = []string{time.DateOnly, "2006-01-02 15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", time.RFC3339Nano}

func (m *moment) Scan(value any) error {
	switch v := value.(type) {
	case nil:
		return nil
	case time.Time:
		m.Time = v.UTC()
		return nil
	case []byte:
		return m.Scan(string(v))
	case string:
		for _, layout := range layouts {
			if t, err := time.Parse(layout, v); err == nil {
				m.Time = t.UTC()
				return nil
			}
		}
	}
	return errors.New("neither a time nor a day")
}

// first returns the first moment that is not zero.
func first(moments ...moment) time.Time {
	for _, m := range moments {
		if !m.IsZero() {
			return m.Time
		}
	}
	return time.Time{}
}

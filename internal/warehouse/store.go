package warehouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/schema"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/sqlite"
)

// store is the SQLite file that replaces a database.
type store struct {
	*sqlite.Client
	kind   Kind
	staged atomic.Int64 // number of staged tables

	mu      sync.Mutex
	batches map[string]int // with rows, by table
	fail    map[string][]int
}

func openStore(ctx context.Context, kind Kind, spec Spec) (*store, error) {
	c, err := sqlite.Open(ctx, sqlite.Spec{Path: spec.Path})
	if err != nil {
		return nil, err
	}
	return &store{Client: c, kind: kind, batches: map[string]int{}, fail: spec.Fail}, nil
}

// columns are a table's columns, in order; none if there is no such table.
func (s *store) columns(ctx context.Context, table string) (names []string, err error) {
	err = s.InTransaction(ctx, []string{table}, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, "SELECT name FROM pragma_table_info(?)", table)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return err
			}
			names = append(names, name)
		}
		return rows.Err()
	})
	return names, err
}

// Read sends the rows of a table, each in a record batch of its own.
func (s *store) Read(ctx context.Context, table *schema.Table, records chan<- arrow.RecordBatch) error {
	if s == nil {
		return errNotConnected
	}
	if err := s.check(ctx, table); err != nil {
		return err
	}
	batches, done := make(chan arrow.RecordBatch), make(chan error, 1)
	go func() {
		defer close(batches)
		done <- s.Client.Read(ctx, table, batches)
	}()
	for b := range batches {
		for i := range b.NumRows() {
			select {
			case records <- b.NewSlice(i, i+1):
			case <-ctx.Done(): // the reading sees it, too
			}
		}
	}
	return <-done
}

// check returns the kind's error if a table or one of its columns does not exist.
func (s *store) check(ctx context.Context, table *schema.Table) error {
	there, err := s.columns(ctx, table.Name)
	switch {
	case err != nil:
		return err
	case len(there) == 0:
		return s.absent(table.Name)
	}
	for _, c := range table.Columns.Names() {
		if !slices.ContainsFunc(there, func(other string) bool { return strings.EqualFold(c, other) }) {
			return fmt.Errorf(doubles[s.kind].lacking, s.cased(c))
		}
	}
	return nil
}

// absent is the kind's error for a table that does not exist.
func (s *store) absent(table string) error { return fmt.Errorf(doubles[s.kind].absent, s.cased(table)) }

// cased is a name in the form of the kind's errors.
func (s *store) cased(name string) string {
	if s.kind == Snowflake {
		return strings.ToUpper(name)
	}
	return name
}

// next counts a batch with rows of a table. It is an error if the spec makes it fail.
func (s *store) next(table string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.batches[table]++
	if slices.Contains(s.fail[table], s.batches[table]) {
		return fmt.Errorf("batch %d of %s is one of those that fail", s.batches[table], table)
	}
	return nil
}

// apply makes SQLite apply messages of one kind in one transaction.
func apply[M message.WriteMessage](ctx context.Context, s *store, messages []M) error {
	all := make([]message.WriteMessage, len(messages))
	for i, m := range messages {
		all[i] = m
	}
	return s.Apply(ctx, all)
}

// unconstrained is the migration of a table without keys and other constraints.
func unconstrained(m *message.WriteMigrateTable, force bool) *message.WriteMigrateTable {
	table := &schema.Table{Name: m.Table.Name}
	for _, c := range m.Table.Columns {
		table.Columns = append(table.Columns, schema.Column{Name: c.Name, Type: c.Type})
	}
	return &message.WriteMigrateTable{Table: table, MigrateForce: force}
}

// only has the rows of an insert for a table without constraints, in some of their columns.
func only(m *message.WriteInsert, table string, has func(column string) bool) *message.WriteInsert {
	var fields []arrow.Field
	var columns []arrow.Array
	for i, f := range m.Record.Schema().Fields() {
		if has(f.Name) {
			fields = append(fields, arrow.Field{Name: f.Name, Type: f.Type, Nullable: true})
			columns = append(columns, m.Record.Column(i))
		}
	}
	metadata := arrow.MetadataFrom(map[string]string{schema.MetadataTableName: table})
	return &message.WriteInsert{Record: array.NewRecordBatch(arrow.NewSchema(fields, &metadata), columns, m.Record.NumRows())}
}

// stage puts the rows of inserts of one table into another one while a statement uses it.
func (s *store) stage(ctx context.Context, messages message.WriteInserts, use func(tx *sql.Tx, staged string) error) (err error) {
	table := messages[0].GetTable()
	staged := fmt.Sprintf("%s staged %d", table.Name, s.staged.Add(1))
	drop := func() error {
		return s.InTransaction(context.WithoutCancel(ctx), []string{staged}, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, "DROP TABLE IF EXISTS "+sqlite.Quote(staged))
			return err
		})
	}
	if err := drop(); err != nil { // the table of a killed process
		return err
	}
	defer func() { err = errors.Join(err, drop()) }()
	creation := unconstrained(&message.WriteMigrateTable{Table: table}, false)
	creation.Table.Name = staged
	if err := apply(ctx, s, message.WriteMigrateTables{creation}); err != nil {
		return err
	}
	rows := make(message.WriteInserts, len(messages))
	for i, m := range messages {
		rows[i] = only(m, staged, func(string) bool { return true })
	}
	if err := apply(ctx, s, rows); err != nil {
		return err
	}
	return s.InTransaction(ctx, []string{table.Name}, func(tx *sql.Tx) error { return use(tx, staged) })
}

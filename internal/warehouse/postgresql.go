package warehouse

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/cloudquery/plugin-sdk/v4/types"
)

// postgreSQL overwrites rows by their primary key, one after another, and deletes stale rows and others.
type postgreSQL struct{ *store }

// maxIdentifier is the length of the longest name in PostgreSQL, in bytes.
const maxIdentifier = 63

func cut(name string) string { return name[:min(maxIdentifier, len(name))] }

// MigrateTableBatch creates tables, and adds columns.
func (p postgreSQL) MigrateTableBatch(ctx context.Context, messages message.WriteMigrateTables) error {
	short := make(message.WriteMigrateTables, len(messages))
	for i, m := range messages {
		table := &schema.Table{Name: cut(m.Table.Name), Columns: slices.Clone(m.Table.Columns)}
		for j, c := range table.Columns {
			table.Columns[j].Name = cut(c.Name)
		}
		short[i] = &message.WriteMigrateTable{Table: table, MigrateForce: m.MigrateForce}
	}
	return apply(ctx, p.store, short)
}

// InsertBatch writes rows. A table whose name is too long is not found.
func (p postgreSQL) InsertBatch(ctx context.Context, messages message.WriteInserts) error {
	counted := map[string]bool{}
	rows := make(message.WriteInserts, len(messages))
	for i, m := range messages {
		table := m.GetTable().Name
		if !counted[table] {
			counted[table] = true
			if err := p.next(table); err != nil {
				return fmt.Errorf("failed to execute batch: %w", err)
			}
			there, err := p.columns(ctx, table)
			if err != nil {
				return err
			}
			if len(there) == 0 {
				return fmt.Errorf("table %s not found", table)
			}
		}
		record, err := transformed(m.Record)
		if err != nil {
			return fmt.Errorf("failed to execute batch: %w", err)
		}
		rows[i] = &message.WriteInsert{Record: record}
	}
	if err := apply(ctx, p.store, rows); err != nil {
		return fmt.Errorf("failed to execute batch: %w", err)
	}
	return nil
}

// transformed is a record in PostgreSQL's form.
func transformed(record arrow.RecordBatch) (arrow.RecordBatch, error) {
	fields, columns := record.Schema().Fields(), slices.Clone(record.Columns())
	for i, c := range columns {
		fields[i].Name = cut(fields[i].Name)
		var err error
		switch c := c.(type) {
		case *array.String:
			columns[i], err = transformedTexts(c)
		case *types.JSONArray:
			columns[i], err = transformedDocuments(c)
		}
		if err != nil {
			return nil, err
		}
	}
	metadata := record.Schema().Metadata()
	return array.NewRecordBatch(arrow.NewSchema(fields, &metadata), columns, record.NumRows()), nil
}

// transformedTexts are texts without NUL, which the official plugin leaves out. Other bytes that are not UTF-8 are an
// error.
func transformedTexts(texts *array.String) (arrow.Array, error) {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	defer b.Release()
	for i := range texts.Len() {
		text := strings.ReplaceAll(texts.Value(i), "\x00", "")
		switch {
		case texts.IsNull(i):
			b.AppendNull()
		case !utf8.ValidString(text):
			return nil, errors.New(`ERROR: invalid byte sequence for encoding "UTF8" (SQLSTATE 22021)`)
		default:
			b.Append(text)
		}
	}
	return b.NewArray(), nil
}

// transformedDocuments are documents without NUL in their texts. NUL in a key is an error.
func transformedDocuments(documents *types.JSONArray) (arrow.Array, error) {
	b := types.NewJSONBuilder(memory.DefaultAllocator)
	defer b.Release()
	for i := range documents.Len() {
		if documents.IsNull(i) {
			b.AppendNull()
			continue
		}
		raw := []byte(documents.ValueStr(i))
		if bytes.Contains(raw, []byte(`\u0000`)) {
			var document any
			decoder := json.NewDecoder(bytes.NewReader(raw))
			decoder.UseNumber()
			if err := decoder.Decode(&document); err != nil {
				return nil, err
			}
			var err error
			if raw, err = json.Marshal(withoutNUL(document)); err != nil {
				return nil, err
			}
		}
		if bytes.Contains(raw, []byte(`\u0000`)) {
			return nil, errors.New("ERROR: unsupported Unicode escape sequence (SQLSTATE 22P05)")
		}
		b.AppendBytes(raw)
	}
	return b.NewArray(), nil
}

func withoutNUL(value any) any {
	switch v := value.(type) {
	case string:
		return strings.ReplaceAll(v, "\x00", "")
	case []any:
		for i := range v {
			v[i] = withoutNUL(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = withoutNUL(v[k])
		}
	}
	return value
}

// DeleteStaleBatch deletes the rows that the last sync did not send again.
func (p postgreSQL) DeleteStaleBatch(ctx context.Context, messages message.WriteDeleteStales) error {
	return apply(ctx, p.store, messages)
}

// DeleteRecordsBatch deletes rows by their values.
func (p postgreSQL) DeleteRecordsBatch(ctx context.Context, messages message.WriteDeleteRecords) error {
	return apply(ctx, p.store, messages)
}

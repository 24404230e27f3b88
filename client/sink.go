package client

import (
	"context"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/scalar"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/cloudquery/plugin-sdk/v4/types"
	"github.com/google/uuid"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

const (
	// batchRows is the largest number of rows in one message. The SDK's default of 50 spends most of its time on
	// messages.
	batchRows = 1000
	// batchBytes bounds a record batch of more than one row, in bytes.
	batchBytes = 4 << 20
	// maxRowBytes is the size of the largest row that can be sent, in bytes. CloudQuery drops a gRPC message of over
	// 100 MiB with no more than a log line; the rest is for the batch's schema and the destination's own columns.
	maxRowBytes = 96 << 20
	// valueBytes is the size of a value without its text, in bytes: a number or an offset, and the bit that says
	// whether it is valid.
	valueBytes = 9
)

// sink builds Arrow record batches from the rows of one account's table, and sends them in the order in which
// the rows came. It is not safe for concurrent use.
type sink struct {
	out     chan<- message.SyncMessage
	account string
	key     []int       // columns of the record that are part of the primary key
	ids     *derivedIDs // nil where the values of _cq_id are random

	builder *array.RecordBuilder
	cqIDs   *types.UUIDBuilder
	parents array.Builder // of _cq_parent_id, which is always NULL
	owners  *array.StringBuilder
	values  []array.Builder // of the record's columns
	rows    int             // in the batch that is being built
	bytes   int             // about, in that batch

	sent    int64 // rows
	skipped int   // rows without a usable key
}

// newSink returns a sink that sends rows to out. With derived, a row's _cq_id is made of its key, which is the
// meaning of CloudQuery's deterministic_cq_id; it is then the primary key, as it is of the table that was announced.
func newSink(t *Table, table *schema.Table, account string, derived bool, out chan<- message.SyncMessage) *sink {
	if derived {
		table = table.Copy(nil)
		schema.CqIDAsPK(table)
	}
	s := &sink{out: out, account: account, key: t.keyColumns(), builder: array.NewRecordBuilder(memory.DefaultAllocator, table.ToArrowSchema())}
	column := func(name string) array.Builder { return s.builder.Field(table.Columns.Index(name)) }
	s.cqIDs = column(schema.CqIDColumn.Name).(*types.UUIDBuilder)
	s.parents = column(schema.CqParentIDColumn.Name)
	s.owners = column(accountColumn).(*array.StringBuilder)
	for _, c := range t.Columns {
		s.values = append(s.values, column(c.Name))
	}
	if derived {
		s.ids = newDerivedIDs(t, account)
	}
	return s
}

// addAll takes pages of rows until there are no more, and sends them.
func (s *sink) addAll(ctx context.Context, pages <-chan any) error {
	for page := range pages {
		if err := s.add(ctx, page.([]*Row)); err != nil {
			return err
		}
	}
	return s.flush(ctx)
}

// add takes rows, and sends each batch that is full. A row without a usable key is skipped and counted.
func (s *sink) add(ctx context.Context, rows []*Row) error {
	for _, row := range rows {
		if !row.hasAll(s.key) {
			s.skipped++
			continue
		}
		size := row.bytes()
		if size > maxRowBytes {
			return pipedrive.Errorf(pipedrive.ExternalAPIError, "the record with the key %s has %d MiB; CloudQuery carries at most %d MiB a row",
				row.keyText(s.key), size>>20, maxRowBytes>>20)
		}
		if s.bytes+size > batchBytes {
			if err := s.flush(ctx); err != nil {
				return err
			}
		}
		if err := s.append(row.values); err != nil {
			return err
		}
		s.rows, s.bytes = s.rows+1, s.bytes+size
		if s.rows == batchRows {
			if err := s.flush(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *sink) append(values []value) error {
	id, err := s.cqID(values)
	if err != nil {
		return err
	}
	s.cqIDs.Append(id)
	s.parents.AppendNull()
	s.owners.Append(s.account)
	for i, v := range values {
		v.appendTo(s.values[i])
	}
	return nil
}

func (s *sink) cqID(values []value) (uuid.UUID, error) {
	if s.ids == nil {
		return uuid.NewRandom()
	}
	return s.ids.of(values)
}

// flush sends the rows that were taken and not sent yet.
func (s *sink) flush(ctx context.Context) error {
	if s.rows == 0 {
		return nil
	}
	rows := s.rows
	s.rows, s.bytes = 0, 0
	select {
	case s.out <- &message.SyncInsert{Record: s.builder.NewRecordBatch()}:
		s.sent += int64(rows)
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// derivedIDs makes the values of _cq_id from keys, as the SDK does.
type derivedIDs struct {
	row *schema.Resource
	key []int
}

func newDerivedIDs(t *Table, account string) *derivedIDs {
	table := &schema.Table{Name: t.Name(), Columns: schema.ColumnList{schema.CqIDColumn, accountIDColumn}}
	ids := &derivedIDs{key: t.keyColumns()}
	for _, i := range ids.key {
		table.Columns = append(table.Columns, t.Columns[i].schemaColumn())
	}
	ids.row = schema.NewResourceData(table, nil, nil)
	textValue(account).put(ids.row.GetValues()[1])
	return ids
}

func (d *derivedIDs) of(values []value) (uuid.UUID, error) {
	scalars := d.row.GetValues()
	for i, column := range d.key {
		values[column].put(scalars[2+i])
	}
	if err := d.row.CalculateCQID(true); err != nil {
		return uuid.UUID{}, fmt.Errorf("a row's _cq_id can't be made of its key: %w", err)
	}
	return scalars[0].(*scalar.UUID).Value, nil
}

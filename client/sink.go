package client

import (
	"cmp"
	"context"
	"fmt"

	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/schema"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

const (
	// batchRows is the largest number of rows in one message. With the SDK's default of 50, messages take most of the
	// time.
	batchRows = 1000
	// batchBytes bounds a record batch of more than one row, in bytes.
	batchBytes = 512 << 10
	// maxRowBytes is the size of the largest row that can be sent, in bytes. CloudQuery drops a gRPC message of over
	// 100 MiB with only a log line. The difference is for the batch's schema and the destination's own columns.
	maxRowBytes = 96 << 20
)

// sink sends the rows of one account's table in record batches, in the order of arrival. It is not safe for concurrent
// use.
type sink struct {
	out        chan<- message.SyncMessage
	key        []int // columns of the record that are part of the primary key
	batch      *table.Batch
	sent       int64               // rows
	skipped    int64               // records without a usable key
	unreadable map[int]*unreadable // by column
	announce   func(context.Context) error
	late       bool // whether the table is still to be announced
}

// separator stands between two pages. It keeps the rows of an incremental table behind it out of the batch before, or
// makes the destination write the rows so far. A destination writes the batches of a table before it processes the
// table's announcement, which the sink repeats.
type separator struct{}

// newSink returns a sink that sends rows to out. With derived, a row's _cq_id is derived from its key, as by
// CloudQuery's deterministic_cq_id, and is the primary key of the announced table.
func newSink(t *table.Table, s *schema.Table, account string, derived bool, out chan<- message.SyncMessage) *sink {
	if derived {
		s = s.Copy(nil)
		schema.CqIDAsPK(s)
	}
	return &sink{out: out, key: t.Key(), batch: table.NewBatch(t, s, account, derived)}
}

// addAll takes pages of rows until the channel is closed, and sends them.
func (s *sink) addAll(ctx context.Context, pages <-chan any) error {
	for page := range pages {
		if _, ok := page.(separator); ok {
			if err := cmp.Or(s.flush(ctx), s.announce(ctx)); err != nil {
				return err
			}
			continue
		}
		rows, ok := page.([]*table.Row)
		if !ok {
			return fmt.Errorf("a page of rows is of type %T", page)
		}
		if err := s.add(ctx, rows); err != nil {
			return err
		}
	}
	return s.flush(ctx)
}

// add takes rows, and sends each full batch. A row without a usable key is skipped and counted. add releases each row
// that it has taken: rows need several times the memory of their batch, which may wait for the destination.
func (s *sink) add(ctx context.Context, rows []*table.Row) error {
	for i, row := range rows {
		rows[i] = nil
		if !row.HasAll(s.key) {
			s.skipped++
			continue
		}
		s.note(row)
		size := row.Bytes()
		if size > maxRowBytes {
			return pipedrive.Errorf(pipedrive.ExternalAPIError,
				"the record with the key %s has %d MiB; CloudQuery carries at most %d MiB a row",
				row.KeyText(s.key), size>>20, maxRowBytes>>20)
		}
		if s.batch.Rows == batchRows || s.batch.Bytes+size > batchBytes {
			if err := s.flush(ctx); err != nil {
				return err
			}
		}
		if err := s.batch.Append(row, size); err != nil {
			return err
		}
	}
	return nil
}

// announceLate announces the table, unless it was announced.
func (s *sink) announceLate(ctx context.Context) error {
	if !s.late {
		return nil
	}
	s.late = false
	return s.announce(ctx)
}

// flush sends the rows that are not sent yet.
func (s *sink) flush(ctx context.Context) error {
	rows := s.batch.Rows
	if rows == 0 {
		return nil
	}
	if err := s.announceLate(ctx); err != nil {
		return err
	}
	if err := send(ctx, &message.SyncInsert{Record: s.batch.Record()}, s.out); err != nil {
		return err
	}
	s.sent += int64(rows)
	return nil
}

package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/util"
	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/writers"
	"golang.org/x/sync/errgroup"
)

// flushEvery is the longest time that rows of a slow source wait in an unfilled batch.
const flushEvery = 20 * time.Second

// Write applies messages in the order of their arrival until the channel is closed. Each batch is one transaction, and
// is written while the next one arrives. A failed batch is rolled back and ends the write with its error.
//
// The SDK's own batch writers would write a row twice if it is larger than a batch.
func (c *Client) Write(ctx context.Context, messages <-chan message.WriteMessage) error {
	if c.writes == nil {
		return errNotConnected
	}
	full := make(chan []message.WriteMessage)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		for batch := range full {
			if err := c.Apply(ctx, batch); err != nil {
				return err
			}
		}
		return nil
	})
	group.Go(func() error {
		defer close(full)
		b := batch{limits: c.spec, full: full}
		return b.fill(ctx, messages)
	})
	return group.Wait()
}

// A batch collects messages of one kind for one transaction.
type batch struct {
	limits   Spec
	full     chan<- []message.WriteMessage // receives full batches
	messages []message.WriteMessage
	rows     int64 // number of rows in the messages
	bytes    int64 // size of the messages, by Arrow's count
}

// fill adds messages until the channel is closed. It hands over each batch that is full, and the others at intervals.
func (b *batch) fill(ctx context.Context, messages <-chan message.WriteMessage) error {
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	for {
		var err error
		select {
		case m, ok := <-messages:
			if !ok {
				return b.flush(ctx)
			}
			err = b.add(ctx, m)
		case <-ticker.C:
			err = b.flush(ctx)
		case <-ctx.Done():
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

func (b *batch) add(ctx context.Context, m message.WriteMessage) error {
	if len(b.messages) > 0 && writers.MsgID(b.messages[0]) != writers.MsgID(m) {
		if err := b.flush(ctx); err != nil {
			return err
		}
	}
	if insert, ok := m.(*message.WriteInsert); ok {
		return b.addRows(ctx, insert.Record)
	}
	b.messages = append(b.messages, m)
	if int64(len(b.messages)) < b.limits.BatchSize {
		return nil
	}
	return b.flush(ctx)
}

// addRows spreads a record over as many batches as the limits require. A row that exceeds the limit of bytes has a
// batch of its own.
func (b *batch) addRows(ctx context.Context, record arrow.RecordBatch) error {
	if record.NumRows() == 0 {
		return nil
	}
	perRow := max(util.TotalRecordSize(record)/record.NumRows(), 1)
	for from := int64(0); from < record.NumRows(); {
		rows := min(b.room(perRow), record.NumRows()-from)
		if rows > 0 || b.rows == 0 {
			rows = max(rows, 1)
			b.messages = append(b.messages, &message.WriteInsert{Record: record.NewSlice(from, from+rows)})
			b.rows += rows
			b.bytes += rows * perRow
			from += rows
		}
		if b.room(perRow) < 1 {
			if err := b.flush(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// room is the number of further rows of this size in bytes that fit into the batch.
func (b *batch) room(perRow int64) int64 {
	return min(b.limits.BatchSize-b.rows, (b.limits.BatchSizeBytes-b.bytes)/perRow)
}

// flush hands the messages over, after the batch before them is written.
func (b *batch) flush(ctx context.Context) error {
	if len(b.messages) == 0 {
		return nil
	}
	select {
	case b.full <- b.messages:
	case <-ctx.Done():
		return ctx.Err()
	}
	b.messages, b.rows, b.bytes = nil, 0, 0
	return nil
}

// Apply writes messages of one kind.
func (c *Client) Apply(ctx context.Context, messages []message.WriteMessage) error {
	switch first := messages[0].(type) {
	case *message.WriteMigrateTable:
		return c.migrateTables(ctx, allOf(first, messages))
	case *message.WriteInsert:
		return c.insert(ctx, allOf(first, messages))
	case *message.WriteDeleteStale:
		return c.deleteStale(ctx, allOf(first, messages))
	case *message.WriteDeleteRecord:
		return c.deleteRecords(ctx, allOf(first, messages))
	default:
		return fmt.Errorf("unknown message %T", first)
	}
}

// allOf returns the messages as values of the first one's type.
func allOf[M message.WriteMessage](_ M, messages []message.WriteMessage) []M {
	all := make([]M, len(messages))
	for i, m := range messages {
		all[i] = as[M](m)
	}
	return all
}

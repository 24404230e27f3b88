package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/util"
	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/writers"
)

// flushEvery bounds how long rows of a slow source wait in an unfilled batch before the file has them.
const flushEvery = 20 * time.Second

// Write applies messages in the order of their arrival, in batches of one transaction each, until the channel is
// closed. A failed batch leaves no trace and ends the write with its error.
//
// The SDK's own batch writers would write a row twice if it is larger than a whole batch.
func (c *Client) Write(ctx context.Context, messages <-chan message.WriteMessage) error {
	if c.writes == nil {
		return errNotConnected
	}
	b := batch{client: c}
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
		}
		if err != nil {
			return err
		}
	}
}

// A batch collects messages of one kind, which one transaction writes.
type batch struct {
	client   *Client
	messages []message.WriteMessage
	rows     int64 // in the messages
	bytes    int64 // in the messages, as Arrow counts them
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
	if int64(len(b.messages)) < b.client.spec.BatchSize {
		return nil
	}
	return b.flush(ctx)
}

// addRows spreads a record over as many batches as the limits require. A row that exceeds a batch's limit is its
// own batch.
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

// room is the number of further rows of the given size in bytes that fit.
func (b *batch) room(perRow int64) int64 {
	limits := b.client.spec
	return min(limits.BatchSize-b.rows, (limits.BatchSizeBytes-b.bytes)/perRow)
}

func (b *batch) flush(ctx context.Context) error {
	if len(b.messages) == 0 {
		return nil
	}
	if err := b.client.Apply(ctx, b.messages); err != nil {
		return err
	}
	clear(b.messages) // their rows need not stay in memory until the next batch is full
	b.messages, b.rows, b.bytes = b.messages[:0], 0, 0
	return nil
}

// Apply writes messages that are all of one kind.
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

package progress

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	pb "github.com/cloudquery/plugin-pb-go/pb/plugin/v3"
	"github.com/cloudquery/plugin-sdk/v4/schema"
)

// stateLeases stores leases in the state's table. The SDK's client of that table reads it only when it connects, so it
// does not see the claims of other runs.
type stateLeases struct {
	backend *Backend
	table   *schema.Table
}

func newStateLeases(b *Backend, table string) *stateLeases {
	return &stateLeases{backend: b, table: &schema.Table{Name: table, Columns: schema.ColumnList{
		{Name: "key", Type: arrow.BinaryTypes.String, PrimaryKey: true},
		{Name: "value", Type: arrow.BinaryTypes.String},
		{Name: "version", Type: arrow.PrimitiveTypes.Uint64},
	}}}
}

// claims reads the table. It tries again while the destination is busy with another read, since the SDK's client of
// the state does not take turns.
func (s *stateLeases) claims(ctx context.Context, keys []string) (found map[string]versioned, err error) {
	for range maxBusy {
		found, err = s.read(ctx, keys)
		if err == nil || !strings.Contains(err.Error(), "already in use") || pause(ctx, busyPause) != nil {
			break
		}
	}
	return found, err
}

// A busy destination is asked maxBusy times, at intervals of busyPause.
const (
	maxBusy   = 100
	busyPause = 20 * time.Millisecond
)

func (s *stateLeases) read(ctx context.Context, keys []string) (map[string]versioned, error) {
	found := map[string]versioned{}
	err := s.backend.records(ctx, s.table, func(batch arrow.RecordBatch) error {
		names, ok := batch.Column(0).(*array.String)
		values, isText := batch.Column(1).(*array.String)
		versions, isNumber := batch.Column(2).(*array.Uint64)
		if !ok || !isText || !isNumber {
			return fmt.Errorf("the state's table has unexpected column types: %v", batch.Schema())
		}
		for i := range int(batch.NumRows()) {
			if !slices.Contains(keys, names.Value(i)) {
				continue
			}
			c := versioned{version: versions.Value(i)}
			if err := json.Unmarshal([]byte(values.Value(i)), &c.claim); err != nil {
				c.claim = claim{Released: true} // an unreadable claim has no holder
			}
			if before, ok := found[names.Value(i)]; !ok || newer(c, before) > 0 {
				found[names.Value(i)] = c
			}
		}
		return nil
	})
	return found, err
}

func (s *stateLeases) put(ctx context.Context, claims map[string]versioned) error {
	keys := slices.Sorted(maps.Keys(claims))
	values, versions := make([]string, len(keys)), make([]uint64, len(keys))
	for i, key := range keys {
		value, err := json.Marshal(claims[key].claim)
		if err != nil {
			return err
		}
		values[i], versions[i] = string(value), claims[key].version
	}
	record, err := pb.RecordToBytes(array.NewRecordBatch(s.table.ToArrowSchema(), []arrow.Array{
		columnOf(array.NewStringBuilder(memory.DefaultAllocator), keys...),
		columnOf(array.NewStringBuilder(memory.DefaultAllocator), values...),
		columnOf(array.NewUint64Builder(memory.DefaultAllocator), versions...),
	}, int64(len(keys))))
	if err != nil {
		return err
	}
	return s.backend.write(ctx, &pb.Write_Request{Message: &pb.Write_Request_Insert{Insert: &pb.Write_MessageInsert{Record: record}}})
}

// create creates the state's table if it is missing.
func (s *stateLeases) create(ctx context.Context) error {
	table, err := pb.SchemaToBytes(s.table.ToArrowSchema())
	if err != nil {
		return err
	}
	return s.backend.write(ctx, &pb.Write_Request{
		Message: &pb.Write_Request_MigrateTable{MigrateTable: &pb.Write_MessageMigrateTable{Table: table}},
	})
}

// write sends one message to the backend and waits until it is written.
func (b *Backend) write(ctx context.Context, m *pb.Write_Request) error {
	stream, err := b.client.Write(ctx)
	if err != nil {
		return err
	}
	if err := stream.Send(m); err != nil && !errors.Is(err, io.EOF) { // the answer has the reason for an EOF
		return err
	}
	_, err = stream.CloseAndRecv()
	return err
}

// records calls each for every record batch of a small table.
func (b *Backend) records(ctx context.Context, table *schema.Table, each func(arrow.RecordBatch) error) error {
	select {
	case <-b.free:
		defer func() { b.free <- struct{}{} }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	request, err := pb.SchemaToBytes(table.ToArrowSchema())
	if err != nil {
		return err
	}
	stream, err := b.client.Read(ctx, &pb.Read_Request{Table: request})
	for err == nil {
		var page *pb.Read_Response
		if page, err = stream.Recv(); err == nil {
			err = eachBatch(page.Record, each)
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func eachBatch(record []byte, each func(arrow.RecordBatch) error) error {
	r, err := ipc.NewReader(bytes.NewReader(record))
	if err != nil {
		return err
	}
	defer r.Release()
	for r.Next() {
		if err := each(r.RecordBatch()); err != nil {
			return err
		}
	}
	return r.Err()
}

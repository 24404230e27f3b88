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

// stateLeases are the leases in the state's table. The SDK's own client of that table keeps in memory what it read
// when it connected, and so does not see the claims of others.
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

// claims tries again where the destination is busy with another reading: the SDK's client of the state does not wait
// for its turn.
func (s *stateLeases) claims(ctx context.Context, keys []string) (found map[string]versioned, err error) {
	for range mostBusy {
		found, err = s.read(ctx, keys)
		if err == nil || !strings.Contains(err.Error(), "already in use") || pause(ctx, busyPause) != nil {
			break
		}
	}
	return found, err
}

// A destination that is busy is asked mostBusy times, busyPause apart.
const (
	mostBusy  = 100
	busyPause = 20 * time.Millisecond
)

func (s *stateLeases) read(ctx context.Context, keys []string) (map[string]versioned, error) {
	found := map[string]versioned{}
	err := s.backend.records(ctx, s.table, func(batch arrow.RecordBatch) error {
		names, ok := batch.Column(0).(*array.String)
		values, isText := batch.Column(1).(*array.String)
		versions, isNumber := batch.Column(2).(*array.Uint64)
		if !ok || !isText || !isNumber {
			return fmt.Errorf("the state's table has other types: %v", batch.Schema())
		}
		for i := range int(batch.NumRows()) {
			if !slices.Contains(keys, names.Value(i)) {
				continue
			}
			c := versioned{version: versions.Value(i)}
			if err := json.Unmarshal([]byte(values.Value(i)), &c.claim); err != nil {
				c.claim = claim{Released: true} // nobody can hold what nobody can read
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

// create makes the state's table where there is none.
func (s *stateLeases) create(ctx context.Context) error {
	table, err := pb.SchemaToBytes(s.table.ToArrowSchema())
	if err != nil {
		return err
	}
	return s.backend.write(ctx, &pb.Write_Request{
		Message: &pb.Write_Request_MigrateTable{MigrateTable: &pb.Write_MessageMigrateTable{Table: table}},
	})
}

// write sends one message to the backend, and returns when it was written.
func (b *Backend) write(ctx context.Context, m *pb.Write_Request) error {
	stream, err := b.client.Write(ctx)
	if err != nil {
		return err
	}
	if err := stream.Send(m); err != nil && !errors.Is(err, io.EOF) { // of which the answer says why
		return err
	}
	_, err = stream.CloseAndRecv()
	return err
}

// records calls each for every part of a small table.
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

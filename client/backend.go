package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	pb "github.com/cloudquery/plugin-pb-go/pb/plugin/v3"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Backend reads tables back from the destination that keeps the state, which most often is the one that the
// rows go to.
type Backend struct {
	conn   *grpc.ClientConn
	client pb.PluginClient
	free   chan struct{} // holds one token: a destination serves one read at a time
}

// maxMessage is how large a message of the backend may be, in bytes.
const maxMessage = 100 << 20

// NewBackend connects to the destination at a gRPC address.
func NewBackend(address string) (*Backend, error) {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)))
	if err != nil {
		return nil, err
	}
	b := &Backend{conn: conn, client: pb.NewPluginClient(conn), free: make(chan struct{}, 1)}
	b.free <- struct{}{}
	return b, nil
}

// Close gives the connection back.
func (b *Backend) Close() error { return b.conn.Close() }

// stored is a row as the destination has it, without all that verifying needs not.
type stored struct {
	account  string
	id       int64
	at       int64 // seconds since 1970 of update_time; never for none
	syncTime int64 // microseconds since 1970; 0 where the destination does not keep it
}

// errAbsent says that the backend has no such table.
var errAbsent = errors.New("the backend has no such table")

// readTimeout bounds one reading of a table.
const readTimeout = 5 * time.Minute

// read calls each for every row of a table, in no particular order. It takes no more memory than one
// message of the backend's.
func (b *Backend) read(ctx context.Context, table string, each func(stored) error) error {
	select {
	case <-b.free:
		defer func() { b.free <- struct{}{} }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	// A run that fails meanwhile waits for the end: a destination goes on with a reading that was given up, and
	// serves no other until then.
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), readTimeout, fmt.Errorf("the backend took more than %v to read %s", readTimeout, table))
	defer cancel()
	columns := &schema.Table{Name: table, Columns: schema.ColumnList{
		{Name: accountColumn, Type: arrow.BinaryTypes.String},
		{Name: idColumn, Type: arrow.PrimitiveTypes.Int64},
		{Name: timeColumn, Type: arrow.FixedWidthTypes.Timestamp_us},
		schema.CqSyncTimeColumn,
	}}
	request, err := pb.SchemaToBytes(columns.ToArrowSchema())
	if err != nil {
		return err
	}
	stream, err := b.client.Read(ctx, &pb.Read_Request{Table: request})
	for err == nil {
		var page *pb.Read_Response
		if page, err = stream.Recv(); err == nil {
			err = eachStored(page.Record, each)
		}
	}
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case isAbsent(err):
		return fmt.Errorf("%w: %w", errAbsent, err)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return err
}

// has reports whether the backend has a table that can be read. It reads all of it: a destination logs a reading
// that is given up as an error.
func (b *Backend) has(ctx context.Context, table string) bool {
	return b.read(ctx, table, func(stored) error { return nil }) == nil
}

// isAbsent reports whether a destination's error says that a table does not exist. Each database has its
// words for it, and none its own gRPC code. A column that does not exist is another matter.
func isAbsent(err error) bool {
	text := strings.ToLower(err.Error())
	if strings.Contains(text, "column ") {
		return false
	}
	for _, words := range []string{"no such table", "does not exist", "not found: table", "doesn't exist", "unknown table"} {
		if strings.Contains(text, words) {
			return true
		}
	}
	return false
}

// eachStored calls each for every row of an Arrow stream.
func eachStored(record []byte, each func(stored) error) error {
	r, err := ipc.NewReader(bytes.NewReader(record))
	if err != nil {
		return err
	}
	defer r.Release()
	for r.Next() {
		batch := r.RecordBatch()
		accounts, ok := batch.Column(0).(*array.String)
		ids, isInt := batch.Column(1).(*array.Int64)
		if !ok || !isInt {
			return fmt.Errorf("the backend sends %v for %s and %v for %s", batch.Column(0).DataType(), accountColumn, batch.Column(1).DataType(), idColumn)
		}
		changed, err := microseconds(batch.Column(2))
		if err != nil {
			return err
		}
		synced, err := microseconds(batch.Column(3))
		if err != nil {
			return err
		}
		for i := range int(batch.NumRows()) {
			row := stored{account: accounts.Value(i), id: ids.Value(i), at: never}
			if at, ok := changed(i); ok {
				row.at = time.UnixMicro(at).Unix()
			}
			row.syncTime, _ = synced(i)
			if err := each(row); err != nil {
				return err
			}
		}
	}
	return r.Err()
}

// microseconds returns what reads a column of timestamps in microseconds since 1970.
func microseconds(column arrow.Array) (func(int) (int64, bool), error) {
	times, ok := column.(*array.Timestamp)
	if !ok {
		return nil, fmt.Errorf("the backend sends %v for a timestamp", column.DataType())
	}
	unit := times.DataType().(*arrow.TimestampType).Unit
	return func(i int) (int64, bool) {
		if times.IsNull(i) {
			return 0, false
		}
		return times.Value(i).ToTime(unit).UnixMicro(), true
	}, nil
}

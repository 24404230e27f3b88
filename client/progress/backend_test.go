package progress

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	pb "github.com/cloudquery/plugin-pb-go/pb/plugin/v3"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
)

// slowTable is a destination with a table of some messages. Each duration is the wait before a message.
type slowTable struct {
	pb.PluginClient
	grpc.ServerStreamingClient[pb.Read_Response]
	message []byte
	whiles  []time.Duration
	ctx     context.Context
}

func (s *slowTable) Read(ctx context.Context, _ *pb.Read_Request, _ ...grpc.CallOption) (grpc.ServerStreamingClient[pb.Read_Response], error) {
	s.ctx = ctx
	return s, nil
}

func (s *slowTable) Recv() (*pb.Read_Response, error) {
	if len(s.whiles) == 0 {
		return nil, io.EOF
	}
	if err := pause(s.ctx, s.whiles[0]); err != nil {
		return nil, err
	}
	s.whiles = s.whiles[1:]
	return &pb.Read_Response{Record: s.message}, nil
}

func TestBackend_readTakesAsLongAsRowsCome(t *testing.T) {
	needed := &schema.Table{Name: notesTable.Name(), Columns: verifyColumns(notesTable)}
	b := array.NewRecordBuilder(memory.DefaultAllocator, needed.ToArrowSchema())
	b.Field(0).(*array.StringBuilder).Append("4711")
	b.Field(1).(*array.TimestampBuilder).Append(1)
	b.Field(2).(*array.Int64Builder).Append(1)
	message, err := pb.RecordToBytes(b.NewRecordBatch())
	require.NoError(t, err)
	interrupted := errors.New("interrupted")
	const while = readTimeout - time.Second
	for name, test := range map[string]struct {
		whiles []time.Duration // before each row
		ends   time.Duration   // when the run ends; 0 for never
		rows   int
		took   time.Duration
		err    string
	}{
		"rows come for hours": {
			whiles: []time.Duration{while, while, while, while}, rows: 4, took: 4 * while,
		},
		"no row comes": {
			whiles: []time.Duration{while, time.Hour}, rows: 1, took: while + readTimeout,
			err: "the backend sent nothing of pipedrive_notes for 5m0s",
		},
		"the run ends shortly before": {
			whiles: []time.Duration{while, while}, ends: while + time.Second, rows: 2, took: 2 * while,
		},
		"the run ends, and rows come": {
			whiles: []time.Duration{while, while, while, while}, ends: while, rows: 2, took: while + readTimeout, err: "interrupted",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				backend := &Backend{client: &slowTable{message: message, whiles: test.whiles}, free: make(chan struct{}, 1)}
				backend.free <- struct{}{}
				ctx, end := context.WithCancelCause(t.Context())
				defer end(nil)
				if test.ends > 0 {
					time.AfterFunc(test.ends, func() { end(interrupted) })
				}
				began, rows := time.Now(), 0
				err := backend.read(ctx, notesTable, nil, func(stored) { rows++ })
				if test.err == "" {
					require.NoError(t, err)
				} else {
					require.EqualError(t, err, test.err)
				}
				require.Equal(t, test.rows, rows)
				require.Equal(t, test.took, time.Since(began))
			})
		})
	}
}

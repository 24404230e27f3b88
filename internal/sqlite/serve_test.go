package sqlite

import (
	"context"
	"encoding/json"
	"net"
	"path/filepath"
	"testing"
	"time"

	pb "github.com/cloudquery/plugin-pb-go/pb/plugin/v3"
	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/cloudquery/plugin-sdk/v4/serve"
	"github.com/cloudquery/plugin-sdk/v4/state"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// A source's state survives in the file, through the SDK's own client, while the stream of the rows is open.
func TestServe_keepsASourcesState(t *testing.T) {
	folder := t.TempDir()
	socket := filepath.Join(folder, "socket")
	ctx, stop := context.WithCancel(t.Context())
	p := Plugin()
	served := make(chan error, 1)
	go func() {
		served <- serve.Plugin(p, serve.WithArgs("serve", "--network", "unix", "--address", socket, "--no-sentry", "--log-level", "error")).Serve(ctx)
	}()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-served)
	})
	require.Eventually(t, func() bool {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			conn.Close()
		}
		return err == nil
	}, 10*time.Second, 5*time.Millisecond)

	conn, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer conn.Close()
	client := pb.NewPluginClient(conn)
	spec, err := json.Marshal(map[string]string{"path": filepath.Join(folder, "test.db")})
	require.NoError(t, err)
	_, err = client.Init(ctx, &pb.Init_Request{Spec: spec})
	require.NoError(t, err)

	stream, err := client.Write(ctx)
	require.NoError(t, err)
	tableBytes, err := pb.SchemaToBytes(dealsTable().ToArrowSchema())
	require.NoError(t, err)
	require.NoError(t, stream.Send(&pb.Write_Request{Message: &pb.Write_Request_MigrateTable{
		MigrateTable: &pb.Write_MessageMigrateTable{Table: tableBytes},
	}}))
	for id, value := range []string{"first", "second", "third"} {
		record, err := pb.RecordToBytes(rows(t, dealsTable(), deal("a", syncedAt, id, value)).Record)
		require.NoError(t, err)
		require.NoError(t, stream.Send(&pb.Write_Request{Message: &pb.Write_Request_Insert{
			Insert: &pb.Write_MessageInsert{Record: record},
		}}))
		keepState(t, "unix://"+socket, value)
	}
	_, err = stream.CloseAndRecv()
	require.NoError(t, err)
	_, err = client.Close(ctx, &pb.Close_Request{})
	require.NoError(t, err)

	reopened := newClient(t, filepath.Join(folder, "test.db"))
	require.Equal(t, "cursor=third@3", query(t, reopened, `SELECT key || '=' || value || '@' || version FROM state`))
	require.Equal(t, "first,second,third", query(t, reopened, `SELECT group_concat(title ORDER BY id) FROM deals`))
}

// keepState sets the state as a source does at the end of a sync, and reads it back as the next sync would.
func keepState(t *testing.T, connection, value string) {
	t.Helper()
	options := plugin.BackendOptions{TableName: "state", Connection: connection}
	writer, err := state.NewConnectedClient(t.Context(), &options)
	require.NoError(t, err)
	require.NoError(t, writer.SetKey(t.Context(), "cursor", value))
	require.NoError(t, writer.Flush(t.Context()))
	require.NoError(t, writer.Flush(t.Context()), "with nothing to flush")
	require.NoError(t, writer.Close())

	reader, err := state.NewConnectedClient(t.Context(), &options)
	require.NoError(t, err)
	kept, err := reader.GetKey(t.Context(), "cursor")
	require.NoError(t, err)
	require.Equal(t, value, kept)
	require.NoError(t, reader.Close())
}

package e2e

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	pb "github.com/cloudquery/plugin-pb-go/pb/plugin/v3"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

// BenchmarkWrite_destinations prints how fast the SQLite destination, as a program of its own, writes the rows of an account
// into a new file, and once more over them. SQLITE_DESTINATION can name the program of the official destination, which then
// takes the same rows in turn. Each figure is the median of several rounds.
func BenchmarkWrite_destinations(b *testing.B) {
	const rounds = 5
	s := newSetup(b, simulator.Generate(simulator.Config{
		Seed: 1, CompanyID: 4711, Deals: 5_000, Persons: 5_000, Organizations: 1_500, Notes: 5_000, CustomFieldsPerEntity: 30,
	}))
	messages, rows := s.messages()
	// The key for the file in the spec of each program.
	programs := map[string]string{s.program("cq-destination-sqlite"): "path"}
	if official := os.Getenv("SQLITE_DESTINATION"); official != "" {
		programs[official] = "connection_string"
	}
	for b.Loop() {
		took := map[string][]time.Duration{}
		for range rounds {
			for program, key := range programs {
				file := filepath.Join(b.TempDir(), "rows.db")
				for _, existing := range []string{"new", "known"} {
					unit := filepath.Base(program) + "_" + existing + "_rows/s"
					took[unit] = append(took[unit], s.write(program, map[string]string{key: file}, messages))
				}
				require.NoError(b, os.Remove(file))
			}
		}
		for unit, all := range took {
			slices.Sort(all)
			b.ReportMetric(float64(rows)/all[rounds/2].Seconds(), unit)
		}
		b.ReportMetric(0, "ns/op")
	}
}

// messages are those that the plugin sends for all tables, as a destination receives them, and the number of their rows.
func (s *setup) messages() (messages []*pb.Write_Request, rows int64) {
	source, stop := s.serve(s.program(s.source), map[string]string{"api_token": s.token, "api_url": s.url})
	defer stop()
	stream, err := source.Sync(s.t.Context(), &pb.Sync_Request{Tables: []string{"*"}})
	require.NoError(s.t, err)
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return messages, rows
		}
		require.NoError(s.t, err)
		switch m := response.Message.(type) {
		case *pb.Sync_Response_MigrateTable:
			messages = append(messages, &pb.Write_Request{Message: &pb.Write_Request_MigrateTable{
				MigrateTable: &pb.Write_MessageMigrateTable{Table: m.MigrateTable.Table},
			}})
		case *pb.Sync_Response_Insert:
			record, err := pb.NewRecordFromBytes(m.Insert.Record)
			require.NoError(s.t, err)
			rows += record.NumRows()
			messages = append(messages, &pb.Write_Request{Message: &pb.Write_Request_Insert{
				Insert: &pb.Write_MessageInsert{Record: m.Insert.Record},
			}})
		}
	}
}

// write returns the time from the first message to the moment when the destination has closed the file.
func (s *setup) write(program string, spec map[string]string, messages []*pb.Write_Request) time.Duration {
	destination, stop := s.serve(program, spec)
	defer stop()
	begin := time.Now()
	stream, err := destination.Write(s.t.Context())
	require.NoError(s.t, err)
	for _, m := range messages {
		require.NoError(s.t, stream.Send(m))
	}
	_, err = stream.CloseAndRecv()
	require.NoError(s.t, err)
	_, err = destination.Close(s.t.Context(), &pb.Close_Request{})
	require.NoError(s.t, err)
	return time.Since(begin)
}

// serve starts a plugin's program with a spec.
func (s *setup) serve(program string, spec map[string]string) (client pb.PluginClient, stop func()) {
	socket := filepath.Join(s.t.TempDir(), "socket")
	command := exec.CommandContext(s.t.Context(), program, "serve", "--network", "unix", "--address", socket,
		"--no-sentry", "--log-level", "error")
	command.Stderr = os.Stderr
	require.NoError(s.t, command.Start())
	conn, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(s.t, err)
	client = pb.NewPluginClient(conn)
	text, err := json.Marshal(spec)
	require.NoError(s.t, err)
	_, err = client.Init(s.t.Context(), &pb.Init_Request{Spec: text}, grpc.WaitForReady(true))
	require.NoError(s.t, err)
	return client, func() {
		require.NoError(s.t, conn.Close())
		require.NoError(s.t, command.Process.Kill())
		_ = command.Wait() // it was killed
	}
}

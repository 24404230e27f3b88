package progress

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"testing"
	"time"

	pb "github.com/cloudquery/plugin-pb-go/pb/plugin/v3"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// keptState is a state backend in memory.
type keptState map[string]string

func (m keptState) SetKey(_ context.Context, key, value string) error {
	m[key] = value
	return nil
}
func (m keptState) GetKey(_ context.Context, key string) (string, error) { return m[key], nil }
func (keptState) Flush(context.Context) error                            { return nil }
func (keptState) Close() error                                           { return nil }

// checkpoint returns a stored checkpoint.
func (m keptState) checkpoint(t *testing.T, key string) checkpoint {
	t.Helper()
	var c checkpoint
	require.NoError(t, json.Unmarshal([]byte(m[key]), &c))
	return c
}

// emptyTables is a destination whose tables have no rows.
type emptyTables struct {
	pb.PluginClient
	there map[string]bool
	reads int
}

func (d *emptyTables) Read(_ context.Context, in *pb.Read_Request, _ ...grpc.CallOption) (grpc.ServerStreamingClient[pb.Read_Response], error) {
	d.reads++
	asked, err := pb.NewSchemaFromBytes(in.Table)
	if err != nil {
		return nil, err
	}
	if name, _ := asked.Metadata().GetValue("cq:table_name"); !d.there[name] {
		return nil, errors.New("no such table: " + name)
	}
	return noRows{}, nil
}

type noRows struct {
	grpc.ServerStreamingClient[pb.Read_Response]
}

func (noRows) Recv() (*pb.Read_Response, error) { return nil, io.EOF }

// ending is the end of a run of several accounts. While the run waits, the awaited tables appear.
type ending struct {
	*State
	kept   keptState
	tables *emptyTables
	waits  []time.Duration
}

func newEnding(comes string) *ending {
	e := &ending{kept: keptState{}, tables: &emptyTables{there: map[string]bool{}}}
	backend := &Backend{client: e.tables, free: make(chan struct{}, 1)}
	backend.free <- struct{}{}
	e.State = NewState(e.kept, backend, "state")
	e.wait = func(_ context.Context, d time.Duration) {
		e.waits = append(e.waits, d)
		e.tables.there[comes] = true
	}
	return e
}

func (e *ending) add(t *testing.T, key, records string, c checkpoint, known, doubted bool) {
	t.Helper()
	require.NoError(t, e.storeCheckpoint(t.Context(), key, &table.Table{Records: records}, c, known, doubted))
}

// TestState_aTableThatWasDroppedGetsTimeToCome: a destination creates it with the first rows that it receives,
// possibly after the end of the run. The run waits once, before it looks for any table.
func TestState_aTableThatWasDroppedGetsTimeToCome(t *testing.T) {
	for range 20 { // a map has no fixed order
		e := newEnding("pipedrive_deals")
		e.tables.there["pipedrive_persons"] = true
		e.add(t, "persons of 1", "persons", checkpoint{}, true, false)
		e.add(t, "deals of 1", "deals", checkpoint{}, true, false)
		e.add(t, "deals of 2", "deals", checkpoint{}, false, true)
		require.NoError(t, e.Finish(t.Context()))
		for key := range e.kept {
			c := e.kept.checkpoint(t, key)
			require.True(t, c.Found && c.Finished, key)
			require.Zero(t, c.Absent, key)
		}
		require.Equal(t, []time.Duration{firstRows}, e.waits)
		require.Equal(t, 2, e.tables.reads, "each table once")
	}
}

// TestState_tablesThatAreNotLookedFor: they cause no wait, and no error at the destination.
func TestState_tablesThatAreNotLookedFor(t *testing.T) {
	e := newEnding("")
	e.add(t, "small", "deals", checkpoint{}, false, false)
	e.add(t, "seen before", "persons", checkpoint{Found: true}, true, true)
	e.add(t, "of another destination", "notes", checkpoint{Absent: maxAbsent}, true, true)
	require.NoError(t, e.Finish(t.Context()))
	require.Empty(t, e.waits)
	require.Zero(t, e.tables.reads)
	require.True(t, e.kept.checkpoint(t, "seen before").Found)
	require.False(t, e.kept.checkpoint(t, "small").Found)
	require.Equal(t, maxAbsent, e.kept.checkpoint(t, "of another destination").Absent)
}

// TestState_aTableThatDoesNotCome: each account counts its own absences.
func TestState_aTableThatDoesNotCome(t *testing.T) {
	e := newEnding("pipedrive_persons")
	e.add(t, "deals of 1", "deals", checkpoint{Absent: 1}, false, true)
	e.add(t, "deals of 2", "deals", checkpoint{Found: true, Absent: 1}, false, true)
	e.add(t, "persons of 1", "persons", checkpoint{Absent: 2}, true, false)
	require.NoError(t, e.Finish(t.Context()))
	for key, want := range map[string]checkpoint{
		"deals of 1":   {Absent: 2},
		"deals of 2":   {Found: true, Absent: 1},
		"persons of 1": {Found: true, Absent: 2},
	} {
		got := e.kept.checkpoint(t, key)
		require.Equal(t, []any{want.Found, want.Absent}, []any{got.Found, got.Absent}, key)
	}
}

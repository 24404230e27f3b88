package client

import (
	"context"
	"errors"
	"testing"

	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// resolverOf is a table's, as a test has it.
type resolverOf func(ctx context.Context, pages chan<- any) error

// readTables reads tables of one account, each with the given resolver, and returns the messages and the error.
func readTables(ctx context.Context, resolvers map[string]resolverOf) (message.SyncMessages, error) {
	return readTablesOf(ctx, resolvers, func(*reading) {})
}

// readTablesOf does the same with readings that prepare has changed.
func readTablesOf(ctx context.Context, resolvers map[string]resolverOf, prepare func(*reading)) (message.SyncMessages, error) {
	r := NewRun(0)
	a := &Account{id: "4711", run: r, logger: zerolog.Nop()}
	r.accounts = []*Account{a}
	var tables []*table.Table
	var readings []*reading
	for name, resolve := range resolvers {
		t := &table.Table{Records: name, Columns: []table.Column{{Name: "id", Type: table.Int, Key: true}}}
		s := t.Schema()
		s.Resolver = func(ctx context.Context, _ schema.ClientMeta, _ *schema.Resource, res chan<- any) error {
			return resolve(ctx, res)
		}
		tables = append(tables, t)
		rd := newReading(a, t)
		rd.schema = s
		prepare(rd)
		readings = append(readings, rd)
	}
	out := make(chan message.SyncMessage)
	failed := make(chan error, 1)
	go func() {
		defer close(out)
		failed <- r.readAll(ctx, tables, readings, plugin.SyncOptions{}, out)
	}()
	var messages message.SyncMessages
	for m := range out {
		messages = append(messages, m)
	}
	return messages, <-failed
}

func TestRun_keepsErrorsAndPanics(t *testing.T) {
	for name, resolve := range map[string]resolverOf{
		"an error":       func(context.Context, chan<- any) error { return errors.New("boom") },
		"an API's error": func(context.Context, chan<- any) error { return pipedrive.Errorf(pipedrive.MissingScope, "boom") },
		"a panic":        func(context.Context, chan<- any) error { panic("boom") },
		"an error in between": func(_ context.Context, pages chan<- any) error {
			pages <- []*table.Row{idRow(1)}
			return errors.New("boom")
		},
	} {
		t.Run(name, func(t *testing.T) {
			messages, err := readTables(context.Background(), map[string]resolverOf{"deals": resolve})
			require.ErrorContains(t, err, "boom")
			require.ErrorContains(t, err, "pipedrive_deals")
			require.ErrorContains(t, err, "4711")
			told := messages[len(messages)-1].(*message.SyncError)
			require.Equal(t, "pipedrive_deals", told.TableName)
			require.Contains(t, told.Error, "boom")
		})
	}
}

// TestRun_rowsThatDoNotFitTheirTableFailTheRun: a broken row is not silently lost.
func TestRun_rowsThatDoNotFitTheirTableFailTheRun(t *testing.T) {
	_, err := readTables(context.Background(), map[string]resolverOf{"deals": func(ctx context.Context, pages chan<- any) error {
		for {
			select {
			case pages <- []*table.Row{table.NewRow(table.Value{}), table.NewRow(table.IntValue(1), table.TextValue("one too many"))}:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}})
	require.ErrorContains(t, err, "panic")
	require.ErrorContains(t, err, "pipedrive_deals")
}

func TestRun_firstFailureEndsTheOtherTables(t *testing.T) {
	reading := make(chan struct{})
	_, err := readTables(context.Background(), map[string]resolverOf{
		"notes": func(ctx context.Context, _ chan<- any) error {
			close(reading)
			<-ctx.Done()
			return context.Cause(ctx)
		},
		"deals": func(context.Context, chan<- any) error {
			<-reading
			return errors.New("boom")
		},
	})
	require.ErrorContains(t, err, "boom")
	require.NotContains(t, err.Error(), "pipedrive_notes", "only the table that failed reports it")
}

func TestRun_anInterruptedRunFails(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := readTables(ctx, map[string]resolverOf{"deals": func(ctx context.Context, _ chan<- any) error { return context.Cause(ctx) }})
	require.ErrorIs(t, err, context.Canceled)
}

// TestRun_tablesThatShareAnErrorReportTheirOwn: a list that several tables need fails for all of them.
func TestRun_tablesThatShareAnErrorReportTheirOwn(t *testing.T) {
	shared := pipedrive.Errorf(pipedrive.MissingScope, "boom")
	both := make(chan struct{})
	_, err := readTables(context.Background(), map[string]resolverOf{
		"deals":  func(context.Context, chan<- any) error { <-both; return shared },
		"fields": func(context.Context, chan<- any) error { both <- struct{}{}; return shared },
	})
	require.ErrorContains(t, err, "pipedrive_deals")
	require.ErrorContains(t, err, "pipedrive_fields")
}

func idRow(id int64) *table.Row { return table.NewRow(table.IntValue(id)) }

func TestSharded_partsMakeTheWhole(t *testing.T) {
	all := make([]*reading, 7)
	for i := range all {
		all[i] = &reading{}
	}
	for total := range int32(10) {
		var parts []*reading
		for num := range total {
			parts = append(parts, sharded(all, &plugin.Shard{Num: num + 1, Total: total})...)
		}
		if total > 0 {
			require.Equal(t, all, parts, "%d shards", total)
		}
	}
	require.Equal(t, all, sharded(all, nil))
	require.Len(t, sharded(all, &plugin.Shard{Num: 1, Total: 2}), 4, "as the SDK's scheduler cuts them")
}

// TestRun_noRecordDisappears: each record is sent, or left out by a named rule.
func TestRun_noRecordDisappears(t *testing.T) {
	for skipped, message := range map[int64]string{0: "of 3 records, 3 should have been sent, and 1 were", 2: ""} {
		_, err := readTablesOf(context.Background(), map[string]resolverOf{"deals": func(_ context.Context, pages chan<- any) error {
			pages <- []*table.Row{idRow(1)}
			return nil
		}}, func(rd *reading) { rd.decoded, rd.skipped = 3, skipped })
		if message == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, message)
		require.ErrorContains(t, err, "pipedrive_deals")
	}
}

// TestRun_aTableThatNoAPIHasIsLeftOut: CloudQuery would take it for empty and remove its rows. A table that only some
// accounts have loses no rows of the others.
func TestRun_aTableThatNoAPIHasIsLeftOut(t *testing.T) {
	listing := []pipedrive.Listing{{Path: "/things"}}
	everywhere := &table.Table{Records: "deals", V2: listing, Export: listing}
	current := &table.Table{Records: "activities", V2: listing}
	older := &table.Table{Records: "files", V1: listing} // v2 reads v1's listing too
	nowhere := &table.Table{Records: "things"}
	fields := &table.Table{Records: "fields", Describes: []table.Described{{Of: &table.Table{}, Fields: current}}}
	r := NewRun(0)
	tables := []*table.Table{everywhere, current, older, nowhere, fields, {Records: "syncs", Runs: true}}
	available := func(apis ...table.API) (names []string) {
		r.accounts = nil
		for _, api := range apis {
			r.accounts = append(r.accounts, &Account{id: string(api), api: api, run: r})
		}
		for _, of := range r.Available(tables) {
			names = append(names, of.Records)
		}
		return names
	}
	require.Equal(t, []string{"deals", "activities", "files", "fields", "syncs"}, available(table.V2))
	require.Equal(t, []string{"deals", "syncs"}, available(table.Export))
	require.Equal(t, []string{"files", "syncs"}, available(table.V1))
	require.Equal(t, []string{"deals", "activities", "files", "fields", "syncs"}, available(table.V2, table.Export))

	var read []string
	for _, rd := range r.readings(tables, nil) {
		read = append(read, rd.table.Records+" of "+rd.account.id)
	}
	require.Equal(t, []string{"deals of v2", "deals of export", "activities of v2", "files of v2", "fields of v2"}, read)
	out := make(chan message.SyncMessage, len(tables))
	require.NoError(t, r.announce(context.Background(), []*table.Table{everywhere, current}, plugin.SyncOptions{}, out))
	require.False(t, (<-out).(*message.SyncMigrateTable).Table.IsIncremental)
	require.True(t, (<-out).(*message.SyncMigrateTable).Table.IsIncremental)
}

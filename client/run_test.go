package client

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func TestRun_guardKeepsErrorsAndPanics(t *testing.T) {
	a := &Account{id: "4711"}
	for name, read := range map[string]func(context.Context) error{
		"an error":       func(context.Context) error { return errors.New("boom") },
		"an API's error": func(context.Context) error { return pipedrive.Errorf(pipedrive.MissingScope, "boom") },
		"a panic":        func(context.Context) error { panic("boom") },
	} {
		t.Run(name, func(t *testing.T) {
			r := NewRun(0)
			err := r.guard(context.Background(), a, "pipedrive_deals", read)
			require.ErrorContains(t, err, "boom")
			require.ErrorContains(t, r.Err(), "boom")
			require.ErrorContains(t, r.Err(), "pipedrive_deals")
			require.ErrorContains(t, r.Err(), "4711")
		})
	}
}

func TestRun_firstFailureEndsTheOtherTables(t *testing.T) {
	a := &Account{id: "4711"}
	r := NewRun(0)
	reading := make(chan struct{})
	other := make(chan error)
	go func() {
		other <- r.guard(context.Background(), a, "pipedrive_notes", func(ctx context.Context) error {
			close(reading)
			<-ctx.Done()
			return context.Cause(ctx)
		})
	}()
	<-reading
	_ = r.guard(context.Background(), a, "pipedrive_deals", func(context.Context) error { return errors.New("boom") })
	require.NoError(t, <-other, "only the table that failed reports it")
	require.ErrorContains(t, r.Err(), "boom")
	require.NotContains(t, r.Err().Error(), "pipedrive_notes")
}

func TestRun_anInterruptedRunFails(t *testing.T) {
	a := &Account{id: "4711"}
	r := NewRun(0)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = r.guard(ctx, a, "pipedrive_deals", context.Cause)
	require.ErrorIs(t, r.Err(), context.Canceled)
}

// TestRun_rowsThatTheSchedulerDropsFailTheRun: the scheduler recovers a panic over a row, drops the page,
// and calls the sync a success.
func TestRun_rowsThatTheSchedulerDropsFailTheRun(t *testing.T) {
	table := (&Table{Records: "things", Columns: []Column{{Name: "id", Type: Int}}}).Schema(nil)
	a := &Account{id: "4711", run: NewRun(0)}
	tooLong := &Row{id: 1, values: make([]value, 9)}
	tooLong.values[8] = value{valid: true}
	rows := newResolver(table)
	_ = rows.resolve(context.Background(), a, []*schema.Resource{schema.NewResourceData(table, nil, tooLong)})
	require.ErrorContains(t, a.run.Err(), "panic")
	require.ErrorContains(t, a.run.Err(), "pipedrive_things")

	a = &Account{id: "4711", run: NewRun(0)}
	a.run.sent.Add(2)
	require.NoError(t, rows.resolve(context.Background(), a, []*schema.Resource{schema.NewResourceData(table, nil, &Row{id: 1, values: make([]value, 1)})}))
	require.ErrorContains(t, a.run.Err(), "2 rows were read and only 1 sent on")
}

// TestRun_tablesThatShareAnErrorReportTheirOwn: a list that several tables need fails for all of them.
func TestRun_tablesThatShareAnErrorReportTheirOwn(t *testing.T) {
	r, shared := NewRun(0), pipedrive.Errorf(pipedrive.MissingScope, "boom")
	var both sync.WaitGroup
	for _, table := range []string{"pipedrive_deals", "pipedrive_fields"} {
		both.Go(func() {
			_ = r.guard(context.Background(), &Account{id: "4711"}, table, func(context.Context) error { return shared })
		})
	}
	both.Wait()
	require.ErrorContains(t, r.Err(), "pipedrive_deals")
	require.ErrorContains(t, r.Err(), "pipedrive_fields")
}

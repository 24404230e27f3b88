package client

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/progress"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/spec"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

var ticks = pipedrive.TimedV2("/api/v2/ticks", 10, nil)

// stageOf reads n units of ticks side by side, up to atOnce. answer gets the second at which a unit begins, which
// identifies it. stageOf also returns the sent rows.
func stageOf(
	t *testing.T, n, atOnce int, incremental bool, answer func(w http.ResponseWriter, r *http.Request, unit int),
) ([]plan.Outcome, []*table.Row, error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/v1/users/me" {
			fmt.Fprint(w, `{"success":true,"data":{"id":7,"company_id":4711}}`)
			return
		}
		since, err := time.Parse(time.RFC3339, r.URL.Query().Get("updated_since"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusTeapot)
			return
		}
		answer(w, r, int(since.Unix()))
	}))
	t.Cleanup(server.Close)
	s, err := spec.Parse(fmt.Appendf(nil, `{"api_token":"x","api_url":%q,"concurrency":%d,"max_retries":0}`, server.URL, atOnce))
	require.NoError(t, err)
	run := NewRun(0)
	of := &table.Table{
		Records: "ticks", V2: []pipedrive.Listing{ticks}, Incremental: true,
		Columns: []table.Column{{Name: "id", Type: table.Int, Key: true}, {Name: "update_time", Type: table.Timestamp, IncrementalKey: true}},
	}
	accounts, _, err := Connect(context.Background(), s, []*table.Table{of}, "test", run, zerolog.Nop())
	require.NoError(t, err)
	t.Cleanup(accounts[0].Close)
	pages := make(chan any)
	r := &reading{table: of, account: accounts[0], res: pages}
	if incremental {
		r.progress = progress.NewTracker(nil, of, progress.Options{})
	}
	require.NoError(t, r.prepare(context.Background()))
	units := make([]plan.Unit, n)
	for i := range units {
		units[i] = plan.Unit{Since: time.Unix(int64(i), 0)}
	}
	var rows []*table.Row
	collected := make(chan struct{})
	go func() {
		defer close(collected)
		for page := range pages {
			rows = append(rows, page.([]*table.Row)...)
		}
	}()
	outcomes, err := r.stage(context.Background(), ticks, plan.Progress{}, units)
	close(pages)
	<-collected
	require.EqualValues(t, len(rows), r.decoded-r.skipped)
	return outcomes, rows, err
}

// tick answers with a record of the unit.
func tick(w http.ResponseWriter, unit int) {
	fmt.Fprintf(w, `{"success":true,"data":[{"id":%d,"update_time":"2026-01-02T00:00:%02dZ"}],"additional_data":{"next_cursor":null}}`, unit+1, unit)
}

// all waits until n requests are under way, and reports whether they come.
func all(n int) func() bool {
	var here atomic.Int64
	complete := make(chan struct{})
	return func() bool {
		if here.Add(1) == int64(n) {
			close(complete)
		}
		select {
		case <-complete:
			return true
		case <-time.After(10 * time.Second):
			return false
		}
	}
}

// TestStage_unitsAreReadSideBySide: as many at once as the account may have requests under way. Their outcomes keep the
// order of the units.
func TestStage_unitsAreReadSideBySide(t *testing.T) {
	together := all(4)
	var underWay, most atomic.Int64
	outcomes, rows, err := stageOf(t, 12, 4, false, func(w http.ResponseWriter, _ *http.Request, unit int) {
		now := underWay.Add(1)
		for before := most.Load(); now > before && !most.CompareAndSwap(before, now); before = most.Load() {
		}
		if unit < 4 && !together() {
			http.Error(w, "one after the other", http.StatusTeapot)
			return
		}
		tick(w, unit)
		underWay.Add(-1)
	})
	require.NoError(t, err)
	require.LessOrEqual(t, most.Load(), int64(4))
	require.Len(t, rows, 12)
	for i, o := range outcomes {
		require.False(t, o.Stopped)
		require.Equal(t, i, o.Seen.Second(), "the outcome of unit %d", i)
	}
}

// TestStage_theFirstErrorEndsTheOthers: each further page would cost tokens.
func TestStage_theFirstErrorEndsTheOthers(t *testing.T) {
	together := all(4)
	var requests atomic.Int64
	outcomes, _, err := stageOf(t, 12, 4, true, func(w http.ResponseWriter, r *http.Request, unit int) {
		requests.Add(1)
		if !together() || unit == 2 {
			http.Error(w, `{"success":false,"error":"boom"}`, http.StatusBadRequest)
			return
		}
		<-r.Context().Done()
	})
	require.ErrorContains(t, err, "boom")
	require.EqualValues(t, 4, requests.Load())
	for _, o := range outcomes {
		require.True(t, o.Stopped)
	}
}

// refuse says that the day's budget is used up, but not how much of it is left.
func refuse(w http.ResponseWriter) {
	w.Header().Set("X-Ratelimit-Reset", "80000")
	w.WriteHeader(http.StatusTooManyRequests)
}

// TestStage_theBudgetLeavesOtherUnitsWhole: a unit that needs no further page is already paid for.
func TestStage_theBudgetLeavesOtherUnitsWhole(t *testing.T) {
	together, refused := all(4), make(chan struct{})
	outcomes, rows, err := stageOf(t, 4, 4, true, func(w http.ResponseWriter, r *http.Request, unit int) {
		switch {
		case !together():
			http.Error(w, "one after the other", http.StatusTeapot)
		case unit == 1:
			refuse(w)
			close(refused)
		default:
			select {
			case <-refused:
				tick(w, unit)
			case <-r.Context().Done():
			}
		}
	})
	var e *pipedrive.Error
	require.ErrorAs(t, err, &e)
	require.True(t, e.Daily)
	require.Len(t, rows, 3)
	for i, o := range outcomes {
		require.Equal(t, i == 1, o.Stopped, "unit %d", i)
	}
}

// TestStage_noUnitBeginsOnceTheBudgetHasEndedOne: the budget would refuse each of them.
func TestStage_noUnitBeginsOnceTheBudgetHasEndedOne(t *testing.T) {
	requests := 0
	outcomes, rows, err := stageOf(t, 6, 1, true, func(w http.ResponseWriter, _ *http.Request, unit int) {
		if requests++; unit == 2 {
			refuse(w)
			return
		}
		tick(w, unit)
	})
	require.ErrorIs(t, err, pipedrive.RateLimitExceeded)
	require.Equal(t, 3, requests)
	require.Len(t, rows, 2)
	for i, o := range outcomes {
		require.Equal(t, i > 1, o.Stopped, "unit %d", i)
	}
}

// TestStage_whereTheBudgetIsNoEndItIsAnError: a table that is read in full has no checkpoint.
func TestStage_whereTheBudgetIsNoEndItIsAnError(t *testing.T) {
	together := all(4)
	_, rows, err := stageOf(t, 12, 4, false, func(w http.ResponseWriter, r *http.Request, unit int) {
		if !together() || unit == 1 {
			refuse(w)
			return
		}
		<-r.Context().Done()
	})
	require.ErrorIs(t, err, pipedrive.RateLimitExceeded)
	require.Empty(t, rows)
}

// TestReading_aPanicIsAnError: it would end the plugin, and with it the state's connection.
func TestReading_aPanicIsAnError(t *testing.T) {
	r := &reading{account: &Account{most: 2}} // without a table
	_, err := r.stage(context.Background(), ticks, plan.Progress{}, make([]plan.Unit, 3))
	require.ErrorContains(t, err, "panic")
	id := table.Column{Name: "id", Type: table.Int, Key: true}
	row, _, err := table.NewDecoder([]table.Column{id}, func(table.Column) table.Source { return table.Source{} }).Record([]byte(`{"id":1}`))
	require.NoError(t, err)
	r.lookups = []columnLookup{{}} // without a list
	require.ErrorContains(t, r.lookUp(context.Background(), []*table.Row{row}), "panic")
}

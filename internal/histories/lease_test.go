package histories

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/progress"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	source "github.com/cq-source-pipedrive/cq-source-pipedrive/resources/plugin"
)

// another runs the plugin once more during a run, and returns the messages that it sent.
func (w *world) another(options plugin.SyncOptions) (messages []message.SyncMessage, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	p := source.On(w.machine())
	if err := p.Init(ctx, w.specJSON(), plugin.NewClientOptions{}); err != nil {
		return nil, err
	}
	out, failed := make(chan message.SyncMessage), make(chan error, 1)
	go func() {
		failed <- p.Sync(ctx, options, out)
		close(out)
	}()
	for m := range out {
		messages = append(messages, m)
	}
	return messages, <-failed
}

// TestLease_aRunThatOverlaps: it ends before it reads or sends anything, and the first one succeeds.
func TestLease_aRunThatOverlaps(t *testing.T) {
	w := newWorld(t, generated(1, 4711))
	w.requireSync()
	w.before(paths["deals"][0], 1, func() {
		w.mu.Unlock() // for the other run's requests
		defer w.mu.Lock()
		asked := w.simulator.Usage().ByPath["/api/v2/personFields"]
		messages, err := w.another(w.options())
		require.ErrorIs(t, err, progress.ErrOverlap)
		require.Empty(t, messages)
		require.Equal(t, asked, w.simulator.Usage().ByPath["/api/v2/personFields"])
	})
	w.requireSync()
	w.undisturbed()
	w.requireTruth(all...)
	w.requireSync()
	w.requireTruth(all...)
}

// TestLease_runsThatMayOverlap: shards of one spec, and a run of other tables.
func TestLease_runsThatMayOverlap(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	w.tables = incremental
	w.before(paths["deals"][0], 1, func() {
		w.mu.Unlock() // for the other runs' requests
		defer w.mu.Lock()
		shard, others := w.options(), w.options()
		shard.Shard = &plugin.Shard{Num: 2, Total: 2}
		others.Tables = []string{"pipedrive_stages"}
		for _, options := range []plugin.SyncOptions{shard, others} {
			_, err := w.another(options)
			require.NoError(t, err)
		}
	})
	w.requireSync()
}

// TestLease_isGivenBackByARunThatFails.
func TestLease_isGivenBackByARunThatFails(t *testing.T) {
	w := newWorld(t, simulator.NewCompany(4711))
	w.tables = []string{"persons"}
	w.simulator.AddFault(simulator.Fault{Path: paths["persons"][0], At: []int{1}, Action: simulator.Status(500)})
	require.Error(t, w.sync())
	w.undisturbed()
	began := time.Now()
	w.requireSync()
	require.Less(t, time.Since(began), times.Expiry)
}

// TestLease_duringReadBacks: a run extends the expiry of its lease before it reads large tables back.
func TestLease_duringReadBacks(t *testing.T) {
	w := newWorld(t, simulator.Generate(simulator.Config{Seed: 1, CompanyID: 4711, Deals: 1000}))
	w.tables = incremental
	var leases []string
	for range 2 {
		w.before(paths["deals"][0], 1, func() { leases = append(leases, w.lease()) })
		w.requireSync()
	}
	require.Len(t, leases, 2)
	require.NotContains(t, leases[0], "silence", "there are no rows yet")
	require.Contains(t, leases[1], "silence")
}

// lease is the stored form of the only lease.
func (w *world) lease() (lease string) {
	w.query(func(db *sql.DB) {
		require.NoError(w.t, db.QueryRow("SELECT value FROM "+stateTable+" WHERE key LIKE 'lease,%'").Scan(&lease))
	})
	return lease
}

// TestLease_duringALookForTables: a first run looks for the tables that it filled.
func TestLease_duringALookForTables(t *testing.T) {
	w := newWorld(t, simulator.Generate(simulator.Config{Seed: 1, CompanyID: 4711, Deals: 6000}))
	w.tables = []string{"deals"}
	w.requireSync()
	require.Contains(t, w.lease(), "silence")
}

// TestLease_duringAFullRefresh: the run reads rows back that no run has counted.
func TestLease_duringAFullRefresh(t *testing.T) {
	w := newWorld(t, simulator.Generate(simulator.Config{Seed: 1, CompanyID: 4711, Deals: 1000}))
	w.tables, w.spec["verify"], w.spec["full_refresh_every"] = []string{"deals"}, false, "24h"
	w.requireSync()
	require.NotContains(t, w.lease(), "silence")
	w.company().Advance(25 * time.Hour)
	w.requireSync()
	require.Contains(t, w.lease(), "silence")
}

// TestLease_duringReadsOfManyVersions: a destination that only appends has a row for each version of a record.
func TestLease_duringReadsOfManyVersions(t *testing.T) {
	w := newWorld(t, simulator.Generate(simulator.Config{Seed: 1, CompanyID: 4711, Deals: 200}))
	w.tables, w.appends, w.spec["full_refresh_every"] = []string{"deals"}, true, "1h"
	for run := range 6 {
		w.requireSync()
		if run < 2 {
			require.NotContains(t, w.lease(), "silence")
		}
		w.company().Advance(2 * time.Hour)
	}
	require.Contains(t, w.lease(), "silence")
}

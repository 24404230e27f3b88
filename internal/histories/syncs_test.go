package histories

import (
	"database/sql"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestSyncs_tellWhatRunsCost: each run leaves a row that says what it sent and cost, as Pipedrive counts it.
func TestSyncs_tellWhatRunsCost(t *testing.T) {
	w := newWorld(t, generated(2, 4711))
	w.tables = append(slices.Clone(all), "syncs")
	for run := range 3 {
		w.simulator.ResetUsage()
		w.requireSync()
		usage, sent := w.simulator.Usage(), int64(0)
		for _, table := range all {
			sent += int64(w.sent[table])
		}
		w.query(func(db *sql.DB) {
			var rows, requests, tokens, retries, runs int64
			var api, tables string
			require.NoError(t, db.QueryRow(`SELECT "rows", requests, api_tokens, retries, api_version, tables ->> '$[0]',
				(SELECT count(*) FROM pipedrive_syncs WHERE ended_at >= started_at)
				FROM pipedrive_syncs ORDER BY started_at DESC LIMIT 1`).Scan(&rows, &requests, &tokens, &retries, &api, &tables, &runs))
			require.Equal(t, []int64{sent, usage.Requests, usage.Tokens, 0, int64(run + 1)}, []int64{rows, requests, tokens, retries, runs})
			require.Equal(t, "v2", api)
			require.Equal(t, "pipedrive_deals", tables)
		})
		w.company().Advance(time.Hour)
		w.accounts[0].Change("deals", w.accounts[0].IDs("deals")[0], "changed")
	}
}

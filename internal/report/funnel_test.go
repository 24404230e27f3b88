package report

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// The table of changes of stages, with the columns that figures need.
const changes = `
	CREATE TABLE pipedrive_deal_stage_changes (account_id TEXT NOT NULL, deal_id INTEGER NOT NULL, seq INTEGER NOT NULL,
		from_stage_id INTEGER, to_stage_id INTEGER, time TIMESTAMP, _removed_at TIMESTAMP, PRIMARY KEY (account_id, deal_id, seq));`

// Deals of 2026 by their way through the stages: 1 was won at the end, 2 lost half-way, 3 never moved, 4 came back and was lost,
// 5 went to another pipeline, the changes of 6 are not synced, 7 began in a stage that was deleted, 8 is deleted, 9 is
// archived, the changes of 10 begin with its creation, 11 moved once more when it was won, and 12 is too old to be shown.
const ways = `
	INSERT INTO pipedrive_pipelines (account_id, id, name, order_nr, active) VALUES ('acme', 1, 'Sales', 1, 1), ('acme', 2, 'Partners', 2, 1);
	INSERT INTO pipedrive_stages (account_id, id, name, order_nr, active_flag, pipeline_id) VALUES
		('acme', 10, 'Lead', 1, 1, 1), ('acme', 11, 'Offer', 2, NULL, 1), ('acme', 12, 'Deal', 3, 1, 1), ('acme', 13, 'Old', 2, 0, 1),
		('acme', 20, 'Intro', 1, 1, 2);
	INSERT INTO pipedrive_deals (account_id, id, status, pipeline_id, stage_id, add_time, stage_change_time, won_time, lost_time, close_time,
		is_deleted, is_archived) VALUES
		('acme', 1, 'won', 1, 12, '2026-01-01 00:00:00', '2026-01-07 00:00:00', '2026-01-08 00:00:00', NULL, NULL, 0, 1),
		('acme', 2, 'lost', 1, 11, '2026-01-01 00:00:00', '2026-01-05 00:00:00', NULL, '2026-01-15 00:00:00', NULL, 0, 0),
		('acme', 3, 'open', 1, 10, '2026-01-02 00:00:00', NULL, NULL, NULL, NULL, NULL, NULL),
		('acme', 4, 'lost', 1, 11, '2026-01-10 00:00:00', '2026-01-22 00:00:00', NULL, NULL, '2026-01-24 00:00:00', 0, 0),
		('acme', 5, 'open', 2, 20, '2026-01-01 00:00:00', '2026-01-02 00:00:00', NULL, NULL, NULL, 0, 0),
		('acme', 6, 'lost', 1, 11, '2026-02-01 00:00:00', '2026-02-03 00:00:00', NULL, '2026-02-05 00:00:00', NULL, 0, 0),
		('acme', 7, 'open', 1, 10, '2026-02-01 00:00:00', '2026-02-02 00:00:00', NULL, NULL, NULL, 0, 0),
		('acme', 8, 'lost', 1, 10, '2026-02-01 00:00:00', NULL, NULL, '2026-02-05 00:00:00', NULL, 1, 0),
		('acme', 9, 'open', 1, 10, '2026-02-01 00:00:00', NULL, NULL, NULL, NULL, 0, 1),
		('acme', 10, 'won', 1, 10, '2026-02-10 00:00:00', NULL, '2026-02-11 00:00:00', NULL, NULL, 0, 0),
		('acme', 11, 'won', 1, 11, '2026-02-01 00:00:00', '2026-02-04 00:00:00', '2026-02-03 00:00:00', NULL, NULL, 0, 0),
		('acme', 12, 'lost', 1, 10, '2025-01-01 00:00:00', NULL, NULL, '2026-02-05 00:00:00', NULL, 0, 0);
	INSERT INTO pipedrive_deal_stage_changes (account_id, deal_id, seq, from_stage_id, to_stage_id, time) VALUES
		('acme', 1, 1, 10, 11, '2026-01-03 00:00:00'), ('acme', 1, 2, 11, 12, '2026-01-07 00:00:00'),
		('acme', 2, 1, 10, 11, '2026-01-05 00:00:00'),
		('acme', 4, 1, 10, 12, '2026-01-20 00:00:00'), ('acme', 4, 2, 12, 11, '2026-01-22 00:00:00'),
		('acme', 5, 1, 10, 20, '2026-01-02 00:00:00'), ('acme', 7, 1, 13, 10, '2026-02-02 00:00:00'),
		('acme', 8, 1, 10, 12, '2026-02-02 00:00:00'), ('acme', 10, 1, NULL, 10, '2026-02-10 00:00:00'),
		('acme', 11, 1, 10, 11, '2026-02-04 00:00:00');
	INSERT INTO pipedrive_deal_stage_changes (account_id, deal_id, seq, _removed_at) VALUES ('acme', 2, 2, '2026-02-01 00:00:00');`

func TestRead_followsDealsThroughTheStages(t *testing.T) {
	f := read(t, schema, changes, ways)
	require.True(t, f.Tracked)
	var got []string
	for _, p := range f.Pipelines {
		got = append(got, fmt.Sprint(p.Title(), ": ", p.Entered))
		stages, _, err := funnelOf(p)
		require.NoError(t, err)
		for _, s := range stages {
			median := "–"
			if s.Timed() {
				median = fmt.Sprint(s.Median())
			}
			got = append(got, fmt.Sprintf("- %s: %d reached, %d went on, %d lost, %d open, %d left, %s days",
				s.Title(), s.Reached, s.WentOn, s.Lost, s.Open, s.Left, median))
		}
	}
	require.Equal(t, []string{
		"Sales: 9",
		"- Lead: 9 reached, 6 went on, 0 lost, 2 open, 1 left, 2.5 days", // of 1, 1, 2, 3, 4 and 10
		"- Offer: 6 reached, 4 went on, 2 lost, 0 open, 0 left, 2 days",  // of 0, 2, 2, 4 and 10
		"- Deal: 4 reached, 3 went on, 1 lost, 0 open, 0 left, 1.5 days", // of 1 and 2
		"Partners: 1",
		"- Intro: 1 reached, 0 went on, 0 lost, 1 open, 0 left, – days",
	}, got)
	require.InDelta(t, 6.0/9, f.Pipelines[0].Stages[0].Rate(), 1e-9)

	untracked := read(t, schema, quarter)
	require.False(t, untracked.Tracked)
	require.Zero(t, untracked.Pipelines[0].Entered)
}

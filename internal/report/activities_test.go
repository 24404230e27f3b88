package report

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The tables of activities, with the columns that figures need.
const calendar = `
	CREATE TABLE pipedrive_activity_types (account_id TEXT NOT NULL, id INTEGER NOT NULL, key_string TEXT, name TEXT, PRIMARY KEY (account_id, id));
	CREATE TABLE pipedrive_activities (account_id TEXT NOT NULL, id INTEGER NOT NULL, type TEXT, owner_id INTEGER, owner_name TEXT,
		deal_id INTEGER, done BOOLEAN, due_date DATE, marked_as_done_time TIMESTAMP, is_deleted BOOLEAN, _removed_at TIMESTAMP,
		PRIMARY KEY (account_id, id));`

// Activities on the deals of quarter, whose deals 3, 4, 6 and 7 have none to be done.
const busy = `
	INSERT INTO pipedrive_activity_types (account_id, id, key_string, name) VALUES ('acme', 1, 'call', 'Call'), ('beta', 1, 'call', 'Call');
	INSERT INTO pipedrive_activities (account_id, id, type, owner_id, owner_name, deal_id, done, due_date, marked_as_done_time,
		is_deleted, _removed_at) VALUES
		('acme', 1, 'call', 1, 'Ada', 1, 0, '2026-05-14', NULL, 0, NULL),
		('acme', 2, 'call', 1, 'Ada', 2, 0, '2026-05-15', NULL, NULL, NULL),
		('acme', 3, 'lunch', 1, 'Ada', 5, NULL, NULL, NULL, 0, NULL),
		('acme', 4, 'lunch', 2, 'Bo', 3, 1, '2025-01-01', '2025-06-01 00:00:00', 0, NULL),
		('acme', 5, 'call', 2, 'Bo', 3, 1, '2026-05-20', NULL, 0, NULL),
		('acme', 6, 'call', 2, 'Bo', 3, 1, '2026-05-20', '2025-05-31 23:59:59', 0, NULL),
		('acme', 7, 'call', 2, 'Bo', 4, 0, '2026-05-14', NULL, 1, NULL),
		('acme', 8, NULL, NULL, NULL, 6, NULL, NULL, NULL, NULL, '2026-05-01 00:00:00'),
		('beta', 1, 'call', 1, 'Zoe', 6, 0, '2026-04-01', NULL, 0, NULL),
		('beta', 2, 'call', 1, 'Zoe', NULL, 0, '2026-04-01', NULL, 0, NULL),
		('beta', 3, NULL, NULL, NULL, NULL, 1, '2026-04-01', NULL, 0, NULL);`

func TestRead_countsActivitiesByOwnerAndType(t *testing.T) {
	// An account has records other than activities.
	f := read(t, schema, quarter, calendar, busy, `INSERT INTO pipedrive_stages (account_id, id) VALUES ('beta', 1)`)
	require.Equal(t, Activities{
		ByOwner: []Workload{
			{Name: "Zoe · beta", Overdue: 2},
			{Name: "Ada · acme", Planned: 2, Overdue: 1},
			{Name: "Bo · acme", Done: 2},
			{Name: "No owner · beta", Done: 1},
		},
		ByType: []Workload{
			{Name: "Call", Done: 1, Planned: 1, Overdue: 3},
			{Name: "lunch", Done: 1, Planned: 1},
			{Name: "No type", Done: 1},
		},
		Idle: 4,
	}, f.Activities)
	require.Zero(t, read(t, schema, quarter).Activities)
}

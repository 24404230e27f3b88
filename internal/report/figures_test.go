package report

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"
)

// The tables as the SQLite destination declares them, without the columns that no figure needs.
const schema = `
	CREATE TABLE pipedrive_deals (_cq_sync_time TIMESTAMP, account_id TEXT NOT NULL, id INTEGER NOT NULL,
		title TEXT, value REAL, currency TEXT, status TEXT, stage_id INTEGER, pipeline_id INTEGER,
		owner_id INTEGER, owner_name TEXT, expected_close_date DATE, probability REAL,
		add_time TIMESTAMP, stage_change_time TIMESTAMP,
		close_time TIMESTAMP, won_time TIMESTAMP, lost_time TIMESTAMP,
		local_won_date DATE, local_lost_date DATE, local_close_date DATE,
		person_id INTEGER, is_deleted BOOLEAN, is_archived BOOLEAN, PRIMARY KEY (account_id, id));
	CREATE TABLE pipedrive_pipelines (_cq_sync_time TIMESTAMP, account_id TEXT NOT NULL, id INTEGER NOT NULL,
		name TEXT, order_nr INTEGER, active BOOLEAN, PRIMARY KEY (account_id, id));
	CREATE TABLE pipedrive_stages (_cq_sync_time TIMESTAMP, account_id TEXT NOT NULL, id INTEGER NOT NULL,
		name TEXT, order_nr INTEGER, active_flag BOOLEAN, pipeline_id INTEGER, pipeline_name TEXT,
		deal_probability REAL, rotten_flag BOOLEAN, rotten_days INTEGER, PRIMARY KEY (account_id, id));`

const history = `
	CREATE TABLE pipedrive_syncs (account_id TEXT NOT NULL, started_at TIMESTAMP NOT NULL, ended_at TIMESTAMP,
		api_version TEXT, tables JSON TEXT, sent_rows INTEGER, requests INTEGER, api_tokens INTEGER, retries INTEGER,
		PRIMARY KEY (account_id, started_at));`

// Two accounts whose ids are the same.
const twoAccounts = `
	INSERT INTO pipedrive_pipelines (_cq_sync_time, account_id, id, name, order_nr, active) VALUES
		('2026-05-02 10:00:00.123456', 'acme', 1, 'Sales', 2, 1),
		('2026-05-02 10:00:00.123456', 'acme', 2, 'Partners', 1, 1),
		('2026-05-02 10:00:00.123456', 'acme', 3, 'Retired', 3, 0),
		('2026-05-01 10:00:00', 'beta', 1, 'Vertrieb', 1, 1);
	INSERT INTO pipedrive_stages (account_id, id, name, order_nr, active_flag, pipeline_id) VALUES
		('acme', 11, 'Won over', 2, 1, 1),
		('acme', 12, 'First call', 1, 1, 1),
		('acme', 13, 'Retired, empty', 3, 0, 1),
		('acme', 14, 'Retired, in use', 4, 0, 1),
		('acme', 21, 'Talk', 1, 1, 2),
		('acme', 31, 'Old', 1, 1, 3),
		('beta', 11, 'Anfrage', 1, 1, 1);
	INSERT INTO pipedrive_deals (account_id, id, value, currency, status, pipeline_id, stage_id, is_deleted, is_archived) VALUES
		('acme', 1, 100.5, 'EUR', 'open', 1, 11, 0, 0),
		('acme', 2, 200, 'EUR', 'open', 1, 12, NULL, NULL),
		('acme', 3, 50, 'USD', 'open', 1, 12, 0, 0),
		('acme', 4, NULL, 'EUR', 'open', 1, 14, 0, 0),
		('acme', 5, 7, 'EUR', 'open', 1, 99, 0, 0),
		('acme', 6, 1000, 'EUR', 'open', 1, 11, 1, 0),
		('acme', 7, 1000, 'EUR', 'open', 1, 11, 0, 1),
		('acme', 8, 1000, 'EUR', 'deleted', 1, 11, 1, 0),
		('acme', 9, 30, 'USD', 'open', 77, 770, 0, 0),
		('beta', 1, 40, 'USD', 'open', 1, 11, 0, 0),
		('beta', 2, 3, NULL, 'open', NULL, NULL, 0, 0);
	INSERT INTO pipedrive_deals (account_id, id, status, local_won_date, won_time, lost_time, close_time, is_deleted, is_archived) VALUES
		('acme', 20, 'won', '2026-04-01', '2026-03-31 23:30:00', NULL, NULL, 0, 0),
		('acme', 21, 'won', NULL, '2026-02-28 23:30:00', NULL, NULL, NULL, NULL),
		('acme', 22, 'lost', NULL, NULL, '2026-02-01 00:00:00', NULL, 0, 1),
		('acme', 23, 'lost', NULL, NULL, NULL, '2026-04-30 00:00:00', 0, 0),
		('acme', 24, 'lost', NULL, NULL, NULL, NULL, 0, 0),
		('acme', 25, 'won', NULL, '2026-04-02 00:00:00', NULL, NULL, 1, 0),
		('beta', 20, 'won', NULL, '2026-04-09 00:00:00', '2026-01-01 00:00:00', NULL, 0, 0),
		('beta', 21, 'won', NULL, '9026-04-09 00:00:00', NULL, NULL, 0, 0);`

// now is in the month after the last deals were closed.
var now = time.Date(2026, 5, 15, 12, 0, 0, 0, time.UTC)

func database(t *testing.T, statements ...string) *Database {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "pipedrive.db"))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	for _, statement := range statements {
		_, err := db.Exec(statement)
		require.NoError(t, err)
	}
	return &Database{db, sqliteCatalog}
}

func read(t *testing.T, statements ...string) *Figures {
	t.Helper()
	figures, err := Read(t.Context(), database(t, statements...), now)
	require.NoError(t, err)
	return figures
}

func TestRead_countsOpenDealsOnlyAndKeepsCurrenciesApart(t *testing.T) {
	f := read(t, schema, twoAccounts)
	require.Equal(t, []string{"acme", "beta"}, f.Accounts)
	require.Equal(t, Sums{8, map[string]Money{"EUR": {4, 307.5, 0}, "USD": {3, 120, 0}, "": {1, 3, 0}}}, f.Open)
	require.Equal(t, []string{"EUR", "USD", ""}, f.Currencies)
}

func TestRead_ordersPipelinesAndStagesAndKeepsRemovedOnesWithDeals(t *testing.T) {
	var got []string
	for _, p := range read(t, schema, twoAccounts).Pipelines {
		got = append(got, fmt.Sprint(p.Account, " ", p.Title(), " ", p.Deals, " ", p.Money))
		for _, s := range p.Stages {
			got = append(got, fmt.Sprint("- ", s.Title(), " ", s.Deals, " ", s.In("EUR").Value, " ", s.In("USD").Value))
		}
	}
	require.Equal(t, []string{
		"acme Partners 0 map[]",
		"- Talk 0 0 0",
		"acme Sales 5 map[EUR:{4 307.5 0} USD:{1 50 0}]",
		"- First call 2 200 50",
		"- Won over 1 100.5 0",
		"- Retired, in use 1 0 0",
		"- Removed stage 99 1 7 0",
		"acme Removed pipeline 77 1 map[USD:{1 30 0}]",
		"- Removed stage 770 1 0 30",
		"beta Vertrieb 1 map[USD:{1 40 0}]",
		"- Anfrage 1 0 40",
		"beta No pipeline 1 map[:{1 3 0}]",
		"- No stage 1 0 0",
	}, got)
}

func TestRead_countsClosedDealsWithArchivedOnesInTheCompanysMonths(t *testing.T) {
	f := read(t, schema, twoAccounts)
	require.Equal(t, 4, f.Won)
	require.Equal(t, 3, f.Lost)
	require.InDelta(t, 4.0/7, f.WinRate(), 1e-9)

	require.Len(t, f.Months, 12)
	var got []string
	for _, m := range f.Months[7:] {
		got = append(got, fmt.Sprint(m.Start.Format("2006-01 "), m.Won.Deals, " ", m.Lost.Deals, " ", f.Running(m)))
	}
	require.Equal(t, []string{"2026-01 0 0 false", "2026-02 1 1 false", "2026-03 0 0 false", "2026-04 2 1 false", "2026-05 0 0 true"}, got)
	require.Equal(t, time.Date(2025, time.June, 1, 0, 0, 0, 0, time.UTC), f.Months[0].Start)
}

func TestRead_takesTheLastSyncFromTheHistoryOrFromTheRows(t *testing.T) {
	require.Equal(t, "2026-05-02T10:00:00.123456Z", read(t, schema, twoAccounts).LastSync.Format(time.RFC3339Nano))
	require.Equal(t, "2026-05-03T08:01:30.5Z", read(t, schema, twoAccounts, history, runs("acme", 1)).LastSync.Format(time.RFC3339Nano))
}

func TestRead_keepsTheLatestRunsOfEachAccount(t *testing.T) {
	f := read(t, history, runs("acme", 75), runs("beta", 2))
	require.Len(t, f.Histories, 2)
	acme := f.Histories[0].Runs
	require.Len(t, acme, 60)
	require.Equal(t, Run{
		Account: "acme",
		Started: time.Date(2026, 5, 3, 8, 0, 0, 0, time.UTC).AddDate(0, 0, 15),
		Ended:   time.Date(2026, 5, 3, 8, 1, 30, 500_000_000, time.UTC).AddDate(0, 0, 15),
		Rows:    1150, Requests: 12, APITokens: 125, Retries: 1,
	}, acme[0])
	require.Equal(t, 1740, acme[59].Rows)
	require.Equal(t, "beta", f.Histories[1].Account)
	require.Len(t, f.Histories[1].Runs, 2)
}

// runs inserts the runs of as many days.
func runs(account string, days int) string {
	return fmt.Sprintf(`
		WITH RECURSIVE days (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM days WHERE n + 1 < %d)
		INSERT INTO pipedrive_syncs
		SELECT '%s', datetime('2026-05-03 08:00:00', n || ' days'), datetime('2026-05-03 08:01:30', n || ' days') || '.500000',
			'v2', '["pipedrive_deals"]', 1000 + 10 * n, 12, 110 + n, 1 FROM days;`, days, account)
}

func TestRead_takesAMissingTableForAnEmptyOne(t *testing.T) {
	for _, statements := range [][]string{nil, {schema, history}} {
		f := read(t, statements...)
		require.Len(t, f.Months, 12)
		require.Len(t, f.Forecast, 6)
		f.Months, f.Forecast = nil, nil
		require.Equal(t, &Figures{Written: now}, f)
	}
	require.Empty(t, read(t, schema, twoAccounts).Histories)

	deals := read(t, schema, twoAccounts, "DROP TABLE pipedrive_pipelines; DROP TABLE pipedrive_stages")
	require.Equal(t, 8, deals.Open.Deals)
	require.Equal(t, "Removed pipeline 1", deals.Pipelines[0].Title())
}

func TestRead_namesTheStatementThatFails(t *testing.T) {
	_, err := Read(t.Context(), database(t, "CREATE TABLE pipedrive_deals (id INTEGER)"), now)
	require.ErrorContains(t, err, "SELECT DISTINCT account_id FROM pipedrive_deals")
}

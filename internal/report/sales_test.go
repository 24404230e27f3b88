package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/postgrestest"
)

// Deals as of 15 May 2026. Leads rot after 14 days.
const quarter = `
	INSERT INTO pipedrive_stages (account_id, id, name, order_nr, pipeline_id, deal_probability, rotten_flag, rotten_days) VALUES
		('acme', 11, 'Lead', 1, 1, 20, 1, 14), ('acme', 12, 'Offer', 2, 1, 50, 0, 3), ('acme', 13, 'Odd', 3, 1, NULL, NULL, NULL);
	INSERT INTO pipedrive_deals (account_id, id, title, status, value, currency, pipeline_id, stage_id, owner_id, owner_name,
		probability, expected_close_date, add_time, stage_change_time) VALUES
		('acme', 1, 'Overdue', 'open', 1000, 'EUR', 1, 11, 1, 'Ada', NULL, '2026-05-14', '2026-05-10 12:00:00', NULL),
		('acme', 2, 'Due today', 'open', 100.5, 'EUR', 1, 12, 1, 'Ada', NULL, '2026-05-15', '2026-01-01 12:00:00', NULL),
		('acme', 3, 'Just rotten', 'open', 300, 'EUR', 1, 11, 2, 'Bo', 80, '2026-06-30', '2026-01-01 12:00:00', '2026-05-01 12:00:00'),
		('acme', 4, 'Not yet rotten', 'open', 40, 'EUR', 1, 11, 2, 'Bo', 0, '2026-10-31', '2026-01-01 12:00:00', '2026-05-01 12:00:01'),
		('acme', 5, 'Both', 'open', 5000, 'JPY', 1, 11, 2, 'Bo', 33.33, '2026-04-01', '2026-04-01 12:00:00', NULL),
		('acme', 6, 'Later', 'open', 7, 'EUR', 1, 12, 2, 'Bo', NULL, '2026-11-01', NULL, NULL),
		('acme', 7, 'Some day', 'open', 60, 'EUR', 1, 13, NULL, NULL, NULL, NULL, '2026-05-01 00:00:00', NULL);
	INSERT INTO pipedrive_deals (account_id, id, status, value, currency, owner_id, owner_name, add_time, won_time, lost_time) VALUES
		('acme', 20, 'won', 0.1, 'EUR', 1, 'Ada', '2026-04-01 00:00:00', '2026-04-03 00:00:00', NULL),
		('acme', 21, 'won', 0.2, 'EUR', 1, 'Ada', '2026-04-01 00:00:00', '2026-04-06 00:00:00', NULL),
		('acme', 22, 'lost', 9, 'EUR', 1, 'Ada', '2026-04-01 00:00:00', NULL, '2026-04-06 00:00:00'),
		('acme', 23, 'won', 800, 'JPY', 2, 'Bo', NULL, '2026-05-02 00:00:00', NULL),
		('acme', 24, 'won', 50, 'EUR', 2, 'Bo', '2025-04-30 00:00:00', '2025-05-31 23:59:59', NULL);`

func TestRead_weighsValuesByTheDealsProbabilityOrItsStages(t *testing.T) {
	f := read(t, schema, quarter)
	require.Equal(t, 1, f.Unweighted)
	eur, jpy := f.Open.In("EUR"), f.Open.In("JPY")
	require.Equal(t, 6, eur.Deals)
	require.InDelta(t, 1507.5, eur.Value, 1e-9)
	require.InDelta(t, 200+50.25+240+0+3.5, eur.Weighted, 1e-9)
	require.InDelta(t, 1666.5, jpy.Weighted, 1e-9)
	require.Equal(t, []string{"EUR", "JPY"}, f.Currencies)
}

func TestRead_forecastsByExpectedCloseDate(t *testing.T) {
	var got []string
	for _, p := range read(t, schema, quarter).Forecast {
		got = append(got, fmt.Sprintf("%s: %d, EUR %g, JPY %g", p.Name, p.Deals, p.In("EUR").Value, p.In("JPY").Value))
	}
	require.Equal(t, []string{
		"Overdue: 2, EUR 1000, JPY 5000",
		"May 2026: 1, EUR 100.5, JPY 0",
		"June 2026: 1, EUR 300, JPY 0",
		"July 2026: 0, EUR 0, JPY 0",
		"August 2026: 0, EUR 0, JPY 0",
		"September 2026: 0, EUR 0, JPY 0",
		"October 2026: 1, EUR 40, JPY 0",
		"Later: 1, EUR 7, JPY 0",
		"No date: 1, EUR 60, JPY 0",
	}, got)
}

func TestRead_findsOverdueAndRottenDeals(t *testing.T) {
	f := read(t, schema, quarter)
	require.Equal(t, 2, f.Overdue)
	require.Equal(t, 2, f.Rotten)
	var got []string
	for _, l := range f.Late {
		got = append(got, fmt.Sprint(l.Title, ", ", l.Owner, ", ", l.Stage, ", ", l.Overdue, ", ", l.InStage, ", ", l.Rotten))
	}
	require.Equal(t, []string{
		"Both, Bo, Lead, 44, 44, true",
		"Overdue, Ada, Lead, 1, 5, false",
		"Just rotten, Bo, Lead, 0, 14, true",
	}, got)
}

func TestRead_countsByOwnerAndMonth(t *testing.T) {
	f := read(t, schema, quarter)
	var got []string
	for _, o := range f.Owners {
		got = append(got, fmt.Sprintf("%s: %d open, %d overdue, %d rotten, %d won, %d lost, EUR %.2f won",
			o.Title(), o.Open.Deals, o.Overdue, o.Rotten, o.Won.Deals, o.Lost.Deals, o.Won.In("EUR").Value))
	}
	require.Equal(t, []string{
		"Bo: 4 open, 1 overdue, 2 rotten, 1 won, 0 lost, EUR 0.00 won",
		"Ada: 2 open, 1 overdue, 0 rotten, 2 won, 1 lost, EUR 0.30 won",
		"No owner: 1 open, 0 overdue, 0 rotten, 0 won, 0 lost, EUR 0.00 won",
	}, got)
	require.InDelta(t, 2.0/3, f.Owners[1].WinRate(), 1e-9)

	april, may := f.Months[10], f.Months[11]
	require.InDelta(t, 2.0/3, april.WinRate(), 1e-9)
	require.InDelta(t, 3.5, april.Cycle.Days(), 1e-9) // of 2 and 5 days
	require.Equal(t, Money{Deals: 1, Value: 800}, may.Won.In("JPY"))
	require.Zero(t, may.Cycle.Deals) // the date of the deal's creation is unknown
	require.InDelta(t, 3.5, f.Cycle.Days(), 1e-9)
	require.Equal(t, 4, f.Won)
	require.Equal(t, 3, f.WonLately.Deals) // May 2025 is thirteen months ago
}

func TestLedgers_roundToTheCurrencysDecimals(t *testing.T) {
	sums := func(currency string, deals int, value, weighted float64) Sums {
		return Sums{deals, map[string]Money{currency: {deals, value, weighted}}}
	}
	for _, c := range []struct {
		currency string
		value    float64
		want     string
	}{
		{"EUR", 0.1 + 0.2, "0.30"},
		{"EUR", 1234567.004, "1,234,567"},
		{"JPY", 1666.5, "1,667"},
		{"KWD", 0.0625, "0.063"},
		{"KWD", 12, "12"},
		{"CLF", 3.33333, "3.3333"},
	} {
		require.Equal(t, c.want, amount(c.value, c.currency), c.currency)
	}
	require.Equal(t, []ledger{{
		Name: "EUR", Heads: []string{"Deals", "Value", "Weighted"},
		Rows:  []entry{{"A", []string{"1", "1,000.00", "0.33"}}, {"B", []string{"2", "10.00", "5.00"}}},
		Total: []string{"3", "1,010.00", "5.33"},
	}}, ledgers([]string{"USD", "EUR"}, []part{
		{Name: "A", Open: sums("EUR", 1, 1000, 0.333)}, {Name: "none"}, {Name: "B", Open: sums("EUR", 2, 10, 5)},
	}, openDeals, openValue, weightedValue))
}

// An addition to a table of an old database.
const withStatus = `
	ALTER TABLE pipedrive_syncs ADD status TEXT;
	ALTER TABLE pipedrive_syncs ADD reason TEXT;
	ALTER TABLE pipedrive_syncs ADD unfinished_tables JSON TEXT;`

const threeAccounts = `
	INSERT INTO pipedrive_syncs (account_id, started_at, ended_at, sent_rows, requests, api_tokens, retries, status, reason, unfinished_tables) VALUES
		('acme', '2026-05-13 08:00:00', '2026-05-13 08:05:00', 9, 9, 9, 0, 'partial', 'the budget is spent', '["pipedrive_notes"]'),
		('acme', '2026-05-14 08:00:00', '2026-05-14 08:05:00', 9, 9, 9, 0, 'complete', NULL, '[]'),
		('beta', '2026-05-13 08:00:00', '2026-05-13 08:05:00', 9, 9, 9, 0, 'complete', NULL, NULL),
		('beta', '2026-05-14 09:00:00', '2026-05-14 09:05:00', 7, 9, 9, 0, 'partial', 'max_tokens is spent', '["pipedrive_deals", "pipedrive_notes"]'),
		('gamma', '2026-05-15 09:00:00', '2026-05-15 09:05:00', NULL, NULL, NULL, NULL, 'failed', 'the token is refused', 'null');`

func TestRead_tellsWhichAccountsAreNotComplete(t *testing.T) {
	f := read(t, history, withStatus, threeAccounts)
	require.False(t, f.Complete())
	require.Equal(t, time.Date(2026, 5, 14, 9, 5, 0, 0, time.UTC), f.LastSync) // not the failed run's
	require.Len(t, f.Unfinished, 2)
	require.Equal(t, []string{"pipedrive_deals", "pipedrive_notes"}, f.Unfinished[0].UnfinishedTables)
	require.Equal(t, Run{
		Account: "gamma", Status: "failed", Reason: "the token is refused",
		Started: time.Date(2026, 5, 15, 9, 0, 0, 0, time.UTC), Ended: time.Date(2026, 5, 15, 9, 5, 0, 0, time.UTC),
	}, f.Unfinished[1])
	require.True(t, read(t, history, withStatus, threeAccounts, "DELETE FROM pipedrive_syncs WHERE account_id <> 'acme'").Complete())

	old := read(t, history, runs("acme", 1), "ALTER TABLE pipedrive_syncs RENAME COLUMN sent_rows TO rows") // a database from before the columns
	require.Empty(t, old.Unfinished)
	require.False(t, old.Complete())
}

// renamed gives statements other accounts, so that their ids do not meet those of others.
func renamed(statements string, n int) string {
	return strings.NewReplacer("acme", fmt.Sprint("acme ", n), "beta", fmt.Sprint("beta ", n)).Replace(statements)
}

func TestRead_findsTheSameInPostgreSQL(t *testing.T) {
	for _, history := range []string{history + runs("acme", 75), history + withStatus + threeAccounts} {
		db := database(t, schema, twoAccounts, renamed(quarter, 1), children, renamed(sold, 1), renamed(contacts, 2),
			changes, renamed(ways, 3), calendar, renamed(busy, 1), history)
		want, err := Read(t.Context(), db, now)
		require.NoError(t, err)
		_, address := postgrestest.Copy(t, db.DB)
		server, err := Open(address)
		require.NoError(t, err)
		t.Cleanup(func() { server.Close() })
		got, err := Read(t.Context(), server, now)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestOpen_keepsThePasswordToItself(t *testing.T) {
	_, err := Open("postgres://ada:secret@localhost:port/db")
	require.Error(t, err)
	require.NotContains(t, err.Error(), "secret")

	db, err := Open("postgres://ada:secret@/db?host=" + t.TempDir())
	require.NoError(t, err)
	defer db.Close()
	_, err = Read(t.Context(), db, now)
	require.Error(t, err)
	require.NotContains(t, err.Error(), "secret")
}

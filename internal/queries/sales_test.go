package queries

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"
)

// planned are activities of the account 4004; those of 2999 are still to come. Its deal 3 is deleted, and its deal 4
// has no activities.
const planned = `
	INSERT INTO pipedrive_activity_types (_cq_id, account_id, id, key_string, name) VALUES
		('type 1', '4004', 1, 'call', 'Call'), ('type 2', '4004', 2, 'call', 'A call');
	INSERT INTO pipedrive_deals (_cq_id, account_id, id, title, status, is_deleted) VALUES
		('planned 1', '4004', 1, 'A', 'open', 0), ('planned 2', '4004', 2, 'B', 'won', NULL),
		('planned 3', '4004', 3, 'C', 'open', 1), ('planned 4', '4004', 4, 'D', 'open', 0);
	INSERT INTO pipedrive_activities
		(_cq_id, account_id, id, type, deal_id, owner_id, owner_name, done, due_date, marked_as_done_time, is_deleted) VALUES
		('activity 1', '4004', 1, 'call', 1, 1, 'Ada', 1, '2024-01-31', '2024-02-01 08:00:00', 0),
		('activity 2', '4004', 2, 'call', 1, 1, 'Ada', 1, '2024-01-20', NULL, 0),
		('activity 3', '4004', 3, 'call', 1, 2, 'Bo', 0, '2024-02-01', NULL, 0),
		('activity 4', '4004', 4, 'call', 1, 1, 'Ada', 0, '2999-05-01', NULL, NULL),
		('activity 5', '4004', 5, 'call', 1, 1, 'Ada', 0, NULL, NULL, 0),
		('activity 6', '4004', 6, 'lunch', 1, 1, 'Ada', 1, '2024-01-31', '2024-01-09 10:00:00', 0),
		('activity 7', '4004', 7, 'call', 2, 2, 'Bo', NULL, '2024-03-01', NULL, 0),
		('activity 8', '4004', 8, 'call', 3, 1, 'Ada', 0, '2024-01-01', NULL, 0),
		('activity 9', '4004', 9, 'call', 1, 1, 'Ada', 1, '2024-01-01', '2024-01-01 10:00:00', 1),
		('activity 10', '4004', 10, 'lunch', NULL, NULL, NULL, 0, '2999-05-15', NULL, 0);`

func TestQueries_countActivities(t *testing.T) {
	account := syncedAccounts(t)
	_, err := account.Exec(planned)
	require.NoError(t, err)
	onEachDatabase(t, account, func(t *testing.T, _ string, db *sql.DB) {
		require.Equal(t, lines(`
deal_id|title|status|type|type_name|activities|done|overdue|planned|last_done_time|next_due_date
1|A|open|call|Call|5|2|1|2|2024-02-01 08:00:00|2999-05-01
1|A|open|lunch|NULL|1|1|0|0|2024-01-09 10:00:00|NULL
2|B|won|call|Call|1|0|1|0|NULL|NULL
4|D|open|NULL|NULL|0|0|0|0|NULL|NULL`), query(t, db, `SELECT deal_id, title, status, type, type_name, activities, done, overdue, planned,
				last_done_time, next_due_date
			FROM pipedrive_activities_by_deal WHERE account_id = '4004' ORDER BY deal_id, type`))
		require.Equal(t, lines(`
month|owner_id|owner_name|type|type_name|activities|done|overdue|planned
NULL|1|Ada|call|Call|1|0|0|1
2024-01-01|1|Ada|call|Call|2|1|1|0
2024-01-01|1|Ada|lunch|NULL|1|1|0|0
2024-02-01|1|Ada|call|Call|1|1|0|0
2024-02-01|2|Bo|call|Call|1|0|1|0
2024-03-01|2|Bo|call|Call|1|0|1|0
2999-05-01|NULL|NULL|lunch|NULL|1|0|0|1
2999-05-01|1|Ada|call|Call|1|0|0|1`), query(t, db, `SELECT month, owner_id, owner_name, type, type_name, activities, done, overdue, planned
			FROM pipedrive_activities_by_owner WHERE account_id = '4004' ORDER BY month NULLS FIRST, owner_id NULLS FIRST, type`))
	})
}

// expected are deals of the account 5005 with their expected close dates; those of 2999 are still to come.
const expected = `
	INSERT INTO pipedrive_pipelines (_cq_id, account_id, id, name) VALUES ('expected', '5005', 1, 'Sales');
	INSERT INTO pipedrive_stages (_cq_id, account_id, id, pipeline_id, deal_probability) VALUES
		('expected 10', '5005', 10, 1, 20), ('expected 11', '5005', 11, 1, NULL);
	INSERT INTO pipedrive_deals
		(_cq_id, account_id, id, status, value, currency, pipeline_id, stage_id, owner_id, owner_name, probability, expected_close_date,
		is_archived) VALUES
		('expected 1', '5005', 1, 'open', 1000, 'EUR', 1, 10, 1, 'Ada', NULL, '2999-03-10', 0),
		('expected 2', '5005', 2, 'open', 500, 'EUR', 1, 10, 1, 'Ada', 50, '2999-03-31', NULL),
		('expected 3', '5005', 3, 'open', 300, 'EUR', 1, 11, 1, 'Ada', NULL, '2024-03-05', 0),
		('expected 4', '5005', 4, 'open', NULL, 'EUR', 1, 10, 2, 'Bo', NULL, NULL, 0),
		('expected 10', '5005', 10, 'open', 9999, 'EUR', 1, 10, 1, 'Ada', NULL, '2999-03-10', 1);
	INSERT INTO pipedrive_deals
		(_cq_id, account_id, id, status, value, currency, pipeline_id, owner_id, owner_name, expected_close_date,
		add_time, won_time, lost_time, close_time, is_deleted, is_archived) VALUES
		('expected 5', '5005', 5, 'won', 400, 'EUR', 1, 1, 'Ada', '2024-03-01', '2024-03-01 00:00:00', '2024-03-11 00:00:00', NULL, NULL, 0, 1),
		('expected 6', '5005', 6, 'won', 800, 'EUR', 1, 1, 'Ada', '2024-03-13', '2024-03-01 00:00:00', NULL, NULL, '2024-03-03 00:00:00', NULL, 0),
		('expected 7', '5005', 7, 'won', 300, 'EUR', 1, 2, 'Bo', NULL, '2024-02-26 00:00:00', '2024-03-01 12:00:00', NULL, NULL, 0, 0),
		('expected 8', '5005', 8, 'lost', 50, 'EUR', 1, 2, 'Bo', '2024-03-20', '2024-03-01 00:00:00', NULL, '2024-03-20 23:59:59', NULL, 0, 0),
		('expected 9', '5005', 9, 'won', 7, 'JPY', 1, 1, 'Ada', '2024-01-01', '2024-01-01 00:00:00', NULL, NULL, NULL, 0, 0),
		('expected 11', '5005', 11, 'won', 9999, 'EUR', 1, 1, 'Ada', '2024-03-01', '2024-03-01 00:00:00', '2024-03-11 00:00:00', NULL, NULL, 1, 0),
		('expected 12', '5005', 12, 'lost', 10, 'USD', 1, 1, 'Ada', NULL, '2024-03-01 00:00:00', NULL, NULL, '2024-03-02 00:00:00', 0, 0),
		('expected 13', '5005', 13, 'won', 25, 'EUR', 1, 1, 'Ada', NULL, '2024-04-01 00:00:00', '2024-04-02 00:00:00', NULL, NULL, 0, 0),
		('expected 14', '5005', 14, 'won', 25, 'EUR', 1, 1, 'Ada', NULL, '2024-04-01 00:00:00', '2024-04-12 00:00:00', NULL, NULL, 0, 0),
		('expected 15', '5005', 15, 'won', 25, 'EUR', 1, 1, 'Ada', NULL, '2024-04-01 00:00:00', '2024-04-04 00:00:00', NULL, NULL, 0, 0),
		('expected 16', '5005', 16, 'won', NULL, 'EUR', 1, 1, 'Ada', NULL, '2024-04-01 00:00:00', '2024-04-06 00:00:00', NULL, NULL, 0, 0);`

func TestQueries_measureHowFastDealsAre(t *testing.T) {
	account := syncedAccounts(t)
	_, err := account.Exec(expected)
	require.NoError(t, err)
	onEachDatabase(t, account, func(t *testing.T, _ string, db *sql.DB) {
		// In March, after 10, 2 and 4.5 days; in April, after 1, 11, 3 and 5.
		require.Equal(t, lines(`
month|pipeline_name|currency|won_deals|lost_deals|win_rate|won_value|average_won_value|average_cycle_days|median_cycle_days|value_per_day
NULL|Sales|JPY|1|0|1|7|7|NULL|NULL|NULL
2024-03-01|Sales|EUR|3|1|0.75|1500|500|5.5|4.5|272.73
2024-03-01|Sales|USD|0|1|0|0|NULL|NULL|NULL|NULL
2024-04-01|Sales|EUR|4|0|1|75|25|5|4|15`), query(t, db, `SELECT month, pipeline_name, currency, won_deals, lost_deals, win_rate, won_value, average_won_value,
				average_cycle_days, median_cycle_days, value_per_day
			FROM pipedrive_deal_velocity WHERE account_id = '5005' ORDER BY month NULLS FIRST, currency`))
		require.Equal(t, lines(`
deal_id|status|expected_close_date|close_date|days_late|is_late|is_overdue
1|open|2999-03-10|NULL|NULL|0|0
2|open|2999-03-31|NULL|NULL|0|0
3|open|2024-03-05|NULL|NULL|1|1
5|won|2024-03-01|2024-03-11|10|1|0
6|won|2024-03-13|2024-03-03|-10|0|0
8|lost|2024-03-20|2024-03-20|0|0|0
9|won|2024-01-01|NULL|NULL|NULL|0`), query(t, db, `SELECT deal_id, status, expected_close_date, close_date,
				CASE WHEN status <> 'open' THEN days_late END AS days_late, days_late > 0 AS is_late, is_overdue
			FROM pipedrive_close_date_slippage WHERE account_id = '5005' ORDER BY deal_id`))
	})
}

func TestQueries_forecast(t *testing.T) {
	account := syncedAccounts(t)
	_, err := account.Exec(expected)
	require.NoError(t, err)
	onEachDatabase(t, account, func(t *testing.T, _ string, db *sql.DB) {
		require.Equal(t, lines(`
month|pipeline_name|owner_name|currency|open_deals|overdue_deals|open_value|weighted_value|deals_without_probability|won_deals|won_value
NULL|Sales|Ada|JPY|0|0|0|0|0|1|7
NULL|Sales|Bo|EUR|1|0|0|0|0|0|0
2024-03-01|Sales|Ada|EUR|1|1|300|0|1|2|1200
2024-03-01|Sales|Bo|EUR|0|0|0|0|0|1|300
2024-04-01|Sales|Ada|EUR|0|0|0|0|0|4|75
2999-03-01|Sales|Ada|EUR|2|0|1500|450|0|0|0`), query(t, db, `SELECT month, pipeline_name, owner_name, currency, open_deals, overdue_deals, open_value, weighted_value,
				deals_without_probability, won_deals, won_value
			FROM pipedrive_forecast_by_month WHERE account_id = '5005' ORDER BY month NULLS FIRST, owner_id, currency`))
	})
}

// converted are leads of the account 6006. Two deals were made of leads whose rows are gone; deal 4 is deleted.
const converted = `
	INSERT INTO pipedrive_leads (_cq_id, account_id, id, owner_id, owner_name, add_time, is_archived) VALUES
		('lead a', '6006', 'a', 1, 'Ada', '2024-01-01 00:00:00', 0), ('lead b', '6006', 'b', 1, 'Ada', '2024-01-31 23:59:59', 0),
		('lead c', '6006', 'c', 1, 'Ada', '2024-01-05 00:00:00', 1), ('lead d', '6006', 'd', 1, 'Ada', '2024-01-05 00:00:00', 0),
		('lead e', '6006', 'e', 2, 'Bo', '2024-01-05 00:00:00', NULL), ('lead f', '6006', 'f', 2, 'Bo', '2024-01-05 00:00:00', 0);
	INSERT INTO pipedrive_deals (_cq_id, account_id, id, status, source_lead_id, owner_id, owner_name, add_time, is_deleted) VALUES
		('converted 1', '6006', 1, 'won', 'd', 2, 'Bo', '2024-02-05 00:00:00', 0),
		('converted 2', '6006', 2, 'lost', 'x', 2, 'Bo', '2024-02-05 00:00:00', NULL),
		('converted 3', '6006', 3, 'open', 'y', 2, 'Bo', '2024-02-05 00:00:00', 0),
		('converted 4', '6006', 4, 'won', 'f', 2, 'Bo', '2024-02-05 00:00:00', 1),
		('converted 5', '6006', 5, 'won', NULL, 2, 'Bo', '2024-02-05 00:00:00', 0);`

func TestQueries_followLeadsIntoDeals(t *testing.T) {
	account := syncedAccounts(t)
	_, err := account.Exec(converted)
	require.NoError(t, err)
	onEachDatabase(t, account, func(t *testing.T, _ string, db *sql.DB) {
		require.Equal(t, lines(`
account_id|month|owner_id|owner_name|leads|open_leads|archived_leads|converted_leads|open_deals|won_deals|lost_deals|conversion_rate|win_rate
6006|2024-01-01|1|Ada|4|2|1|1|0|1|0|0.25|1
6006|2024-01-01|2|Bo|1|1|0|0|0|0|0|0|NULL
6006|2024-02-01|2|Bo|2|0|0|2|1|0|1|1|0`), query(t, db, `SELECT * FROM pipedrive_lead_conversion WHERE account_id = '6006' ORDER BY month, owner_id`))
	})
}

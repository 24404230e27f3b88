package queries

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// versions are the history of deals of the account 8008, on days that onDays fills in: 1 grew, moved, was postponed and
// won; 2 was deleted on the next day; 3 is gone; 4 was archived; 5 had no expected close date for a day; 6 is older
// than the view.
const versions = `
	INSERT INTO pipedrive_pipelines (_cq_id, account_id, id, name) VALUES ('versions', '8008', 1, 'Sales');
	INSERT INTO pipedrive_stages (_cq_id, account_id, id, name, order_nr, pipeline_id, deal_probability) VALUES
		('versions 10', '8008', 10, 'Lead', 1, 1, 20), ('versions 11', '8008', 11, 'Offer', 2, 1, 50);
	INSERT INTO pipedrive_deals_history (_cq_id, account_id, id, valid_from, title, status, pipeline_id, stage_id, owner_id, owner_name,
		value, currency, probability, expected_close_date, is_deleted, is_archived, _removed_at) VALUES
		('version 1', '8008', 1, '{1} 08:00:00', 'A', 'open', 1, 10, 1, 'Ada', 100, 'EUR', NULL, '2024-04-01', 0, 0, NULL),
		('version 2', '8008', 1, '{4} 08:00:00', 'A', 'open', 1, 11, 1, 'Ada', 140, 'EUR', NULL, '2024-04-15', 0, 0, NULL),
		('version 3', '8008', 1, '{4} 09:00:00', 'A', 'open', 1, 11, 1, 'Ada', 150, 'EUR', NULL, '2024-04-15', 0, 0, NULL),
		('version 4', '8008', 1, '{6} 08:00:00', 'Aa', 'won', 1, 11, 2, 'Bo', 150, 'EUR', NULL, '2024-04-10', 0, 0, NULL),
		('version 5', '8008', 2, '{2} 23:59:59', 'B', 'open', 1, 10, 1, 'Ada', 50, 'EUR', 50, NULL, 0, 0, NULL),
		('version 6', '8008', 2, '{3} 00:00:00', 'B', 'open', 1, 10, 1, 'Ada', 50, 'EUR', 50, NULL, 1, 0, NULL),
		('version 7', '8008', 3, '{1} 08:00:00', 'C', 'open', 1, 99, 1, 'Ada', 30, 'USD', NULL, '2024-05-01', NULL, NULL, NULL),
		('version 8', '8008', 3, '{5} 08:00:00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{5} 08:00:00'),
		('version 9', '8008', 4, '{1} 08:00:00', 'D', 'open', 1, 10, 1, 'Ada', 9999, 'EUR', NULL, NULL, 0, 1, NULL),
		('version 10', '8008', 5, '{5} 08:00:00', 'E', 'open', 1, 11, 2, 'Bo', NULL, 'EUR', NULL, '2024-04-10', 0, 0, NULL),
		('version 11', '8008', 5, '{6} 08:00:00', 'E', 'open', 1, 11, 2, 'Bo', NULL, 'EUR', NULL, NULL, 0, 0, NULL),
		('version 12', '8008', 5, '{7} 08:00:00', 'E', 'lost', 1, 11, 2, 'Bo', NULL, 'EUR', NULL, '2024-04-01', 0, 0, NULL),
		('version 13', '8008', 6, '2020-01-01 08:00:00', 'F', 'open', 1, 10, 1, 'Ada', 9999, 'JPY', NULL, NULL, 0, 0, NULL),
		('version 14', '8008', 6, '2020-01-09 08:00:00', 'F', 'lost', 1, 10, 1, 'Ada', 9999, 'JPY', NULL, NULL, 0, 0, NULL),
		('version 15', '8008', 7, '2020-01-01 08:00:00', 'G', 'open', 1, 10, 1, 'Ada', 7, 'GBP', NULL, NULL, 0, 0, NULL);`

// onDays replaces {1} to {7} by days in a row; {7} is a month ago.
func onDays(text string) string {
	last := ago(30 * day)
	for i := range 7 {
		text = strings.ReplaceAll(text, "{"+string(rune('1'+i))+"}", last.AddDate(0, 0, i-6).Format(time.DateOnly))
	}
	return text
}

func TestQueries_findThePastInTheHistory(t *testing.T) {
	account := syncedAccounts(t)
	_, err := account.Exec(onDays(versions))
	require.NoError(t, err)
	onEachDatabase(t, account, func(t *testing.T, _ string, db *sql.DB) {
		require.Equal(t, lines(onDays(`
day|pipeline_name|stage_id|stage_name|stage_order_nr|currency|open_deals|total_value|weighted_value|deals_without_probability
{1}|Sales|10|Lead|1|EUR|1|100|20|0
{1}|Sales|99|NULL|NULL|USD|1|30|0|1
{2}|Sales|10|Lead|1|EUR|2|150|45|0
{2}|Sales|99|NULL|NULL|USD|1|30|0|1
{3}|Sales|10|Lead|1|EUR|1|100|20|0
{3}|Sales|99|NULL|NULL|USD|1|30|0|1
{4}|Sales|11|Offer|2|EUR|1|150|75|0
{4}|Sales|99|NULL|NULL|USD|1|30|0|1
{5}|Sales|11|Offer|2|EUR|2|150|75|0
{6}|Sales|11|Offer|2|EUR|1|0|0|0`)), query(t, db, `SELECT day, pipeline_name, stage_id, stage_name, stage_order_nr, currency,
				open_deals, total_value, weighted_value, deals_without_probability
			FROM pipedrive_pipeline_by_day WHERE account_id = '8008' AND currency <> 'GBP' ORDER BY day, stage_id`))
		require.Equal(t, lines(`
days|open_deals
731|731`), query(t, db, `SELECT count(DISTINCT day) AS days, sum(open_deals) AS open_deals FROM pipedrive_pipeline_by_day
			WHERE account_id = '8008' AND currency = 'GBP' AND open_deals = 1 AND total_value = 7`))
		require.Equal(t, lines(`
account_id|deal_id|title|status|owner_id|owner_name|first_expected_close_date|last_expected_close_date|changes|put_off|days_put_off
8008|1|Aa|won|2|Bo|2024-04-01|2024-04-10|2|1|9
8008|3|C|open|1|Ada|2024-05-01|2024-05-01|0|0|0
8008|5|E|lost|2|Bo|2024-04-10|2024-04-01|1|0|-9`), query(t, db, `SELECT * FROM pipedrive_close_date_changes WHERE account_id = '8008' ORDER BY deal_id`))
	})
}

package queries

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"
)

// ways are the deals of the account 7007 by their way through the stages: 1 was won at the end, 2 lost half-way, 3 never moved, 4 came
// back and was lost, 5 went to another pipeline, the changes of 6 are not synced, 7 began in a stage that was deleted, 8 is
// deleted, 9 is archived, the changes of 10 begin with its creation, 11 moved once more when it was won, and 12 was just added.
const ways = `
	INSERT INTO pipedrive_pipelines (_cq_id, account_id, id, name) VALUES ('ways 1', '7007', 1, 'Sales'), ('ways 2', '7007', 2, 'Partners');
	INSERT INTO pipedrive_stages (_cq_id, account_id, id, name, order_nr, active_flag, pipeline_id) VALUES
		('ways 10', '7007', 10, 'Lead', 1, 1, 1), ('ways 11', '7007', 11, 'Offer', 2, NULL, 1), ('ways 12', '7007', 12, 'Deal', 3, 1, 1),
		('ways 13', '7007', 13, 'Old', 2, 0, 1), ('ways 20', '7007', 20, 'Intro', 1, 1, 2);
	INSERT INTO pipedrive_deals (_cq_id, account_id, id, title, status, pipeline_id, stage_id, owner_id, owner_name, add_time, stage_change_time,
		won_time, lost_time, close_time, is_deleted, is_archived) VALUES
		('way 1', '7007', 1, 'A', 'won', 1, 12, 1, 'Ada', '2024-01-01 00:00:00', '2024-02-01 00:00:00', '2024-02-02 00:00:00', NULL, NULL, 0, 1),
		('way 2', '7007', 2, 'B', 'lost', 1, 11, 1, 'Ada', '2024-01-01 00:00:00', '2024-01-05 00:00:00', NULL, '2024-01-15 00:00:00', NULL, 0, 0),
		('way 3', '7007', 3, 'C', 'open', 1, 10, 1, 'Ada', '2024-01-02 00:00:00', NULL, NULL, NULL, NULL, NULL, NULL),
		('way 4', '7007', 4, 'D', 'lost', 1, 11, 1, 'Ada', '2024-01-10 00:00:00', '2024-01-22 00:00:00', NULL, NULL, '2024-01-24 00:00:00', 0, 0),
		('way 5', '7007', 5, 'E', 'open', 2, 20, 1, 'Ada', '2024-01-01 00:00:00', '2024-01-02 12:00:00', NULL, NULL, NULL, 0, 0),
		('way 6', '7007', 6, 'F', 'lost', 1, 11, 1, 'Ada', '2024-02-01 00:00:00', '2024-02-03 00:00:00', NULL, '2024-02-05 00:00:00', NULL, 0, 0),
		('way 7', '7007', 7, 'G', 'open', 1, 10, 1, 'Ada', '2024-02-01 00:00:00', '2024-02-02 00:00:00', NULL, NULL, NULL, 0, 0),
		('way 8', '7007', 8, 'H', 'lost', 1, 10, 1, 'Ada', '2024-02-01 00:00:00', NULL, NULL, '2024-02-05 00:00:00', NULL, 1, 0),
		('way 9', '7007', 9, 'I', 'open', 1, 10, 1, 'Ada', '2024-02-01 00:00:00', NULL, NULL, NULL, NULL, 0, 1),
		('way 10', '7007', 10, 'J', 'won', 1, 10, 1, 'Ada', '2024-02-10 00:00:00', NULL, '2024-02-11 00:00:00', NULL, NULL, 0, 0),
		('way 11', '7007', 11, 'K', 'won', 1, 11, 1, 'Ada', '2024-02-01 00:00:00', '2024-02-04 00:00:00', '2024-02-03 00:00:00', NULL, NULL, 0, 0),
		('way 12', '7007', 12, 'L', 'open', 1, 10, 1, 'Ada', datetime('now', '-1 hour'), NULL, NULL, NULL, NULL, 0, 0);
	INSERT INTO pipedrive_deal_stage_changes (_cq_id, account_id, deal_id, seq, from_stage_id, to_stage_id, time) VALUES
		('move 1', '7007', 1, 1, 10, 11, '2024-01-03 00:00:00'), ('move 2', '7007', 1, 2, 11, 12, '2024-02-01 00:00:00'),
		('move 3', '7007', 2, 1, 10, 11, '2024-01-05 00:00:00'),
		('move 4', '7007', 4, 1, 10, 12, '2024-01-20 00:00:00'), ('move 5', '7007', 4, 2, 12, 11, '2024-01-22 00:00:00'),
		('move 6', '7007', 5, 1, 10, 20, '2024-01-02 12:00:00'), ('move 7', '7007', 7, 1, 13, 10, '2024-02-02 00:00:00'),
		('move 8', '7007', 8, 1, 10, 12, '2024-02-02 00:00:00'), ('move 9', '7007', 10, 1, NULL, 10, '2024-02-10 00:00:00'),
		('move 10', '7007', 11, 1, 10, 11, '2024-02-04 00:00:00');`

func TestQueries_followDealsThroughTheStages(t *testing.T) {
	account := syncedAccounts(t)
	_, err := account.Exec(ways)
	require.NoError(t, err)
	onEachDatabase(t, account, func(t *testing.T, _ string, db *sql.DB) {
		require.Equal(t, lines(`
deal_id|title|status|owner_name|stay|pipeline_id|pipeline_name|stage_id|stage_name|stage_order_nr|left_at|ended_by|days
1|A|won|Ada|1|1|Sales|10|Lead|1|2024-01-03|moved|2
1|A|won|Ada|2|1|Sales|11|Offer|2|2024-02-01|moved|29
1|A|won|Ada|3|1|Sales|12|Deal|3|2024-02-02|won|1
2|B|lost|Ada|1|1|Sales|10|Lead|1|2024-01-05|moved|4
2|B|lost|Ada|2|1|Sales|11|Offer|2|2024-01-15|lost|10
3|C|open|Ada|1|1|Sales|10|Lead|1|NULL|NULL|NULL
4|D|lost|Ada|1|1|Sales|10|Lead|1|2024-01-20|moved|10
4|D|lost|Ada|2|1|Sales|12|Deal|3|2024-01-22|moved|2
4|D|lost|Ada|3|1|Sales|11|Offer|2|2024-01-24|lost|2
5|E|open|Ada|1|1|Sales|10|Lead|1|2024-01-02|moved|1.5
5|E|open|Ada|2|2|Partners|20|Intro|1|NULL|NULL|NULL
6|F|lost|Ada|1|1|Sales|11|Offer|2|2024-02-05|lost|2
7|G|open|Ada|1|1|Sales|13|Old|2|2024-02-02|moved|1
7|G|open|Ada|2|1|Sales|10|Lead|1|NULL|NULL|NULL
10|J|won|Ada|1|1|Sales|10|Lead|1|2024-02-11|won|1
11|K|won|Ada|1|1|Sales|10|Lead|1|2024-02-04|moved|3
11|K|won|Ada|2|1|Sales|11|Offer|2|2024-02-04|won|0
12|L|open|Ada|1|1|Sales|10|Lead|1|NULL|NULL|NULL`), query(t, db, `SELECT deal_id, title, status, owner_name, stay, pipeline_id, pipeline_name,
				stage_id, stage_name, stage_order_nr, substr(CAST(left_at AS text), 1, 10) AS left_at, ended_by,
				CASE WHEN ended_by IS NOT NULL THEN days END AS days
			FROM pipedrive_deal_stages WHERE account_id = '7007' ORDER BY deal_id, stay`))
		require.Equal(t, lines(`
deals|longer_than_ten_years
4|0`), query(t, db, `SELECT count(*) AS deals, count(CASE WHEN days > 3650 OR days < 0 THEN 1 END) AS longer_than_ten_years
			FROM pipedrive_deal_stages WHERE account_id = '7007' AND ended_by IS NULL`))

		// Stage 10 after 2, 4, 10, 1.5, 1 and 3 days; stage 11 after 29, 10, 2, 2 and 0; stage 12 after 1 and 2.
		require.Equal(t, lines(`
account_id|pipeline_id|pipeline_name|stage_id|stage_name|stage_order_nr|deals_ever|deals_now|stays|moved_deals|won_deals|lost_deals|average_days|median_days
7007|1|Sales|10|Lead|1|9|3|6|5|1|0|3.5833333333333335|2.5
7007|1|Sales|11|Offer|2|5|0|5|1|1|3|8.6|2
7007|1|Sales|12|Deal|3|2|0|2|1|1|0|1.5|1.5
7007|1|Sales|13|Old|2|1|0|1|1|0|0|1|1
7007|2|Partners|20|Intro|1|1|1|0|0|0|0|NULL|NULL`), query(t, db, `SELECT * FROM pipedrive_time_in_stage WHERE account_id = '7007' ORDER BY stage_id`))

		require.Equal(t, lines(`
pipeline_name|month|stage_id|stage_name|stage_order_nr|deals|reached_deals|went_on_deals|lost_deals|open_deals|left_deals|conversion_rate|median_days
Sales|2024-01-01|10|Lead|1|5|5|3|0|1|1|0.6|3
Sales|2024-01-01|11|Offer|2|5|3|2|1|0|0|0.6666666666666666|10
Sales|2024-01-01|12|Deal|3|5|2|1|1|0|0|0.5|1.5
Sales|2024-02-01|10|Lead|1|4|4|3|0|1|0|0.75|2
Sales|2024-02-01|11|Offer|2|4|3|2|1|0|0|0.6666666666666666|1
Sales|2024-02-01|12|Deal|3|4|2|2|0|0|0|1|NULL
Partners|2024-01-01|20|Intro|1|1|1|0|0|1|0|0|NULL`), query(t, db, `SELECT pipeline_name, month, stage_id, stage_name, stage_order_nr, deals, reached_deals, went_on_deals,
				lost_deals, open_deals, left_deals, conversion_rate, median_days
			FROM pipedrive_stage_conversion WHERE account_id = '7007' AND month < '2025-01-01' ORDER BY pipeline_id, month, stage_order_nr`))
	})
}

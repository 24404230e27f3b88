-- Made by `make gen`. The records of pipedrive_goal_results, each once and as it was last sent,
-- but those that were gone when the account's list was last read completely.
CREATE OR REPLACE VIEW pipedrive_goal_results_current AS
WITH last_reading AS (
    SELECT account_id AS account_read, max(_cq_sync_time) AS read_at
    FROM pipedrive_goal_results
    JOIN pipedrive_syncs USING (account_id, _cq_sync_time)
    GROUP BY account_id
)
SELECT t.*
FROM pipedrive_goal_results AS t
LEFT JOIN last_reading ON account_read = account_id
WHERE coalesce(_cq_sync_time >= read_at, true)
QUALIFY row_number() OVER (PARTITION BY account_id, goal_id ORDER BY _cq_sync_time DESC) = 1;

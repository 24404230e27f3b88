-- Made by `make gen`. The records of pipedrive_call_logs, each once and as it was last sent,
-- but those that were gone when the account's list was last read completely.
CREATE OR REPLACE VIEW pipedrive_call_logs_current AS
WITH last_reading AS (
    SELECT account_id AS account_read, max(_cq_sync_time) AS read_at
    FROM pipedrive_call_logs
    JOIN pipedrive_syncs USING (account_id, _cq_sync_time)
    GROUP BY account_id
)
SELECT *
FROM (
    SELECT DISTINCT ON (account_id, id) t.*
    FROM pipedrive_call_logs AS t
    LEFT JOIN last_reading ON account_read = account_id
    WHERE coalesce(_cq_sync_time >= read_at, true)
    ORDER BY account_id, id, _cq_sync_time DESC
) AS newest;

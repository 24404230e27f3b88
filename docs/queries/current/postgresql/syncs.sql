-- Made by `make gen`. The records of pipedrive_syncs, each once and as it was last sent.
CREATE OR REPLACE VIEW pipedrive_syncs_current AS
SELECT *
FROM (
    SELECT DISTINCT ON (account_id, started_at) t.*
    FROM pipedrive_syncs AS t
    ORDER BY account_id, started_at, _cq_sync_time DESC
) AS newest;

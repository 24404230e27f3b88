-- Made by `make gen`. The records of pipedrive_syncs, each once and as it was last sent.
DROP VIEW IF EXISTS pipedrive_syncs_current;
CREATE VIEW pipedrive_syncs_current AS
SELECT *
FROM pipedrive_syncs
WHERE rowid IN (
    SELECT number
    FROM (
        SELECT
            t.rowid AS number,
            row_number() OVER (PARTITION BY account_id, started_at ORDER BY _cq_sync_time DESC) AS version
        FROM pipedrive_syncs AS t
    )
    WHERE version = 1
);

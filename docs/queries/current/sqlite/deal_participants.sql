-- Made by `make gen`. The records of pipedrive_deal_participants, each once and as it was last sent, but those that are marked as removed.
DROP VIEW IF EXISTS pipedrive_deal_participants_current;
CREATE VIEW pipedrive_deal_participants_current AS
SELECT *
FROM pipedrive_deal_participants
WHERE rowid IN (
    SELECT number
    FROM (
        SELECT
            t.rowid AS number,
            row_number() OVER (PARTITION BY account_id, id ORDER BY _cq_sync_time DESC, deal_update_time DESC NULLS LAST) AS version
        FROM pipedrive_deal_participants AS t
    )
    WHERE version = 1
)
    AND _removed_at IS NULL;

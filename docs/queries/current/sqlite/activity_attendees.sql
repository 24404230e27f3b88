-- Made by `make gen`. The records of pipedrive_activity_attendees, each once and as it was last sent, but those that are marked as removed.
DROP VIEW IF EXISTS pipedrive_activity_attendees_current;
CREATE VIEW pipedrive_activity_attendees_current AS
SELECT *
FROM pipedrive_activity_attendees
WHERE rowid IN (
    SELECT number
    FROM (
        SELECT
            t.rowid AS number,
            row_number() OVER (PARTITION BY account_id, activity_id, position ORDER BY _cq_sync_time DESC, activity_update_time DESC NULLS LAST) AS version
        FROM pipedrive_activity_attendees AS t
    )
    WHERE version = 1
)
    AND _removed_at IS NULL;

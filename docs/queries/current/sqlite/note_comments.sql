-- Made by `make gen`. The records of pipedrive_note_comments, each once and as it was last sent, but those that are marked as removed.
DROP VIEW IF EXISTS pipedrive_note_comments_current;
CREATE VIEW pipedrive_note_comments_current AS
SELECT *
FROM pipedrive_note_comments
WHERE rowid IN (
    SELECT number
    FROM (
        SELECT
            t.rowid AS number,
            row_number() OVER (PARTITION BY account_id, uuid ORDER BY _cq_sync_time DESC, update_time DESC NULLS LAST, note_update_time DESC NULLS LAST) AS version
        FROM pipedrive_note_comments AS t
    )
    WHERE version = 1
)
    AND _removed_at IS NULL;

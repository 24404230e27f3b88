-- Made by `make gen`. The records of pipedrive_note_comments, each once and as it was last sent, but those that are marked as removed.
CREATE OR REPLACE VIEW pipedrive_note_comments_current AS
SELECT *
FROM (
    SELECT DISTINCT ON (account_id, uuid) t.*
    FROM pipedrive_note_comments AS t
    ORDER BY account_id, uuid, _cq_sync_time DESC, update_time DESC NULLS LAST, note_update_time DESC NULLS LAST
) AS newest
WHERE _removed_at IS NULL;

-- Made by `make gen`. The records of pipedrive_note_comments, each once and as it was last sent, but those that are marked as removed.
CREATE OR REPLACE VIEW pipedrive.pipedrive_note_comments_current AS
SELECT t.*
FROM pipedrive.pipedrive_note_comments AS t
WHERE true
QUALIFY row_number() OVER (PARTITION BY account_id, uuid ORDER BY _cq_sync_time DESC, update_time DESC NULLS LAST, note_update_time DESC NULLS LAST) = 1
    AND _removed_at IS NULL;

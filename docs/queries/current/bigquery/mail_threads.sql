-- Made by `make gen`. The records of pipedrive_mail_threads, each once and as it was last sent, but those that are marked as removed.
CREATE OR REPLACE VIEW pipedrive.pipedrive_mail_threads_current AS
SELECT t.*
FROM pipedrive.pipedrive_mail_threads AS t
WHERE true
QUALIFY row_number() OVER (PARTITION BY account_id, id ORDER BY _cq_sync_time DESC, last_message_timestamp DESC NULLS LAST, update_time DESC NULLS LAST) = 1
    AND _removed_at IS NULL;

-- Made by `make gen`. The records of pipedrive_mail_threads, each once and as it was last sent, but those that are marked as removed.
CREATE OR REPLACE VIEW pipedrive_mail_threads_current AS
SELECT *
FROM (
    SELECT DISTINCT ON (account_id, id) t.*
    FROM pipedrive_mail_threads AS t
    ORDER BY account_id, id, _cq_sync_time DESC, last_message_timestamp DESC NULLS LAST, update_time DESC NULLS LAST
) AS newest
WHERE _removed_at IS NULL;

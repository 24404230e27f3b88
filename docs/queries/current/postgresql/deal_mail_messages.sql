-- Made by `make gen`. The records of pipedrive_deal_mail_messages, each once and as it was last sent, but those that are marked as removed.
CREATE OR REPLACE VIEW pipedrive_deal_mail_messages_current AS
SELECT *
FROM (
    SELECT DISTINCT ON (account_id, deal_id, id) t.*
    FROM pipedrive_deal_mail_messages AS t
    ORDER BY account_id, deal_id, id, _cq_sync_time DESC, update_time DESC NULLS LAST, deal_update_time DESC NULLS LAST
) AS newest
WHERE _removed_at IS NULL;

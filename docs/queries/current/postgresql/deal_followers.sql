-- Made by `make gen`. The records of pipedrive_deal_followers, each once and as it was last sent, but those that are marked as removed.
CREATE OR REPLACE VIEW pipedrive_deal_followers_current AS
SELECT *
FROM (
    SELECT DISTINCT ON (account_id, deal_id, user_id) t.*
    FROM pipedrive_deal_followers AS t
    ORDER BY account_id, deal_id, user_id, _cq_sync_time DESC, deal_update_time DESC NULLS LAST
) AS newest
WHERE _removed_at IS NULL;

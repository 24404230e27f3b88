-- Made by `make gen`. The records of pipedrive_deal_stage_changes, each once and as it was last sent, but those that are marked as removed.
CREATE OR REPLACE VIEW pipedrive_deal_stage_changes_current AS
SELECT *
FROM (
    SELECT DISTINCT ON (account_id, deal_id, seq) t.*
    FROM pipedrive_deal_stage_changes AS t
    ORDER BY account_id, deal_id, seq, _cq_sync_time DESC, deal_update_time DESC NULLS LAST
) AS newest
WHERE _removed_at IS NULL;

-- Made by `make gen`. The records of pipedrive_activity_participants, each once and as it was last sent, but those that are marked as removed.
CREATE OR REPLACE VIEW pipedrive_activity_participants_current AS
SELECT *
FROM (
    SELECT DISTINCT ON (account_id, activity_id, position) t.*
    FROM pipedrive_activity_participants AS t
    ORDER BY account_id, activity_id, position, _cq_sync_time DESC, activity_update_time DESC NULLS LAST
) AS newest
WHERE _removed_at IS NULL;

-- Made by `make gen`. The records of pipedrive_person_followers, each once and as it was last sent, but those that are marked as removed.
CREATE OR REPLACE VIEW pipedrive_person_followers_current AS
SELECT *
FROM (
    SELECT DISTINCT ON (account_id, person_id, user_id) t.*
    FROM pipedrive_person_followers AS t
    ORDER BY account_id, person_id, user_id, _cq_sync_time DESC, person_update_time DESC NULLS LAST
) AS newest
WHERE _removed_at IS NULL;

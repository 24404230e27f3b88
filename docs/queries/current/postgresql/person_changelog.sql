-- Made by `make gen`. The records of pipedrive_person_changelog, each once and as it was last sent, but those that are marked as removed.
CREATE OR REPLACE VIEW pipedrive_person_changelog_current AS
SELECT *
FROM (
    SELECT DISTINCT ON (account_id, person_id, seq) t.*
    FROM pipedrive_person_changelog AS t
    ORDER BY account_id, person_id, seq, _cq_sync_time DESC, person_update_time DESC NULLS LAST
) AS newest
WHERE _removed_at IS NULL;

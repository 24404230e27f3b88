-- Made by `make gen`. The records of pipedrive_person_changelog, each once and as it was last sent, but those that are marked as removed.
DROP VIEW IF EXISTS pipedrive_person_changelog_current;
CREATE VIEW pipedrive_person_changelog_current AS
SELECT *
FROM pipedrive_person_changelog
WHERE rowid IN (
    SELECT number
    FROM (
        SELECT
            t.rowid AS number,
            row_number() OVER (PARTITION BY account_id, person_id, seq ORDER BY _cq_sync_time DESC, person_update_time DESC NULLS LAST) AS version
        FROM pipedrive_person_changelog AS t
    )
    WHERE version = 1
)
    AND _removed_at IS NULL;

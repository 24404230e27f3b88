-- Made by `make gen`. The records of pipedrive_organization_relationships, each once and as it was last sent, but those that are marked as removed.
DROP VIEW IF EXISTS pipedrive_organization_relationships_current;
CREATE VIEW pipedrive_organization_relationships_current AS
SELECT *
FROM pipedrive_organization_relationships
WHERE rowid IN (
    SELECT number
    FROM (
        SELECT
            t.rowid AS number,
            row_number() OVER (PARTITION BY account_id, id ORDER BY _cq_sync_time DESC, update_time DESC NULLS LAST, org_update_time DESC NULLS LAST) AS version
        FROM pipedrive_organization_relationships AS t
    )
    WHERE version = 1
)
    AND _removed_at IS NULL;

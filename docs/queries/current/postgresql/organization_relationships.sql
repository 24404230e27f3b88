-- Made by `make gen`. The records of pipedrive_organization_relationships, each once and as it was last sent, but those that are marked as removed.
CREATE OR REPLACE VIEW pipedrive_organization_relationships_current AS
SELECT *
FROM (
    SELECT DISTINCT ON (account_id, id) t.*
    FROM pipedrive_organization_relationships AS t
    ORDER BY account_id, id, _cq_sync_time DESC, update_time DESC NULLS LAST, org_update_time DESC NULLS LAST
) AS newest
WHERE _removed_at IS NULL;

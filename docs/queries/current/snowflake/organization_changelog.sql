-- Made by `make gen`. The records of pipedrive_organization_changelog, each once and as it was last sent, but those that are marked as removed.
CREATE OR REPLACE VIEW pipedrive_organization_changelog_current AS
SELECT t.*
FROM pipedrive_organization_changelog AS t
WHERE true
QUALIFY row_number() OVER (PARTITION BY account_id, org_id, seq ORDER BY _cq_sync_time DESC, organization_update_time DESC NULLS LAST) = 1
    AND _removed_at IS NULL;

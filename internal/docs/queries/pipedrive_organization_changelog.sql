-- Changes of organizations by source
SELECT account_id, change_source, count(*) AS changes, count(DISTINCT org_id) AS organizations
FROM pipedrive_organization_changelog
GROUP BY account_id, change_source
ORDER BY account_id, changes DESC, change_source;

-- Organizations with the most open deals
SELECT account_id, id, name, owner_name, open_deals_count, people_count
FROM pipedrive_organizations
WHERE is_deleted IS NOT TRUE
ORDER BY open_deals_count DESC
LIMIT 20;

-- Won deals of each organization
SELECT o.account_id, o.name, d.currency, count(*) AS deals, sum(d.value) AS value
FROM pipedrive_organizations AS o
JOIN pipedrive_deals AS d ON d.account_id = o.account_id AND d.org_id = o.id
WHERE d.status = 'won' AND d.is_deleted IS NOT TRUE
GROUP BY o.account_id, o.id, o.name, d.currency
ORDER BY value DESC;

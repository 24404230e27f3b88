-- Open leads and their value, by source
SELECT account_id, source_name, currency, count(*) AS leads, sum(value) AS value
FROM pipedrive_leads
WHERE NOT is_archived
GROUP BY account_id, source_name, currency
ORDER BY account_id, source_name, currency;

-- Leads with their persons and organizations, the latest first
SELECT l.account_id, l.title, p.name AS person, o.name AS organization, l.owner_name, l.add_time
FROM pipedrive_leads l
LEFT JOIN pipedrive_persons p ON p.account_id = l.account_id AND p.id = l.person_id
LEFT JOIN pipedrive_organizations o ON o.account_id = l.account_id AND o.id = l.organization_id
ORDER BY l.account_id, l.add_time DESC, l.id;

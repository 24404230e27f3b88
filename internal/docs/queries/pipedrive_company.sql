-- Accounts and their companies
SELECT account_id, company_name, company_domain, user_name, user_email FROM pipedrive_company ORDER BY account_id;

-- Links to open deals in Pipedrive's web application
SELECT d.account_id, d.id, d.title, 'https://' || c.company_domain || '.pipedrive.com/deal/' || d.id AS link
FROM pipedrive_deals AS d
JOIN pipedrive_company AS c ON c.account_id = d.account_id
WHERE d.status = 'open' AND d.is_deleted IS NOT TRUE
ORDER BY d.account_id, d.id;

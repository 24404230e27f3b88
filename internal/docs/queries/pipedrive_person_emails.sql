-- E-mail addresses and the persons who have them, by label
SELECT account_id, label, count(*) AS addresses, count(DISTINCT person_id) AS persons
FROM pipedrive_person_emails
GROUP BY account_id, label
ORDER BY account_id, addresses DESC;

-- Deals and the primary e-mail addresses of their persons
SELECT d.account_id, d.title, p.name, e.value AS email
FROM pipedrive_deals AS d
JOIN pipedrive_persons AS p ON p.account_id = d.account_id AND p.id = d.person_id
JOIN pipedrive_person_emails AS e ON e.account_id = p.account_id AND e.person_id = p.id AND e.is_primary
ORDER BY d.account_id, d.title, e.position;

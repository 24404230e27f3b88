-- Open deals with the persons who take part besides the deal's own
SELECT x.account_id, d.title, p.name AS participant, p.primary_email
FROM pipedrive_deal_participants AS x
JOIN pipedrive_deals AS d ON d.account_id = x.account_id AND d.id = x.deal_id
JOIN pipedrive_persons AS p ON p.account_id = x.account_id AND p.id = x.person_id
WHERE d.status = 'open' AND (d.person_id IS NULL OR d.person_id <> x.person_id)
ORDER BY x.account_id, d.title, d.id, p.name, p.id;

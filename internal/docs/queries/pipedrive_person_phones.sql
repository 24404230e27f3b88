-- Phone numbers of persons, one row for each
SELECT t.account_id, p.name, t.label, t.value AS phone, t.is_primary
FROM pipedrive_person_phones AS t
JOIN pipedrive_persons AS p ON p.account_id = t.account_id AND p.id = t.person_id
ORDER BY t.account_id, p.name, p.id, t.position;

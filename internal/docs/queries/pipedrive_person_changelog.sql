-- The last change of each person
SELECT c.account_id, p.name, c.field_key, c.new_value, c.time
FROM pipedrive_person_changelog AS c
JOIN pipedrive_persons AS p ON p.account_id = c.account_id AND p.id = c.person_id
WHERE c.seq = (
  SELECT max(l.seq) FROM pipedrive_person_changelog AS l WHERE l.account_id = c.account_id AND l.person_id = c.person_id
)
ORDER BY c.account_id, c.time, c.person_id;

-- Persons with the most activities, and when the last one was due
SELECT t.account_id, p.name, count(*) AS activities, max(a.due_date) AS last_due
FROM pipedrive_activity_participants AS t
JOIN pipedrive_activities AS a ON a.account_id = t.account_id AND a.id = t.activity_id
JOIN pipedrive_persons AS p ON p.account_id = t.account_id AND p.id = t.person_id
WHERE a.is_deleted IS NOT TRUE
GROUP BY t.account_id, p.id, p.name
ORDER BY activities DESC, t.account_id, p.name
LIMIT 20;

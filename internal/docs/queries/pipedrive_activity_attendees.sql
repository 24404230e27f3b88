-- Answers of guests to invitations, by the activity's owner
SELECT a.account_id, a.owner_name, t.status, count(*) AS guests
FROM pipedrive_activity_attendees AS t
JOIN pipedrive_activities AS a ON a.account_id = t.account_id AND a.id = t.activity_id
WHERE t.is_organizer IS NOT TRUE AND a.is_deleted IS NOT TRUE
GROUP BY a.account_id, a.owner_name, t.status
ORDER BY a.account_id, a.owner_name, guests DESC;

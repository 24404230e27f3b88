-- Comments on the notes of deals, the newest first
SELECT c.account_id, n.deal_title, u.name AS author, c.content, c.add_time
FROM pipedrive_note_comments AS c
JOIN pipedrive_notes AS n ON n.account_id = c.account_id AND n.id = c.note_id
JOIN pipedrive_users AS u ON u.account_id = c.account_id AND u.id = c.user_id
WHERE n.deal_id IS NOT NULL
ORDER BY c.account_id, c.add_time DESC, c.uuid;

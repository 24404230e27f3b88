-- How often each field of deals changes, and by whom
SELECT c.account_id, c.field_key, u.name AS changed_by, count(*) AS changes
FROM pipedrive_deal_changelog AS c
LEFT JOIN pipedrive_users AS u ON u.account_id = c.account_id AND u.id = c.actor_user_id
GROUP BY c.account_id, c.field_key, u.name
ORDER BY changes DESC, c.account_id, c.field_key, u.name;

-- Changes of the values of deals
SELECT c.account_id, d.title, c.seq, c.old_value, c.new_value, c.time
FROM pipedrive_deal_changelog AS c
JOIN pipedrive_deals AS d ON d.account_id = c.account_id AND d.id = c.deal_id
WHERE c.field_key = 'value'
ORDER BY c.account_id, d.title, c.deal_id, c.seq;

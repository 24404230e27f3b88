-- The latest notes on deals
SELECT account_id, add_time, user_name, deal_title, substr(content, 1, 80) AS beginning
FROM pipedrive_notes
WHERE deal_id IS NOT NULL AND active_flag IS NOT FALSE
ORDER BY add_time DESC
LIMIT 20;

-- Who wrote how many notes
SELECT account_id, user_name, count(*) AS notes, max(add_time) AS last_note
FROM pipedrive_notes
GROUP BY account_id, user_id, user_name
ORDER BY notes DESC;

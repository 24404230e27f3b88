SELECT account_id, coalesce(key_string, ''), coalesce(name, '')
FROM pipedrive_activity_types
ORDER BY account_id, id

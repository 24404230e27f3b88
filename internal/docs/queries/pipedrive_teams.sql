-- Teams in use, with their managers
SELECT t.account_id, t.name AS team, u.name AS manager
FROM pipedrive_teams AS t
LEFT JOIN pipedrive_users AS u ON u.account_id = t.account_id AND u.id = t.manager_id
WHERE t.active_flag
ORDER BY t.account_id, t.name, t.id;

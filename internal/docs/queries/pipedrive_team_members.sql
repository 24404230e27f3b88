-- Members of each team
SELECT m.account_id, t.name AS team, u.name AS member
FROM pipedrive_team_members AS m
JOIN pipedrive_teams AS t ON t.account_id = m.account_id AND t.id = m.team_id
LEFT JOIN pipedrive_users AS u ON u.account_id = m.account_id AND u.id = m.user_id
WHERE t.active_flag
ORDER BY m.account_id, t.name, t.id, u.name, m.user_id;

-- Open deals of each team
SELECT d.account_id, t.name AS team, count(*) AS deals
FROM pipedrive_deals AS d
JOIN pipedrive_team_members AS m ON m.account_id = d.account_id AND m.user_id = d.owner_id
JOIN pipedrive_teams AS t ON t.account_id = m.account_id AND t.id = m.team_id
WHERE d.status = 'open'
GROUP BY d.account_id, t.id, t.name
ORDER BY d.account_id, t.name, t.id;

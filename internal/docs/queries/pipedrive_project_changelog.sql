-- Changes of each project, in their order
SELECT c.account_id, p.title, c.seq, c.time, u.name AS changed_by, c.old_values, c.new_values
FROM pipedrive_project_changelog AS c
JOIN pipedrive_projects AS p ON p.account_id = c.account_id AND p.id = c.project_id
LEFT JOIN pipedrive_users AS u ON u.account_id = c.account_id AND u.id = c.actor_user_id
ORDER BY c.account_id, p.title, c.project_id, c.seq;

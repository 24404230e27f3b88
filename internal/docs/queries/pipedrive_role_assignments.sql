-- Users by role
SELECT a.account_id, r.name AS role, u.name AS "user"
FROM pipedrive_role_assignments AS a
JOIN pipedrive_roles AS r ON r.account_id = a.account_id AND r.id = a.role_id
LEFT JOIN pipedrive_users AS u ON u.account_id = a.account_id AND u.id = a.user_id
ORDER BY a.account_id, r.name, r.id, u.name, a.user_id;

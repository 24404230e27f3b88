-- Administrators, by app
SELECT s.account_id, s.app, u.name, u.email
FROM pipedrive_permission_set_assignments AS s
JOIN pipedrive_users AS u ON u.account_id = s.account_id AND u.id = s.user_id
WHERE s.is_admin AND u.active_flag
ORDER BY s.account_id, s.app, u.name;

-- Permission sets of users
SELECT s.account_id, u.name, s.app, p.name AS permission_set
FROM pipedrive_permission_set_assignments AS s
JOIN pipedrive_users AS u ON u.account_id = s.account_id AND u.id = s.user_id
LEFT JOIN pipedrive_permission_sets AS p ON p.account_id = s.account_id AND p.id = s.permission_set_id
ORDER BY s.account_id, u.name, u.id, s.app;

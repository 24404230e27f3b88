-- Roles below their parents
SELECT r.account_id, r.level, p.name AS parent, r.name, r.assignment_count AS users
FROM pipedrive_roles AS r
LEFT JOIN pipedrive_roles AS p ON p.account_id = r.account_id AND p.id = r.parent_role_id
ORDER BY r.account_id, r.level, parent, r.name;

-- Roles without users
SELECT account_id, name FROM pipedrive_roles WHERE active_flag AND assignment_count = 0 ORDER BY account_id, name;

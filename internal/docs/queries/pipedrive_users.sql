-- Open deals and their value, by owner and currency
SELECT u.account_id, u.name, u.active_flag, d.currency, count(*) AS deals, sum(d.value) AS value
FROM pipedrive_users AS u
JOIN pipedrive_deals AS d ON d.account_id = u.account_id AND d.owner_id = u.id
WHERE d.status = 'open' AND d.is_deleted IS NOT TRUE AND d.is_archived IS NOT TRUE
GROUP BY u.account_id, u.id, u.name, u.active_flag, d.currency
ORDER BY u.account_id, u.name, d.currency;

-- Users and their roles
SELECT u.account_id, r.name AS role, u.name, u.email, u.last_login
FROM pipedrive_users AS u
LEFT JOIN pipedrive_roles AS r ON r.account_id = u.account_id AND r.id = u.role_id
WHERE u.active_flag
ORDER BY u.account_id, role, u.name;

-- Permission sets of users, one row for each (SQLite)
SELECT u.account_id, u.name, s.app, s.name AS permission_set
FROM pipedrive_users AS u, json_each(u.access) AS a
JOIN pipedrive_permission_sets AS s ON s.account_id = u.account_id AND s.id = a.value ->> 'permission_set_id'
ORDER BY u.account_id, u.name, u.id, s.app;

-- Permission sets of users, one row for each (PostgreSQL)
SELECT u.account_id, u.name, s.app, s.name AS permission_set
FROM pipedrive_users AS u
CROSS JOIN jsonb_array_elements(u.access) AS a
JOIN pipedrive_permission_sets AS s ON s.account_id = u.account_id AND s.id = a ->> 'permission_set_id'
ORDER BY u.account_id, u.name, u.id, s.app;

-- Who sees new deals and persons, by role
SELECT s.account_id, r.name AS role, s.deal_default_visibility, s.person_default_visibility
FROM pipedrive_role_settings AS s
JOIN pipedrive_roles AS r ON r.account_id = s.account_id AND r.id = s.role_id
ORDER BY s.account_id, r.name, r.id;

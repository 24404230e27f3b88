-- Persons with their e-mail addresses, one row for each (SQLite)
SELECT p.account_id, p.id, p.name, e.value ->> 'value' AS email, e.value ->> 'primary' AS is_primary
FROM pipedrive_persons AS p, json_each(p.email) AS e
WHERE p.is_deleted IS NOT TRUE
ORDER BY p.account_id, p.id, e.key;

-- Persons with their e-mail addresses, one row for each (PostgreSQL)
SELECT p.account_id, p.id, p.name, e.value ->> 'value' AS email, (e.value ->> 'primary')::boolean AS is_primary
FROM pipedrive_persons AS p, jsonb_array_elements(p.email) WITH ORDINALITY AS e (value, key)
WHERE p.is_deleted IS NOT TRUE
ORDER BY p.account_id, p.id, e.key;

-- Persons and where they work
SELECT p.account_id, p.name, o.name AS organization, p.owner_name
FROM pipedrive_persons AS p
LEFT JOIN pipedrive_organizations AS o ON o.account_id = p.account_id AND o.id = p.org_id
ORDER BY p.account_id, organization, p.name;

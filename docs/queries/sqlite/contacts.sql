-- Contacts: each person with organization, e-mail address and phone number.
--
-- Of several addresses or numbers the first one marked as primary counts, or else the first. Empty ones, as in API
-- v1, are left out.
DROP VIEW IF EXISTS pipedrive_contacts;
CREATE VIEW pipedrive_contacts AS
SELECT
    p.account_id,
    p.id AS person_id,
    p.name,
    p.first_name,
    p.last_name,
    (
        SELECT value ->> 'value'
        FROM json_each(p.email)
        WHERE value ->> 'value' <> ''
        ORDER BY value ->> 'primary' DESC, key
        LIMIT 1
    ) AS email,
    (
        SELECT value ->> 'value'
        FROM json_each(p.phone)
        WHERE value ->> 'value' <> ''
        ORDER BY value ->> 'primary' DESC, key
        LIMIT 1
    ) AS phone,
    p.org_id AS organization_id,
    o.name AS organization_name,
    o.address AS organization_address,
    p.owner_id,
    p.owner_name,
    p.add_time,
    p.update_time
FROM pipedrive_persons p
LEFT JOIN pipedrive_organizations o ON o.account_id = p.account_id AND o.id = p.org_id
WHERE NOT coalesce(p.is_deleted, 0);

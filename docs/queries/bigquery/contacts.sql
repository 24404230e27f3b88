-- Contacts: each person with organization, e-mail address and phone number.
--
-- Of several addresses or numbers the first one marked as primary counts, or else the first. Empty ones, as in API
-- v1, are left out.
CREATE OR REPLACE VIEW pipedrive.pipedrive_contacts AS
SELECT
    p.account_id,
    p.id AS person_id,
    p.name,
    p.first_name,
    p.last_name,
    (
        SELECT json_value(entry, '$.value')
        FROM UNNEST(json_query_array(p.email)) AS entry WITH OFFSET AS position
        WHERE json_value(entry, '$.value') <> ''
        ORDER BY coalesce(json_value(entry, '$.primary'), '') = 'true' DESC, position
        LIMIT 1
    ) AS email,
    (
        SELECT json_value(entry, '$.value')
        FROM UNNEST(json_query_array(p.phone)) AS entry WITH OFFSET AS position
        WHERE json_value(entry, '$.value') <> ''
        ORDER BY coalesce(json_value(entry, '$.primary'), '') = 'true' DESC, position
        LIMIT 1
    ) AS phone,
    p.org_id AS organization_id,
    o.name AS organization_name,
    o.address AS organization_address,
    p.owner_id,
    p.owner_name,
    p.add_time,
    p.update_time
FROM pipedrive.pipedrive_persons_current p
LEFT JOIN pipedrive.pipedrive_organizations_current o ON o.account_id = p.account_id AND o.id = p.org_id
WHERE NOT coalesce(p.is_deleted, false);

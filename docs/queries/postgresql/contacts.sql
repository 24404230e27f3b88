-- Contacts: each person with organization, e-mail address and phone number.
--
-- Of several addresses or numbers the first one marked as primary counts, or else the first. Empty ones, as in API
-- v1, are left out.
CREATE OR REPLACE VIEW pipedrive_contacts AS
SELECT
    p.account_id,
    p.id AS person_id,
    p.name,
    p.first_name,
    p.last_name,
    coalesce(
        jsonb_path_query_first(p.email, '$[*] ? (@.value > "" && @.primary == true)'),
        jsonb_path_query_first(p.email, '$[*] ? (@.value > "")')
    ) ->> 'value' AS email,
    coalesce(
        jsonb_path_query_first(p.phone, '$[*] ? (@.value > "" && @.primary == true)'),
        jsonb_path_query_first(p.phone, '$[*] ? (@.value > "")')
    ) ->> 'value' AS phone,
    p.org_id AS organization_id,
    o.name AS organization_name,
    o.address AS organization_address,
    p.owner_id,
    p.owner_name,
    p.add_time,
    p.update_time
FROM pipedrive_persons p
LEFT JOIN pipedrive_organizations o ON o.account_id = p.account_id AND o.id = p.org_id
WHERE NOT coalesce(p.is_deleted, false);

-- Contacts: each person with organization, e-mail address and phone number.
--
-- Of several addresses or numbers the first one marked as primary counts, or else the first. Empty ones, as in API
-- v1, are left out.
CREATE OR REPLACE VIEW pipedrive_contacts AS
WITH emails AS (
    SELECT p.account_id, p.id, entry.value['value']::text AS email
    FROM pipedrive_persons_current p, LATERAL FLATTEN(input => p.email) entry
    WHERE entry.value['value']::text <> ''
    QUALIFY row_number() OVER (
        PARTITION BY p.account_id, p.id
        ORDER BY coalesce(entry.value['primary']::boolean, false) DESC, entry.index
    ) = 1
),
phones AS (
    SELECT p.account_id, p.id, entry.value['value']::text AS phone
    FROM pipedrive_persons_current p, LATERAL FLATTEN(input => p.phone) entry
    WHERE entry.value['value']::text <> ''
    QUALIFY row_number() OVER (
        PARTITION BY p.account_id, p.id
        ORDER BY coalesce(entry.value['primary']::boolean, false) DESC, entry.index
    ) = 1
)
SELECT
    p.account_id,
    p.id AS person_id,
    p.name,
    p.first_name,
    p.last_name,
    emails.email,
    phones.phone,
    p.org_id AS organization_id,
    o.name AS organization_name,
    o.address AS organization_address,
    p.owner_id,
    p.owner_name,
    p.add_time,
    p.update_time
FROM pipedrive_persons_current p
LEFT JOIN emails ON emails.account_id = p.account_id AND emails.id = p.id
LEFT JOIN phones ON phones.account_id = p.account_id AND phones.id = p.id
LEFT JOIN pipedrive_organizations_current o ON o.account_id = p.account_id AND o.id = p.org_id
WHERE NOT coalesce(p.is_deleted, false);

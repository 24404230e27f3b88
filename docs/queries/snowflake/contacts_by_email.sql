-- Contacts by e-mail address, one row for each address and person, with all addresses of a person.
--
-- Addresses are in lower case and without spaces around them, for joins with other lists. persons is the number of
-- persons with the address: more than 1 may be duplicates.
CREATE OR REPLACE VIEW pipedrive_contacts_by_email AS
WITH emails AS (
    SELECT account_id, lower(trim(value)) AS email, person_id, boolor_agg(is_primary) AS is_primary
    FROM pipedrive_person_emails_current
    WHERE trim(value) <> ''
    GROUP BY 1, 2, 3
)
SELECT
    e.account_id,
    e.email,
    e.person_id,
    p.name,
    e.is_primary,
    p.org_id AS organization_id,
    o.name AS organization_name,
    p.owner_id,
    p.owner_name,
    count(*) OVER (PARTITION BY e.account_id, e.email) AS persons
FROM emails e
JOIN pipedrive_persons_current p ON p.account_id = e.account_id AND p.id = e.person_id
LEFT JOIN pipedrive_organizations_current o ON o.account_id = p.account_id AND o.id = p.org_id
WHERE NOT coalesce(p.is_deleted, false);

-- All persons, those without an e-mail address, those who share one, and open deals with a person without one.
WITH persons AS (
    SELECT account_id, id FROM pipedrive_persons WHERE is_deleted IS NOT TRUE AND _removed_at IS NULL
),
emails AS (
    SELECT DISTINCT p.account_id, p.id, lower(trim(e.value)) AS email
    FROM pipedrive_person_emails AS e
    JOIN persons AS p ON p.account_id = e.account_id AND p.id = e.person_id
    WHERE trim(e.value) <> ''
),
addressed AS (
    SELECT account_id, id, max(persons) AS persons
    FROM (SELECT account_id, id, count(*) OVER (PARTITION BY account_id, email) AS persons FROM emails) AS counted
    GROUP BY account_id, id
),
open_deals AS (
    SELECT account_id, person_id, count(*) AS deals
    FROM pipedrive_deals
    WHERE status = 'open' AND is_deleted IS NOT TRUE AND is_archived IS NOT TRUE
    GROUP BY account_id, person_id
)
SELECT count(*),
       count(CASE WHEN a.id IS NULL THEN 1 END),
       count(CASE WHEN a.persons > 1 THEN 1 END),
       CAST(coalesce(sum(CASE WHEN a.id IS NULL THEN d.deals END), 0) AS bigint)
FROM persons AS p
LEFT JOIN addressed AS a ON a.account_id = p.account_id AND a.id = p.id
LEFT JOIN open_deals AS d ON d.account_id = p.account_id AND d.person_id = p.id

-- Activities of deals, one row for each deal and type, as numbers that may be added up over types. A deal without
-- activities has one row with type NULL and zeros. Deleted deals and deleted activities are left out.
--
-- overdue activities are not done and their day is over. planned ones are for today or later, or have no day.
CREATE OR REPLACE VIEW pipedrive.pipedrive_activities_by_deal AS
WITH states AS (
    SELECT
        account_id, deal_id, type, due_date, marked_as_done_time,
        CASE WHEN done THEN 'done' WHEN due_date < current_date() THEN 'overdue' ELSE 'planned' END AS state
    FROM pipedrive.pipedrive_activities_current
    WHERE deal_id IS NOT NULL AND NOT coalesce(is_deleted, false)
),
totals AS (
    SELECT
        account_id, deal_id, type,
        count(*) AS activities,
        count(CASE WHEN state = 'done' THEN 1 END) AS done,
        count(CASE WHEN state = 'overdue' THEN 1 END) AS overdue,
        count(CASE WHEN state = 'planned' THEN 1 END) AS planned,
        max(CASE WHEN state = 'done' THEN marked_as_done_time END) AS last_done_time,
        min(CASE WHEN state = 'planned' THEN due_date END) AS next_due_date
    FROM states
    GROUP BY account_id, deal_id, type
),
types AS (
    SELECT account_id, key_string, max(name) AS name
    FROM pipedrive.pipedrive_activity_types_current
    GROUP BY account_id, key_string
)
SELECT
    d.account_id,
    d.id AS deal_id,
    d.title,
    d.status,
    d.owner_id,
    d.owner_name,
    a.type,
    t.name AS type_name,
    coalesce(a.activities, 0) AS activities,
    coalesce(a.done, 0) AS done,
    coalesce(a.overdue, 0) AS overdue,
    coalesce(a.planned, 0) AS planned,
    a.last_done_time,
    a.next_due_date
FROM pipedrive.pipedrive_deals_current d
LEFT JOIN totals a ON a.account_id = d.account_id AND a.deal_id = d.id
LEFT JOIN types t ON t.account_id = a.account_id AND t.key_string = a.type
WHERE NOT coalesce(d.is_deleted, false);

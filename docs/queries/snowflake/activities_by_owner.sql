-- Activities by month, owner and type, as numbers that may be added up over any rows. They include activities
-- without a deal, but no deleted ones.
--
-- An activity counts in one month: a done one in the month in which it was marked as done, another one in the
-- month in which it is due. month is NULL for one without a day. activities_by_deal.sql defines overdue and
-- planned.
CREATE OR REPLACE VIEW pipedrive_activities_by_owner AS
WITH states AS (
    SELECT
        account_id, owner_id, owner_name, type,
        CASE WHEN done THEN coalesce(convert_timezone('UTC', marked_as_done_time)::date, due_date) ELSE due_date END AS day,
        CASE WHEN done THEN 'done' WHEN due_date < convert_timezone('UTC', current_timestamp())::date THEN 'overdue' ELSE 'planned' END AS state
    FROM pipedrive_activities_current
    WHERE NOT coalesce(is_deleted, false)
),
types AS (
    SELECT account_id, key_string, max(name) AS name
    FROM pipedrive_activity_types_current
    GROUP BY account_id, key_string
),
months AS (
    SELECT *, date_trunc('month', day) AS month
    FROM states
)
SELECT
    a.account_id,
    a.month,
    a.owner_id,
    max(a.owner_name) AS owner_name,
    a.type,
    max(t.name) AS type_name,
    count(*) AS activities,
    count(CASE WHEN a.state = 'done' THEN 1 END) AS done,
    count(CASE WHEN a.state = 'overdue' THEN 1 END) AS overdue,
    count(CASE WHEN a.state = 'planned' THEN 1 END) AS planned
FROM months a
LEFT JOIN types t ON t.account_id = a.account_id AND t.key_string = a.type
GROUP BY a.account_id, a.month, a.owner_id, a.type;

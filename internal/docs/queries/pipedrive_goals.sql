-- Active goals of users
SELECT account_id, title, type, assignee_id, "interval", expected_target, expected_tracking_metric
FROM pipedrive_goals
WHERE is_active AND assignee_type = 'person'
ORDER BY account_id, title, id;

-- Number of goals, by type and assignee
SELECT account_id, type, assignee_type, count(*) AS goals
FROM pipedrive_goals
GROUP BY account_id, type, assignee_type
ORDER BY account_id, type, assignee_type;

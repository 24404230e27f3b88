-- Overdue activities, by owner
SELECT account_id, owner_name, type, count(*) AS overdue, min(due_date) AS oldest
FROM pipedrive_activities
WHERE done IS NOT TRUE AND is_deleted IS NOT TRUE AND due_date < CURRENT_DATE
GROUP BY account_id, owner_name, type
ORDER BY account_id, overdue DESC;

-- Activities done, by month and type
SELECT account_id, substr(CAST(marked_as_done_time AS text), 1, 7) AS month, type, count(*) AS activities
FROM pipedrive_activities
WHERE done AND marked_as_done_time IS NOT NULL
GROUP BY account_id, month, type
ORDER BY account_id, month, type;

-- Open deals with their completed activities
SELECT d.account_id, d.title, d.owner_name, count(a.id) AS activities, max(a.marked_as_done_time) AS last_activity
FROM pipedrive_deals d
JOIN pipedrive_activities a ON a.account_id = d.account_id AND a.deal_id = d.id AND a.done
WHERE d.status = 'open'
GROUP BY d.account_id, d.id, d.title, d.owner_name
ORDER BY activities DESC
LIMIT 20;

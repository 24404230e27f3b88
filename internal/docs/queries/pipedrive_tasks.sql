-- Tasks that are overdue
SELECT t.account_id, p.title AS project, t.title, t.due_date
FROM pipedrive_tasks t
LEFT JOIN pipedrive_projects p ON p.account_id = t.account_id AND p.id = t.project_id
WHERE t.is_done IS NOT TRUE AND t.due_date < CURRENT_DATE
ORDER BY t.due_date;

-- Milestones, by month
SELECT account_id, substr(CAST(due_date AS text), 1, 7) AS month, count(*) AS milestones
FROM pipedrive_tasks
WHERE is_milestone AND due_date IS NOT NULL
GROUP BY account_id, month
ORDER BY account_id, month;

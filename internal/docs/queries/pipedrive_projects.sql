-- Open projects, by board
SELECT p.account_id, b.name AS board, count(*) AS projects, min(p.end_date) AS next_end
FROM pipedrive_projects p
LEFT JOIN pipedrive_project_boards b ON b.account_id = p.account_id AND b.id = p.board_id
WHERE p.status = 'open' AND p.archive_time IS NULL
GROUP BY p.account_id, b.id, b.name
ORDER BY p.account_id, projects DESC;

-- Projects with their open tasks
SELECT p.account_id, p.title, p.owner_name, count(t.id) AS tasks, sum(CASE WHEN t.is_done THEN 0 ELSE 1 END) AS not_done
FROM pipedrive_projects p
JOIN pipedrive_tasks t ON t.account_id = p.account_id AND t.project_id = p.id
WHERE p.status <> 'deleted'
GROUP BY p.account_id, p.id, p.title, p.owner_name
ORDER BY not_done DESC, p.title;

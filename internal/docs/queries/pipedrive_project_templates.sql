-- Templates and the boards that their projects are on
SELECT t.account_id, t.title, b.name AS board
FROM pipedrive_project_templates t
LEFT JOIN pipedrive_project_boards b ON b.account_id = t.account_id AND b.id = t.projects_board_id
ORDER BY t.account_id, t.title;

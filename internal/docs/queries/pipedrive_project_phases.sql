-- Phases of each board, in their order
SELECT p.account_id, b.name AS board, p.order_nr, p.name AS phase
FROM pipedrive_project_phases p
JOIN pipedrive_project_boards b ON b.account_id = p.account_id AND b.id = p.board_id
ORDER BY p.account_id, b.order_nr, b.id, p.order_nr, p.id;

-- Boards in their order
SELECT account_id, order_nr, name
FROM pipedrive_project_boards
ORDER BY account_id, order_nr;

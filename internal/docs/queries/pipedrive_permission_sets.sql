-- Permission sets by app, and how many users have them
SELECT account_id, app, type, name, assignment_count AS users FROM pipedrive_permission_sets ORDER BY account_id, app, type, name;

-- How often activities were postponed to another day, by owner
SELECT account_id, owner_name, count(*) AS activities, sum(days - 1) AS put_off
FROM (
  SELECT account_id, id, max(owner_name) AS owner_name, count(DISTINCT due_date) AS days
  FROM pipedrive_activities_history
  WHERE due_date IS NOT NULL
  GROUP BY account_id, id
) planned
GROUP BY account_id, owner_name
ORDER BY account_id, put_off DESC, owner_name;

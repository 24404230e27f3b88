-- Persons with the number of their versions, and when they were found to be gone
SELECT account_id, id, min(valid_from) AS first_version, count(valid_from) - count(_removed_at) AS versions, max(_removed_at) AS removed_at
FROM pipedrive_persons_history
GROUP BY account_id, id
ORDER BY account_id, versions DESC, id;

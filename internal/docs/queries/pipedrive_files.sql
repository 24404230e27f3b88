-- Number of files and megabytes, by type
SELECT account_id, file_type, COUNT(*) AS files, SUM(file_size) / 1000000 AS megabytes
FROM pipedrive_files
GROUP BY account_id, file_type
ORDER BY megabytes DESC;

-- The latest files of deals, with who added them
SELECT f.account_id, d.title, f.name, f.add_time, f.user_id, f.url
FROM pipedrive_files f
JOIN pipedrive_deals d ON d.account_id = f.account_id AND d.id = f.deal_id
ORDER BY f.add_time DESC
LIMIT 20;

-- Deals with the most files
SELECT account_id, deal_id, COUNT(*) AS files
FROM pipedrive_files
WHERE deal_id IS NOT NULL
GROUP BY account_id, deal_id
ORDER BY files DESC
LIMIT 10;

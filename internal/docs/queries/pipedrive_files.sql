-- Number of files and their bytes, by type
SELECT account_id, file_type, count(*) AS files, sum(file_size) AS bytes
FROM pipedrive_files
GROUP BY account_id, file_type
ORDER BY account_id, bytes DESC, file_type;

-- The latest files of deals
SELECT f.account_id, d.title, f.name, f.add_time, f.user_id, f.url
FROM pipedrive_files AS f
JOIN pipedrive_deals AS d ON d.account_id = f.account_id AND d.id = f.deal_id
ORDER BY f.add_time DESC, f.account_id, f.id
LIMIT 20;

-- Deals with the most files
SELECT account_id, deal_id, count(*) AS files
FROM pipedrive_files
WHERE deal_id IS NOT NULL
GROUP BY account_id, deal_id
ORDER BY files DESC, account_id, deal_id
LIMIT 10;

-- The last run of each account
SELECT account_id, started_at, ended_at, status, reason, unfinished_tables, sent_rows, requests, api_tokens
FROM pipedrive_syncs AS s
WHERE started_at = (SELECT max(started_at) FROM pipedrive_syncs WHERE account_id = s.account_id)
ORDER BY account_id;

-- API tokens per day
SELECT account_id, date(started_at) AS day, count(*) AS runs, sum(api_tokens) AS api_tokens
FROM pipedrive_syncs
GROUP BY account_id, day
ORDER BY account_id, day;

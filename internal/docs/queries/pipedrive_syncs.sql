-- The last run of each account
SELECT account_id, max(started_at) AS started_at, ended_at, rows, requests, api_tokens, retries
FROM pipedrive_syncs
GROUP BY account_id;

-- API tokens per day
SELECT account_id, date(started_at) AS day, count(*) AS runs, sum(api_tokens) AS api_tokens
FROM pipedrive_syncs
GROUP BY account_id, day
ORDER BY account_id, day;

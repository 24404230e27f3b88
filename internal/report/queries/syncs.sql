-- The latest 60 runs of each account.
SELECT account_id, started_at, ended_at, coalesce(sent_rows, 0), coalesce(requests, 0), coalesce(api_tokens, 0),
       coalesce(retries, 0), status, reason, unfinished_tables
FROM (
    SELECT *, row_number() OVER (PARTITION BY account_id ORDER BY started_at DESC) AS nr
    FROM pipedrive_syncs
) AS numbered
WHERE nr <= 60
ORDER BY account_id, started_at

-- Calls by outcome, and their average duration in seconds
SELECT account_id, outcome, count(*) AS calls, round(avg(duration)) AS seconds
FROM pipedrive_call_logs
GROUP BY account_id, outcome
ORDER BY account_id, calls DESC, outcome;

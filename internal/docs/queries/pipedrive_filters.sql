-- Filters by the list that they filter
SELECT account_id, type, count(*) AS filters, max(last_used_time) AS last_used
FROM pipedrive_filters
WHERE active_flag AND temporary_flag IS NOT TRUE
GROUP BY account_id, type
ORDER BY account_id, type;

-- Filters that were never used
SELECT account_id, type, name, add_time FROM pipedrive_filters WHERE active_flag AND last_used_time IS NULL ORDER BY account_id, type, name;

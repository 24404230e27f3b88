-- Deals that count: open ones without archived ones, closed ones with them.
SELECT account_id, id, coalesce(title, ''), status, coalesce(pipeline_id, 0), coalesce(stage_id, 0),
       coalesce(owner_id, 0), coalesce(owner_name, ''), coalesce(currency, ''), coalesce(value, 0), probability,
       expected_close_date, stage_change_time, add_time,
       won_time, lost_time, close_time, local_won_date, local_lost_date, local_close_date
FROM pipedrive_deals
WHERE is_deleted IS NOT TRUE
  AND (status IN ('won', 'lost') OR (status = 'open' AND is_archived IS NOT TRUE))
ORDER BY account_id, id

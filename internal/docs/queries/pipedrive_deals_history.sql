-- Open deals at the beginning of today, by pipeline and stage; replace CURRENT_DATE for another day
SELECT account_id, pipeline_id, stage_id, currency, count(*) AS deals, sum(value) AS value
FROM (
  SELECT h.*, row_number() OVER (PARTITION BY account_id, id ORDER BY valid_from DESC) AS version
  FROM pipedrive_deals_history h
  WHERE valid_from < CURRENT_DATE
) newest
WHERE version = 1 AND _removed_at IS NULL AND status = 'open' AND is_deleted IS NOT TRUE AND is_archived IS NOT TRUE
GROUP BY account_id, pipeline_id, stage_id, currency
ORDER BY account_id, pipeline_id, stage_id, currency;

-- The versions of each deal, with the time until which they held
SELECT account_id, id, valid_from, lead(valid_from) OVER (PARTITION BY account_id, id ORDER BY valid_from) AS valid_to,
       status, stage_id, value, currency, owner_name, _removed_at
FROM pipedrive_deals_history
ORDER BY account_id, id, valid_from;

-- Leads that were in the inbox at the beginning of today, by owner and currency
SELECT account_id, owner_name, currency, count(*) AS leads, sum(value) AS value
FROM (
  SELECT h.*, row_number() OVER (PARTITION BY account_id, id ORDER BY valid_from DESC) AS version
  FROM pipedrive_leads_history h
  WHERE valid_from < CURRENT_DATE
) newest
WHERE version = 1 AND _removed_at IS NULL AND NOT is_archived
GROUP BY account_id, owner_name, currency
ORDER BY account_id, owner_name, currency;

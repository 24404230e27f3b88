-- Open deals and their value, by owner and currency
SELECT account_id, owner_name, currency, count(*) AS deals, sum(value) AS value
FROM pipedrive_deals
WHERE status = 'open' AND is_deleted IS NOT TRUE AND is_archived IS NOT TRUE
GROUP BY account_id, owner_name, currency
ORDER BY account_id, value DESC;

-- Deals won, by month and currency
SELECT account_id, substr(CAST(won_time AS text), 1, 7) AS month, currency, count(*) AS deals, sum(value) AS value
FROM pipedrive_deals
WHERE status = 'won' AND is_deleted IS NOT TRUE
GROUP BY account_id, month, currency
ORDER BY account_id, month, currency;

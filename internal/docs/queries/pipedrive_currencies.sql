-- Open deals in each currency
SELECT c.account_id, c.code, c.symbol, count(*) AS deals, count(DISTINCT d.owner_id) AS owners, sum(d.value) AS value
FROM pipedrive_currencies AS c
JOIN pipedrive_deals AS d ON d.account_id = c.account_id AND d.currency = c.code
WHERE d.status = 'open' AND d.is_deleted IS NOT TRUE
GROUP BY c.account_id, c.code, c.symbol
ORDER BY c.account_id, c.code;

-- Currencies that the company added
SELECT account_id, code, name, decimal_points FROM pipedrive_currencies WHERE is_custom_flag ORDER BY account_id, code;

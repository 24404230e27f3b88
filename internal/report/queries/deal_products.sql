-- Enabled products of open and won deals, one row for each product of a deal.
SELECT d.account_id, d.id, d.status, d.won_time, d.close_time, d.local_won_date, d.local_close_date,
       coalesce(p.product_id, 0), coalesce(max(p.name), ''), coalesce(p.currency, ''), coalesce(sum(p.quantity), 0), coalesce(sum(p.sum), 0)
FROM pipedrive_deal_products AS p
JOIN pipedrive_deals AS d ON d.account_id = p.account_id AND d.id = p.deal_id
WHERE p.is_enabled IS NOT FALSE AND d.is_deleted IS NOT TRUE
  AND (d.status = 'won' OR (d.status = 'open' AND d.is_archived IS NOT TRUE))
GROUP BY d.account_id, d.id, d.status, d.won_time, d.close_time, d.local_won_date, d.local_close_date, p.product_id, p.currency
ORDER BY d.account_id, d.id

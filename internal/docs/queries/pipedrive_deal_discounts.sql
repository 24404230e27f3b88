-- Discounts on deals, the newest first
SELECT x.account_id, d.title, d.status, x.description, x.type, x.amount, d.currency
FROM pipedrive_deal_discounts AS x
JOIN pipedrive_deals AS d ON d.account_id = x.account_id AND d.id = x.deal_id
ORDER BY x.account_id, x.created_at DESC, x.id;

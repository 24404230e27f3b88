-- Products by the value of the won deals that have them
SELECT p.account_id, p.name, p.currency, count(DISTINCT p.deal_id) AS deals, sum(p.quantity) AS quantity, sum(p.sum) AS value
FROM pipedrive_deal_products AS p
JOIN pipedrive_deals AS d ON d.account_id = p.account_id AND d.id = p.deal_id
WHERE d.status = 'won' AND p.is_enabled
GROUP BY p.account_id, p.name, p.currency
ORDER BY p.account_id, value DESC;

-- Recurring products of open deals
SELECT p.account_id, d.title, p.name, p.billing_frequency, p.billing_frequency_cycles, p.sum, p.currency
FROM pipedrive_deal_products AS p
JOIN pipedrive_deals AS d ON d.account_id = p.account_id AND d.id = p.deal_id
WHERE d.status = 'open' AND p.billing_frequency <> 'one-time'
ORDER BY p.account_id, d.title, d.id, p.order_nr;

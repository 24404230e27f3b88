-- Installments of won deals, by month and currency
SELECT i.account_id, substr(CAST(i.billing_date AS text), 1, 7) AS month, d.currency, count(*) AS installments, sum(i.amount) AS amount
FROM pipedrive_deal_installments AS i
JOIN pipedrive_deals AS d ON d.account_id = i.account_id AND d.id = i.deal_id
WHERE d.status = 'won'
GROUP BY i.account_id, month, d.currency
ORDER BY i.account_id, month, d.currency;

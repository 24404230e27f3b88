-- Margin of products, by currency
SELECT r.account_id, p.name, r.currency, r.price, r.price - r.cost AS margin
FROM pipedrive_product_prices AS r
JOIN pipedrive_products AS p ON p.account_id = r.account_id AND p.id = r.product_id
WHERE p.is_deleted IS NOT TRUE
ORDER BY r.account_id, p.name, p.id, r.currency;

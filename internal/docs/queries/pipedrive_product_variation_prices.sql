-- Prices of variations
SELECT x.account_id, p.name AS product, v.name AS variation, x.currency, x.price, x.cost
FROM pipedrive_product_variation_prices AS x
JOIN pipedrive_product_variations AS v ON v.account_id = x.account_id AND v.id = x.product_variation_id
JOIN pipedrive_products AS p ON p.account_id = x.account_id AND p.id = x.product_id
ORDER BY x.account_id, p.name, p.id, v.name, v.id, x.currency;

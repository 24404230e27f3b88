-- Products with their variations
SELECT v.account_id, p.name AS product, v.name AS variation
FROM pipedrive_product_variations AS v
JOIN pipedrive_products AS p ON p.account_id = v.account_id AND p.id = v.product_id
ORDER BY v.account_id, p.name, p.id, v.name, v.id;

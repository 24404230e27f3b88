-- Products that can be sold, by category
SELECT account_id, category, count(*) AS products, count(code) AS with_code
FROM pipedrive_products
WHERE is_linkable AND is_deleted IS NOT TRUE
GROUP BY account_id, category
ORDER BY account_id, products DESC;

-- Recurring products: how often and how many times they are billed
SELECT account_id, name, billing_frequency, billing_frequency_cycles
FROM pipedrive_products
WHERE billing_frequency <> 'one-time' AND is_deleted IS NOT TRUE
ORDER BY account_id, billing_frequency, name;

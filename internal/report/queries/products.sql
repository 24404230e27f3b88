SELECT account_id, id, coalesce(name, ''), coalesce(code, '')
FROM pipedrive_products

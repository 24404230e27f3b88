-- Names, codes and taxes of products, from when to when
SELECT account_id, id, name, code, tax, valid_from, lead(valid_from) OVER (PARTITION BY account_id, id ORDER BY valid_from) AS valid_to
FROM pipedrive_products_history
ORDER BY account_id, id, valid_from;

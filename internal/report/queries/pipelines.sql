SELECT account_id, id, coalesce(name, ''), active IS NOT FALSE
FROM pipedrive_pipelines
ORDER BY account_id, order_nr, id

-- Pipelines with the number of their stages
SELECT p.account_id, p.order_nr, p.name, count(s.id) AS stages
FROM pipedrive_pipelines AS p
LEFT JOIN pipedrive_stages AS s ON s.account_id = p.account_id AND s.pipeline_id = p.id
GROUP BY p.account_id, p.id, p.order_nr, p.name
ORDER BY p.account_id, p.order_nr;

-- Deals per pipeline and status
SELECT p.account_id, p.name, d.status, count(*) AS deals
FROM pipedrive_pipelines AS p
JOIN pipedrive_deals AS d ON d.account_id = p.account_id AND d.pipeline_id = p.id
WHERE d.is_deleted IS NOT TRUE
GROUP BY p.account_id, p.id, p.name, d.status
ORDER BY p.account_id, p.name, d.status;

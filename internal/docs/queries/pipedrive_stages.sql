-- Stages in the order of their pipelines
SELECT account_id, pipeline_name, order_nr, name, deal_probability
FROM pipedrive_stages
ORDER BY account_id, pipeline_name, order_nr;

-- Open deals and their weighted value, by stage and currency
SELECT s.account_id, s.pipeline_name, s.name, d.currency, count(*) AS deals,
       sum(d.value * coalesce(d.probability, s.deal_probability) / 100) AS weighted_value
FROM pipedrive_stages AS s
JOIN pipedrive_deals AS d ON d.account_id = s.account_id AND d.stage_id = s.id
WHERE d.status = 'open' AND d.is_deleted IS NOT TRUE AND d.is_archived IS NOT TRUE
GROUP BY s.account_id, s.id, s.pipeline_name, s.order_nr, s.name, d.currency
ORDER BY s.account_id, s.pipeline_name, s.order_nr;

SELECT account_id, coalesce(pipeline_id, 0), coalesce(pipeline_name, ''), id, coalesce(name, ''),
       active_flag IS NOT FALSE, deal_probability, CASE WHEN rotten_flag THEN rotten_days END
FROM pipedrive_stages
ORDER BY account_id, order_nr, id

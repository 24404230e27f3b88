-- Deals that count, with their changes of stage from the oldest; a deal without any has one row.
SELECT d.account_id, d.id, d.status, coalesce(d.pipeline_id, 0), coalesce(d.stage_id, 0), d.stage_change_time, d.add_time,
       d.won_time, d.lost_time, d.close_time, coalesce(c.seq, 0), coalesce(c.from_stage_id, 0), coalesce(c.to_stage_id, 0), c.time
FROM pipedrive_deals AS d
LEFT JOIN pipedrive_deal_stage_changes AS c ON c.account_id = d.account_id AND c.deal_id = d.id AND c._removed_at IS NULL
WHERE d.is_deleted IS NOT TRUE
  AND (d.status IN ('won', 'lost') OR (d.status = 'open' AND d.is_archived IS NOT TRUE))
ORDER BY d.account_id, d.id, c.seq

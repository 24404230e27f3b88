SELECT account_id, coalesce(owner_id, 0), coalesce(owner_name, ''), coalesce(type, ''), coalesce(deal_id, 0),
       done IS TRUE, due_date, marked_as_done_time
FROM pipedrive_activities
WHERE is_deleted IS NOT TRUE AND _removed_at IS NULL
ORDER BY account_id, id

-- Moves of each deal, in their order
SELECT c.account_id, c.deal_id, c.seq, f.name AS from_stage, t.name AS to_stage, c.time
FROM pipedrive_deal_stage_changes AS c
LEFT JOIN pipedrive_stages AS f ON f.account_id = c.account_id AND f.id = c.from_stage_id
LEFT JOIN pipedrive_stages AS t ON t.account_id = c.account_id AND t.id = c.to_stage_id
ORDER BY c.account_id, c.deal_id, c.seq;

-- Deals that moved most often
SELECT account_id, deal_id, count(*) AS moves, max(time) AS last_move
FROM pipedrive_deal_stage_changes
GROUP BY account_id, deal_id
ORDER BY moves DESC, account_id, deal_id;

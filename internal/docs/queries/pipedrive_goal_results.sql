-- Active goals with their targets and progress
SELECT g.account_id, g.title, g.interval, g.expected_target, r.progress, r.period_start, r.period_end
FROM pipedrive_goal_results AS r
JOIN pipedrive_goals AS g ON g.account_id = r.account_id AND g.id = r.goal_id
WHERE g.is_active
ORDER BY g.account_id, g.id;

-- Users by the open deals that they follow
SELECT f.account_id, u.name, count(*) AS deals
FROM pipedrive_deal_followers AS f
JOIN pipedrive_deals AS d ON d.account_id = f.account_id AND d.id = f.deal_id
JOIN pipedrive_users AS u ON u.account_id = f.account_id AND u.id = f.user_id
WHERE d.status = 'open'
GROUP BY f.account_id, u.name
ORDER BY f.account_id, deals DESC, u.name;

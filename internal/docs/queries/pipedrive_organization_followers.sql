-- Organizations that somebody besides their owners follows
SELECT o.account_id, o.name, u.name AS follower, f.add_time
FROM pipedrive_organization_followers AS f
JOIN pipedrive_organizations AS o ON o.account_id = f.account_id AND o.id = f.org_id
JOIN pipedrive_users AS u ON u.account_id = f.account_id AND u.id = f.user_id
WHERE o.owner_id IS NULL OR f.user_id <> o.owner_id
ORDER BY o.account_id, o.name, o.id, u.name;

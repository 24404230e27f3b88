-- Owners of organizations, from when to when
SELECT account_id, id, owner_name, valid_from, lead(valid_from) OVER (PARTITION BY account_id, id ORDER BY valid_from) AS valid_to
FROM (
  SELECT h.*, lag(owner_id) OVER (PARTITION BY account_id, id ORDER BY valid_from) AS earlier_owner_id
  FROM pipedrive_organizations_history h
  WHERE _removed_at IS NULL
) versions
WHERE earlier_owner_id IS NULL OR owner_id <> earlier_owner_id
ORDER BY account_id, id, valid_from;

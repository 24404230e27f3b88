-- Parents and daughters
SELECT r.account_id, p.name AS parent, d.name AS daughter
FROM pipedrive_organization_relationships AS r
LEFT JOIN pipedrive_organizations AS p ON p.account_id = r.account_id AND p.id = r.rel_owner_org_id
LEFT JOIN pipedrive_organizations AS d ON d.account_id = r.account_id AND d.id = r.rel_linked_org_id
WHERE r.type = 'parent'
ORDER BY r.account_id, p.name, d.name, r.id;

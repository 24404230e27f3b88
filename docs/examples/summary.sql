-- Rows per table and account
SELECT account_id AS account, 'pipedrive_activities' AS "table", count(*) AS "rows" FROM pipedrive_activities GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_activity_attendees', count(*) FROM pipedrive_activity_attendees GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_activity_participants', count(*) FROM pipedrive_activity_participants GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_activity_types', count(*) FROM pipedrive_activity_types GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_company', count(*) FROM pipedrive_company GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_currencies', count(*) FROM pipedrive_currencies GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_deal_installments', count(*) FROM pipedrive_deal_installments GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_deal_products', count(*) FROM pipedrive_deal_products GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_deals', count(*) FROM pipedrive_deals GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_fields', count(*) FROM pipedrive_fields GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_files', count(*) FROM pipedrive_files GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_filters', count(*) FROM pipedrive_filters GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_goals', count(*) FROM pipedrive_goals GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_lead_labels', count(*) FROM pipedrive_lead_labels GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_lead_sources', count(*) FROM pipedrive_lead_sources GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_leads', count(*) FROM pipedrive_leads GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_notes', count(*) FROM pipedrive_notes GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_organizations', count(*) FROM pipedrive_organizations GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_permission_set_assignments', count(*) FROM pipedrive_permission_set_assignments GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_permission_sets', count(*) FROM pipedrive_permission_sets GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_person_emails', count(*) FROM pipedrive_person_emails GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_person_phones', count(*) FROM pipedrive_person_phones GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_persons', count(*) FROM pipedrive_persons GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_pipelines', count(*) FROM pipedrive_pipelines GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_product_prices', count(*) FROM pipedrive_product_prices GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_products', count(*) FROM pipedrive_products GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_project_boards', count(*) FROM pipedrive_project_boards GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_project_phases', count(*) FROM pipedrive_project_phases GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_project_templates', count(*) FROM pipedrive_project_templates GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_projects', count(*) FROM pipedrive_projects GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_roles', count(*) FROM pipedrive_roles GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_stages', count(*) FROM pipedrive_stages GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_syncs', count(*) FROM pipedrive_syncs GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_tasks', count(*) FROM pipedrive_tasks GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_users', count(*) FROM pipedrive_users GROUP BY 1
ORDER BY 1, 2;

-- Open deals per pipeline and stage, and the value of those in the main currency
WITH open_deals AS (
  SELECT account_id, pipeline_id, stage_id, currency, count(*) AS deals, sum(value) AS value
  FROM pipedrive_deals
  WHERE status = 'open' AND NOT coalesce(is_archived, 0) AND NOT coalesce(is_deleted, 0)
  GROUP BY 1, 2, 3, 4
), per_stage AS (
  SELECT account_id, pipeline_id, stage_id, currency, value,
         sum(deals) OVER stage AS deals, count(*) OVER stage - 1 AS others,
         row_number() OVER (stage ORDER BY deals DESC, currency) AS nr
  FROM open_deals
  WINDOW stage AS (PARTITION BY account_id, pipeline_id, stage_id)
)
SELECT substr(coalesce(p.name, 'deleted'), 1, 20) AS pipeline, substr(coalesce(s.name, 'deleted'), 1, 20) AS stage, d.deals,
       printf('%,d %s', d.value, d.currency) AS value,
       iif(others = 0, '', printf('+ %d others', others)) AS currencies
FROM per_stage d
LEFT JOIN pipedrive_stages s ON s.account_id = d.account_id AND s.id = d.stage_id
LEFT JOIN pipedrive_pipelines p ON p.account_id = d.account_id AND p.id = d.pipeline_id
WHERE d.nr = 1
ORDER BY d.account_id, p.order_nr, s.order_nr NULLS LAST;

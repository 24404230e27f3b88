-- Rows per table and account
SELECT account_id AS account, 'pipedrive_deals' AS "table", count(*) AS "rows" FROM pipedrive_deals GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_notes', count(*) FROM pipedrive_notes GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_organizations', count(*) FROM pipedrive_organizations GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_persons', count(*) FROM pipedrive_persons GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_pipelines', count(*) FROM pipedrive_pipelines GROUP BY 1
UNION ALL SELECT account_id, 'pipedrive_stages', count(*) FROM pipedrive_stages GROUP BY 1
ORDER BY 1, 2;

-- Open deals per pipeline and stage, each currency on its own
WITH open_deals AS (
  SELECT account_id, pipeline_id, stage_id, currency, count(*) AS deals, sum(value) AS value
  FROM pipedrive_deals
  WHERE status = 'open' AND NOT coalesce(is_archived, 0) AND NOT coalesce(is_deleted, 0)
  GROUP BY 1, 2, 3, 4
)
SELECT coalesce(p.name, 'deleted') AS pipeline, s.order_nr AS nr, coalesce(s.name, 'deleted') AS stage, sum(d.deals) AS deals,
       group_concat(printf('%,d %s', d.value, d.currency), ', ' ORDER BY d.currency) AS value
FROM open_deals d
LEFT JOIN pipedrive_stages s ON s.account_id = d.account_id AND s.id = d.stage_id
LEFT JOIN pipedrive_pipelines p ON p.account_id = d.account_id AND p.id = d.pipeline_id
GROUP BY d.account_id, d.pipeline_id, d.stage_id
ORDER BY d.account_id, p.order_nr, s.order_nr NULLS LAST;

-- Open deals by the time they have been in their stage, against the stage's rotten_days. Filter by is_rotten for
-- those that are rotten.
--
-- A deal that never changed its stage has been in it since it was added. Days are complete spans of 24 hours.
-- Pipedrive itself starts anew after other events of a deal, so it marks fewer deals as rotten.
CREATE OR REPLACE VIEW pipedrive_open_deals_by_age AS
WITH aged AS (
    SELECT
        *,
        coalesce(stage_change_time, add_time) AS in_stage_since,
        trunc(
            (date_part('epoch_second', current_timestamp()) - date_part('epoch_second', in_stage_since)) / 86400
        )::int AS days_in_stage
    FROM pipedrive_deals_current
    WHERE status = 'open' AND NOT coalesce(is_deleted, false) AND NOT coalesce(is_archived, false)
)
SELECT
    d.account_id,
    d.id AS deal_id,
    d.title,
    d.pipeline_id,
    p.name AS pipeline_name,
    d.stage_id,
    s.name AS stage_name,
    d.owner_id,
    d.owner_name,
    d.currency,
    d.value,
    d.in_stage_since,
    d.days_in_stage,
    s.rotten_days,
    coalesce(s.rotten_flag AND d.days_in_stage >= s.rotten_days, false) AS is_rotten
FROM aged d
LEFT JOIN pipedrive_stages_current s ON s.account_id = d.account_id AND s.id = d.stage_id
LEFT JOIN pipedrive_pipelines_current p ON p.account_id = d.account_id AND p.id = d.pipeline_id;

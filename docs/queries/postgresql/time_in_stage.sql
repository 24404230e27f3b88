-- Time in stage, one row for each stage that deals have been in. It reads pipedrive_deal_stages, which has each
-- stay of a deal.
--
-- stays, average_days and median_days cover stays that have ended: moved_deals moved to another stage, won_deals
-- and lost_deals were closed there. A deal that came back has several stays. deals_now are in the stage now,
-- deals_ever have ever been in it.
CREATE OR REPLACE VIEW pipedrive_time_in_stage AS
WITH ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY account_id, stage_id
            ORDER BY CASE WHEN ended_by IS NULL THEN 1 ELSE 0 END, days NULLS LAST
        ) AS place,
        count(CASE WHEN ended_by IS NOT NULL THEN days END) OVER (PARTITION BY account_id, stage_id) AS places
    FROM pipedrive_deal_stages
)
SELECT
    account_id,
    max(pipeline_id) AS pipeline_id,
    max(pipeline_name) AS pipeline_name,
    stage_id,
    max(stage_name) AS stage_name,
    max(stage_order_nr) AS stage_order_nr,
    count(DISTINCT deal_id) AS deals_ever,
    count(CASE WHEN ended_by IS NULL THEN 1 END) AS deals_now,
    count(ended_by) AS stays,
    count(CASE WHEN ended_by = 'moved' THEN 1 END) AS moved_deals,
    count(CASE WHEN ended_by = 'won' THEN 1 END) AS won_deals,
    count(CASE WHEN ended_by = 'lost' THEN 1 END) AS lost_deals,
    avg(CASE WHEN ended_by IS NOT NULL THEN days END) AS average_days,
    avg(CASE WHEN ended_by IS NOT NULL AND 2 * place BETWEEN places AND places + 2 THEN days END) AS median_days
FROM ranked
GROUP BY account_id, stage_id;

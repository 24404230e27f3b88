-- The funnel of each pipeline, by the month in which the deals entered the pipeline. It reads
-- pipedrive_deal_stages.
--
-- deals are all that entered the pipeline in the month. reached_deals have been in the stage or in a later one, or
-- were won: a deal that skips a stage has reached it. Of these, went_on_deals have reached a later stage or were
-- won; conversion_rate is their share. The others are lost, open, or in another pipeline by now: this stage is
-- their furthest. median_days covers stays in the stage that have ended. Deleted stages are left out.
DROP VIEW IF EXISTS pipedrive_stage_conversion;
CREATE VIEW pipedrive_stage_conversion AS
WITH stages AS (
    SELECT *
    FROM pipedrive_stages
    WHERE coalesce(active_flag, 1)
),
entries AS (
    SELECT t.account_id, s.pipeline_id, t.deal_id, min(t.entered_at) AS entered_at, max(s.order_nr) AS furthest
    FROM pipedrive_deal_stages t
    JOIN stages s ON s.account_id = t.account_id AND s.id = t.stage_id
    GROUP BY t.account_id, s.pipeline_id, t.deal_id
),
cohorts AS (
    SELECT
        e.*,
        date(e.entered_at, 'start of month') AS month,
        CASE WHEN d.pipeline_id = e.pipeline_id THEN d.status ELSE 'left' END AS outcome
    FROM entries e
    JOIN pipedrive_deals d ON d.account_id = e.account_id AND d.id = e.deal_id
),
durations AS (
    SELECT
        c.account_id, c.month, t.stage_id, t.days,
        row_number() OVER (PARTITION BY c.account_id, c.month, t.stage_id ORDER BY t.days NULLS LAST) AS place,
        count(t.days) OVER (PARTITION BY c.account_id, c.month, t.stage_id) AS places
    FROM pipedrive_deal_stages t
    JOIN cohorts c ON c.account_id = t.account_id AND c.pipeline_id = t.pipeline_id AND c.deal_id = t.deal_id
    WHERE t.ended_by IS NOT NULL
),
medians AS (
    SELECT
        account_id, month, stage_id,
        avg(CASE WHEN 2 * place BETWEEN places AND places + 2 THEN days END) AS median_days
    FROM durations
    GROUP BY account_id, month, stage_id
),
funnel AS (
    SELECT
        c.account_id, c.pipeline_id, c.month,
        s.id AS stage_id,
        s.name AS stage_name,
        s.order_nr AS stage_order_nr,
        count(*) AS deals,
        count(CASE WHEN c.furthest >= s.order_nr OR c.outcome = 'won' THEN 1 END) AS reached_deals,
        count(CASE WHEN c.furthest > s.order_nr OR c.outcome = 'won' THEN 1 END) AS went_on_deals,
        count(CASE WHEN c.furthest = s.order_nr AND c.outcome = 'lost' THEN 1 END) AS lost_deals,
        count(CASE WHEN c.furthest = s.order_nr AND c.outcome = 'open' THEN 1 END) AS open_deals,
        count(CASE WHEN c.furthest = s.order_nr AND c.outcome = 'left' THEN 1 END) AS left_deals
    FROM cohorts c
    JOIN stages s ON s.account_id = c.account_id AND s.pipeline_id = c.pipeline_id
    GROUP BY c.account_id, c.pipeline_id, c.month, s.id, s.name, s.order_nr
)
SELECT
    f.account_id,
    f.pipeline_id,
    p.name AS pipeline_name,
    f.month,
    f.stage_id,
    f.stage_name,
    f.stage_order_nr,
    f.deals,
    f.reached_deals,
    f.went_on_deals,
    f.lost_deals,
    f.open_deals,
    f.left_deals,
    1.0 * f.went_on_deals / nullif(f.reached_deals, 0) AS conversion_rate,
    m.median_days
FROM funnel f
LEFT JOIN medians m ON m.account_id = f.account_id AND m.month = f.month AND m.stage_id = f.stage_id
LEFT JOIN pipedrive_pipelines p ON p.account_id = f.account_id AND p.id = f.pipeline_id;

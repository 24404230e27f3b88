-- The pipeline at the end of each day: open deals and their value by stage, from the history of deals. Take one
-- day of it, or compare several; days can't be added up. It needs history: [deals] in the spec.
--
-- It has the last 730 days and today; for earlier ones change the number. The history begins with the versions
-- that deals had when it was switched on. On days before that, deals that have changed since are missing.
-- weighted_value takes the deal's probability of the day, or else the present one of its stage.
CREATE OR REPLACE VIEW pipedrive.pipedrive_pipeline_by_day AS
WITH days AS (
    SELECT day
    FROM UNNEST(generate_date_array(date_sub(current_date(), INTERVAL 730 DAY), current_date())) AS day
),
versions AS (
    SELECT
        *,
        date(valid_from) AS first_day,
        date(lead(valid_from) OVER (PARTITION BY account_id, id ORDER BY valid_from)) AS next_day
    FROM pipedrive.pipedrive_deals_history
),
open_deals AS (
    SELECT
        v.account_id, days.day, v.pipeline_id, v.stage_id, v.currency, v.value,
        s.name AS stage_name,
        s.order_nr AS stage_order_nr,
        coalesce(v.probability, s.deal_probability) AS probability
    FROM versions v
    JOIN days ON days.day >= v.first_day AND (v.next_day IS NULL OR days.day < v.next_day)
    LEFT JOIN pipedrive.pipedrive_stages_current s ON s.account_id = v.account_id AND s.id = v.stage_id
    WHERE v.status = 'open' AND NOT coalesce(v.is_deleted, false) AND NOT coalesce(v.is_archived, false)
)
SELECT
    d.account_id,
    d.day,
    d.pipeline_id,
    max(p.name) AS pipeline_name,
    d.stage_id,
    max(d.stage_name) AS stage_name,
    max(d.stage_order_nr) AS stage_order_nr,
    d.currency,
    count(*) AS open_deals,
    round(coalesce(sum(d.value), 0), coalesce(max(c.decimals), 2)) AS total_value,
    round(coalesce(sum(d.value * d.probability / 100), 0), coalesce(max(c.decimals), 2)) AS weighted_value,
    count(*) - count(d.probability) AS deals_without_probability
FROM open_deals d
LEFT JOIN pipedrive.pipedrive_pipelines_current p ON p.account_id = d.account_id AND p.id = d.pipeline_id
LEFT JOIN pipedrive.pipedrive_currency_decimals c ON c.currency = d.currency
GROUP BY d.account_id, d.day, d.pipeline_id, d.stage_id, d.currency;

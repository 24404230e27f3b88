-- Velocity of deals by the month in which they were won or lost, one row for each pipeline and currency.
--
-- value_per_day is the usual velocity: closed deals times win rate times average value, divided by the average
-- number of days from adding a deal to winning it. Without a divisor a ratio is NULL. Ratios of single months
-- can't be averaged for a year; sales_report.sql takes any period. Archived deals count, deleted ones do not.
-- month is NULL if Pipedrive does not say when the deal was closed.
DROP VIEW IF EXISTS pipedrive_deal_velocity;
CREATE VIEW pipedrive_deal_velocity AS
WITH deals AS (
    SELECT
        *,
        CASE status WHEN 'won' THEN coalesce(won_time, close_time) ELSE coalesce(lost_time, close_time) END AS moment
    FROM pipedrive_deals
    WHERE status IN ('won', 'lost') AND NOT coalesce(is_deleted, 0)
),
cycles AS (
    SELECT
        account_id, pipeline_id, currency, status, value,
        date(moment, 'start of month') AS month,
        CASE WHEN status = 'won' THEN (unixepoch(moment) - unixepoch(add_time)) / 86400.0 END AS cycle_days
    FROM deals
),
ranked AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY account_id, month, pipeline_id, currency ORDER BY cycle_days NULLS LAST) AS place,
        count(cycle_days) OVER (PARTITION BY account_id, month, pipeline_id, currency) AS places
    FROM cycles
)
SELECT
    d.account_id,
    d.month,
    d.pipeline_id,
    max(p.name) AS pipeline_name,
    d.currency,
    count(CASE WHEN d.status = 'won' THEN 1 END) AS won_deals,
    count(CASE WHEN d.status = 'lost' THEN 1 END) AS lost_deals,
    1.0 * count(CASE WHEN d.status = 'won' THEN 1 END) / nullif(count(*), 0) AS win_rate,
    round(coalesce(sum(CASE WHEN d.status = 'won' THEN d.value END), 0), coalesce(max(c.decimals), 2)) AS won_value,
    round(avg(CASE WHEN d.status = 'won' THEN d.value END), coalesce(max(c.decimals), 2)) AS average_won_value,
    avg(d.cycle_days) AS average_cycle_days,
    avg(CASE WHEN 2 * d.place BETWEEN d.places AND d.places + 2 THEN d.cycle_days END) AS median_cycle_days,
    round(sum(CASE WHEN d.status = 'won' THEN d.value END) / nullif(avg(d.cycle_days), 0), coalesce(max(c.decimals), 2)) AS value_per_day
FROM ranked d
LEFT JOIN pipedrive_pipelines p ON p.account_id = d.account_id AND p.id = d.pipeline_id
LEFT JOIN pipedrive_currency_decimals c ON c.currency = d.currency
GROUP BY d.account_id, d.month, d.pipeline_id, d.currency;

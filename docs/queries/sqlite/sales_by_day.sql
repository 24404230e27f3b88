-- Sales per day, pipeline, owner and currency, as numbers that may be added up over any days: sum them in a
-- dashboard, and divide the sums. It has no averages and rates, since those of single days give a wrong one for a
-- week. sales_report.sql computes them for a period.
--
-- A deal counts on one day: won and lost ones on the day of that, open ones on the day they were added. day is
-- NULL if Pipedrive does not say when. Days are in UTC; local_won_date and local_lost_date of pipedrive_deals are
-- days in the company's time zone. Archived deals count if they are won or lost.
--
-- Divide won_value by won_deals_with_value, and won_cycle_days by won_deals_with_cycle.
DROP VIEW IF EXISTS pipedrive_sales_by_day;
CREATE VIEW pipedrive_sales_by_day AS
WITH deals AS (
    SELECT
        *,
        CASE status
            WHEN 'won' THEN coalesce(won_time, close_time)
            WHEN 'lost' THEN coalesce(lost_time, close_time)
            ELSE add_time
        END AS moment
    FROM pipedrive_deals
    WHERE NOT coalesce(is_deleted, 0)
        AND (status IN ('won', 'lost') OR (status = 'open' AND NOT coalesce(is_archived, 0)))
),
cycles AS (
    SELECT
        *,
        date(moment) AS day,
        CASE WHEN status = 'won' THEN (unixepoch(moment) - unixepoch(add_time)) / 86400.0 END AS cycle_days
    FROM deals
)
SELECT
    d.account_id,
    d.day,
    d.pipeline_id,
    max(p.name) AS pipeline_name,
    d.owner_id,
    max(d.owner_name) AS owner_name,
    d.currency,
    count(CASE WHEN d.status = 'won' THEN 1 END) AS won_deals,
    count(CASE WHEN d.status = 'lost' THEN 1 END) AS lost_deals,
    count(CASE WHEN d.status = 'open' THEN 1 END) AS open_deals,
    round(coalesce(sum(CASE WHEN d.status = 'won' THEN d.value END), 0), coalesce(max(c.decimals), 2)) AS won_value,
    round(coalesce(sum(CASE WHEN d.status = 'lost' THEN d.value END), 0), coalesce(max(c.decimals), 2)) AS lost_value,
    round(coalesce(sum(CASE WHEN d.status = 'open' THEN d.value END), 0), coalesce(max(c.decimals), 2)) AS open_value,
    count(CASE WHEN d.status = 'won' THEN d.value END) AS won_deals_with_value,
    coalesce(sum(d.cycle_days), 0) AS won_cycle_days,
    count(d.cycle_days) AS won_deals_with_cycle
FROM cycles d
LEFT JOIN pipedrive_pipelines p ON p.account_id = d.account_id AND p.id = d.pipeline_id
LEFT JOIN pipedrive_currency_decimals c ON c.currency = d.currency
GROUP BY d.account_id, d.day, d.pipeline_id, d.owner_id, d.currency;

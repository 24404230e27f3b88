-- A sales report for a period. It is a query on the view of sales_by_day.sql, since a view takes no period: change
-- the two days, which both belong to it, and run it.
--
-- won and lost deals were closed in the period; open ones were added in it and are still open. average_won_value
-- and average_cycle_days (from adding a deal to winning it) cover won deals, and win_rate is won out of won and
-- lost. Without a divisor they are NULL. Each currency has rows of its own.

-- Sales report
WITH period AS (
    SELECT date '2026-01-01' AS first_day, date '2026-12-31' AS last_day
)
SELECT
    s.account_id,
    s.pipeline_id,
    max(s.pipeline_name) AS pipeline_name,
    s.owner_id,
    max(s.owner_name) AS owner_name,
    s.currency,
    sum(s.won_deals) AS won_deals,
    sum(s.lost_deals) AS lost_deals,
    sum(s.open_deals) AS open_deals,
    round(sum(s.won_value), coalesce(max(c.decimals), 2)) AS won_value,
    round(sum(s.lost_value), coalesce(max(c.decimals), 2)) AS lost_value,
    round(sum(s.open_value), coalesce(max(c.decimals), 2)) AS open_value,
    round(sum(s.won_value) / nullif(sum(s.won_deals_with_value), 0), coalesce(max(c.decimals), 2)) AS average_won_value,
    sum(s.won_deals) / nullif(sum(s.won_deals) + sum(s.lost_deals), 0) AS win_rate,
    sum(s.won_cycle_days) / nullif(sum(s.won_deals_with_cycle), 0) AS average_cycle_days
FROM pipedrive.pipedrive_sales_by_day s
JOIN period ON s.day BETWEEN period.first_day AND period.last_day
LEFT JOIN pipedrive.pipedrive_currency_decimals c ON c.currency = s.currency
GROUP BY s.account_id, s.pipeline_id, s.owner_id, s.currency
ORDER BY s.account_id, s.pipeline_id, s.owner_id, s.currency;

-- Forecast by month, pipeline, owner and currency: open deals by the month in which they are expected to close,
-- and the deals that were won in it. All numbers may be added up over any rows of one currency.
--
-- weighted_value is each value times the deal's probability or else its stage's; deals_without_probability have
-- neither. overdue_deals are open deals whose expected close date is over; they count in the month of that date.
-- month is NULL for open deals without a date, and for won deals if Pipedrive does not say when they were won.
CREATE OR REPLACE VIEW pipedrive.pipedrive_forecast_by_month AS
WITH deals AS (
    SELECT
        d.account_id,
        CASE WHEN d.status = 'open' THEN d.expected_close_date ELSE date(coalesce(d.won_time, d.close_time)) END AS day,
        d.pipeline_id, d.owner_id, d.owner_name, d.currency, d.status, d.value,
        coalesce(d.probability, s.deal_probability) AS probability
    FROM pipedrive.pipedrive_deals_current d
    LEFT JOIN pipedrive.pipedrive_stages_current s ON s.account_id = d.account_id AND s.id = d.stage_id
    WHERE NOT coalesce(d.is_deleted, false)
        AND (d.status = 'won' OR (d.status = 'open' AND NOT coalesce(d.is_archived, false)))
),
months AS (
    SELECT *, date_trunc(day, MONTH) AS month
    FROM deals
)
SELECT
    d.account_id,
    d.month,
    d.pipeline_id,
    max(p.name) AS pipeline_name,
    d.owner_id,
    max(d.owner_name) AS owner_name,
    d.currency,
    count(CASE WHEN d.status = 'open' THEN 1 END) AS open_deals,
    count(CASE WHEN d.status = 'open' AND d.day < current_date() THEN 1 END) AS overdue_deals,
    round(coalesce(sum(CASE WHEN d.status = 'open' THEN d.value END), 0), coalesce(max(c.decimals), 2)) AS open_value,
    round(coalesce(sum(CASE WHEN d.status = 'open' THEN d.value * d.probability / 100 END), 0), coalesce(max(c.decimals), 2)) AS weighted_value,
    count(CASE WHEN d.status = 'open' AND d.probability IS NULL THEN 1 END) AS deals_without_probability,
    count(CASE WHEN d.status = 'won' THEN 1 END) AS won_deals,
    round(coalesce(sum(CASE WHEN d.status = 'won' THEN d.value END), 0), coalesce(max(c.decimals), 2)) AS won_value
FROM months d
LEFT JOIN pipedrive.pipedrive_pipelines_current p ON p.account_id = d.account_id AND p.id = d.pipeline_id
LEFT JOIN pipedrive.pipedrive_currency_decimals c ON c.currency = d.currency
GROUP BY d.account_id, d.month, d.pipeline_id, d.owner_id, d.currency;

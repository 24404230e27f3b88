-- Pipelines with their stages and the open deals in each, one row per stage and currency. A stage without open
-- deals, and a pipeline without stages, has one row with currency NULL and zeros.
--
-- A deal's own probability comes before its stage's. deals_without_probability have neither, so weighted_value
-- lacks them. A deleted pipeline or stage has no name, but its deals still count.
CREATE OR REPLACE VIEW pipedrive_pipeline_stages AS
WITH open_deals AS (
    SELECT
        d.account_id,
        coalesce(s.pipeline_id, d.pipeline_id) AS pipeline_id,
        d.stage_id,
        d.currency,
        d.value,
        coalesce(d.probability, s.deal_probability) AS probability
    FROM pipedrive_deals_current d
    LEFT JOIN pipedrive_stages_current s ON s.account_id = d.account_id AND s.id = d.stage_id
    WHERE d.status = 'open' AND NOT coalesce(d.is_deleted, false) AND NOT coalesce(d.is_archived, false)
),
totals AS (
    SELECT
        o.account_id, o.pipeline_id, o.stage_id, o.currency,
        count(*) AS open_deals,
        round(sum(o.value), coalesce(max(c.decimals), 2)) AS total_value,
        round(sum(o.value * o.probability / 100), coalesce(max(c.decimals), 2)) AS weighted_value,
        count(*) - count(o.probability) AS deals_without_probability
    FROM open_deals o
    LEFT JOIN pipedrive_currency_decimals c ON c.currency = o.currency
    GROUP BY o.account_id, o.pipeline_id, o.stage_id, o.currency
),
stages AS (
    SELECT
        coalesce(s.account_id, t.account_id) AS account_id,
        coalesce(s.pipeline_id, t.pipeline_id) AS pipeline_id,
        coalesce(s.id, t.stage_id) AS stage_id,
        s.order_nr, s.name, s.deal_probability,
        t.currency, t.open_deals, t.total_value, t.weighted_value, t.deals_without_probability
    FROM pipedrive_stages_current s
    FULL JOIN totals t ON t.account_id = s.account_id AND t.stage_id = s.id
)
SELECT
    coalesce(p.account_id, s.account_id) AS account_id,
    coalesce(p.id, s.pipeline_id) AS pipeline_id,
    p.name AS pipeline_name,
    p.order_nr AS pipeline_order_nr,
    s.stage_id,
    s.name AS stage_name,
    s.order_nr AS stage_order_nr,
    s.deal_probability AS stage_probability,
    s.currency,
    coalesce(s.open_deals, 0) AS open_deals,
    coalesce(s.total_value, 0) AS total_value,
    coalesce(s.weighted_value, 0) AS weighted_value,
    coalesce(s.deals_without_probability, 0) AS deals_without_probability
FROM pipedrive_pipelines_current p
FULL JOIN stages s ON s.account_id = p.account_id AND s.pipeline_id = p.id;

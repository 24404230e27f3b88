-- Products of won deals, by the month in which the deals were won, in the currency of each product's price.
-- Numbers of one product may be added up over months.
--
-- revenue is the sum of Pipedrive's sums: after the product's discount, without a discount on the whole deal.
-- Products that are disabled in a deal don't count. A product that was deleted more than 30 days ago has no id and
-- no name; all such products of an account, month and currency share a row. month is NULL if Pipedrive does not
-- say when the deal was won.
DROP VIEW IF EXISTS pipedrive_revenue_by_product;
CREATE VIEW pipedrive_revenue_by_product AS
WITH deals AS (
    SELECT account_id, id, coalesce(won_time, close_time) AS moment
    FROM pipedrive_deals
    WHERE status = 'won' AND NOT coalesce(is_deleted, 0)
),
sold AS (
    SELECT
        p.account_id,
        date(d.moment, 'start of month') AS month,
        p.product_id, p.name, p.currency, p.deal_id, p.quantity, p.sum
    FROM pipedrive_deal_products p
    JOIN deals d ON d.account_id = p.account_id AND d.id = p.deal_id
    WHERE coalesce(p.is_enabled, 1)
)
SELECT
    s.account_id,
    s.month,
    s.product_id,
    coalesce(max(p.name), max(s.name)) AS product_name,
    max(p.code) AS product_code,
    s.currency,
    count(DISTINCT s.deal_id) AS won_deals,
    coalesce(sum(s.quantity), 0) AS quantity,
    round(coalesce(sum(s.sum), 0), coalesce(max(c.decimals), 2)) AS revenue
FROM sold s
LEFT JOIN pipedrive_products p ON p.account_id = s.account_id AND p.id = s.product_id
LEFT JOIN pipedrive_currency_decimals c ON c.currency = s.currency
GROUP BY s.account_id, s.month, s.product_id, s.currency;

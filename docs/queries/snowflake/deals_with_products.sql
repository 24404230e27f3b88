-- Deals with their products, one row for each product of a deal. A product that a deal has twice has two rows.
--
-- The product's name is its present one, or else that of the deal's row. deal_value may differ from the sum of the
-- values: disabled products don't count, and discounts on the whole deal do. Deals without products and deleted
-- deals are left out.
CREATE OR REPLACE VIEW pipedrive_deals_with_products AS
SELECT
    p.account_id,
    p.deal_id,
    d.title,
    d.status,
    d.pipeline_id,
    d.stage_id,
    d.owner_id,
    d.owner_name,
    d.value AS deal_value,
    p.id AS deal_product_id,
    p.order_nr,
    p.product_id,
    coalesce(r.name, p.name) AS product_name,
    r.code AS product_code,
    p.quantity,
    p.item_price,
    p.discount,
    p.discount_type,
    p.sum AS value,
    p.currency,
    p.is_enabled,
    p.billing_frequency,
    p.billing_frequency_cycles,
    p.billing_start_date
FROM pipedrive_deal_products_current p
JOIN pipedrive_deals_current d ON d.account_id = p.account_id AND d.id = p.deal_id
LEFT JOIN pipedrive_products_current r ON r.account_id = p.account_id AND r.id = p.product_id
WHERE NOT coalesce(d.is_deleted, false);

-- Made by `make gen`. The records of pipedrive_product_variation_prices, each once and as it was last sent, but those that are marked as removed.
CREATE OR REPLACE VIEW pipedrive_product_variation_prices_current AS
SELECT t.*
FROM pipedrive_product_variation_prices AS t
WHERE true
QUALIFY row_number() OVER (PARTITION BY account_id, product_variation_id, currency ORDER BY _cq_sync_time DESC, product_update_time DESC NULLS LAST) = 1
    AND _removed_at IS NULL;

-- Made by `make gen`. The records of pipedrive_syncs, each once and as it was last sent.
CREATE OR REPLACE VIEW pipedrive.pipedrive_syncs_current AS
SELECT t.*
FROM pipedrive.pipedrive_syncs AS t
WHERE true
QUALIFY row_number() OVER (PARTITION BY account_id, started_at ORDER BY _cq_sync_time DESC) = 1;

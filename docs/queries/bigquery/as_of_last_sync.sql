-- CloudQuery only ever appends to BigQuery's tables, so a record is there once for each sync that sent it.
-- These views show each record once, as the last sync left it; all other queries read them.
--
-- Of pipelines and stages, which every sync sends completely, only those of an account's last sync are
-- shown, so that deleted ones leave. The other tables may be incremental, where a record that is not sent
-- again has merely not changed.
CREATE OR REPLACE VIEW pipedrive.pipedrive_deals_current AS
SELECT *
FROM pipedrive.pipedrive_deals
WHERE true
QUALIFY row_number() OVER (PARTITION BY account_id, id ORDER BY _cq_sync_time DESC, update_time DESC) = 1;

CREATE OR REPLACE VIEW pipedrive.pipedrive_persons_current AS
SELECT *
FROM pipedrive.pipedrive_persons
WHERE true
QUALIFY row_number() OVER (PARTITION BY account_id, id ORDER BY _cq_sync_time DESC, update_time DESC) = 1;

CREATE OR REPLACE VIEW pipedrive.pipedrive_organizations_current AS
SELECT *
FROM pipedrive.pipedrive_organizations
WHERE true
QUALIFY row_number() OVER (PARTITION BY account_id, id ORDER BY _cq_sync_time DESC, update_time DESC) = 1;

CREATE OR REPLACE VIEW pipedrive.pipedrive_notes_current AS
SELECT *
FROM pipedrive.pipedrive_notes
WHERE true
QUALIFY row_number() OVER (PARTITION BY account_id, id ORDER BY _cq_sync_time DESC, update_time DESC) = 1;

CREATE OR REPLACE VIEW pipedrive.pipedrive_pipelines_current AS
SELECT *
FROM pipedrive.pipedrive_pipelines
WHERE true
QUALIFY _cq_sync_time = max(_cq_sync_time) OVER (PARTITION BY account_id)
    AND row_number() OVER (PARTITION BY account_id, id ORDER BY _cq_sync_time DESC) = 1;

CREATE OR REPLACE VIEW pipedrive.pipedrive_stages_current AS
SELECT *
FROM pipedrive.pipedrive_stages
WHERE true
QUALIFY _cq_sync_time = max(_cq_sync_time) OVER (PARTITION BY account_id)
    AND row_number() OVER (PARTITION BY account_id, id ORDER BY _cq_sync_time DESC) = 1;

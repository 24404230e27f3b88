-- Made by `make gen`. The records of pipedrive_activity_attendees, each once and as it was last sent, but those that are marked as removed.
CREATE OR REPLACE VIEW pipedrive_activity_attendees_current AS
SELECT t.*
FROM pipedrive_activity_attendees AS t
WHERE true
QUALIFY row_number() OVER (PARTITION BY account_id, activity_id, position ORDER BY _cq_sync_time DESC, activity_update_time DESC NULLS LAST) = 1
    AND _removed_at IS NULL;

-- Labels by colour
SELECT account_id, color, name FROM pipedrive_lead_labels ORDER BY account_id, color, name;

-- Labels that were changed since they were created
SELECT account_id, name, add_time, update_time FROM pipedrive_lead_labels WHERE update_time > add_time ORDER BY account_id, name;

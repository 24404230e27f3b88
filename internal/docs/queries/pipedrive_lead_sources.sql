-- Sources of leads
SELECT account_id, name FROM pipedrive_lead_sources ORDER BY account_id, name;

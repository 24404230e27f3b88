-- Types that are in use, in their order
SELECT account_id, order_nr, name, key_string FROM pipedrive_activity_types WHERE active_flag ORDER BY account_id, order_nr;

-- Types that the company added
SELECT account_id, name, key_string, active_flag, add_time FROM pipedrive_activity_types WHERE is_custom_flag ORDER BY account_id, name;

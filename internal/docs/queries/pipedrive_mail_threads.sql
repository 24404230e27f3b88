-- Conversations that await an answer
SELECT account_id, subject, last_message_received_timestamp, deal_id
FROM pipedrive_mail_threads
WHERE last_message_sent_timestamp IS NULL OR last_message_received_timestamp > last_message_sent_timestamp
ORDER BY account_id, last_message_received_timestamp DESC, id;

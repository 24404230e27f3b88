-- Messages of each conversation
SELECT t.account_id, t.subject, count(*) AS messages, max(m.message_time) AS last_message
FROM pipedrive_mail_messages AS m
JOIN pipedrive_mail_threads AS t ON t.account_id = m.account_id AND t.id = m.mail_thread_id
GROUP BY t.account_id, t.id, t.subject
ORDER BY t.account_id, messages DESC, t.subject, t.id;

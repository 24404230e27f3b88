-- Messages of each conversation, and how many of them the user sent
SELECT t.account_id, t.subject, count(*) AS messages, sum(CASE WHEN m.sent_flag THEN 1 ELSE 0 END) AS sent
FROM pipedrive_mail_messages AS m
JOIN pipedrive_mail_threads AS t ON t.account_id = m.account_id AND t.id = m.mail_thread_id
GROUP BY t.account_id, t.id, t.subject
ORDER BY t.account_id, messages DESC, t.id;

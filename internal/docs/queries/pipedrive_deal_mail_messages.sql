-- Deals with the most e-mails, and when the last one was
SELECT m.account_id, d.title, count(*) AS messages, max(m.message_time) AS last_message
FROM pipedrive_deal_mail_messages AS m
JOIN pipedrive_deals AS d ON d.account_id = m.account_id AND d.id = m.deal_id
GROUP BY m.account_id, d.id, d.title
ORDER BY messages DESC, m.account_id, d.title, d.id
LIMIT 20;

-- Deals with the most e-mails, and how many of them users sent
SELECT m.account_id, d.title, count(*) AS messages, sum(CASE WHEN m.sent_flag THEN 1 ELSE 0 END) AS sent
FROM pipedrive_deal_mail_messages AS m
JOIN pipedrive_deals AS d ON d.account_id = m.account_id AND d.id = m.deal_id
GROUP BY m.account_id, d.id, d.title
ORDER BY messages DESC, m.account_id, d.id
LIMIT 20;

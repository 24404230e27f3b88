-- Persons by the number of users who follow them
SELECT f.account_id, p.name, count(*) AS followers
FROM pipedrive_person_followers AS f
JOIN pipedrive_persons AS p ON p.account_id = f.account_id AND p.id = f.person_id
GROUP BY f.account_id, p.id, p.name
ORDER BY f.account_id, followers DESC, p.name, p.id;

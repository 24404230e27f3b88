-- Changes of the expected close date, one row for each deal with such a date in its history. It needs history:
-- [deals] in the spec, and knows the versions that runs have seen since then.
--
-- put_off counts the changes to a later day. days_put_off is the distance from the first to the last expected
-- close date, negative if it came nearer. A deal that is gone keeps the values of its last version.
CREATE OR REPLACE VIEW pipedrive_close_date_changes AS
WITH dated AS (
    SELECT
        *,
        lag(expected_close_date) OVER (PARTITION BY account_id, id ORDER BY valid_from) AS date_before,
        row_number() OVER (PARTITION BY account_id, id ORDER BY valid_from) AS from_the_first,
        row_number() OVER (PARTITION BY account_id, id ORDER BY valid_from DESC) AS from_the_last
    FROM pipedrive_deals_history
    WHERE _removed_at IS NULL AND expected_close_date IS NOT NULL
),
dates AS (
    SELECT
        account_id, id,
        max(CASE WHEN from_the_last = 1 THEN title END) AS title,
        max(CASE WHEN from_the_last = 1 THEN status END) AS status,
        max(CASE WHEN from_the_last = 1 THEN owner_id END) AS owner_id,
        max(CASE WHEN from_the_last = 1 THEN owner_name END) AS owner_name,
        max(CASE WHEN from_the_first = 1 THEN expected_close_date END) AS first_expected_close_date,
        max(CASE WHEN from_the_last = 1 THEN expected_close_date END) AS last_expected_close_date,
        count(CASE WHEN expected_close_date <> date_before THEN 1 END) AS changes,
        count(CASE WHEN expected_close_date > date_before THEN 1 END) AS put_off
    FROM dated
    GROUP BY account_id, id
)
SELECT
    account_id,
    id AS deal_id,
    title,
    status,
    owner_id,
    owner_name,
    first_expected_close_date,
    last_expected_close_date,
    changes,
    put_off,
    last_expected_close_date - first_expected_close_date AS days_put_off
FROM dates;

-- Slippage of the expected close date, one row for each deal that has one.
--
-- days_late are the days from the expected to the actual close date, or to today for an open deal. They are
-- negative for a deal that was closed early, and for an open deal with days left. expected_close_date is the
-- present one, so a postponed date hides the slippage. close_date_changes.sql finds those in the history of deals.
CREATE OR REPLACE VIEW pipedrive_close_date_slippage AS
WITH deals AS (
    SELECT
        *,
        (CASE status WHEN 'won' THEN coalesce(won_time, close_time) WHEN 'lost' THEN coalesce(lost_time, close_time) END)::date AS close_date
    FROM pipedrive_deals
    WHERE expected_close_date IS NOT NULL AND NOT coalesce(is_deleted, false)
        AND (status IN ('won', 'lost') OR (status = 'open' AND NOT coalesce(is_archived, false)))
)
SELECT
    d.account_id,
    d.id AS deal_id,
    d.title,
    d.status,
    d.pipeline_id,
    p.name AS pipeline_name,
    d.owner_id,
    d.owner_name,
    d.currency,
    d.value,
    d.expected_close_date,
    d.close_date,
    CASE
        WHEN d.status = 'open' THEN (now() AT TIME ZONE 'UTC')::date - d.expected_close_date
        ELSE d.close_date - d.expected_close_date
    END AS days_late,
    d.status = 'open' AND d.expected_close_date < (now() AT TIME ZONE 'UTC')::date AS is_overdue
FROM deals d
LEFT JOIN pipedrive_pipelines p ON p.account_id = d.account_id AND p.id = d.pipeline_id;

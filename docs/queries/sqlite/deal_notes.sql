-- Notes per deal: their number, their times, and the author of the last one. It includes deals without notes, but
-- no deleted deals and no deleted notes.
DROP VIEW IF EXISTS pipedrive_deal_notes;
CREATE VIEW pipedrive_deal_notes AS
WITH notes AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY account_id, deal_id ORDER BY add_time DESC NULLS LAST, id DESC) AS from_the_last
    FROM pipedrive_notes
    WHERE coalesce(active_flag, 1) AND deal_id IS NOT NULL
),
totals AS (
    SELECT
        account_id,
        deal_id,
        count(*) AS notes,
        count(CASE WHEN pinned_to_deal_flag THEN 1 END) AS pinned_notes,
        count(DISTINCT user_id) AS authors,
        min(add_time) AS first_note_time,
        max(add_time) AS last_note_time,
        max(CASE WHEN from_the_last = 1 THEN user_name END) AS last_note_by
    FROM notes
    GROUP BY account_id, deal_id
)
SELECT
    d.account_id,
    d.id AS deal_id,
    d.title,
    d.status,
    d.owner_id,
    d.owner_name,
    coalesce(n.notes, 0) AS notes,
    coalesce(n.pinned_notes, 0) AS pinned_notes,
    coalesce(n.authors, 0) AS authors,
    n.first_note_time,
    n.last_note_time,
    n.last_note_by,
    (unixepoch('now') - unixepoch(n.last_note_time)) / 86400 AS days_since_last_note
FROM pipedrive_deals d
LEFT JOIN totals n ON n.account_id = d.account_id AND n.deal_id = d.id
WHERE NOT coalesce(d.is_deleted, 0);

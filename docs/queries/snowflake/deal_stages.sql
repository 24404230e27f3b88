-- The stages that deals have been in, one row for each stay of a deal in a stage. It needs
-- pipedrive_deal_stage_changes, which tables has to name.
--
-- The first stay begins when the deal is added, and the last one ends when it is won or lost. For an open deal
-- left_at and ended_by are NULL, and days count to now. ended_by is moved, won or lost. A deal whose changes are
-- not synced yet has a row only for its present stage. Deleted deals are left out, and so are open deals that are
-- archived.
CREATE OR REPLACE VIEW pipedrive_deal_stages AS
WITH deals AS (
    SELECT
        *,
        CASE status WHEN 'won' THEN coalesce(won_time, close_time) WHEN 'lost' THEN coalesce(lost_time, close_time) END AS closed_at
    FROM pipedrive_deals_current
    WHERE NOT coalesce(is_deleted, false)
        AND (status IN ('won', 'lost') OR (status = 'open' AND NOT coalesce(is_archived, false)))
),
entries AS (
    SELECT d.account_id, d.id AS deal_id, 0 AS seq, c.from_stage_id AS stage_id, d.add_time AS entered_at
    FROM deals d
    JOIN pipedrive_deal_stage_changes_current c ON c.account_id = d.account_id AND c.deal_id = d.id
    WHERE c.seq = 1 AND c.from_stage_id IS NOT NULL
    UNION ALL
    SELECT account_id, deal_id, seq, to_stage_id, time
    FROM pipedrive_deal_stage_changes_current
    UNION ALL
    SELECT d.account_id, d.id, 0, d.stage_id, coalesce(d.stage_change_time, d.add_time)
    FROM deals d
    LEFT JOIN pipedrive_deal_stage_changes_current c ON c.account_id = d.account_id AND c.deal_id = d.id AND c.seq = 1
    WHERE c.deal_id IS NULL
),
numbered AS (
    SELECT
        account_id, deal_id, stage_id, entered_at,
        row_number() OVER (PARTITION BY account_id, deal_id ORDER BY seq) AS stay,
        lead(entered_at) OVER (PARTITION BY account_id, deal_id ORDER BY seq) AS next_entered_at,
        row_number() OVER (PARTITION BY account_id, deal_id ORDER BY seq DESC) AS from_the_last
    FROM entries
),
stays AS (
    SELECT
        d.account_id,
        d.id AS deal_id,
        d.title, d.status, d.owner_id, d.owner_name, d.pipeline_id,
        n.stay, n.stage_id, n.entered_at, n.from_the_last,
        CASE
            WHEN n.from_the_last > 1 THEN n.next_entered_at
            WHEN d.closed_at < n.entered_at THEN n.entered_at
            ELSE d.closed_at
        END AS left_at,
        CASE WHEN n.from_the_last > 1 THEN 'moved' WHEN d.status <> 'open' THEN d.status END AS ended_by
    FROM numbered n
    JOIN deals d ON d.account_id = n.account_id AND d.id = n.deal_id
)
SELECT
    t.account_id,
    t.deal_id,
    t.title,
    t.status,
    t.owner_id,
    t.owner_name,
    t.stay,
    coalesce(s.pipeline_id, CASE WHEN t.from_the_last = 1 THEN t.pipeline_id END) AS pipeline_id,
    p.name AS pipeline_name,
    t.stage_id,
    s.name AS stage_name,
    s.order_nr AS stage_order_nr,
    t.entered_at,
    t.left_at,
    t.ended_by,
    CASE
        WHEN t.ended_by IS NULL THEN (date_part('epoch_second', current_timestamp()) - date_part('epoch_second', t.entered_at)) / 86400::float
        ELSE (date_part('epoch_second', t.left_at) - date_part('epoch_second', t.entered_at)) / 86400::float
    END AS days
FROM stays t
LEFT JOIN pipedrive_stages_current s ON s.account_id = t.account_id AND s.id = t.stage_id
LEFT JOIN pipedrive_pipelines_current p
    ON p.account_id = t.account_id AND p.id = coalesce(s.pipeline_id, CASE WHEN t.from_the_last = 1 THEN t.pipeline_id END);

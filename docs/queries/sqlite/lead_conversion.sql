-- Leads and the deals that were made from them, by the month in which the lead was added, and by owner.
--
-- A lead that becomes a deal leaves Pipedrive's list of leads, and only the deal names it. If its row is gone, it
-- counts in the month of the deal, for the deal's owner. conversion_rate is converted_leads out of leads, win_rate
-- won_deals out of won and lost ones. Deleted leads and deleted deals are left out, and so are deals without a
-- lead.
DROP VIEW IF EXISTS pipedrive_lead_conversion;
CREATE VIEW pipedrive_lead_conversion AS
WITH leads AS (
    SELECT
        l.account_id, l.add_time, l.owner_id, l.owner_name,
        CASE WHEN coalesce(l.is_archived, 0) THEN 'archived' ELSE 'lead' END AS state
    FROM pipedrive_leads l
    LEFT JOIN pipedrive_deals d ON d.account_id = l.account_id AND d.source_lead_id = l.id
    WHERE d.id IS NULL
    UNION ALL
    SELECT
        d.account_id, coalesce(l.add_time, d.add_time), coalesce(l.owner_id, d.owner_id), coalesce(l.owner_name, d.owner_name),
        d.status
    FROM pipedrive_deals d
    LEFT JOIN pipedrive_leads l ON l.account_id = d.account_id AND l.id = d.source_lead_id
    WHERE d.source_lead_id IS NOT NULL AND d.status IN ('open', 'won', 'lost') AND NOT coalesce(d.is_deleted, 0)
),
totals AS (
    SELECT
        account_id,
        date(add_time, 'start of month') AS month,
        owner_id,
        max(owner_name) AS owner_name,
        count(*) AS leads,
        count(CASE WHEN state = 'lead' THEN 1 END) AS open_leads,
        count(CASE WHEN state = 'archived' THEN 1 END) AS archived_leads,
        count(CASE WHEN state IN ('open', 'won', 'lost') THEN 1 END) AS converted_leads,
        count(CASE WHEN state = 'open' THEN 1 END) AS open_deals,
        count(CASE WHEN state = 'won' THEN 1 END) AS won_deals,
        count(CASE WHEN state = 'lost' THEN 1 END) AS lost_deals
    FROM leads
    GROUP BY 1, 2, 3
)
SELECT
    account_id,
    month,
    owner_id,
    owner_name,
    leads,
    open_leads,
    archived_leads,
    converted_leads,
    open_deals,
    won_deals,
    lost_deals,
    1.0 * converted_leads / nullif(leads, 0) AS conversion_rate,
    1.0 * won_deals / nullif(won_deals + lost_deals, 0) AS win_rate
FROM totals;

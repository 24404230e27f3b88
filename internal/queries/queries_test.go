// Package queries tests the SQL of docs/queries: one sync of two simulated accounts into SQLite, the same rows in
// PostgreSQL, and hand-computed numbers that both must give.
package queries

import (
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/postgrestest"
)

const folder = "../../docs/queries"

// names are the names of the files in each dialect's folder, in the order in which README runs them.
var names = []string{
	"activities_by_deal", "activities_by_owner", "close_date_changes", "close_date_slippage", "contacts", "contacts_by_email",
	"currency_decimals", "deal_notes", "deal_stages", "deal_velocity", "deals_with_products", "forecast_by_month", "lead_conversion",
	"open_deals_by_age", "pipeline_by_day", "pipeline_stages", "revenue_by_product", "sales_by_day", "sales_report",
	"stage_conversion", "time_in_stage",
}

// isView is false for a query with a period at its top.
func isView(name string) bool { return name != "sales_report" }

func read(t *testing.T, dialect, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, dialect, name+".sql"))
	require.NoError(t, err)
	return string(text)
}

// report is a dialect's sales report for another period than the file's.
func report(t *testing.T, dialect, firstDay, lastDay string) string {
	t.Helper()
	text := read(t, dialect, "sales_report")
	for written, wanted := range map[string]string{"'2026-01-01'": firstDay, "'2026-12-31'": lastDay} {
		require.Equal(t, 1, strings.Count(text, written), "the place of the period")
		text = strings.Replace(text, written, "'"+wanted+"'", 1)
	}
	return text
}

func TestQueries_giveTheNumbersWorkedOutByHand(t *testing.T) {
	onEachDatabase(t, syncedAccounts(t), func(t *testing.T, dialect string, db *sql.DB) {
		for question, want := range answers {
			require.Equal(t, lines(want), query(t, db, question), question)
		}
		require.Equal(t, lines(january), query(t, db, report(t, dialect, "2024-01-01", "2024-01-31")))
		require.Equal(t, lines(twoMonths), query(t, db, report(t, dialect, "2024-01-01", "2024-02-29")))
	})
}

// onEachDatabase tests on a SQLite database and on one in PostgreSQL with the same rows, both with the views.
func onEachDatabase(t *testing.T, account *sql.DB, test func(t *testing.T, dialect string, db *sql.DB)) {
	t.Helper()
	for _, dialect := range []string{"sqlite", "postgresql"} {
		t.Run(dialect, func(t *testing.T) {
			db := account
			if dialect == "postgresql" {
				db, _ = postgrestest.Copy(t, account)
			}
			for _, name := range slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !isView(name) }) {
				for range 2 { // an existing view is replaced
					_, err := db.Exec(read(t, dialect, name))
					require.NoError(t, err, name)
				}
			}
			test(t, dialect, db)
		})
	}
}

// answers are the rows of each view, by the question.
var answers = map[string]string{
	`SELECT * FROM pipedrive_pipeline_stages
	ORDER BY account_id, pipeline_id, stage_id, currency NULLS FIRST`: `
account_id|pipeline_id|pipeline_name|pipeline_order_nr|stage_id|stage_name|stage_order_nr|stage_probability|currency|open_deals|total_value|weighted_value|deals_without_probability
1001|1|Sales|1|10|Lead|1|20|EUR|2|1500|600|0
1001|1|Sales|1|10|Lead|1|20|USD|1|300|0|0
1001|1|Sales|1|11|Offer|2|50|EUR|1|200.5|100.25|0
1001|2|Partners|2|20|Intro|1|10|NULL|0|0|0|0
1001|3|Empty|3|NULL|NULL|NULL|NULL|NULL|0|0|0|0
1001|4|NULL|NULL|40|NULL|NULL|NULL|EUR|1|50|0|1
2002|1|Vertrieb|1|10|Anfrage|1|90|NULL|1|0|0|0
2002|1|Vertrieb|1|10|Anfrage|1|90|EUR|1|70|63|0`,

	`SELECT account_id, person_id, name, first_name, last_name, email, phone, organization_id, organization_name,
		organization_address, owner_id, owner_name, add_time, update_time
	FROM pipedrive_contacts ORDER BY account_id, person_id`: `
account_id|person_id|name|first_name|last_name|email|phone|organization_id|organization_name|organization_address|owner_id|owner_name|add_time|update_time
1001|1|Ann Ace|Ann|Ace|ann@work.example|+1|1|Acme|1 Road|1|Ada|2024-01-01 08:00:00|2024-01-02 08:00:00
1001|2|Bob|Bob|NULL|bob@one.example|+2|2|NULL|NULL|2|Bo|2024-01-01 08:00:00|2024-01-01 08:00:00
1001|3|Cy|Cy|NULL|NULL|NULL|NULL|NULL|NULL|1|Ada|2024-01-01 08:00:00|2024-01-01 08:00:00
2002|1|Dee|Dee|NULL|dee@beta.example|NULL|1|Beta|NULL|1|Zoe|2024-01-01 08:00:00|2024-01-01 08:00:00`,

	`SELECT * FROM pipedrive_contacts_by_email ORDER BY account_id, email, person_id`: `
account_id|email|person_id|name|is_primary|organization_id|organization_name|owner_id|owner_name|persons
1001|ann@home.example|1|Ann Ace|0|1|Acme|1|Ada|1
1001|ann@work.example|1|Ann Ace|1|1|Acme|1|Ada|2
1001|ann@work.example|2|Bob|0|2|NULL|2|Bo|2
1001|bob@one.example|2|Bob|1|2|NULL|2|Bo|1
1001|bob@two.example|2|Bob|1|2|NULL|2|Bo|1
2002|dee@beta.example|1|Dee|1|1|Beta|1|Zoe|1`,

	`SELECT account_id, month, product_name, product_code, currency, won_deals, quantity, revenue
	FROM pipedrive_revenue_by_product ORDER BY account_id, currency, month NULLS FIRST, product_id NULLS LAST`: `
account_id|month|product_name|product_code|currency|won_deals|quantity|revenue
1001|NULL|Kit|K-1|EUR|1|1|5
1001|2024-01-01|Kit|K-1|EUR|3|4.5|1750.75
1001|2024-02-01|Kit|K-1|EUR|1|1|500
1001|2024-02-01|NULL|NULL|EUR|1|1|40
1001|2024-01-01|Kit|K-1|USD|1|1|700
2002|2024-01-01|Paket|P-1|EUR|1|5|50`,

	`SELECT account_id, deal_id, title, status, owner_name, deal_value, product_name, product_code, quantity, value, currency,
		is_enabled, billing_frequency
	FROM pipedrive_deals_with_products ORDER BY account_id, deal_id, deal_product_id`: `
account_id|deal_id|title|status|owner_name|deal_value|product_name|product_code|quantity|value|currency|is_enabled|billing_frequency
1001|1|Just rotten|open|Ada|1000|Service|NULL|NULL|1000|EUR|1|monthly
1001|10|won|won|Ada|1000|Kit|K-1|2|1000|EUR|1|NULL
1001|10|won|won|Ada|1000|Kit|K-1|1|100.25|EUR|1|NULL
1001|10|won|won|Ada|1000|Kit|K-1|1|9999|EUR|0|NULL
1001|11|won|won|Ada|3000|Kit|K-1|0.5|250.5|EUR|1|NULL
1001|12|won|won|Ada|5000|Kit|K-1|1|500|EUR|1|NULL
1001|12|won|won|Ada|5000|NULL|NULL|1|40|EUR|1|NULL
1001|13|lost|lost|Ada|500|Kit|K-1|1|9999|EUR|1|NULL
1001|14|won|won|Ada|700|Kit|K-1|1|700|USD|1|NULL
1001|17|won|won|Bo|5|Kit|K-1|1|5|EUR|1|NULL
1001|18|won|won|Bo|400|Kit|K-1|1|400|EUR|1|NULL
2002|2|Won|won|Zoe|50|Paket|P-1|5|50|EUR|NULL|NULL`,

	`SELECT account_id, deal_id, title, pipeline_name, stage_name, owner_name, currency, value, days_in_stage, rotten_days, is_rotten
	FROM pipedrive_open_deals_by_age ORDER BY account_id, deal_id`: `
account_id|deal_id|title|pipeline_name|stage_name|owner_name|currency|value|days_in_stage|rotten_days|is_rotten
1001|1|Just rotten|Sales|Lead|Ada|EUR|1000|14|14|1
1001|2|Not rotten yet|Sales|Lead|Bo|EUR|500|13|14|0
1001|3|Long rotten|Sales|Lead|Ada|USD|300|40|14|1
1001|4|Where nothing rots|Sales|Offer|Ada|EUR|200.5|30|5|0
1001|5|Stage deleted|NULL|NULL|Bo|EUR|50|100|NULL|0
2002|1|Same id|Vertrieb|Anfrage|Zoe|EUR|70|2|NULL|0
2002|3|No value|Vertrieb|Anfrage|Zoe|NULL|NULL|1|NULL|0`,

	`SELECT account_id, deal_id, status, owner_name, notes, pinned_notes, authors,
		first_note_time < last_note_time AS apart, last_note_by, days_since_last_note
	FROM pipedrive_deal_notes WHERE deal_id IN (1, 2, 7, 11) ORDER BY account_id, deal_id`: `
account_id|deal_id|status|owner_name|notes|pinned_notes|authors|apart|last_note_by|days_since_last_note
1001|1|open|Ada|3|1|2|1|Ada|3
1001|2|open|Bo|0|0|0|NULL|NULL|NULL
1001|11|won|Ada|2|0|2|0|Bo|10
2002|1|open|Zoe|1|0|1|0|Zoe|0
2002|2|won|Zoe|0|0|0|NULL|NULL|NULL`,

	`SELECT * FROM pipedrive_sales_by_day
	WHERE account_id = '1001' AND (day IS NULL OR day IN ('2024-01-10', '2024-01-31', '2024-02-01')) ORDER BY day NULLS FIRST`: `
account_id|day|pipeline_id|pipeline_name|owner_id|owner_name|currency|won_deals|lost_deals|open_deals|won_value|lost_value|open_value|won_deals_with_value|won_cycle_days|won_deals_with_cycle
1001|NULL|1|Sales|2|Bo|EUR|1|0|0|5|0|0|1|0|0
1001|2024-01-10|1|Sales|1|Ada|EUR|2|0|0|1000|0|0|1|8|2
1001|2024-01-31|1|Sales|1|Ada|EUR|1|0|0|3000|0|0|1|4|1
1001|2024-02-01|1|Sales|1|Ada|EUR|1|0|0|5000|0|0|1|8|1`,
}

const january = `
account_id|pipeline_id|pipeline_name|owner_id|owner_name|currency|won_deals|lost_deals|open_deals|won_value|lost_value|open_value|average_won_value|win_rate|average_cycle_days
1001|1|Sales|1|Ada|EUR|3|1|2|4000|500|1200.5|2000|0.75|4
1001|1|Sales|1|Ada|USD|1|0|1|700|0|300|700|1|0.5
1001|1|Sales|2|Bo|EUR|1|0|0|400|0|0|400|1|0.25
1001|4|NULL|2|Bo|EUR|0|1|0|0|10|0|NULL|0|NULL
2002|1|Vertrieb|1|Zoe|EUR|1|0|0|50|0|0|50|1|1`

const twoMonths = `
account_id|pipeline_id|pipeline_name|owner_id|owner_name|currency|won_deals|lost_deals|open_deals|won_value|lost_value|open_value|average_won_value|win_rate|average_cycle_days
1001|1|Sales|1|Ada|EUR|4|1|2|9000|500|1200.5|3000|0.8|5
1001|1|Sales|1|Ada|USD|1|0|1|700|0|300|700|1|0.5
1001|1|Sales|2|Bo|EUR|1|0|0|400|0|0|400|1|0.25
1001|4|NULL|2|Bo|EUR|0|1|0|0|10|0|NULL|0|NULL
2002|1|Vertrieb|1|Zoe|EUR|1|0|0|50|0|0|50|1|1`

func lines(table string) []string { return strings.Split(strings.TrimSpace(table), "\n") }

// query returns the names of the columns and the rows, each a line.
func query(t *testing.T, db *sql.DB, statement string) []string {
	t.Helper()
	rows, err := db.Query(statement)
	require.NoError(t, err, statement)
	defer rows.Close()
	header, err := rows.Columns()
	require.NoError(t, err)
	found := []string{strings.Join(header, "|")}
	cells, targets := make([]any, len(header)), make([]any, len(header))
	for i := range cells {
		targets[i] = &cells[i]
	}
	for rows.Next() {
		require.NoError(t, rows.Scan(targets...))
		row := make([]string, len(cells))
		for i, cell := range cells {
			row[i] = text(cell)
		}
		found = append(found, strings.Join(row, "|"))
	}
	require.NoError(t, rows.Err())
	return found
}

// text is a value in the form that both databases share.
func text(cell any) string {
	switch v := cell.(type) {
	case nil:
		return "NULL"
	case string:
		return v
	case []byte: // JSON in PostgreSQL, with spaces and in another order than in SQLite
		var parsed any
		if json.Unmarshal(v, &parsed) != nil {
			return "?"
		}
		written, _ := json.Marshal(parsed)
		return string(written)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return map[bool]string{false: "0", true: "1"}[v]
	case time.Time:
		return strings.TrimSuffix(v.Format(time.DateTime), " 00:00:00") // a day, in PostgreSQL
	}
	return "?"
}

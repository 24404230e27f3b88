package queries

import (
	"database/sql"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/money"
)

// cents are deals whose sums and shares have more digits than their currency.
const cents = `
	INSERT INTO pipedrive_deals (_cq_id, account_id, id, status, value, currency, probability, pipeline_id, stage_id) VALUES
		('cents 1', '3003', 1, 'open', 0.1, 'EUR', 50, 1, 10), ('cents 2', '3003', 2, 'open', 0.2, 'EUR', 33, 1, 10),
		('cents 3', '3003', 3, 'open', 1001, 'JPY', 33, 1, 10), ('cents 4', '3003', 4, 'open', 1001, 'KWD', 33.3333, 1, 10),
		('cents 5', '3003', 5, 'open', 10, 'CLF', 33.3333333, 1, 10), ('cents 6', '3003', 6, 'open', 10, 'PKR', 33.3333, 1, 10);
	INSERT INTO pipedrive_deals (_cq_id, account_id, id, status, value, currency, won_time, add_time, pipeline_id) VALUES
		('cents 7', '3003', 7, 'won', 0.1, 'EUR', '2024-05-01 08:00:00', '2024-05-01 08:00:00', 1),
		('cents 8', '3003', 8, 'won', 0.2, 'EUR', '2024-05-01 08:00:00', '2024-05-01 08:00:00', 1),
		('cents 9', '3003', 9, 'won', 100, 'JPY', '2024-05-01 08:00:00', '2024-05-01 08:00:00', 1),
		('cents 10', '3003', 10, 'won', 101, 'JPY', '2024-05-02 08:00:00', '2024-05-01 08:00:00', 1),
		('cents 11', '3003', 11, 'won', 100, 'JPY', '2024-05-03 08:00:00', '2024-05-01 08:00:00', 1);`

func TestQueries_roundMoneyToTheCurrencysDecimals(t *testing.T) {
	account := syncedAccounts(t)
	_, err := account.Exec(cents)
	require.NoError(t, err)
	onEachDatabase(t, account, func(t *testing.T, dialect string, db *sql.DB) {
		require.Equal(t, lines(`
currency|total_value|weighted_value
CLF|10|3.3333
EUR|0.3|0.12
JPY|1001|330
KWD|1001|333.666
PKR|10|3.33`), query(t, db, `SELECT currency, total_value, weighted_value FROM pipedrive_pipeline_stages
				WHERE account_id = '3003' ORDER BY currency`))
		require.Equal(t, lines(`
currency|won_value
EUR|0.3
JPY|100
JPY|101
JPY|100`), query(t, db, `SELECT currency, won_value FROM pipedrive_sales_by_day
				WHERE account_id = '3003' AND won_deals > 0 ORDER BY currency, day`))
		may := query(t, db, report(t, dialect, "2024-05-01", "2024-05-31"))
		require.Equal(t, lines(`
3003|1|NULL|NULL|NULL|EUR|2|0|0|0.3|0|0|0.15|1|0
3003|1|NULL|NULL|NULL|JPY|3|0|0|301|0|0|100|1|1`), may[1:])
	})
}

var pair = regexp.MustCompile(`\('([A-Z]{3})'(?: AS currency)?, (\d)`)

// Every dialect has the report's list.
func TestQueries_haveTheDecimalsOfISO4217(t *testing.T) {
	want := map[string]int{}
	for i := range 26 * 26 * 26 {
		code := string([]byte{'A' + byte(i/26/26), 'A' + byte(i/26%26), 'A' + byte(i%26)})
		if n := money.Decimals(code); n != 2 {
			want[code] = n
		}
	}
	require.Len(t, want, 26)
	for _, dialect := range []string{"sqlite", "postgresql", "bigquery", "snowflake"} {
		listed := map[string]int{}
		for _, row := range pair.FindAllStringSubmatch(read(t, dialect, "currency_decimals"), -1) {
			listed[row[1]] = int(row[2][0] - '0')
		}
		require.Equal(t, want, listed, dialect)
	}
}

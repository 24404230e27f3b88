package report

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// The tables of products and contacts, with the columns that figures need.
const children = `
	CREATE TABLE pipedrive_products (account_id TEXT NOT NULL, id INTEGER NOT NULL, name TEXT, code TEXT, PRIMARY KEY (account_id, id));
	CREATE TABLE pipedrive_deal_products (account_id TEXT NOT NULL, id INTEGER NOT NULL, deal_id INTEGER, product_id INTEGER,
		name TEXT, quantity REAL, sum REAL, currency TEXT, is_enabled BOOLEAN, PRIMARY KEY (account_id, id));
	CREATE TABLE pipedrive_persons (_cq_sync_time TIMESTAMP, account_id TEXT NOT NULL, id INTEGER NOT NULL, is_deleted BOOLEAN,
		_removed_at TIMESTAMP, PRIMARY KEY (account_id, id));
	CREATE TABLE pipedrive_person_emails (account_id TEXT NOT NULL, person_id INTEGER NOT NULL, position INTEGER NOT NULL,
		value TEXT, PRIMARY KEY (account_id, person_id, position));`

// Products of the deals of quarter. Deal 24 was won before the shown months, 25 is deleted, 22 is lost.
const sold = `
	INSERT INTO pipedrive_deals (account_id, id, status, value, currency, won_time, is_deleted) VALUES
		('acme', 25, 'won', 9, 'EUR', '2026-04-03 00:00:00', 1);
	INSERT INTO pipedrive_products (account_id, id, name, code) VALUES
		('acme', 1, 'Kit', 'K-1'), ('acme', 2, 'Kit', NULL), ('acme', 3, 'Unsold', NULL);
	INSERT INTO pipedrive_deal_products (account_id, id, deal_id, product_id, name, quantity, sum, currency, is_enabled) VALUES
		('acme', 1, 20, 1, 'Old name', 2, 100.5, 'EUR', 1),
		('acme', 2, 20, 1, 'Kit', 0.5, 20, 'EUR', NULL),
		('acme', 3, 20, 1, 'Kit', 1, 9999, 'EUR', 0),
		('acme', 4, 21, 1, 'Kit', 1, 30, 'EUR', 1),
		('acme', 5, 21, 2, 'Kit', 1, 400, 'EUR', 1),
		('acme', 6, 21, NULL, NULL, NULL, 7, 'EUR', 1),
		('acme', 7, 23, 4, 'Gone', 3, 900, 'JPY', 1),
		('acme', 8, 24, 1, 'Kit', 1, 9999, 'EUR', 1),
		('acme', 9, 25, 1, 'Kit', 1, 9999, 'EUR', 1),
		('acme', 10, 22, 1, 'Kit', 1, 9999, 'EUR', 1),
		('acme', 11, 1, 3, 'Unsold', 1, 9999, 'EUR', 1),
		('acme', 12, 1, 3, 'Unsold', 1, 9999, 'EUR', 1),
		('acme', 13, 2, 3, 'Unsold', 1, 9999, 'EUR', 0),
		('acme', 14, 3, 3, 'Unsold', 1, 9999, 'CHF', 1),
		('beta', 1, 20, 1, 'Of no deal', 1, 9999, 'EUR', 1);`

func TestRead_sumsProductsOfWonDeals(t *testing.T) {
	f := read(t, schema, quarter, children, sold)
	var got []string
	for _, p := range f.productParts() {
		got = append(got, fmt.Sprint(p.Name, ": ", p.Won.Money, ", ", p.Quantity))
	}
	require.Equal(t, []string{
		"Removed products: map[EUR:{1 7 0}], map[EUR:0]",
		"Kit · K-1: map[EUR:{2 150.5 0}], map[EUR:3.5]",
		"Kit · 2: map[EUR:{1 400 0}], map[EUR:1]",
		"Gone: map[JPY:{1 900 0}], map[JPY:3]",
	}, got)
	require.Equal(t, Holding{Open: 2, WonLately: 3}, f.Holding)

	b, err := f.byProduct()
	require.NoError(t, err)
	require.Equal(t, []ledger{
		{Name: "EUR", Heads: []string{"Quantity", "Revenue"}, Rows: []entry{
			{"Kit · 2", []string{"1", "400.00"}}, {"Kit · K-1", []string{"3.5", "150.50"}}, {"Removed products", []string{"0", "7.00"}},
		}, Total: []string{"4.5", "557.50"}},
		{Name: "JPY", Heads: []string{"Quantity", "Revenue"}, Rows: []entry{{"Gone", []string{"3", "900"}}}, Total: []string{"3", "900"}},
	}, b.Tables)
}

func TestRead_addsUpTheProductsThatBroughtLess(t *testing.T) {
	for _, c := range []struct {
		products int
		last     entry
	}{
		{11, entry{"P11", []string{"1", "1"}}},
		{12, entry{"2 other products", []string{"2", "3"}}},
	} {
		b, err := read(t, schema, quarter, children, fmt.Sprintf(`
			WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
			INSERT INTO pipedrive_deal_products (account_id, id, deal_id, product_id, name, quantity, sum, currency)
			SELECT 'acme', i, 20, i, 'P' || i, 1, %[1]d + 1 - i, 'EUR' FROM n`, c.products)).byProduct()
		require.NoError(t, err)
		require.Len(t, b.Tables[0].Rows, 11)
		require.Equal(t, c.last, b.Tables[0].Rows[10])
	}
}

// Persons of two accounts with the same ids.
const contacts = `
	INSERT INTO pipedrive_persons (account_id, id, is_deleted, _removed_at) VALUES
		('acme', 1, 0, NULL), ('acme', 2, NULL, NULL), ('acme', 3, 0, NULL), ('acme', 4, 0, NULL), ('acme', 5, 1, NULL),
		('acme', 6, NULL, '2026-05-01 00:00:00'), ('acme', 7, 0, NULL), ('beta', 1, 0, NULL), ('beta', 2, 0, NULL);
	INSERT INTO pipedrive_person_emails (account_id, person_id, position, value) VALUES
		('acme', 1, 1, 'ann@home.example'), ('acme', 1, 2, 'ANN@home.example'),
		('acme', 2, 1, 'bob@home.example'), ('acme', 2, 2, 'info@home.example'),
		('acme', 3, 1, ' Info@home.example'), ('acme', 4, 1, ' '), ('acme', 5, 1, 'ann@home.example'),
		('beta', 1, 1, 'info@home.example');
	INSERT INTO pipedrive_deals (account_id, id, status, person_id, is_deleted, is_archived) VALUES
		('acme', 1, 'open', 4, 0, 0), ('acme', 2, 'open', 4, NULL, NULL), ('acme', 3, 'open', 4, 1, 0), ('acme', 4, 'open', 4, 0, 1),
		('acme', 5, 'won', 4, 0, 0), ('acme', 6, 'open', 1, 0, 0), ('acme', 7, 'open', NULL, 0, 0), ('beta', 2, 'open', 2, 0, 0);`

func TestRead_countsContactsByTheirAddresses(t *testing.T) {
	f := read(t, schema, children, contacts)
	require.Equal(t, Contacts{Persons: 7, Unreachable: 3, Sharing: 2, OpenUnreachable: 3}, f.Contacts)
}

package histories

import (
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/truth"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

// hash is a field's key.
func hash(prefix string) string { return prefix + strings.Repeat("0", 40-len(prefix)) }

// withFields is an account with one deal, whose custom fields are given with their types: "Budget double".
func withFields(id int64, fields ...string) *account {
	c := simulator.NewCompany(id)
	values := map[string]any{}
	for i, f := range fields {
		name, kind, _ := strings.Cut(f, "/")
		key := hash(fmt.Sprintf("%d%d", id, i))
		c.AddField(simulator.Field{Entity: "deal", Key: key, Name: name, Type: kind})
		values[key] = map[string]any{"double": float64(id), "varchar": fmt.Sprint(id)}[kind]
	}
	at := c.Now().Add(-time.Hour)
	c.AddDeal(simulator.Deal{Title: "deal", Status: "open", AddTime: at, UpdateTime: &at, CustomFields: values})
	return newAccount(fmt.Sprint("company ", id), fmt.Sprint("token-", id), c)
}

// custom returns the custom field cells of each account's deal, by column.
func (w *world) custom() map[string]truth.Row {
	w.t.Helper()
	found := map[string]truth.Row{}
	for account, deals := range w.rows("deals") {
		found[account] = onlyCustom(deals)["1"]
	}
	return found
}

// onlyCustom returns the columns of custom fields only.
func onlyCustom(rows map[string]truth.Row) map[string]truth.Row {
	for _, row := range rows {
		maps.DeleteFunc(row, func(column string, _ truth.Cell) bool { return !strings.HasPrefix(column, "cf_") })
	}
	return rows
}

// typed returns a world with columns for deals' custom fields.
func typed(t *testing.T, accounts ...*account) *world {
	t.Helper()
	w := newWorldOf(t, accounts)
	w.tables, w.spec["custom_fields"] = []string{"deals"}, "columns"
	return w
}

var null = truth.Cell{Kind: "null"}

func TestCustomFields_unionOfAccounts(t *testing.T) {
	want := map[string]truth.Row{
		"1": {"cf_budget_double": {Kind: "real", Text: "1.0"}, "cf_budget_text": null, "cf_same": {Kind: "text", Text: "1"}, "cf_only_two": null},
		"2": {"cf_budget_double": null, "cf_budget_text": {Kind: "text", Text: "2"}, "cf_same": {Kind: "text", Text: "2"}, "cf_only_two": {Kind: "real", Text: "2.0"}},
		"3": {"cf_budget_double": {Kind: "real", Text: "3.0"}, "cf_budget_text": null, "cf_same": null, "cf_only_two": null},
	}
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}} {
		t.Run(fmt.Sprint(order), func(t *testing.T) {
			accounts := []*account{
				withFields(1, "Budget/double", "Same/varchar"),
				withFields(2, "Same/varchar", "Only two/double", "budget/varchar"),
				withFields(3, "BUDGET/double"),
			}
			w := typed(t, accounts[order[0]], accounts[order[1]], accounts[order[2]])
			w.requireSync()
			require.Equal(t, want, w.custom())
		})
	}
}

// TestCustomFields_ofOtherRecords: each type of record with its own fields gets columns for them.
func TestCustomFields_ofOtherRecords(t *testing.T) {
	for entity, table := range map[string]string{"product": "products", "project": "projects"} {
		t.Run(table, func(t *testing.T) {
			c := simulator.NewCompany(4711)
			c.AddField(simulator.Field{Entity: entity, Key: hash("1"), Name: "Budget", Type: "monetary"})
			c.AddField(simulator.Field{Entity: entity, Key: hash("2"), Name: "Colour", Type: "enum", Options: []simulator.Choice{{ID: int64(7), Label: "red"}}})
			values := map[string]any{hash("1"): simulator.Money{Value: 1.5, Currency: "EUR"}, hash("2"): int64(7)}
			c.AddRecord(table, map[string]any{"custom_fields": values})
			c.AddRecord(table, map[string]any{})
			w := typed(t, newAccount("one", "token", c))
			w.tables = []string{table}
			w.requireSync()
			text := func(s string) truth.Cell { return truth.Cell{Kind: "text", Text: s} }
			require.Equal(t, map[string]truth.Row{
				"1": {"cf_budget": {Kind: "real", Text: "1.5"}, "cf_budget_currency": text("EUR"), "cf_colour": text("red")},
				"2": {"cf_budget": null, "cf_budget_currency": null, "cf_colour": null},
			}, onlyCustom(w.rows(table)["4711"]))
		})
	}
}

// TestCustomFields_accountsComeAndGo: a field keeps its column, no matter which other accounts are synced.
func TestCustomFields_accountsComeAndGo(t *testing.T) {
	one, two := withFields(1, "Budget/double"), withFields(2, "Budget/varchar", "Other/double")
	w := typed(t, one, two)
	w.accounts = []*account{one}
	w.requireSync()
	require.Equal(t, map[string]truth.Row{"1": {"cf_budget": {Kind: "real", Text: "1.0"}}}, w.custom())

	w.accounts = []*account{two, one}
	w.requireSync()
	both := map[string]truth.Row{
		"1": {"cf_budget": {Kind: "real", Text: "1.0"}, "cf_budget_text": null, "cf_other": null},
		"2": {"cf_budget": null, "cf_budget_text": {Kind: "text", Text: "2"}, "cf_other": {Kind: "real", Text: "2.0"}},
	}
	require.Equal(t, both["2"], w.custom()["2"])

	// Account 1 can't log in. Its column stays, and another account's field of the same name gets another column.
	one.token, w.spec["on_account_error"] = "revoked", "skip"
	two.Company.Advance(time.Hour)
	key := hash("2f")
	two.Company.AddField(simulator.Field{Entity: "deal", Key: key, Name: "Budget", Type: "double"})
	two.Company.UpdateDeal(1, func(d *simulator.Deal) {
		d.CustomFields = maps.Clone(d.CustomFields)
		d.CustomFields[key] = 7.5
	})
	w.requireSync()
	got := w.custom()
	require.Equal(t, truth.Cell{Kind: "real", Text: "1.0"}, got["1"]["cf_budget"])
	require.Equal(t, truth.Cell{Kind: "real", Text: "7.5"}, got["2"]["cf_budget"], "of the same kind: they share it")
	require.Equal(t, truth.Cell{Kind: "text", Text: "2"}, got["2"]["cf_budget_text"])
}

// TestCustomFields_aChangedSpecFillsAllRows: the tables are read again to fill the other columns. With a
// checkpoint, they would stay NULL in every unchanged row.
func TestCustomFields_aChangedSpecFillsAllRows(t *testing.T) {
	one := withFields(1, "Budget/double")
	later := one.Company.Now()
	one.Company.AddDeal(simulator.Deal{Title: "later", Status: "open", AddTime: later, UpdateTime: &later})
	w := typed(t, one)
	w.spec["custom_fields"] = "off"
	w.requireSync()
	w.spec["custom_fields"] = "json"
	w.requireSync()
	require.Contains(t, w.rows("deals")["1"]["1"]["custom_fields"].Text, hash("10"))
	w.spec["custom_fields"] = "columns"
	w.requireSync()
	require.Equal(t, truth.Cell{Kind: "real", Text: "1.0"}, w.custom()["1"]["cf_budget"])
}

// TestCustomFields_ofLeads: leads share the deals' fields, in columns of the same names, in either order of reading. A
// new field makes neither table start from its beginning.
func TestCustomFields_ofLeads(t *testing.T) {
	for _, first := range []string{"deals", "leads"} {
		t.Run(first+" first", func(t *testing.T) {
			a := withFields(1, "Budget/double")
			for i := range 5 {
				a.Company.AddRecord("leads", map[string]any{"title": fmt.Sprint(i), "custom_fields": map[string]any{hash("10"): 2.5}})
				a.Company.Advance(time.Hour)
			}
			w := typed(t, a)
			w.tables = []string{first}
			w.requireSync()
			a.Company.UpdateField("deal", hash("10"), func(f *simulator.Field) { f.Name = "Former budget" })
			w.tables = []string{"deals", "leads"}
			w.requireSync()
			lead := a.Company.Truth("leads", everything)[0]["id"].(string)
			require.Equal(t, truth.Row{"cf_budget": {Kind: "real", Text: "2.5"}}, onlyCustom(w.rows("leads")["1"])[lead])
			require.Equal(t, truth.Row{"cf_budget": {Kind: "real", Text: "1.0"}}, w.custom()["1"])

			a.Company.Advance(time.Hour)
			a.Company.AddField(simulator.Field{Entity: "deal", Key: hash("77"), Name: "Later", Type: "double"})
			a.Company.UpdateRecord("leads", 5, map[string]any{"custom_fields": map[string]any{hash("77"): 7.0}})
			w.requireSync()
			require.LessOrEqual(t, w.sent["leads"], 2, "the lead that changed, and the last one before it")
			changed := a.Company.Truth("leads", everything)[4]["id"].(string)
			require.Equal(t, truth.Cell{Kind: "real", Text: "7.0"}, w.rows("leads")["1"][changed]["cf_later"])
		})
	}
}

// TestCustomFields_ofLeadsWithoutTheScopeOfTheirFields: leads come nevertheless, and their custom fields without types.
// When the scope is granted, all leads are read again.
func TestCustomFields_ofLeadsWithoutTheScopeOfTheirFields(t *testing.T) {
	for _, custom := range []string{"columns", "json", "off"} {
		t.Run(custom, func(t *testing.T) {
			c := simulator.NewCompany(4711)
			c.AddField(simulator.Field{Entity: "deal", Key: hash("1"), Name: "Colour", Type: "enum", Options: []simulator.Choice{{ID: int64(7), Label: "red"}}})
			for range 3 {
				c.AddRecord("leads", map[string]any{"custom_fields": map[string]any{hash("1"): int64(7)}})
				c.Advance(time.Hour)
			}
			var options []simulator.Option
			for name, scopes := range map[string][]string{"leads": {"base", "users:read", "leads:read"}, "deals": {"base", "users:read", "leads:read", "deals:read"}} {
				options = append(options, simulator.WithOAuthApp(simulator.App{ClientID: name, ClientSecret: "s", RefreshToken: "r-" + name, Company: c, Scopes: scopes}))
			}
			w := newWorld(t, c, options...)
			w.tables, w.spec["custom_fields"] = []string{"leads"}, custom
			sync := func(app string) {
				w.spec["oauth"] = map[string]any{"client_id": app, "client_secret": "s", "refresh_token": "r-" + app, "token_url": w.url + "/oauth/token"}
				w.requireSync()
			}
			for range 2 {
				sync("leads")
				require.Len(t, w.rows("leads")["4711"], 3)
				require.Equal(t, custom != "off", strings.Contains(w.log.String(), "deal-fields:full"), "%s", w.log.String())
			}
			require.Less(t, w.sent["leads"], 3, "the second run goes on from the checkpoint")
			sync("deals")
			for _, lead := range w.rows("leads")["4711"] {
				switch custom {
				case "columns":
					require.Equal(t, truth.Cell{Kind: "text", Text: "red"}, lead["cf_colour"])
					fallthrough
				case "json":
					require.JSONEq(t, `{"`+hash("1")+`": 7}`, lead["custom_fields"].Text)
				}
			}
		})
	}
}

// TestCustomFields_moreThanColumns: fields without room for a column come in the JSON column, the same ones in each
// run, and the log names them.
func TestCustomFields_moreThanColumns(t *testing.T) {
	a := withFields(1, "Budget/double")
	place := func(i int) string { return fmt.Sprintf("%040d", i) }
	for i := range 82 { // with 11 columns each
		a.Company.AddField(simulator.Field{Entity: "deal", Key: place(i), Name: fmt.Sprint("Place ", i), Type: "address"})
	}
	last := place(81)
	a.Company.UpdateDeal(1, func(d *simulator.Deal) { d.CustomFields[last] = simulator.Address{Value: "Pärnu mnt 1"} })
	w := typed(t, a)
	w.tables = append(w.tables, "fields")
	for run := range 2 {
		w.requireSync()
		require.Contains(t, w.log.String(), `"table":"pipedrive_deals","fields":1,"first":["Place 81"]`)
		deal := w.rows("deals")["1"]["1"]
		require.Contains(t, deal["custom_fields"].Text, `"Pärnu mnt 1"`)
		require.Equal(t, truth.Cell{Kind: "real", Text: "1.0"}, deal["cf_budget"])
		require.Contains(t, deal, "cf_place_80")
		require.NotContains(t, deal, "cf_place_81")
		w.query(func(db *sql.DB) {
			var without string
			require.NoError(t, db.QueryRow("SELECT group_concat(DISTINCT field_code) FROM pipedrive_fields WHERE is_custom_field AND column_name IS NULL").Scan(&without))
			require.Equal(t, last, without)
		})
		a.Company.RemoveField("deal", place(run)) // whose columns stay
	}
}

// TestCustomFields_cost: typed columns and the table of fields cost one page of each list of fields, in API tokens.
func TestCustomFields_cost(t *testing.T) {
	long(t)
	w := newWorld(t, generated(1, 4711))
	w.requireSync()
	w.company().Advance(time.Hour)
	w.requireSync() // changelogs of the last second's parents come once more
	without := w.requireTokens()
	w.spec["custom_fields"] = "columns"
	w.tables = append(slices.Clone(all), "fields")
	w.requireSync()
	w.requireSync() // parents without children are asked for once more, after a run that read them apart from their table
	lists := map[string]int64{}
	for _, t := range tables.All() {
		for _, d := range append(t.Describes, table.Described{Of: t, Fields: t.Fields}) {
			if d.Fields != nil {
				lists[d.Fields.Records] = int64(d.Fields.Listings(table.V2)[0].Cost)
			}
		}
	}
	for _, t := range tables.All() {
		if t.Fields != nil && t.Form(table.V2) == table.V1 { // it needs the fields' types in any case
			delete(lists, t.Fields.Records)
		}
	}
	for _, tokens := range lists {
		without += tokens
	}
	require.Equal(t, without, w.requireTokens())
}

// TestCustomFields_stateOfAnotherKind: unreadable names are not discarded.
func TestCustomFields_stateOfAnotherKind(t *testing.T) {
	for value, says := range map[string]string{`{"version":2}`: "version 2", `nonsense`: "can't be read"} {
		w := typed(t, withFields(1, "Budget/double"))
		w.requireSync()
		w.exec(fmt.Sprintf("UPDATE %s SET value = '%s' WHERE key = 'pipedrive_deals,custom_fields'", stateTable, value))
		err := w.sync()
		require.ErrorContains(t, err, says)
		require.ErrorContains(t, err, "pipedrive_deals,custom_fields")
	}
	w := typed(t, withFields(1, "Budget/double"))
	w.requireSync()
	w.query(func(db *sql.DB) {
		var kept string
		require.NoError(t, db.QueryRow("SELECT value FROM "+stateTable+" WHERE key = 'pipedrive_deals,custom_fields'").Scan(&kept))
		require.Contains(t, kept, `"column":"cf_budget"`)
	})
}

// TestCustomFields_shardsOfAnAccountThatLacksSome: each shard announces the columns of all tables that the account
// has.
func TestCustomFields_shardsOfAnAccountThatLacksSome(t *testing.T) {
	w := newWorld(t, generated(1, 4711))
	w.spec["custom_fields"], w.tables, w.backend = "columns", []string{"*"}, true
	w.company().Refuse("projects", 402)
	for i := range int32(4) {
		w.shard = &plugin.Shard{Num: i + 1, Total: 4}
		require.NoError(t, w.sync(), "shard %d", i+1)
	}
	w.requireTruth("deals", "persons", "organizations", "products")
}

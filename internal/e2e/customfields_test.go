package e2e

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/truth"
)

// hash is the key of a field of the zoo.
func hash(prefix string) string { return prefix + strings.Repeat("0", 40-len(prefix)) }

// zooDeals are the columns of custom fields of the zoo's deals, written by hand: in deal 1 every field has a
// value.
var zooDeals = map[string]any{
	// Two fields whose names differ only in case and marks.
	"cf_budget_a1000000": 1234.5, "cf_budget_a2000000": 99.9, "cf_budget_a2000000_currency": "USD",
	// One field's part has the name of another field.
	"cf_price_a3000000": -0.01, "cf_price_a3000000_currency": "EUR", "cf_price_currency_a4000000": "not a currency",
	"cf_title": "not the title", "cf_id": int64(9007199254740993),
	"cf_a7000000": "emoji", "cf_biudzhet_proekta": "Много\nденег", "cf_yu_suan": "很多",
	// Names of 200 characters that differ at their ends.
	"cf_very_long_very_long_very_long_ve_aa000000":                    "Pärnu mnt 1, Tallinn",
	"cf_very_long_very_long_very_long_ve_aa000000_country":            "Estonia",
	"cf_very_long_very_long_very_long_ve_aa000000_admin_area_level_1": "Harju maakond",
	"cf_very_long_very_long_very_long_ve_aa000000_admin_area_level_2": nil,
	"cf_very_long_very_long_very_long_ve_aa000000_locality":           "Tallinn",
	"cf_very_long_very_long_very_long_ve_aa000000_sublocality":        nil,
	"cf_very_long_very_long_very_long_ve_aa000000_route":              "Pärnu maantee",
	"cf_very_long_very_long_very_long_ve_aa000000_street_number":      "1",
	"cf_very_long_very_long_very_long_ve_aa000000_subpremise":         nil,
	"cf_very_long_very_long_very_long_ve_aa000000_postal_code":        "10148",
	"cf_very_long_very_long_very_long_ve_aa000000_formatted_address":  "Pärnu mnt 1, 10148 Tallinn, Estonia",
	"cf_very_long_very_long_very_long_ve_ab000000":                    "elsewhere",
	"cf_very_long_very_long_very_long_ve_ab000000_country":            nil,
	"cf_very_long_very_long_very_long_ve_ab000000_admin_area_level_1": nil,
	"cf_very_long_very_long_very_long_ve_ab000000_admin_area_level_2": nil,
	"cf_very_long_very_long_very_long_ve_ab000000_locality":           nil,
	"cf_very_long_very_long_very_long_ve_ab000000_sublocality":        nil,
	"cf_very_long_very_long_very_long_ve_ab000000_route":              nil,
	"cf_very_long_very_long_very_long_ve_ab000000_street_number":      nil,
	"cf_very_long_very_long_very_long_ve_ab000000_subpremise":         nil,
	"cf_very_long_very_long_very_long_ve_ab000000_postal_code":        nil,
	"cf_very_long_very_long_very_long_ve_ab000000_formatted_address":  nil,
	"cf_creme_brulee_b_100_b_and_more":                                "+372 5555",

	"cf_deadline": simulator.Date("2026-02-28"),
	"cf_campaign": simulator.Date("2026-01-01"), "cf_campaign_until": simulator.Date("2026-12-31"),
	"cf_call_at": "10:00:00", "cf_call_at_timezone_id": int64(55), "cf_call_at_timezone_name": "Europe/Tallinn",
	"cf_open_hours": "09:00:00", "cf_open_hours_until": "17:30:00",
	"cf_open_hours_timezone_id": int64(55), "cf_open_hours_timezone_name": "Europe/Tallinn",
	"cf_agreed": false,

	"cf_colour": `red, "dark"`, "cf_colours": json.RawMessage(`["grün; {hell}","red, \"dark\""]`), "cf_no_options": nil,

	"cf_manager": int64(11), "cf_partner": int64(12), "cf_contact": int64(13), "cf_earlier_deal": int64(14),
	"cf_project": int64(15), "cf_stage": int64(16), "cf_activity": int64(17),
	"cf_lead": "0b4b6a3e-1d9c-11ee-be56-0242ac120002",

	"cf_note": "plain", "cf_kind": "option", "cf_raw": json.RawMessage(`{"n":1,"list":[1,"õ",null]}`),
	"cf_deals": json.RawMessage(`[1,2]`), "cf_picture": json.RawMessage(`21`), "cf_status": json.RawMessage(`"won"`),
	"cf_visible_to": json.RawMessage(`3`), "cf_price_list": json.RawMessage(`22`), "cf_billing": json.RawMessage(`"monthly"`),
	"cf_board": json.RawMessage(`23`), "cf_phase": json.RawMessage(`24`),
}

// requireCustom compares all columns of custom fields in a row; columns that want lacks must be NULL.
func requireCustom(t *testing.T, want map[string]any, row truth.Row) {
	t.Helper()
	for name, cell := range row {
		if strings.HasPrefix(name, "cf_") {
			require.LessOrEqual(t, len(name), 63, name)
			require.True(t, cell.Is(want[name]), "%s is %s %q, want %T %v", name, cell.Kind, cell.Text, want[name], want[name])
		}
	}
	for name := range want {
		require.Contains(t, row, name)
	}
}

// noTimezoneName is API v1's version of the same values.
func noTimezoneName(want map[string]any) map[string]any {
	v1 := map[string]any{}
	for name, value := range want {
		v1[name] = value
		if strings.HasSuffix(name, "_timezone_name") {
			v1[name] = nil
		}
	}
	return v1
}

func TestCustomFields_eachCellOfTheZoo(t *testing.T) {
	t.Parallel()
	for _, api := range []string{"v2", "v1"} {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t, simulator.Zoo())
			s.spec = "deleted: false\napi_version: " + api
			if api == "v1" { // v1's form for values of other kinds is unknown
				s.company.DeleteDeal(4)
			}
			o := s.sync()
			s.requireTruth(simulator.TruthOptions{Archived: true, API: api}, "deals", "organizations", "persons")
			deals := s.rows("deals")
			all := zooDeals
			if api == "v1" {
				all = noTimezoneName(all)
			}
			requireCustom(t, all, deals["1"])
			requireCustom(t, nil, deals["2"])
			requireCustom(t, map[string]any{
				"cf_colour": "99", "cf_colours": json.RawMessage(`["grün; {hell}","98","red, \"dark\""]`), "cf_no_options": "7",
			}, deals["3"])
			if api == "v2" {
				requireCustom(t, map[string]any{"cf_price_a3000000_currency": "EUR"}, deals["4"])
				for _, column := range []string{"cf_budget_a1000000", "cf_price_a3000000", "cf_deadline", "cf_colour", "cf_colours", "cf_manager", "cf_note"} {
					require.Equal(t, 1, strings.Count(o.output, "column="+column+" "), "the log names %s once\n%s", column, o.output)
				}
			}
			wide := s.rows("organizations")["1"]
			want := map[string]any{"cf_field_no_0": "first", "cf_field_no_299": "last"}
			requireCustom(t, want, wide)
			n := 0
			for name := range wide {
				if strings.HasPrefix(name, "cf_") {
					n++
				}
			}
			require.Equal(t, 300, n)
			requireCustom(t, map[string]any{"cf_budget": "small"}, s.rows("persons")["1"])
			requireFields(t, s)
		})
	}
}

// requireFields checks rows of the table of fields for some of the zoo's fields.
func requireFields(t *testing.T, s *setup) {
	t.Helper()
	db := s.open()
	for _, want := range [][6]string{
		{"deal", hash("a2"), "budget!", "monetary", "cf_budget_a2000000", ""},
		{"deal", hash("c1"), "Colour", "enum", "cf_colour", `red, "dark"`},
		{"deal", "title", "Title", "varchar", "title", ""},
		{"organization", hash("f007"), "Field No. 7", "varchar", "cf_field_no_7", ""},
		{"person", hash("b9"), "Budget", "varchar", "cf_budget", ""},
	} {
		var got [6]string
		err := db.QueryRow(`SELECT entity, field_code, field_name, field_type, column_name, coalesce(options ->> '$[0].label', '')
			FROM pipedrive_fields WHERE account_id = '90' AND entity = ? AND field_code = ?`, want[0], want[1]).
			Scan(&got[0], &got[1], &got[2], &got[3], &got[4], &got[5])
		require.NoError(t, err, want)
		require.Equal(t, want, got)
	}
	var custom, all int
	require.NoError(t, db.QueryRow("SELECT sum(is_custom_field), count(*) FROM pipedrive_fields").Scan(&custom, &all))
	require.Equal(t, 2*39+300+1, custom) // leads share the deals' fields
	require.Greater(t, all, custom)
}

// TestCustomFields_jsonAndOff: at most the raw column, and no request for the lists of custom fields.
func TestCustomFields_jsonAndOff(t *testing.T) {
	t.Parallel()
	for mode, raw := range map[string]bool{"json": true, "off": false} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t, simulator.Zoo())
			s.tables = []string{"pipedrive_deals", "pipedrive_persons", "pipedrive_organizations"}
			s.spec = "custom_fields: " + mode
			s.sync()
			require.NotContains(t, s.simulator.Usage().ByPath, "/api/v2/dealFields")
			for _, table := range s.tables {
				row := s.rows(strings.TrimPrefix(table, "pipedrive_"))["1"]
				for name := range row {
					require.False(t, strings.HasPrefix(name, "cf_"), name)
				}
				require.Equal(t, raw, slices.Contains(slices.Collect(maps.Keys(row)), "custom_fields"))
			}
		})
	}
}

// TestCustomFields_changeBetweenRuns: a field is renamed, added, removed or of another type in the second run. Deal 1
// changes between the runs. Deal 2 is older than the position and does not change. It is still read again, since its
// row lacks the column of the field with the new type.
func TestCustomFields_changeBetweenRuns(t *testing.T) {
	t.Parallel()
	c := simulator.NewCompany(90)
	for _, f := range []simulator.Field{
		{Key: hash("a1"), Name: "Budget", Type: "monetary"},
		{Key: hash("a2"), Name: "Old", Type: "varchar"},
		{Key: hash("a3"), Name: "Size", Type: "double"},
	} {
		f.Entity = "deal"
		c.AddField(f)
	}
	values := func(more map[string]any) map[string]any {
		all := map[string]any{hash("a1"): simulator.Money{Value: 1, Currency: "EUR"}, hash("a2"): "old", hash("a3"): 2.5}
		maps.Copy(all, more)
		return all
	}
	for _, before := range []time.Duration{time.Hour, 24 * time.Hour} {
		at := c.Now().Add(-before)
		c.AddDeal(simulator.Deal{Title: "deal", Status: "open", AddTime: at, UpdateTime: &at, CustomFields: values(nil)})
	}
	s := newSetup(t, c)
	s.tables, s.backend = []string{"pipedrive_deals", "pipedrive_fields"}, true
	s.sync()
	first := map[string]any{"cf_budget": 1.0, "cf_budget_currency": "EUR", "cf_old": "old", "cf_size": 2.5}
	for _, id := range []string{"1", "2"} {
		requireCustom(t, first, s.rows("deals")[id])
	}

	c.Advance(time.Hour)
	c.UpdateField("deal", hash("a1"), func(f *simulator.Field) { f.Name = "Costs" })
	c.RemoveField("deal", hash("a2"))
	c.UpdateField("deal", hash("a3"), func(f *simulator.Field) { f.Type = "varchar" })
	c.AddField(simulator.Field{Entity: "deal", Key: hash("a4"), Name: "Budget", Type: "monetary"})
	c.UpdateDeal(1, func(d *simulator.Deal) {
		d.CustomFields = values(map[string]any{hash("a3"): "large", hash("a4"): simulator.Money{Value: 3, Currency: "USD"}})
	})
	s.sync()
	second := map[string]any{
		"cf_budget": 1.0, "cf_budget_currency": "EUR", // now called Costs
		"cf_budget_a4000000": 3.0, "cf_budget_a4000000_currency": "USD",
		"cf_old": nil, "cf_size": nil, "cf_size_text": "large",
	}
	deals := s.rows("deals")
	requireCustom(t, second, deals["1"])
	requireCustom(t, map[string]any{
		"cf_budget": 1.0, "cf_budget_currency": "EUR", "cf_budget_a4000000": nil, "cf_budget_a4000000_currency": nil,
		"cf_old": nil, "cf_size": nil, "cf_size_text": "2.5",
	}, deals["2"])
	var column string
	require.NoError(t, s.open().QueryRow("SELECT column_name FROM pipedrive_fields WHERE field_name = 'Costs'").Scan(&column))
	require.Equal(t, "cf_budget", column)

	// Without a state nothing is remembered: columns get the current names of the fields, the old columns are no
	// longer written, and all rows come again. (The destination would refuse a new type for an existing column,
	// unless migrate_mode is forced.)
	c.UpdateField("deal", hash("a3"), func(f *simulator.Field) { f.Type = "double" })
	s.backend = false
	s.sync()
	deals = s.rows("deals")
	require.Equal(t, truth.Cell{Kind: "real", Text: "1.0"}, deals["1"]["cf_costs"])
	require.Equal(t, truth.Cell{Kind: "real", Text: "3.0"}, deals["1"]["cf_budget"])
	require.Equal(t, truth.Cell{Kind: "real", Text: "1.0"}, deals["2"]["cf_costs"])
}

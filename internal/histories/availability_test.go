package histories

import (
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/truth"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

// declared returns the types of record whose tables have a property.
func declared(property func(*table.Table) bool) (records []string) {
	for _, t := range tables.All() {
		if slices.Contains(all, t.Records) && property(t) {
			records = append(records, t.Records)
		}
	}
	return records
}

// declaredUsual returns those of them that are read by default.
func declaredUsual(property func(*table.Table) bool) []string {
	return declared(func(t *table.Table) bool { return !t.OnRequest && property(t) })
}

// without returns the tables that are read by default, except some.
func without(some []string) []string {
	return slices.DeleteFunc(slices.Clone(usual), func(table string) bool { return slices.Contains(some, table) })
}

// gateOf is the simulator's gate of a table, or of the table whose records contain its records.
func gateOf(t *table.Table) string {
	if t.IsCut() {
		t = t.Parent.Table
	}
	for _, l := range t.Listings(table.V2) {
		if gate := simulator.GateOf(l.Path); gate != "" {
			return gate
		}
	}
	return ""
}

// TestGates_areDeclared: if an account may lack a list, the table declares a gate. Its probe is behind the same
// gate; only tables of children may do without.
func TestGates_areDeclared(t *testing.T) {
	for _, of := range tables.All() {
		gate := gateOf(of)
		require.Equal(t, gate != "", of.Gate != nil, of.Records)
		if of.Gate == nil {
			continue
		}
		probe := of.Probe()
		if probe == nil { // a request that names a parent shows it
			require.NotNil(t, of.Parent, of.Records)
			continue
		}
		require.Equal(t, gate, gateOf(probe), of.Records)
		require.False(t, of.Core, of.Records)
		require.False(t, probe.Incremental || probe.HasCustomFields(), "%s: the look-ups keep its rows", probe.Records)
		require.Equal(t, probe.Records, probe.Probe().Records, "its own list is the probe")
	}
}

// kept are the rows of tables that must stay unchanged.
type kept map[string]map[string]map[string]truth.Row

func (w *world) kept(tables []string) kept {
	rows := kept{}
	for _, table := range tables {
		rows[table] = w.rows(table)
	}
	return rows
}

// requireKept compares rows with their earlier state.
func (w *world) requireKept(before kept) {
	w.t.Helper()
	require.Equal(w.t, before, w.kept(slices.Collect(maps.Keys(before))))
}

// countFields is the number of rows in the table of fields.
func (w *world) countFields() (n int) {
	w.t.Helper()
	w.query(func(db *sql.DB) { require.NoError(w.t, db.QueryRow("SELECT count(*) FROM pipedrive_fields").Scan(&n)) })
	return n
}

// live lets an hour pass in which each table gets a record, and each table that is neither core nor always read in
// full loses one.
func (a *account) live(text string) {
	a.Company.Advance(time.Hour)
	for _, table := range all {
		a.Add(table, text, time.Time{})
	}
	for _, table := range declared(func(t *table.Table) bool { return !t.Core && !t.Incremental }) {
		a.Remove(table, a.IDs(table)[0])
	}
}

// TestGates_rowsOfALostFeatureStay: a run of all tables lists the tables that it leaves out, and a run that names a
// missing table fails. When the account has the feature again, its tables are read on.
func TestGates_rowsOfALostFeatureStay(t *testing.T) {
	long(t)
	gates := simulator.Gates()
	require.NotEmpty(t, gates)
	for _, backend := range []bool{true, false} {
		for _, gate := range gates {
			behind := declaredUsual(func(t *table.Table) bool { return gateOf(t) == gate })
			if len(behind) == 0 {
				continue
			}
			// Other tables show only after their announcement that they are missing. Without a state CloudQuery then
			// removes their rows.
			probed := len(declaredUsual(func(t *table.Table) bool { return gateOf(t) == gate && t.Probe() != nil })) > 0
			t.Run(fmt.Sprintf("%s, state %v", gate, backend), func(t *testing.T) {
				w := newWorld(t, generated(3, 4711))
				w.backend, w.tables = backend, []string{"*"}
				w.requireSync()
				w.requireTruth(usual...)
				for _, status := range []int{402, 403, 404} {
					w.company().Refuse(gate, status)
					before, fields := w.kept(behind), w.countFields()
					w.accounts[0].live(fmt.Sprint("lost with ", status))
					w.requireSync()
					require.Equal(t, 1, strings.Count(w.log.String(), "\n"), "one warning: %s", w.log.String())
					w.requireTruth(without(behind)...)
					if !backend && !probed {
						before = w.kept(behind)
					}
					w.requireKept(before)
					if backend { // without a state CloudQuery removes rows that were not sent again
						require.GreaterOrEqual(t, w.countFields(), fields)
					}
					log := w.log.String()
					for _, table := range behind {
						require.Contains(t, log, `"pipedrive_`+table+`"`)
						w.tables = []string{"*", table}
						err := w.sync()
						require.ErrorIs(t, err, pipedrive.NotAvailable)
						require.ErrorContains(t, err, fmt.Sprintf(`account "4711": table pipedrive_%s: GET `, table))
						w.tables = []string{table}
						require.ErrorIs(t, w.sync(), pipedrive.NotAvailable)
						w.tables = []string{"*"}
						w.requireKept(before)
					}
					w.company().Refuse(gate, 0)
					w.requireSync()
					require.Empty(t, w.log.String())
					w.requireTruth(usual...)
				}
			})
		}
	}
}

// TestGates_ofOneAmongSeveralAccounts: the other accounts are read, and the rows of the account without the
// feature stay.
func TestGates_ofOneAmongSeveralAccounts(t *testing.T) {
	long(t)
	for _, gate := range simulator.Gates() {
		behind := declaredUsual(func(t *table.Table) bool { return gateOf(t) == gate })
		w := several(t, 2)
		w.tables = []string{"*"}
		w.requireSync()
		w.requireTruth(usual...)
		lacks, has := w.accounts[1], w.accounts[0]
		lacks.Company.Refuse(gate, 402)
		before := w.kept(behind)
		for range 2 {
			lacks.live("lost")
			has.live("had")
			w.requireSync()
			for _, table := range behind {
				require.Equal(t, before[table][lacks.ID()], w.rows(table)[lacks.ID()], table)
				for _, row := range has.Company.Truth(table, everything) {
					require.Contains(t, w.rows(table)[has.ID()], truth.KeyOf(table, row), table)
				}
			}
		}
		lacks.Company.Refuse(gate, 0)
		w.requireSync()
		w.requireSync() // reads a whole table of children, which the account now has
		w.requireTruth(usual...)
	}
}

// TestGates_oneAmongSeveralAccountsNeverHadIt: deleted records leave the tables of the other accounts.
func TestGates_oneAmongSeveralAccountsNeverHadIt(t *testing.T) {
	long(t)
	for _, gate := range simulator.Gates() {
		w := several(t, 2)
		w.tables = []string{"*"}
		w.accounts[1].Company.Refuse(gate, 402)
		for range 2 {
			w.requireSync()
			for _, table := range declaredUsual(func(t *table.Table) bool { return gateOf(t) == gate && !t.Incremental }) {
				a := w.accounts[0]
				w.requireRows(a, table, a.Company.Truth(table, everything), w.rows(table)[a.ID()])
			}
			w.accounts[0].live("had")
		}
	}
}

// TestGates_ofTablesOnRequest: they are always named, so a run without one of them fails. Their rows stay. A run of the
// other tables does not look for them.
func TestGates_ofTablesOnRequest(t *testing.T) {
	long(t)
	for _, of := range tables.All() {
		if !of.OnRequest || of.Gate == nil {
			continue
		}
		t.Run(of.Records, func(t *testing.T) {
			w := newWorld(t, generated(3, 4711))
			w.tables = []string{of.Records}
			w.requireSync()
			w.requireTruth(of.Records)
			before := w.kept([]string{of.Records})
			for _, status := range []int{402, 403, 404, 410} {
				w.company().Refuse(gateOf(of), status)
				w.tables = []string{of.Records}
				err := w.sync()
				require.ErrorIs(t, err, pipedrive.NotAvailable)
				require.ErrorContains(t, err, of.Gate.Needs)
				w.tables = []string{"*"}
				w.requireSync()
				require.NotContains(t, w.log.String(), of.Name())
				w.requireKept(before)
			}
		})
	}
}

// TestScopes_rowsOfARevokedScopeStay: for all tables but the core ones, which fail the run.
func TestScopes_rowsOfARevokedScopeStay(t *testing.T) {
	long(t)
	granted := []string{"base", "users:read"}
	for _, of := range tables.All() {
		if of.Core {
			granted = append(granted, of.Listings(table.V2)[0].Scopes[0])
		}
	}
	covered := func(l pipedrive.Listing) bool {
		return len(l.Scopes) == 0 || slices.ContainsFunc(l.Scopes, func(s string) bool { return slices.Contains(granted, s) })
	}
	behind := declaredUsual(func(t *table.Table) bool { return !slices.ContainsFunc(truth.Listings(t.Records), covered) })
	require.NotEmpty(t, behind)
	c := generated(4, 4711)
	apps := map[string][]string{"all": nil, "core": granted, "none": {"base"}}
	var options []simulator.Option
	for name, scopes := range apps {
		options = append(options, simulator.WithOAuthApp(simulator.App{ClientID: name, ClientSecret: "s", RefreshToken: "r-" + name, Company: c, Scopes: scopes}))
	}
	w := newWorld(t, c, options...)
	w.tables = []string{"*"}
	with := func(app string) {
		w.spec["oauth"] = map[string]any{"client_id": app, "client_secret": "s", "refresh_token": "r-" + app, "token_url": w.url + "/oauth/token"}
	}
	with("all")
	w.requireSync()
	w.requireTruth(usual...)
	before, fields := w.kept(behind), w.countFields()
	w.accounts[0].live("not granted")
	with("core")
	w.requireSync()
	w.requireTruth(without(behind)...)
	w.requireKept(before)
	require.GreaterOrEqual(t, w.countFields(), fields)
	require.Equal(t, 1, strings.Count(w.log.String(), "\n"), "one warning: %s", w.log.String())
	log := w.log.String()
	for _, table := range behind {
		require.Contains(t, log, `"pipedrive_`+table+`"`)
		w.tables = []string{table}
		err := w.sync()
		require.ErrorIs(t, err, pipedrive.MissingScope)
		require.ErrorContains(t, err, "pipedrive_"+table)
	}
	w.tables = []string{"*"}
	with("none")
	err := w.sync()
	require.ErrorIs(t, err, pipedrive.MissingScope)
	for _, of := range tables.All() {
		if of.Core {
			require.ErrorContains(t, err, of.Name())
		}
	}
	w.requireKept(before)
	with("all")
	w.requireSync()
	w.requireTruth(usual...)
}

// TestAPIs_tablesOfAnotherAPIStay: an account on v2 is read with another API for a while. One line names the tables
// that this API lacks. Afterwards they are read on from their positions.
func TestAPIs_tablesOfAnotherAPIStay(t *testing.T) {
	long(t)
	for _, backend := range []bool{true, false} {
		for api, connect := range map[table.API]func(w *world) map[string]any{
			table.V1: func(*world) map[string]any { return map[string]any{"api_version": "v1"} },
			table.Export: func(w *world) map[string]any {
				return map[string]any{"export": map[string]any{"url": w.url + "/v1/e/pipedrive/export", "token": "jwt", "account_id": "4711"}}
			},
		} {
			t.Run(fmt.Sprintf("%s, state %v", api, backend), func(t *testing.T) {
				lacking := declaredUsual(func(t *table.Table) bool { return !t.On(api) })
				require.NotEmpty(t, lacking)
				c := generated(5, 4711)
				w := newWorld(t, c, simulator.WithExportToken("jwt", c))
				w.backend, w.tables = backend, []string{"*"}
				w.requireSync()
				reached := c.Now().Add(-10 * time.Minute) // the lookback
				before, fields := w.kept(lacking), w.countFields()
				current := w.spec
				w.spec = connect(w)
				w.spec["custom_fields"] = current["custom_fields"]
				for i := range 2 {
					w.accounts[0].live(fmt.Sprint("by another API ", i))
					w.requireSync()
					require.Equal(t, 1, strings.Count(w.log.String(), "\n"), "one warning: %s", w.log.String())
					for _, table := range lacking {
						require.Contains(t, w.log.String(), `"pipedrive_`+table+`"`)
					}
					w.requireKept(before)
					if backend { // without a state CloudQuery removes rows that were not sent again
						require.GreaterOrEqual(t, w.countFields(), fields)
					}
				}
				w.spec = current
				w.requireSync()
				require.Empty(t, w.log.String())
				w.requireTruth(usual...)
				for _, table := range lacking {
					if backend && slices.Contains(incremental, table) {
						require.LessOrEqual(t, w.sent[table], len(w.accounts[0].since(table, reached)), "%s goes on from its checkpoint", table)
					}
				}
			})
		}
	}
}

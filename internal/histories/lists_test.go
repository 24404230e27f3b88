package histories

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/truth"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

// setup are the tables that lists_every reads less often.
var setup = func() (names []string) {
	for _, t := range tables.All() {
		if t.Setup && t.Describes == nil {
			names = append(names, t.Records)
		}
	}
	return names
}()

// asked is the number of requests for a table's lists since the usage was reset.
func (w *world) asked(table string) (n int64) {
	for _, path := range paths[table] {
		n += w.simulator.Usage().ByPath[path].Requests
	}
	return n
}

// lookedUp reports whether a table that is always due looks up columns in another, or has children of its records.
func lookedUp(in string) bool {
	return slices.ContainsFunc(tables.All(), func(t *table.Table) bool {
		return !t.Setup && t.Parent != nil && t.Parent.Table.Records == in || !t.Setup && slices.ContainsFunc(t.Columns, func(c table.Column) bool {
			looked := c.SourceFor("", t.Form(table.V2)).Lookup()
			return looked != nil && looked.Table.Records == in
		})
	})
}

// TestListsEvery_aListThatIsNotDueCostsNothing: its rows stay unchanged until it is due.
func TestListsEvery_aListThatIsNotDueCostsNothing(t *testing.T) {
	long(t)
	w := newWorld(t, generated(2, 4711))
	w.spec["lists_every"] = "24h"
	a := w.accounts[0]
	w.requireSync()
	w.requireTruth(all...)
	before := map[string]map[string]map[string]truth.Row{}
	for _, table := range setup {
		before[table] = w.rows(table)
		require.NotEmpty(t, before[table][a.ID()], table)
	}
	for _, table := range setup {
		a.Add(table, "added", time.Time{})
	}
	a.Change("stages", a.IDs("stages")[0], "changed")
	for _, hours := range []time.Duration{1, 22} {
		a.Company.Advance(hours * time.Hour)
		a.Change("deals", a.IDs("deals")[0], fmt.Sprint("changed after ", hours))
		w.simulator.ResetUsage()
		w.requireSync()
		require.Empty(t, w.log.String())
		for _, table := range setup {
			require.Zero(t, w.sent[table], table)
			require.Equal(t, before[table], w.rows(table), table)
			if !lookedUp(listOf(table)) {
				require.Zero(t, w.asked(table), table)
			}
		}
		w.requireTruth(incremental...)
	}
	a.Company.Advance(time.Hour)
	w.requireSync()
	w.requireTruth(all...)
	a.Company.Advance(23 * time.Hour)
	w.requireSync()
	require.Zero(t, w.sent[setup[0]], "the day begins anew")
}

// TestListsEvery_tokens: with the key, the lists of a quiet run cost nothing; without it, the usual cost.
func TestListsEvery_tokens(t *testing.T) {
	w := newWorld(t, generated(2, 4711))
	w.tables = []string{"activity_types", "notes", "pipelines", "stages"}
	w.requireSync()
	w.company().Advance(time.Hour)
	require.EqualValues(t, 2+20+20+5+5, w.requireTokens())
	w.spec["lists_every"] = "24h"
	w.company().Advance(time.Hour)
	require.EqualValues(t, 2+20, w.requireTokens())
	w.company().Advance(24 * time.Hour)
	w.spec["verify"] = false
	w.requireSync()
	w.company().Advance(time.Hour)
	require.EqualValues(t, 2+20, w.requireTokens(), "nothing is read back")
}

// TestListsEvery_onlyWithAState: without a state, the time of the last reading is unknown.
func TestListsEvery_onlyWithAState(t *testing.T) {
	w := newWorld(t, generated(2, 4711))
	w.backend, w.spec["lists_every"] = false, "24h"
	w.requireSync()
	w.accounts[0].RemoveStage()
	w.requireSync()
	w.requireTruth(all...)
}

// TestListsEvery_aTableThatIsNew: an earlier version kept no readings, and a table may be added to the configuration.
func TestListsEvery_aTableThatIsNew(t *testing.T) {
	raw, err := os.ReadFile("testdata/state-70f0ac5.json")
	require.NoError(t, err)
	var kept struct {
		Key   string
		Value json.RawMessage
	}
	require.NoError(t, json.Unmarshal(raw, &kept))
	w := newWorld(t, generated(2, 4711))
	w.tables = []string{"persons"}
	w.requireSync() // to create the table of the state
	w.exec("DELETE FROM " + stateTable)
	w.exec("INSERT INTO "+stateTable+" (key, value, version) VALUES (?, ?, 1)", kept.Key, string(kept.Value))
	w.tables, w.spec["lists_every"] = []string{"persons", "stages"}, "24h"
	w.requireSync()
	w.requireTruth("stages")
	w.tables = append(w.tables, "pipelines")
	w.requireSync()
	w.requireTruth("pipelines")
	require.Zero(t, w.sent["stages"])
}

// TestListsEvery_aRunThatFailsDoesNotCount: the fate of its rows is unknown.
func TestListsEvery_aRunThatFailsDoesNotCount(t *testing.T) {
	w := newWorld(t, generated(2, 4711))
	w.tables, w.spec["lists_every"] = []string{"notes", "stages"}, "24h"
	w.spec["max_tokens"] = 10_000 // so that lists come before notes
	failed := func() {
		t.Helper()
		w.simulator.AddFault(simulator.Fault{Path: "/v1/notes", Every: 1, Action: simulator.Status(http.StatusInternalServerError)})
		w.lost = -1
		require.Error(t, w.sync())
		require.Positive(t, w.sent["stages"])
		w.undisturbed()
		w.lost = 0
	}
	failed()
	w.requireSync()
	w.requireTruth("stages")
	w.accounts[0].RemoveStage()
	w.company().Advance(24 * time.Hour)
	failed()
	w.requireSync()
	w.requireTruth("stages")
}

// TestListsEvery_severalAccounts: a table is read for all accounts or for none, since CloudQuery removes rows that
// are not sent again.
func TestListsEvery_severalAccounts(t *testing.T) {
	w := several(t, 2)
	w.tables, w.spec["lists_every"], w.spec["on_account_error"] = []string{"persons", "stages"}, "24h", "skip"
	w.requireSync()
	both := func(hours time.Duration) {
		for _, a := range w.accounts {
			a.Company.Advance(hours * time.Hour)
		}
	}
	one, two := w.accounts[0], w.accounts[1]
	both(25)
	w.simulator.SetAPIToken(two.token, nil)
	one.RemoveStage()
	two.RemoveStage()
	w.requireSync()
	require.Len(t, w.rows("stages")[two.ID()], len(two.IDs("stages"))+1, "of the account that is left out")
	require.Len(t, w.rows("stages")[one.ID()], len(one.IDs("stages"))+1, "such a run removes nothing")
	both(1)
	w.simulator.SetAPIToken(two.token, two.Company)
	w.requireSync()
	w.requireTruth("stages")
	both(1)
	w.requireSync()
	require.Zero(t, w.sent["stages"])
}

// TestListsEvery_rowsThatAreMissing are read again, even if not due. The read-back costs no tokens. If they are
// missing again, the state may belong to another destination.
func TestListsEvery_rowsThatAreMissing(t *testing.T) {
	for name, damage := range map[string]string{
		"a row is deleted": "DELETE FROM pipedrive_stages WHERE id = 1", "the table is empty": "DELETE FROM pipedrive_stages",
		"the table is dropped": "DROP TABLE pipedrive_stages",
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, generated(2, 4711))
			w.tables, w.spec["lists_every"] = []string{"activity_types", "stages", "syncs"}, "24h"
			lost := 0
			for _, id := range w.accounts[0].IDs("stages") {
				if id == 1 || name != "a row is deleted" {
					lost++
				}
			}
			w.requireSync()
			next := func() {
				t.Helper()
				w.company().Advance(time.Hour)
				w.requireSync()
			}
			for range 2 {
				w.exec(damage)
				next()
				w.requireTruth("stages", "activity_types")
				require.Zero(t, w.sent["activity_types"])
				next()
				require.Zero(t, w.sent["stages"])
				require.Equal(t, fmt.Sprint("- ", lost), w.verified()[w.runs()-2])
			}
			w.exec(damage)
			next()
			w.requireTruth("stages")
			w.exec(damage)
			next()
			require.Zero(t, w.sent["stages"], "they may go elsewhere")
			w.company().Advance(24 * time.Hour)
			next()
			w.requireTruth("stages")
		})
	}
}

func (w *world) runs() int { return w.count("syncs") }

// TestListsEvery_anotherFormOfRows: another API fills other columns.
func TestListsEvery_anotherFormOfRows(t *testing.T) {
	w := newWorld(t, generated(2, 4711))
	w.tables, w.spec["lists_every"] = []string{"pipelines"}, "24h"
	titled := func() (n int) {
		w.query(func(db *sql.DB) {
			require.NoError(t, db.QueryRow("SELECT count(url_title) FROM pipedrive_pipelines").Scan(&n))
		})
		return n
	}
	for range 2 {
		delete(w.spec, "api_version")
		w.requireSync()
		require.Zero(t, titled())
		w.spec["api_version"] = "v1"
		w.requireSync()
		require.Positive(t, titled())
		w.requireSync()
		require.Zero(t, w.sent["pipelines"])
	}
}

// TestListsEvery_fieldsOfColumns: the lists of fields that columns need are still read, and only these.
func TestListsEvery_fieldsOfColumns(t *testing.T) {
	w := typed(t, withFields(1, "Budget/double"))
	w.tables, w.spec["lists_every"] = []string{"deals", "fields"}, "24h"
	w.requireSync()
	require.Positive(t, w.sent["fields"])
	for range 2 {
		w.company().Advance(time.Hour)
		w.company().UpdateDeal(1, func(d *simulator.Deal) { d.CustomFields = map[string]any{hash("10"): 7.5} })
		w.simulator.ResetUsage()
		w.requireSync()
		require.Zero(t, w.sent["fields"])
		require.EqualValues(t, 1, w.simulator.Usage().ByPath["/api/v2/dealFields"].Requests)
		require.Zero(t, w.simulator.Usage().ByPath["/api/v2/personFields"].Requests)
		require.Equal(t, truth.Cell{Kind: "real", Text: "7.5"}, w.custom()["1"]["cf_budget"])
	}
}

// TestListsEvery_outcomesOfRuns: a list that is not due does not count as unfinished, in a run that succeeds or fails.
func TestListsEvery_outcomesOfRuns(t *testing.T) {
	w := newWorld(t, generated(2, 4711))
	w.tables, w.spec["lists_every"] = []string{"notes", "stages", "syncs"}, "24h"
	w.requireSync()
	w.company().Advance(time.Hour)
	w.simulator.AddFault(simulator.Fault{Path: "/v1/notes", Every: 1, Action: simulator.Status(http.StatusInternalServerError)})
	require.Error(t, w.sync())
	w.undisturbed()
	w.requireSync()
	w.query(func(db *sql.DB) {
		var runs string
		require.NoError(t, db.QueryRow(`SELECT group_concat(status || ' ' || coalesce(unfinished_tables, '-') || ' ' || json_array_length(tables), '; ' ORDER BY started_at)
			FROM pipedrive_syncs`).Scan(&runs))
		require.Equal(t, `complete - 3; failed ["pipedrive_notes","pipedrive_syncs"] 3; complete - 3`, runs)
	})
}

package histories

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

// fields returns a column of the table of fields, by the fields' entities and codes.
func (w *world) fields(column string) map[string]string {
	w.t.Helper()
	found := map[string]string{}
	w.query(func(db *sql.DB) {
		rows, err := db.Query("SELECT entity, field_code, coalesce(CAST(" + column + " AS TEXT), 'NULL') FROM pipedrive_fields")
		require.NoError(w.t, err)
		defer rows.Close()
		for rows.Next() {
			var entity, code, value string
			require.NoError(w.t, rows.Scan(&entity, &code, &value))
			found[entity+" "+code] = value
		}
		require.NoError(w.t, rows.Err())
	})
	return found
}

// ofEntity returns those of a column's values that belong to fields of an entity.
func ofEntity(values map[string]string, entity string) map[string]string {
	found := map[string]string{}
	for key, value := range values {
		if strings.HasPrefix(key, entity+" ") {
			found[key] = value
		}
	}
	return found
}

// entities are the types of record that have a list of fields on an API.
var entities = map[string][]string{
	"v2": {"activity", "deal", "lead", "note", "organization", "person", "product", "project"},
	"v1": {"deal", "lead", "note", "organization", "person"},
}

// TestFields_ofAllEntities: each field that Pipedrive lists is a row, with all members that the list can include.
func TestFields_ofAllEntities(t *testing.T) {
	for api, tokens := range map[string]int64{"v2": 2 + 6*10 + 2*20, "v1": 2 + 5*20} {
		t.Run(api, func(t *testing.T) {
			w := newWorld(t, generated(1, 4711))
			w.tables, w.spec["api_version"] = []string{"fields"}, api
			require.Equal(t, tokens, w.requireTokens())
			want := map[string]string{}
			for _, entity := range entities[api] {
				for _, f := range w.company().Fields(entity) {
					want[entity+" "+f.Key] = f.Name
				}
			}
			require.Equal(t, want, w.fields("field_name"))
		})
	}
}

// TestFields_displaySettings: the settings of fields come if their list has them.
func TestFields_displaySettings(t *testing.T) {
	const (
		all, important, off = `{"add_visible_flag":true,"details_visible_flag":true}`, `{"enabled":false,"stage_ids":[]}`, "NULL"
		required            = `{"enabled":false}`
	)
	w := newWorld(t, generated(1, 4711))
	w.tables = []string{"fields"}
	w.requireSync()
	for column, want := range map[string]map[string]string{
		"ui_visibility": {"activity": all, "deal": all, "lead": off, "note": off, "organization": all, "person": all, "product": all, "project": all},
		"important_fields": {
			"activity": off, "deal": important, "lead": off, "note": off, "organization": important, "person": important, "product": off, "project": important,
		},
		"required_fields": {
			"activity": off, "deal": `{"enabled":false,"stage_ids":[],"statuses":{}}`, "lead": off, "note": off, "organization": required,
			"person": required, "product": off, "project": required,
		},
	} {
		for key, value := range w.fields(column) {
			entity, _, _ := strings.Cut(key, " ")
			require.Equal(t, want[entity], value, "%s of %s", column, key)
		}
	}
}

// TestFields_aRefusedListKeepsItsRows: the fields of the other entities are still read, and one warning names the
// entities that are left out. Without a state CloudQuery removes rows that a run did not send.
func TestFields_aRefusedListKeepsItsRows(t *testing.T) {
	long(t)
	for _, backend := range []bool{true, false} {
		for entity, refuse := range map[string]func(w *world){
			"activity": func(w *world) {
				w.simulator.AddFault(simulator.Fault{Path: "/api/v2/activityFields", Every: 1, Action: simulator.Status(403)})
			},
			"note": func(w *world) {
				w.simulator.AddFault(simulator.Fault{Path: "/v1/noteFields", Every: 1, Action: simulator.Status(402)})
			},
			"project": func(w *world) { w.company().Refuse("projects", 404) },
		} {
			for _, tables := range [][]string{{"fields"}, {"*"}} {
				t.Run(fmt.Sprintf("%s, state %v, %s", entity, backend, tables[0]), func(t *testing.T) {
					w := newWorld(t, generated(1, 4711))
					w.backend, w.tables = backend, tables
					w.requireSync()
					before := w.fields("_cq_sync_time")
					require.NotEmpty(t, ofEntity(before, entity))
					w.company().AddField(simulator.Field{Entity: "deal", Name: "New", Type: "varchar"})
					refuse(w)
					w.company().Advance(time.Hour)
					w.requireSync()
					require.Equal(t, 1, strings.Count(w.log.String(), "\n"), "one warning: %s", w.log.String())
					require.Contains(t, w.log.String(), "pipedrive_fields of ")
					after := w.fields("_cq_sync_time")
					if backend {
						require.Equal(t, ofEntity(before, entity), ofEntity(after, entity), "as they were")
					}
					require.Len(t, ofEntity(after, "deal"), len(ofEntity(before, "deal"))+1)
				})
			}
		}
	}
}

// TestFields_aFieldThatIsDeletedLeaves, whether the accounts have all lists of fields or never had some of them.
func TestFields_aFieldThatIsDeletedLeaves(t *testing.T) {
	long(t)
	for name, lack := range map[string]func(w *world){
		"no list":                                func(*world) {},
		"those of an add-on, one account of two": func(w *world) { w.accounts[1].Company.Refuse("projects", 402) },
		"those that are refused": func(w *world) {
			w.simulator.AddFault(simulator.Fault{Path: "/v1/noteFields", Every: 1, Action: simulator.Status(403)})
		},
		"those that API v1 does not have": func(w *world) { w.spec["api_version"] = "v1" },
	} {
		t.Run(name, func(t *testing.T) {
			w := several(t, 2)
			w.tables = []string{"*"}
			lack(w)
			w.requireSync()
			before, c := w.countFields(), w.accounts[0].Company
			c.AddField(simulator.Field{Entity: "deal", Name: "Short-lived", Type: "varchar", Key: hash("f")})
			w.requireSync()
			require.Equal(t, before+2, w.countFields(), "leads have it too")
			c.RemoveField("deal", hash("f"))
			w.requireSync()
			require.Equal(t, before, w.countFields())
		})
	}
}

// TestFields_aFailureThatMayPassFailsTheRun: only a refusal counts as a refusal.
func TestFields_aFailureThatMayPassFailsTheRun(t *testing.T) {
	for _, action := range []simulator.Action{simulator.Status(502), simulator.HTMLPage, simulator.StatusHTML(404)} {
		w := newWorld(t, generated(1, 4711))
		w.tables = []string{"fields"}
		w.simulator.AddFault(simulator.Fault{Path: "/api/v2/activityFields", Every: 1, Action: action})
		require.Error(t, w.sync(), action)
	}
}

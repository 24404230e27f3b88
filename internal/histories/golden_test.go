package histories

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

// TestVerify_stateOfAnEarlierVersion: the state of a run of commit 70f0ac5 is still valid and verifiable. The file has
// that state and the run's rows.
func TestVerify_stateOfAnEarlierVersion(t *testing.T) {
	raw, err := os.ReadFile("testdata/state-70f0ac5.json")
	require.NoError(t, err)
	var kept struct {
		Key   string
		Value json.RawMessage
		Rows  [][3]any // id, update_time, _cq_sync_time
	}
	require.NoError(t, json.Unmarshal(raw, &kept))
	for name, test := range map[string]struct {
		damage string
		least  int // rows sent
		most   int
	}{
		"undamaged":                     {"", 0, 5}, // rows of the last minutes
		"a row of the last run is lost": {"DELETE FROM pipedrive_persons WHERE id = 2", 5, 8},
		"older rows are lost":           {"DELETE FROM pipedrive_persons WHERE id IN (10, 11)", 22, 22},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, simulator.NewCompany(4711))
			w.tables = []string{"persons"}
			a := w.accounts[0]
			a.Company.SetNow(time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC))
			ids := a.addMany("persons", 20, a.Company.Now().Add(-30*time.Hour), time.Hour)
			a.AddNeverChanged("persons", "never changed")
			a.Company.Advance(time.Hour)
			for _, id := range ids[:6] {
				a.Company.Advance(time.Minute)
				a.Change("persons", id, "changed")
			}
			a.Add("persons", "new", time.Time{})
			w.requireSync() // to get the tables, whose rows are replaced by the file's
			w.exec("DELETE FROM " + stateTable + " WHERE key LIKE 'pipedrive_persons%'")
			w.exec("INSERT INTO "+stateTable+" (key, value, version) VALUES (?, ?, 1)", kept.Key, string(kept.Value))
			for _, row := range kept.Rows {
				w.exec("UPDATE pipedrive_persons SET update_time = ?, _cq_sync_time = ? WHERE id = ?", row[1], row[2], row[0])
			}
			w.requireTruth("persons")
			if test.damage != "" {
				w.exec(test.damage)
			}
			a.Company.Advance(time.Hour)
			w.requireSync()
			w.requireTruth("persons")
			require.GreaterOrEqual(t, w.sent["persons"], test.least)
			require.LessOrEqual(t, w.sent["persons"], test.most)
		})
	}
}

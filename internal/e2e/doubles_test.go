package e2e

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/truth"
)

// TestDoubles_ofWarehouses: a first run and one after a change leave the truth. After a full refresh a deleted record is marked
// in BigQuery, and gone from Snowflake.
func TestDoubles_ofWarehouses(t *testing.T) {
	t.Parallel()
	for destination, mode := range map[string]string{"bigquery": "append", "snowflake": "overwrite-delete-stale"} {
		t.Run(destination, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t, small())
			s.destination, s.writeMode, s.backend = destination, mode, true
			s.tables, s.spec = []string{"pipedrive_persons", "pipedrive_stages"}, "page_size: 10\nfull_refresh_every: 24h"
			s.sync()
			s.requireTruth(everything, "persons", "stages")
			s.company.Advance(time.Hour)
			person := s.company.Truth("persons", everything)[0]["id"].(int64)
			s.company.UpdatePerson(person, func(p *simulator.Person) { p.Name = "Another Name" })
			s.sync()
			newest := slices.Collect(maps.Values(s.rows("persons"))) // the last is the newest
			require.Empty(t, truth.Compare("persons", s.company.Truth("persons", everything), newest, nil))

			s.company.DeletePerson(person)
			s.spec = "page_size: 10\nfull_refresh_every: 1s"
			s.sync()
			row, there := s.rows("persons")[fmt.Sprint(person)]
			require.Equal(t, destination == "bigquery", there)
			require.Equal(t, there, row.Removed())
		})
	}
}

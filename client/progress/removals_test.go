package progress

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/spec"
)

func TestRemovalAt(t *testing.T) {
	for destination, want := range map[string]map[spec.RemovedRows]Removal{
		"sqlite":     {spec.Auto: ByKey, spec.Delete: ByKey, spec.Mark: Marked},
		"postgresql": {spec.Auto: ByKey, spec.Delete: ByKey, spec.Mark: Marked},
		"clickhouse": {spec.Auto: ByKey, spec.Delete: ByKey, spec.Mark: Marked},
		"bigquery":   {spec.Auto: Marked, spec.Mark: Marked},
		"snowflake":  {spec.Auto: Stale, spec.Delete: StaleOnly, spec.Mark: Marked},
		"duckdb":     {spec.Auto: Stale, spec.Delete: StaleOnly, spec.Mark: Marked},
		"":           {spec.Auto: Stale, spec.Delete: StaleOnly, spec.Mark: Marked},
	} {
		for _, removed := range []spec.RemovedRows{spec.Auto, spec.Delete, spec.Mark} {
			got, err := RemovalAt(destination, removed)
			if removal, possible := want[removed]; possible {
				require.NoError(t, err)
				require.Equal(t, removal, got, "%s at %q", removed, destination)
			} else {
				require.ErrorContains(t, err, "spec.removed_rows", "%s at %q", removed, destination)
			}
		}
	}
}

// TestReadBack_tombstones: a record is present unless its newest version is a tombstone.
func TestReadBack_tombstones(t *testing.T) {
	for name, test := range map[string]struct {
		versions []version
		there    bool
	}{
		"marked":                              {[]version{{at: 5, sync: 1}, {at: gone, sync: 2}}, false},
		"came back":                           {[]version{{at: 5, sync: 1}, {at: gone, sync: 2}, {at: 5, sync: 3}}, true},
		"came back without a time":            {[]version{{at: gone, sync: 2}, {at: never, sync: 3}}, true},
		"came back in the run that marked it": {[]version{{at: gone, sync: 2}, {at: 5, sync: 2}}, true},
		"marked twice":                        {[]version{{at: 5, sync: 1}, {at: gone, sync: 2}, {at: gone, sync: 3}}, false},
		"marked where no sync time says which came": {[]version{{at: gone}, {at: never}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			there := &readBack{now: 1000}
			for _, v := range test.versions {
				v.key = 7
				there.add(v)
			}
			there.end()
			require.Equal(t, test.there, there.hasKey(7))
		})
	}
}

// TestCheckpoint_removedRows: removed rows that are still present are no loss, and are removed again. Other missing rows
// are a loss.
func TestCheckpoint_removedRows(t *testing.T) {
	c := checkpoint{
		Version: 1, Finished: true, Positions: map[string]plan.Position{"list": {Changed: at(40)}},
		Sent: sentRows(30, 40).segments(rankOf(nil)), Before: 50, Removing: []key{10, 20},
	}
	rest := fingerprint{}
	rest.add(5, 5)
	c.Rest = &rest
	for name, test := range map[string]struct {
		old   []int64 // present rows of earlier runs
		want  []key
		lost  bool
		again []int64 // present rows of the last run
	}{
		"all are gone":        {old: []int64{5}, again: []int64{30, 40}},
		"one is there":        {old: []int64{5, 20}, want: []key{20}, again: []int64{30, 40}},
		"another was removed": {old: []int64{10}, want: []key{10}, lost: true, again: []int64{30, 40}},
		"the run's are lost":  {old: []int64{5, 10, 20}, want: []key{10, 20}, lost: true, again: []int64{30}},
	} {
		t.Run(name, func(t *testing.T) {
			there := readBackOf(c, 50, test.old...)
			for _, v := range readBackOf(c, 60, test.again...).versions {
				there.add(v)
			}
			there.end()
			next, lost := c.reconcile(there, nil)
			require.Equal(t, test.want, next.Removing)
			require.Equal(t, test.lost, lost != noLoss)
		})
	}
}

package e2e

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

// TestSync_rowsOfALostFeatureStay: the write mode would remove all rows that were not sent again. A sync of all
// tables reports the tables that it leaves out, as test-connection does; a sync that names one fails.
func TestSync_rowsOfALostFeatureStay(t *testing.T) {
	t.Parallel()
	gated := slices.DeleteFunc(tables.All(), func(t *table.Table) bool { return t.Gate == nil || t.OnRequest })
	require.NotEmpty(t, gated)
	s := newSetup(t, company())
	s.sync()
	before := s.count()
	for _, gate := range simulator.Gates() {
		s.company.Refuse(gate, 403)
	}
	o := s.sync()
	require.Equal(t, before, s.count())
	s.requireTruth(everything, records...)
	s.sourceOnly = true
	tested := s.run("test-connection")
	require.Zero(t, tested.exit, tested.output)
	s.sourceOnly = false
	for _, of := range gated {
		require.Contains(t, o.output, of.Name())
		if of.Parent == nil { // a test asks for the children of no record
			require.Contains(t, tested.output, of.Name())
		}
	}
	s.tables = []string{"*", gated[0].Name()}
	o = s.run("sync")
	require.NotZero(t, o.exit, o.output)
	require.Contains(t, o.output, "NOT_AVAILABLE")
	require.Contains(t, o.output, "table "+gated[0].Name())
	require.Contains(t, o.output, gated[0].Gate.Needs)
	s.requireTruth(everything, records...)
}

package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

// TestPKMode_rowsReplaceThemselvesByTheirDeterministicID checks the claim of docs/configuration.md about
// cq-id-only: two runs leave each row once with deterministic_cq_id, and twice without.
func TestPKMode_rowsReplaceThemselvesByTheirDeterministicID(t *testing.T) {
	t.Parallel()
	for outer, times := range map[string]int{"deterministic_cq_id: true": 1, "deterministic_cq_id: false": 2} {
		t.Run(outer, func(t *testing.T) {
			t.Parallel()
			c := simulator.Generate(simulator.Config{Seed: 1, CompanyID: 4711, Deals: 20, Persons: 5, Organizations: 5})
			s := newSetup(t, c)
			s.outer, s.writeMode = outer, "overwrite\n  pk_mode: cq-id-only"
			s.sync()
			once := s.count()["deals"]
			require.NotZero(t, once)
			s.sync()
			require.Equal(t, times*once, s.count()["deals"])
		})
	}
}

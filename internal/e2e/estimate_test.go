package e2e

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

// totals are the totals of an estimate: the API tokens of the first run and of a quiet one.
var totals = regexp.MustCompile(`(?m)^total +[\d,]+ +([\d,]+)  (?:± [\d,]+)? +\S+ +[\d,]+ +([\d,]+)`)

// estimate runs the plugin's command for the configuration of a sync.
func (s *setup) estimate() (first, quiet int64) {
	s.t.Helper()
	out, err := exec.CommandContext(s.t.Context(), filepath.Join(built, s.source), "estimate", s.config()).CombinedOutput()
	require.NoError(s.t, err, "%s", out)
	found := totals.FindSubmatch(out)
	require.NotNil(s.t, found, "%s", out)
	number := func(text []byte) int64 {
		n, err := strconv.ParseInt(strings.ReplaceAll(string(text), ",", ""), 10, 64)
		require.NoError(s.t, err)
		return n
	}
	return number(found[1]), number(found[2])
}

// tokens is the number of API tokens that the simulator charged since the last call.
func (s *setup) tokens() int64 {
	defer s.simulator.ResetUsage()
	return s.simulator.Usage().Tokens
}

// TestEstimate_ofTheFirstSyncAndAQuietOne compares an estimate with the simulator's charges for the syncs that follow.
func TestEstimate_ofTheFirstSyncAndAQuietOne(t *testing.T) {
	t.Parallel()
	s := newSetup(t, simulator.Generate(simulator.Config{
		Seed: 5, CompanyID: 4711, Deals: 1200, Persons: 2500, Organizations: 900, Notes: 1500,
		Records: map[string]int{"activities": 3000, "files": 700, "leads": 900, "products": 40},
	}))
	s.backend = true
	first, quiet := s.estimate()
	require.LessOrEqual(t, s.tokens(), int64(150))
	s.sync()
	require.InEpsilon(t, s.tokens(), first, 0.05)
	s.company.Advance(time.Hour)
	s.sync()
	require.InEpsilon(t, s.tokens(), quiet, 0.08)
}

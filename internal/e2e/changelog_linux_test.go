package e2e

import (
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

// TestIncremental_changelogsAfterAKill: the plugin is killed in the middle of 2,000 changelogs. The next run continues
// and loses nothing. It repeats no more requests than lie between two stored positions, and a stage of units.
func TestIncremental_changelogsAfterAKill(t *testing.T) {
	t.Parallel()
	const deals, entries, stored, stage = 2000, 3, 100, 20
	c := simulator.NewCompany(4711)
	for i := range deals {
		at := c.Now().Add(time.Duration(i-deals) * time.Minute)
		id := c.AddDeal(simulator.Deal{Title: "deal", AddTime: at.Add(-time.Hour), UpdateTime: &at})
		for range entries {
			c.AddRecord("deal_changelog", map[string]any{"deal_id": id, "deal_update_time": at})
		}
	}
	var s *setup
	var requests atomic.Int64
	s = newSetup(t, c, simulator.WithRequestHook(func(r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/changelog") && requests.Add(1) == deals/2 {
			s.kill("cq-source-pipedrive", syscall.SIGKILL)
		}
	}))
	s.backend, s.tables = true, []string{"pipedrive_deals", "pipedrive_deal_changelog"}
	s.spec = "concurrency: 10" // it decides the size of a stage
	o := s.run("sync")
	require.NotZero(t, o.exit, o.output)
	late := int(requests.Load()) - deals/2 // requests that came before the process was gone
	asked := map[string]bool{}
	for _, r := range s.simulator.Requests() {
		asked[r.Path] = true
	}
	s.simulator.ResetUsage()
	c.Advance(time.Minute)
	s.sync()
	s.requireTruth(everything, "deals", "deal_changelog")
	repeated := 0
	for _, r := range s.simulator.Requests() {
		if strings.HasSuffix(r.Path, "/changelog") && asked[r.Path] {
			repeated++
		}
	}
	require.LessOrEqual(t, repeated, stored+2*stage+late, "positions are stored after whole stages, and one is under way")
}

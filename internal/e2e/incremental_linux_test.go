package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/truth"
)

// small is an account whose lists have several pages of 10 each.
func small() *simulator.Company {
	return simulator.Generate(simulator.Config{Seed: 5, CompanyID: 4711, Deals: 40, Persons: 30, Organizations: 30, Notes: 30})
}

func TestIncremental_anUnchangedAccountCostsNextToNothing(t *testing.T) {
	t.Parallel()
	c := company()
	s := newSetup(t, c)
	s.backend = true
	for _, table := range truth.Core {
		s.tables = append(s.tables, "pipedrive_"+table)
	}
	s.sync()
	s.requireTruth(everything, truth.Core...)
	c.Advance(time.Hour)
	s.simulator.ResetUsage()
	s.sync()
	require.LessOrEqual(t, s.simulator.Usage().Tokens, int64(135+30), "30 of them for the lists of custom fields")
	s.requireTruth(everything, truth.Core...)
}

func TestIncremental_readsChangedRecords(t *testing.T) {
	t.Parallel()
	c := company()
	s := newSetup(t, c)
	s.backend = true
	s.sync()
	c.Advance(time.Hour)
	deal := c.Truth("deals", simulator.TruthOptions{})[0]["id"].(int64)
	c.UpdateDeal(deal, func(d *simulator.Deal) { d.Value = 17.5 })
	c.ArchiveDeal(c.Truth("deals", simulator.TruthOptions{})[1]["id"].(int64))
	c.AddNote(simulator.Note{Content: "new"})
	c.DeleteStage(c.AddStage(simulator.Stage{Name: "gone", PipelineID: c.Truth("pipelines", everything)[0]["id"].(int64)}))
	s.sync()
	s.requireTruth(everything, records...)
}

// kill sends a signal to the setup's processes of a program, and returns their number.
func (s *setup) kill(program string, signal syscall.Signal) int {
	killed := 0
	processes, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, process := range processes {
		line, err := os.ReadFile(process)
		if err != nil || !bytes.Contains(line, []byte(filepath.Join(s.dir, program))) {
			continue
		}
		pid, _ := strconv.Atoi(strings.Split(process, "/")[2])
		if syscall.Kill(pid, signal) == nil {
			killed++
		}
	}
	return killed
}

// TestIncremental_survivesKilledProcesses: the plugin, the destination and the CLI are killed in turn, at each
// request of a first run. After one more undisturbed run the destination holds the truth.
func TestIncremental_survivesKilledProcesses(t *testing.T) {
	t.Parallel()
	for _, end := range []struct {
		program string
		signal  syscall.Signal
		each    int // interval between the requests
	}{
		{"cq-source-pipedrive", syscall.SIGKILL, 1},
		{"cq-destination-sqlite", syscall.SIGKILL, 5},
		{"sync.yml", syscall.SIGINT, 5}, // the CLI, identified by its argument
	} {
		// 24 requests: the log-in, the users for look-ups of owners, and 22 pages.
		for at := 2; at <= 24; at += end.each {
			t.Run(fmt.Sprintf("%s at request %d", end.program, at), func(t *testing.T) {
				t.Parallel()
				c := small()
				var s *setup
				var requests atomic.Int64
				s = newSetup(t, c, simulator.WithRequestHook(func(*http.Request) {
					if requests.Add(1) == int64(at) {
						s.kill(end.program, end.signal)
					}
				}))
				s.backend = true
				s.spec = "page_size: 10"
				o := s.run("sync")
				require.GreaterOrEqual(t, requests.Load(), int64(at), o.output)
				if end.program != "cq-destination-sqlite" { // it may not have started its work yet
					require.NotZero(t, o.exit, o.output)
				}
				c.Advance(time.Minute)
				s.sync()
				s.requireTruth(everything, records...)
			})
		}
	}
}

func TestIncremental_skippedAccountsKeepTheirRows(t *testing.T) {
	t.Parallel()
	first, second := small(), simulator.Generate(simulator.Config{Seed: 6, CompanyID: 4712, Deals: 20, Persons: 20, Organizations: 20, Notes: 20})
	s := newSetup(t, first, simulator.WithCompany("another-token", second))
	s.backend = true
	connect := func(token string) string {
		return fmt.Sprintf("accounts:\n  - {name: acme, api_token: %s, api_url: %q}\n  - {name: beta, api_token: %s, api_url: %q}", apiToken, s.url, token, s.url)
	}
	s.connect = connect("another-token")
	s.sync()
	before := s.count()

	s.connect = connect("revoked")
	o := s.run("sync")
	require.NotZero(t, o.exit)
	require.Contains(t, o.output, "beta")
	require.Contains(t, o.output, "TOKEN_INVALIDATED")
	require.Equal(t, before, s.count())

	first.Advance(time.Hour)
	first.AddNote(simulator.Note{Content: "new"})
	s.spec = "on_account_error: skip"
	o = s.sync()
	require.Contains(t, o.output, "beta")
	require.Contains(t, o.output, "completed with errors", "the summary counts the account that was left out")
	after := s.count()
	before["notes"]++
	require.Equal(t, before, after)
}

func TestIncremental_shardsTogetherGiveTheWhole(t *testing.T) {
	t.Parallel()
	s := newSetup(t, small())
	s.backend = true
	for _, shard := range []string{"1/3", "2/3", "3/3"} {
		o := s.run("sync", "--shard", shard)
		require.Zero(t, o.exit, o.output)
	}
	s.requireTruth(everything, records...)
}

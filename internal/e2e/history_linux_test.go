package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/truth"
)

// versioned is a setup that syncs the tables with a history, with all histories.
func versioned(t *testing.T, c *simulator.Company, options ...simulator.Option) (*setup, *truth.Seen) {
	t.Helper()
	seen := &truth.Seen{}
	s := newSetup(t, c, append(options, simulator.WithAnswerHook(seen.Note))...)
	s.backend, s.spec = true, "page_size: 10\nhistory: ["+strings.Join(truth.Versioned, ", ")+"]"
	for _, name := range truth.Versioned {
		s.tables = append(s.tables, "pipedrive_"+name)
	}
	return s, seen
}

// history returns the rows of a history by version. Each version is in one row.
func (s *setup) history(of string) map[truth.Version]truth.Row {
	s.t.Helper()
	rows, err := truth.Rows(s.t.Context(), s.open(), of+"_history")
	require.NoError(s.t, err)
	versions := map[truth.Version]truth.Row{}
	for _, row := range rows {
		require.Nil(s.t, versions[row.Version()], "%s: %v comes twice", of, row.Version())
		versions[row.Version()] = row
	}
	return versions
}

// requireCurrent: the history has the current version of each record, with the values of all columns.
func (s *setup) requireCurrent(of string) {
	s.t.Helper()
	versions := s.history(of)
	want := s.company.Truth(of, everything)
	var rows []truth.Row
	for _, record := range want {
		row := maps.Clone(versions[truth.Version{ID: fmt.Sprint(record["id"]), ValidFrom: truth.ValidFrom(record)}])
		require.NotNil(s.t, row, "%s: the history lacks the current version of %v", of, record["id"])
		delete(row, table.ValidFromColumn)
		rows = append(rows, row)
	}
	require.Empty(s.t, truth.Compare(of, want, rows, nil))
}

// changed changes some of the records of each table, and adds one.
func changed(c *simulator.Company, from int, text string) {
	a := truth.NewAccount(c)
	for _, of := range truth.Versioned {
		ids := a.IDs(of)
		for _, id := range ids[min(from, len(ids)-1):min(from+3, len(ids))] {
			a.Change(of, id, text)
		}
		a.Add(of, text, time.Time{})
	}
}

// TestHistory_isTheLogOfTheVersions that Pipedrive has sent, without a request of its own.
func TestHistory_isTheLogOfTheVersions(t *testing.T) {
	t.Parallel()
	s, seen := versioned(t, small())
	without := newSetup(t, small())
	without.backend, without.tables, without.spec = true, s.tables, "page_size: 10"
	want := map[string]map[truth.Version]bool{}
	for run := range 4 {
		for _, s := range []*setup{s, without} {
			s.simulator.ResetUsage()
			s.sync()
		}
		require.Equal(t, without.simulator.Usage().Requests, s.simulator.Usage().Requests, "run %d", run)
		require.Equal(t, without.simulator.Usage().Tokens, s.simulator.Usage().Tokens, "run %d", run)
		for _, of := range truth.Versioned {
			if want[of] == nil {
				want[of] = map[truth.Version]bool{}
			}
			maps.Copy(want[of], seen.Take(of))
			require.ElementsMatch(t, slices.Collect(maps.Keys(want[of])), slices.Collect(maps.Keys(s.history(of))), of)
			s.requireCurrent(of)
		}
		s.requireTruth(everything, truth.Versioned...)
		for _, s := range []*setup{s, without} {
			s.company.Advance(time.Hour)
			changed(s.company, run, fmt.Sprint("after run ", run))
			s.company.Advance(time.Minute)
		}
	}
}

// TestHistory_survivesKilledProcesses: records change before a run in which the plugin or the destination is killed.
// After one more undisturbed run each history has the current versions, those of the runs that ended well, and none
// that Pipedrive has not sent.
func TestHistory_survivesKilledProcesses(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"cq-source-pipedrive", "cq-destination-sqlite"} {
		for _, at := range []int64{3, 8, 14, 20} {
			t.Run(fmt.Sprintf("%s at request %d", program, at), func(t *testing.T) {
				t.Parallel()
				var s *setup
				var requests atomic.Int64
				s, seen := versioned(t, small(), simulator.WithRequestHook(func(*http.Request) {
					if requests.Add(-1) == 0 {
						s.kill(program, syscall.SIGKILL)
					}
				}))
				s.sync()
				ever, want := map[string]map[truth.Version]bool{}, map[string]map[truth.Version]bool{}
				for _, of := range truth.Versioned {
					want[of] = seen.Take(of)
					ever[of] = maps.Clone(want[of])
				}
				s.company.Advance(time.Hour)
				for i := range 12 { // several pages
					changed(s.company, 2*i, "changed")
				}
				requests.Store(at)
				s.run("sync")
				require.LessOrEqual(t, requests.Load(), int64(0), "the run came to the request")
				s.company.Advance(time.Minute)
				s.sync()
				s.requireTruth(everything, truth.Versioned...)
				for _, of := range truth.Versioned {
					s.requireCurrent(of)
					maps.Copy(ever[of], seen.Take(of))
					got := s.history(of)
					for version := range want[of] {
						require.True(t, got[version] != nil, "%s lacks %v", of, version)
					}
					for version := range got {
						require.True(t, ever[of][version], "%s: %v was never sent", of, version)
					}
				}
			})
		}
	}
}

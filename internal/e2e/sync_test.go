package e2e

import (
	"cmp"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/truth"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

// company is an account in which every list that can grow has at least three pages.
func company() *simulator.Company {
	return simulator.Generate(simulator.Config{Seed: 1, CompanyID: 4711, Deals: 1600, Persons: 1300, Organizations: 1100, Notes: 1200})
}

var everything = simulator.TruthOptions{Deleted: true, Archived: true}

func TestSync_everyRowAndColumn(t *testing.T) {
	t.Parallel()
	s := newSetup(t, company())
	s.sync()
	s.requireTruth(everything, records...)

	db := s.open()
	others := map[string]string{
		"company": "account_id", "lead_sources": "account_id,name",
		"activity_attendees": "account_id,activity_id,position", "activity_participants": "account_id,activity_id,position",
		"permission_set_assignments": "account_id,permission_set_id,user_id", "product_prices": "account_id,product_id,currency",
		"person_emails": "account_id,person_id,position", "person_phones": "account_id,person_id,position",
	}
	for _, table := range records {
		var keys string
		require.NoError(t, db.QueryRow(
			"SELECT group_concat(name) FROM (SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk)", "pipedrive_"+table).Scan(&keys))
		require.Equal(t, cmp.Or(others[table], "account_id,id"), keys, table)
	}
	require.Equal(t, s.leastTokens(), s.simulator.Usage().Tokens, "API tokens: pages × cost and the look-ups")
}

// TestSync_tablesOnRequest: each is read if an entry of tables names it, and compared like the others.
func TestSync_tablesOnRequest(t *testing.T) {
	t.Parallel()
	s := newSetup(t, small())
	s.tables = []string{"*_*"}
	s.sync()
	s.requireTruth(everything, truth.Tables...)
}

// leastTokens is the minimum cost of a full sync: the pages of each list, including those for look-ups. The log-in, and
// a list that look-ups share, are read only once.
func (s *setup) leastTokens() int64 {
	rows := func(table string, o simulator.TruthOptions) int { return len(s.company.Truth(table, o)) }
	tokens := 0
	for _, list := range tables.Lists() {
		if list.OnRequest {
			continue
		}
		for _, l := range list.Listings(table.V2) {
			pages := 1
			switch {
			case l.Parent.Batch > 0:
				pages = 0
				for _, parents := range s.parents(list.Parent) {
					pages += (parents + l.Parent.Batch - 1) / l.Parent.Batch
				}
			case l.Paging != pipedrive.Unpaged && slices.Contains(records, list.Records):
				n := rows(list.Records, simulator.TruthOptions{Deleted: true})
				if l.Archived {
					n = rows(list.Records, everything) - n
				}
				first, more := l.Most(), l.Most()
				if l.Paging == pipedrive.Offset { // each page but the first begins with the last record of the page before
					more--
				}
				pages += (max(0, n-first) + more - 1) / more
			}
			tokens += pages * l.Cost
		}
	}
	return int64(tokens)
}

// parents counts the parents whose children a full sync requests, current and archived ones separately, since they have
// separate lists.
func (s *setup) parents(of *table.Parent) map[any]int {
	counts := map[any]int{}
	for _, row := range s.company.Truth(of.Table.Records, everything) {
		skipped := of.Skip != "" && row[of.Skip] == true
		childless := of.Count != "" && row[of.Count] == int64(0)
		if !skipped && !childless {
			counts[row["is_archived"]]++
		}
	}
	return counts
}

func TestSync_withoutDeletedAndArchivedRecords(t *testing.T) {
	t.Parallel()
	s := newSetup(t, company())
	s.spec = "deleted: false\narchived: false\npage_size: 100"
	s.sync()
	s.requireTruth(simulator.TruthOptions{}, records...)
}

func TestSync_removesDeletedRecords(t *testing.T) {
	t.Parallel()
	s := newSetup(t, company())
	s.sync()
	person := s.company.Truth("persons", everything)[0]["id"].(int64)
	s.company.DeletePerson(person)
	s.company.DeleteNote(s.company.Truth("notes", everything)[3]["id"].(int64))
	s.sync()
	s.requireTruth(everything, records...)
}

// TestSync_aFailedRunSaysSoAndRemovesNothing: after any failure of a run its exit code is not 0, its output names table
// and account, and no row is removed at the destination. The write mode is one that removes rows that were not sent
// again.
func TestSync_aFailedRunSaysSoAndRemovesNothing(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		fail func(*setup)
		says []string
	}{
		{"a table fails on its second page", func(s *setup) {
			s.simulator.AddFault(simulator.Fault{Path: "/api/v2/persons", At: []int{2}, Action: simulator.Status(403)})
		}, []string{"MISSING_SCOPE", "pipedrive_persons", "4711"}},
		{"a table fails before its first row", func(s *setup) {
			s.simulator.AddFault(simulator.Fault{Path: "/v1/notes", At: []int{1}, Action: simulator.Status(404)})
		}, []string{"EXTERNAL_API_ERROR", "pipedrive_notes", "4711"}},
		{"a list is revoked in mid-run", func(s *setup) {
			s.simulator.AddFault(simulator.Fault{Path: "/api/v2/deals", At: []int{2}, Action: simulator.ExpiredToken})
		}, []string{"TOKEN_INVALIDATED", "pipedrive_deals", "4711"}},
		{"a list that is looked up in fails", func(s *setup) {
			s.spec = "max_retries: 0"
			s.simulator.AddFault(simulator.Fault{Path: "/v1/users", At: []int{2}, Action: simulator.Status(500)}) // the first is /v1/users/me
		}, []string{"EXTERNAL_API_ERROR", "/v1/users", "4711"}},
		{
			"the plugin panics in mid-table", func(s *setup) { s.source = "panicking" },
			[]string{"a bug in the middle of a table", "pipedrive_persons", "4711"},
		},
		{
			"the token is refused", func(s *setup) { s.token = "another" },
			[]string{"TOKEN_INVALIDATED", "Personal preferences → API"},
		},
		{
			"the token's variable is empty", func(s *setup) { s.token = "" },
			[]string{"TOKEN_NOT_FOUND", "spec.api_token"},
		},
		{
			"the spec has an unknown key", func(s *setup) { s.spec = "page_sice: 3" },
			[]string{"INVALID_SPEC", "page_sice"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t, company())
			s.sync()
			before := s.count()
			test.fail(s)
			o := s.run("sync")
			require.NotZero(t, o.exit, o.output)
			for _, says := range test.says {
				require.Contains(t, o.output, says)
			}
			require.NotContains(t, o.output, apiToken)
			require.Equal(t, before, s.count())

			s.simulator.ClearFaults()
			s.source, s.token, s.spec = "cq-source-pipedrive", apiToken, ""
			s.sync()
			s.requireTruth(everything, records...)
		})
	}
}

func TestSync_sendsTheTokenInAHeaderOnly(t *testing.T) {
	t.Parallel()
	s := newSetup(t, simulator.Generate(simulator.Config{Seed: 2, CompanyID: 1, Deals: 3, Persons: 3, Organizations: 3, Notes: 3}))
	o := s.sync()
	require.NotContains(t, o.output, apiToken)
	for _, r := range s.simulator.Requests() {
		require.NotContains(t, r.Query.Encode(), apiToken)
		require.Equal(t, http.MethodGet, r.Method)
		require.Contains(t, r.Header.Get("User-Agent"), "cq-source-pipedrive/")
	}
}

func TestCLI_testConnection(t *testing.T) {
	t.Parallel()
	s := newSetup(t, simulator.NewCompany(1))
	s.sourceOnly = true
	o := s.run("test-connection")
	require.Zero(t, o.exit, o.output)
	s.token = "another"
	o = s.run("test-connection")
	require.NotZero(t, o.exit, o.output)
	require.Contains(t, o.output, "TOKEN_INVALIDATED")
}

func TestCLI_validateConfig(t *testing.T) {
	t.Parallel()
	s := newSetup(t, simulator.NewCompany(1))
	o := s.run("validate-config")
	require.Zero(t, o.exit, o.output)
	for spec, says := range map[string]string{
		"page_size: 501":     "page_size",
		"page_sice: 3":       "page_sice",
		"timeout: 60":        "timeout",
		"custom_fields: all": "custom_fields",
	} {
		s.spec = spec
		o = s.run("validate-config")
		require.NotZero(t, o.exit, spec)
		require.Contains(t, o.output, says)
	}
}

// TestSync_ofASmallAccount: the smallest plan's burst limit, and no marketing app. Without the app, Pipedrive
// refuses two of the requested fields.
func TestSync_ofASmallAccount(t *testing.T) {
	t.Parallel()
	c := company()
	c.SetMarketingApp(false)
	s := newSetup(t, c, simulator.WithBurst(20, 2*time.Second))
	s.sync()
	s.requireTruth(everything, records...)
	require.Zero(t, s.simulator.Usage().Throttled)
}

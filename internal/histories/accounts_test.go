package histories

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

// several returns a world of n accounts, whose ids overlap.
func several(t *testing.T, n int) *world {
	t.Helper()
	var accounts []*account
	for i := range n {
		accounts = append(accounts, newAccount(fmt.Sprintf("company %d", i+1), fmt.Sprintf("token-%d", i+1), generated(uint64(i+1), int64(1001+i))))
	}
	return newWorldOf(t, accounts)
}

func TestAccounts_stayApart(t *testing.T) {
	long(t)
	w := several(t, 2)
	w.spec["page_size"] = 7
	require.Subset(t, w.accounts[0].IDs("persons"), w.accounts[1].IDs("persons")[:5], "ids overlap")
	w.requireSync()
	w.requireTruth(all...)
	for i := range 3 {
		a := w.accounts[i%2] // one account is ahead of the other
		a.Company.Advance(time.Hour)
		for _, table := range incremental {
			a.Change(table, a.IDs(table)[i], fmt.Sprint("changed ", i))
		}
		a.RemoveStage()
		w.requireSync()
		w.requireTruth(all...)
	}
	require.Len(t, w.state(), 2*len(incremental))
}

func TestAccounts_stayApartWithoutState(t *testing.T) {
	long(t)
	w := several(t, 3)
	w.backend = false
	for i := range 2 {
		w.requireSync()
		w.requireTruth(all...)
		for _, a := range w.accounts {
			for _, table := range incremental {
				if ids := a.IDs(table); i < len(ids) { // none may be left after a removal of parents
					a.Remove(table, ids[i])
				}
			}
			a.Remove("pipelines", a.IDs("pipelines")[0])
		}
	}
	w.requireSync()
	w.requireTruth(all...)
}

// TestAccounts_oneFails: a failure of one account's table fails the run, and no account's position moves.
func TestAccounts_oneFails(t *testing.T) {
	long(t)
	w := several(t, 2)
	w.requireSync()
	before := w.positions()
	for _, a := range w.accounts {
		a.Company.Advance(time.Hour)
		for _, table := range incremental {
			a.Change(table, a.IDs(table)[0], "changed")
		}
	}
	w.lost = -1
	w.simulator.AddFault(simulator.Fault{Path: "/v1/notes", At: []int{2}, Action: simulator.Status(500)})
	require.ErrorContains(t, w.sync(), "notes")
	require.Equal(t, before, w.positions())
	w.undisturbed()
	w.requireSync()
	w.requireTruth(all...)
}

func TestAccounts_failNamesAllThatCannotLogIn(t *testing.T) {
	w := several(t, 4)
	w.tables, w.spec["on_account_error"] = []string{"notes"}, "fail"
	w.requireSync()
	before := w.positions()
	for _, i := range []int{1, 3} {
		w.simulator.SetAPIToken(w.accounts[i].token, nil)
	}
	for _, a := range w.accounts {
		a.Add("notes", "new", time.Time{})
	}
	err := w.sync()
	require.ErrorIs(t, err, pipedrive.TokenInvalidated)
	require.ErrorContains(t, err, "company 2")
	require.ErrorContains(t, err, "company 4")
	require.NotContains(t, err.Error(), "company 1")
	require.NotContains(t, err.Error(), "company 3")
	require.NotContains(t, err.Error(), "token-", "no credential in a message")
	require.Empty(t, w.sent, "nothing is written")
	require.Equal(t, before, w.positions())
	for _, a := range w.accounts {
		require.Len(t, w.rows("notes")[a.ID()], len(a.IDs("notes"))-1)
	}
}

// TestAccounts_skipKeepsTheRows: the rows of a skipped account stay, those of full tables too, and the other
// accounts' rows arrive.
func TestAccounts_skipKeepsTheRows(t *testing.T) {
	long(t)
	w := several(t, 3)
	w.spec["on_account_error"] = "skip"
	w.requireSync()
	w.requireTruth(all...)
	out := w.accounts[1]
	kept := map[string]int{}
	for _, table := range all {
		kept[table] = len(w.rows(table)[out.ID()])
		require.NotZero(t, kept[table])
	}
	w.simulator.SetAPIToken(out.token, nil)
	for i := range 2 {
		for _, a := range w.accounts {
			a.Company.Advance(time.Hour)
			for _, table := range incremental {
				a.Change(table, a.IDs(table)[i], "changed while one account was left out")
				a.Add(table, "new", time.Time{})
			}
			a.Add("stages", "new", time.Time{})
		}
		w.requireSync()
		require.Contains(t, w.log.String(), `"level":"error"`)
		require.Contains(t, w.log.String(), out.name)
		for _, table := range all {
			for _, a := range w.accounts {
				if a != out {
					w.requireRows(a, table, a.Company.Truth(table, everything), w.rows(table)[a.ID()])
				}
			}
			require.Len(t, w.rows(table)[out.ID()], kept[table], "%s of the account that is left out", table)
		}
	}
	w.simulator.SetAPIToken(out.token, out.Company) // connected again
	w.requireSync()
	require.Empty(t, w.otherWarnings(), "a run that skips an account removes nothing; this one does")
	w.requireTruth(all...)
}

// TestAccounts_skipRemovesNothingElse: a stage that is deleted while an account is skipped disappears with the
// next run of all accounts.
func TestAccounts_skipRemovesNothingElse(t *testing.T) {
	long(t)
	w := several(t, 2)
	w.spec["on_account_error"] = "skip"
	w.requireSync()
	w.simulator.SetAPIToken(w.accounts[1].token, nil)
	w.accounts[0].RemoveStage()
	w.requireSync()
	w.simulator.SetAPIToken(w.accounts[1].token, w.accounts[1].Company)
	w.requireSync()
	w.requireTruth(all...)
}

func TestAccounts_skipWithoutStateFails(t *testing.T) {
	long(t)
	w := several(t, 2)
	w.backend, w.spec["on_account_error"] = false, "skip"
	w.requireSync()
	w.simulator.SetAPIToken(w.accounts[1].token, nil)
	require.ErrorIs(t, w.sync(), pipedrive.TokenInvalidated)
	w.requireTruth(all...)
}

func TestAccounts_skipAllFails(t *testing.T) {
	long(t)
	w := several(t, 2)
	w.spec["on_account_error"] = "skip"
	w.requireSync()
	for _, a := range w.accounts {
		w.simulator.SetAPIToken(a.token, nil)
	}
	require.ErrorIs(t, w.sync(), pipedrive.TokenInvalidated)
	w.requireTruth(all...)
}

func TestAccounts_maxTokensIsForAllTogether(t *testing.T) {
	w := several(t, 3)
	w.spec["page_size"], w.spec["max_tokens"], w.tables = 5, 600, core
	runs, _ := w.backfilled(func() { require.LessOrEqual(t, w.simulator.Usage().Tokens, int64(600+3*unchanged)) })
	require.Greater(t, runs, 1)
	w.requireTruth(core...)
}

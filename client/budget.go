package client

import (
	"fmt"
	"math"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// errBudget stops the reading of a table whose next page would go over max_tokens or the day's budget.
var errBudget = &pipedrive.Error{Code: pipedrive.RateLimitExceeded, Daily: true}

// leastReserve is how many of the day's API tokens incremental tables leave at least: several of them may ask for a page at
// once, and the next run has to log in.
const leastReserve = 100

// freePages is how many pages of each list of a table that can only be read whole are not held back by max_tokens.
const freePages = 2

// spareTokens is how many API tokens a run must have left to do what can wait for another run.
const spareTokens = 1000

// spare reports whether the run and the account's day have tokens left for what can wait.
func (a *Account) spare() bool {
	if most := a.run.maxTokens; most > 0 && most-a.run.Tokens() < spareTokens {
		return false
	}
	left, known := a.client.TokensLeft()
	return !known || left >= spareTokens
}

// checkBudget returns an error if the next page of a listing would go over the run's or the day's budget, with the children of
// its records so far.
func (r *reading) checkBudget(l pipedrive.Listing) error {
	if !r.table.Incremental {
		return r.account.checkWhole(r.table, l, &r.own)
	}
	l.Cost += int(min(r.owed(), r.mostOwed()))
	err := r.account.checkMaxTokens(l, "")
	if err == nil && r.incremental() {
		err = r.account.checkReserve(l)
	}
	return err
}

// mostOwed is how many tokens a list leaves for the requests for children of its records: half of those that were left when it
// began. With more, tables of children that take many runs would hold their parents' own table back. A list that is read for
// them alone leaves as many as they take.
func (r *reading) mostOwed() int64 {
	if r.silent {
		return math.MaxInt64
	}
	r.halve.Do(func() {
		r.half = math.MaxInt64
		if left, known := r.account.left(); known {
			r.half = left / 2
		}
	})
	return r.half
}

// left is how many API tokens the run may still cost, and leave as many for the day as it has to; false if nothing bounds them.
func (a *Account) left() (tokens int64, known bool) {
	tokens, known = a.client.TokensLeft()
	if tokens -= a.reserve(); !known {
		tokens = math.MaxInt64
	}
	if most := a.run.maxTokens; most > 0 {
		return min(tokens, most-a.run.Tokens()), true
	}
	return tokens, known
}

// checkWhole returns the same for a table that can only be read whole, given the meter of its pages. The run fails where
// that is not possible, so that the first pages come in any case, and the table may use up the day's budget.
func (a *Account) checkWhole(t *table.Table, l pipedrive.Listing, own *pipedrive.Meter) error {
	if own.Requests() < freePages*int64(len(a.listings(t))) {
		return nil
	}
	return a.checkMaxTokens(l, "; a table that is read in full can't be gone on with by the next run: raise max_tokens, or leave it out")
}

// checkMaxTokens returns an error if the next page of a listing would go over what the run may cost. Its message ends with
// the advice.
func (a *Account) checkMaxTokens(l pipedrive.Listing, advice string) error {
	most, used := a.run.maxTokens, a.run.Tokens()
	if most == 0 || used+int64(l.Cost) <= most {
		return nil
	}
	a.run.refusePage(int64(l.Cost))
	e := *errBudget
	e.Message = fmt.Sprintf("the run has used %d API tokens, the next page of %s costs %d, and max_tokens allows %d%s",
		used, l.Path, l.Cost, most, advice)
	return &e
}

// checkReserve returns an error if the next page of a listing would take of the day's tokens what has to be left.
func (a *Account) checkReserve(l pipedrive.Listing) error {
	left, known := a.client.TokensLeft()
	if !known || left >= int64(l.Cost)+a.reserve() {
		return nil
	}
	e := *errBudget
	e.Message = fmt.Sprintf("the account has %d API tokens left for today", left)
	return &e
}

// reserve is how many of the day's tokens incremental tables leave: those that the run still needs for tables which are
// always read in full, and without which it fails, by what they cost the last time, and leastReserve.
func (a *Account) reserve() int64 {
	tokens := int64(leastReserve)
	for _, r := range a.whole {
		if !r.ended.Load() {
			tokens += max(0, a.tokensOf(r.table)-r.tokens())
		}
	}
	return tokens
}

// tokensOf is how many API tokens a table cost the last time that it was read in full. Before, it is those of a page of
// each of its lists.
func (a *Account) tokensOf(t *table.Table) (tokens int64) {
	if last := a.lastReadings[t.Records]; last.Complete() {
		return last.Tokens
	}
	for _, l := range a.lists(t) {
		tokens += int64(l.Cost)
	}
	return tokens
}

// tokens is how many API tokens the table's own pages cost, whoever asked for them first.
func (r *reading) tokens() int64 {
	lists, tokens := &r.account.lookups, r.own.Tokens()
	for _, d := range r.table.Describes {
		tokens += lists.list(d.Fields).meter.Tokens()
	}
	if list := lists.of(r.table); list != nil {
		tokens += list.meter.Tokens()
	}
	return tokens
}

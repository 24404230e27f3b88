package client

import (
	"fmt"
	"math"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// errBudget stops the reading of a table if its next page would exceed max_tokens or the day's budget.
var errBudget = &pipedrive.Error{Code: pipedrive.RateLimitExceeded, Daily: true}

// leastReserve is the least number of the day's API tokens that incremental tables leave. Several tables may request a
// page at once, and the next run has to log in.
const leastReserve = 100

// freePages is the number of pages of each list that max_tokens does not hold back, of a table that can only be read in
// full.
const freePages = 2

// spareTokens is the number of API tokens that must be left for a run to do work that can wait for another run.
const spareTokens = 1000

// spare reports whether the run and the account's day have tokens left for work that can wait.
func (a *Account) spare() bool {
	if most := a.run.maxTokens; most > 0 && most-a.run.Tokens() < spareTokens {
		return false
	}
	left, known := a.client.TokensLeft()
	return !known || left >= spareTokens
}

// checkBudget returns an error if the next page of a listing would exceed the run's or the day's budget. The cost
// includes the requests for children that the pages so far have caused.
func (r *reading) checkBudget(l pipedrive.Listing) error {
	if !r.table.Incremental {
		return r.account.checkWhole(r.table, l, &r.own)
	}
	if l.Timed() { // otherwise the position moves over parents only once all of them are known
		l.Cost += int(min(r.owed(), r.mostOwed()))
	}
	err := r.account.checkMaxTokens(l, "")
	if err == nil && r.incremental() {
		err = r.account.checkReserve(l)
	}
	return err
}

// mostOwed is the number of tokens that the reading of a list leaves for the requests for children: at most half of the
// tokens that were left when it began. Otherwise tables of children that take many runs would hold up their parents'
// own table. A list that is read only for its children leaves all tokens that these take.
func (r *reading) mostOwed() int64 {
	if r.silent {
		return math.MaxInt64
	}
	r.halve.Do(func() {
		r.half = math.MaxInt64
		if left, known := r.account.left(); known {
			r.half = max(0, left/2)
		}
	})
	return r.half
}

// left is the number of API tokens that the run may still spend, after the reserve for the day; false if nothing bounds
// them.
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

// checkWhole returns an error if the next page of a table that can only be read in full would exceed max_tokens, given
// the meter of its pages. Without its last page the run fails. So the first pages are always read, and the table may
// use up the day's budget.
func (a *Account) checkWhole(t *table.Table, l pipedrive.Listing, own *pipedrive.Meter) error {
	if own.Requests() < freePages*int64(len(a.listings(t))) {
		return nil
	}
	return a.checkMaxTokens(l, "; the next run can't continue a table that is read in full: raise max_tokens, or leave the table out")
}

// checkMaxTokens returns an error if the next page of a listing would exceed max_tokens. Its message ends with the
// advice.
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

// checkReserve returns an error if the next page of a listing would take tokens of the day's reserve.
func (a *Account) checkReserve(l pipedrive.Listing) error {
	left, ok := a.client.Affords(func() int64 { return int64(l.Cost) + a.reserve() })
	if ok {
		return nil
	}
	e := *errBudget
	e.Message = fmt.Sprintf("the account has %d API tokens left for today", left)
	return &e
}

// reserve is the number of the day's tokens that incremental tables leave: leastReserve, and the tokens that the run
// still needs for tables that are always read in full, by their last cost. Without those the run fails.
func (a *Account) reserve() int64 {
	tokens := int64(leastReserve)
	for _, r := range a.whole {
		if !r.ended.Load() {
			tokens += max(0, a.tokensOf(r.table)-r.tokens())
		}
	}
	return tokens
}

// tokensOf is the number of API tokens of a table's last reading in full. If there was none, it is the cost of a page
// of each of its lists.
func (a *Account) tokensOf(t *table.Table) (tokens int64) {
	if last := a.lastReadings[t.Records]; last.Complete() {
		return last.Tokens
	}
	for _, l := range a.lists(t) {
		tokens += int64(l.Cost)
	}
	return tokens
}

// tokens is the number of API tokens that the table's own pages cost, no matter which table requested them first.
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

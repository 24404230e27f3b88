package client

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/spec"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// Cost is the cost of a run, or of a part of it.
type Cost struct {
	Requests int64
	Tokens   int64         // API tokens
	Takes    time.Duration // an estimate, from the burst limit and the answers so far
}

// add adds the requests and tokens of another cost.
func (c *Cost) add(other Cost) {
	c.Requests, c.Tokens = c.Requests+other.Requests, c.Tokens+other.Tokens
}

// of is the cost of requests for a listing.
func of(requests int64, l pipedrive.Listing) Cost {
	return Cost{Requests: requests, Tokens: requests * int64(l.Cost)}
}

// refusedOnce is the cost of one request, whose refusal shows that the account lacks a list.
var refusedOnce = Cost{Requests: 1}

// TableCost is the expected cost of a table, or of lists that several tables share.
type TableCost struct {
	Name         string
	Records      int64 // -1 if they are unknown, or do not decide the cost
	First, Quiet Cost
	Deviation    float64 // of the first run's tokens, a standard deviation
	longest      int64   // requests of the first run that follow one another
}

// Estimate is the expected cost of the runs of an account.
type Estimate struct {
	Account      string
	Rows         []TableCost
	First, Quiet Cost
	Deviation    float64 // of the first run's tokens, a standard deviation
	PerDay       int64   // the account's API tokens per day; 0 if unknown
	Spent        Cost    // of the estimate itself
	// Lacking are the tables that a run leaves out, by reason. Unseen are the lists whose numbers of records are
	// guesses. Doubtful are the tables that the account is assumed to have.
	Lacking          map[string][]string // names by reason
	Unseen, Doubtful []string
}

// Estimate returns, for each connected account, the expected cost of the first run over the tables, and of a quiet run,
// in which nothing has changed. state is true if the runs have a state. An account's estimate costs at most the given
// number of API tokens, including its log-in.
func (r *Run) Estimate(
	ctx context.Context, tables []*table.Table, named map[string]bool, s *spec.Spec, state bool, tokens int64,
) ([]Estimate, error) {
	estimates := make([]Estimate, len(r.accounts))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(accountsAtOnce)
	for i, a := range r.accounts {
		group.Go(func() error {
			var has []*table.Table
			lacking := map[string][]string{}
			for _, t := range tables {
				switch err := a.lacks(t); {
				case err == nil:
					has = append(has, t)
				case t.On(a.api) && (t.Core || named[t.Records]):
					return about(err, t, a.id)
				default:
					reason := explained(err, t).Error()
					lacking[reason] = append(lacking[reason], t.Name())
				}
			}
			v := a.newSurvey(has, named, state, s.CustomFields == spec.Columns, tokens)
			if err := v.run(ctx); err != nil {
				return err
			}
			estimates[i] = v.estimate(has, lacking)
			return nil
		})
	}
	return estimates, group.Wait()
}

// estimate is the result of a survey of tables, given those that the account lacks, by reason.
func (v *survey) estimate(tables []*table.Table, lacking map[string][]string) Estimate {
	a := v.account
	e := Estimate{Account: a.id, Lacking: lacking, Spent: Cost{Requests: a.meter.Requests(), Tokens: a.meter.Tokens()}}
	e.PerDay, _ = a.client.TokensPerDay()
	rows := map[string]*TableCost{}
	row := func(name string) *TableCost {
		if rows[name] == nil {
			rows[name] = &TableCost{Name: name, Records: -1}
		}
		return rows[name]
	}
	for _, t := range tables {
		if !t.Runs {
			row(t.Name())
		}
	}
	row(logInRow).First, row(logInRow).Quiet = v.logIn, v.logIn
	variance, longest := 0.0, int64(1)
	for _, l := range v.lists {
		own := v.variance(l) + v.gated(l)
		variance += own
		to := row(l.row)
		to.Deviation = math.Hypot(to.Deviation, math.Sqrt(own))
		v.addList(l, to, row)
		longest = max(longest, to.longest)
		v.note(l, &e)
	}
	e.Deviation = math.Sqrt(variance)
	for _, to := range rows {
		to.First.Takes, to.Quiet.Takes = v.takes(to.First.Requests, to.longest), v.takes(to.Quiet.Requests, 1)
		e.First.add(to.First)
		e.Quiet.add(to.Quiet)
		e.Rows = append(e.Rows, *to)
	}
	e.First.Takes, e.Quiet.Takes = v.takes(e.First.Requests, longest), v.takes(e.Quiet.Requests, 1)
	order := func(c TableCost) int {
		return slices.Index([]string{logInRow, fieldsRow, lookupsRow, probesRow}, c.Name)
	}
	slices.SortFunc(e.Rows, func(a, b TableCost) int { return cmp.Or(order(a)-order(b), cmp.Compare(a.Name, b.Name)) })
	return e
}

// addList adds a list's cost to its row, and that of the requests for children to the rows of their tables.
func (v *survey) addList(l *surveyed, to *TableCost, row func(string) *TableCost) {
	switch {
	case l.LogIn:
		return
	case l.lacking() != nil:
		if l.refused != nil {
			to.First.add(refusedOnce)
			to.Quiet.add(refusedOnce)
		}
		return
	}
	n, _ := v.number(l)
	if (l.asked || l.main != nil && l.main.asked) && l.of.Name() == l.row {
		if to.Records = max(0, to.Records); l.of.Once { // several lists may have the same record
			to.Records = max(to.Records, int64(math.Round(n)))
		} else {
			to.Records += int64(math.Round(n))
		}
	}
	requests := v.requests(l, n, false)
	to.longest = max(to.longest, v.longest(l, requests))
	to.First.add(of(requests, l.Listing))
	if !v.skipped(l) {
		to.Quiet.add(of(v.requests(l, n, true), l.Listing))
	}
	for _, k := range l.kids {
		v.addKid(l, k, n, row(k.of.Name()))
	}
}

// addKid adds the cost of the requests for the children of n parents.
func (v *survey) addKid(l *surveyed, k *kid, n float64, to *TableCost) {
	if k.refused != nil {
		to.First.add(refusedOnce)
		to.Quiet.add(refusedOnce)
		return
	}
	share, _ := l.share(k)
	to.First.add(of(v.requestsOf(l, k, share*n, false), k.Listing))
	if !v.skipped(l) || !k.of.Setup {
		to.Quiet.add(of(v.requestsOf(l, k, share*n, true), k.Listing))
	}
}

// note notes the assumptions about a list, or that the account lacks it.
func (v *survey) note(l *surveyed, e *Estimate) {
	for _, k := range l.kids {
		why := cmp.Or(l.lacking(), k.refused)
		e.note(k.of.Name(), why, k.gateUnseen())
	}
	if l.row == l.of.Name() {
		e.note(l.row, l.lacking(), l.gate == l && !l.asked)
	}
	if l.sized && !l.asked && l.lacking() == nil && l.gate != l {
		e.Unseen = append(e.Unseen, l.Path)
	}
}

// note notes once the reason why the account lacks a table, or that this is doubtful. The reason is nil if there is
// none.
func (e *Estimate) note(name string, why error, doubtful bool) {
	switch {
	case why != nil:
		if names := e.Lacking[why.Error()]; !slices.Contains(names, name) {
			e.Lacking[why.Error()] = append(names, name)
		}
	case doubtful && !slices.Contains(e.Doubtful, name):
		e.Doubtful = append(e.Doubtful, name)
	}
}

// takes is the approximate duration of requests; longest of them follow one another.
func (v *survey) takes(requests, longest int64) time.Duration {
	if requests == 0 {
		return 0
	}
	var each time.Duration // for an answer
	if v.answers > 0 {
		each = v.waited / time.Duration(v.answers)
	}
	takes := max(each*time.Duration(longest), each*time.Duration(requests)/time.Duration(max(1, v.account.atOnce())))
	if rate, limited := v.account.client.Rate(); limited {
		takes = max(takes, time.Duration(float64(requests)/rate*float64(time.Second)))
	}
	return takes
}

package client

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/census"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// survey estimates the cost of a run over some tables of an account, with few requests.
//
// The declarations and the plan give a run's lists, and the requests for each of them. The numbers of records are
// unknown, and so are the tables that the account lacks. A look is a request that reduces one of these unknowns. The
// next look is the one with the greatest reduction of the total variance per API token.
type survey struct {
	account *Account
	state   bool // whether the runs have a state
	columns bool // whether custom fields become columns
	lists   []*surveyed
	logIn   Cost
	tokens  int64         // the greatest cost of the survey
	spent   int64         // tokens; an export endpoint's requests count as one each
	waited  time.Duration // for answers
	answers int64
}

// surveyed is a listing that a run reads.
type surveyed struct {
	pipedrive.Listing
	of    *table.Table // whose records it has
	row   string       // row of the estimate that has its cost
	sized bool         // whether its cost depends on the number of records
	setup bool         // whether a run may leave it out as not due
	aside bool         // whether only incremental tables need it
	main  *surveyed    // the first listing of the same records, if this is another one
	gate  *surveyed    // the list that shows whether the account has this one; nil if each account has it
	kids  []*kid

	asked   bool  // whether there was a look at it
	refused error // why the account lacks it
	count   census.Count
	counted []*table.Row // the counted records that were read
	drawn   []*table.Row // the records of drawn ids
	rounds  int          // of drawing
}

// kid is a listing of the children of a listing's records.
type kid struct {
	pipedrive.Listing
	of      *table.Table
	direct  bool // whether the listing's records are the parents, and no others in between
	needs   needs
	batch   int64
	asked   bool
	refused error
}

// The rows of an estimate that are not tables.
const (
	logInRow   = "log-in"
	fieldsRow  = "custom fields"
	lookupsRow = "look-ups"
	probesRow  = "availability"
)

// newSurvey returns the survey of the tables that the account is not known to lack.
func (a *Account) newSurvey(tables []*table.Table, named map[string]bool, state, columns bool, tokens int64) *survey {
	v := &survey{account: a, state: state, columns: columns, tokens: tokens, spent: a.meter.Tokens()}
	v.logIn = Cost{Requests: a.meter.Requests(), Tokens: a.meter.Tokens()}
	// A history has the lists of its table.
	tables = slices.DeleteFunc(slices.Clone(tables), func(t *table.Table) bool { return t.Of != nil })
	for _, t := range tables {
		if t.Parent == nil {
			for _, l := range a.listings(t) {
				list := v.add(t, l, t.Name(), t.Setup)
				list.sized = l.Paging != pipedrive.Unpaged && !t.Setup
			}
		}
	}
	for _, t := range tables {
		v.addDescribed(t)
		v.addParents(t)
		v.addFields(t)
		v.addLookups(t)
	}
	for _, probe := range a.probes(tables, named) {
		for _, l := range a.listings(probe) {
			v.add(probe, l, probesRow, false)
		}
	}
	for _, l := range v.lists {
		l.gate = v.gateOf(l.of, l)
	}
	for _, t := range tables {
		v.gateFields(t)
	}
	return v
}

// add adds a listing unless it is there, and returns it.
func (v *survey) add(t *table.Table, l pipedrive.Listing, row string, setup bool) *surveyed {
	if i := slices.IndexFunc(v.lists, func(other *surveyed) bool { return other.Key() == l.Key() }); i >= 0 {
		v.lists[i].setup = v.lists[i].setup && setup
		return v.lists[i]
	}
	list := &surveyed{Listing: l, of: t, row: row, setup: setup}
	if i := slices.IndexFunc(v.lists, func(other *surveyed) bool { return other.of.Records == t.Records }); i >= 0 {
		list.main = v.lists[i]
	}
	v.lists = append(v.lists, list)
	return list
}

// addDescribed adds the lists of fields that a table of fields needs.
func (v *survey) addDescribed(t *table.Table) {
	for _, d := range t.Describes {
		if v.account.lacksFields(d.Of, d.Fields) != nil {
			continue
		}
		for _, l := range d.Fields.Listings(v.account.api) {
			v.add(d.Fields, l, t.Name(), t.Setup)
		}
	}
}

// addParents adds the lists of the parents of a table's records, and the requests for these.
func (v *survey) addParents(t *table.Table) {
	if t.Parent == nil {
		return
	}
	root, asked := t.Root(), t
	if t.IsCut() {
		asked = t.Parent.Table
	}
	for _, l := range v.account.listings(root) {
		list := v.add(root, l, t.Name(), root.Setup && t.Setup)
		list.aside = false
		known := slices.ContainsFunc(list.kids, func(k *kid) bool { return k.of.Records == asked.Records })
		if asked.Parent == nil || known {
			continue
		}
		list.sized = true
		for _, of := range v.account.listings(asked) {
			batch := int64(min(of.Parent.Batch, v.account.query.Limit))
			list.kids = append(list.kids, &kid{
				Listing: of, of: asked, direct: root == asked.Parent.Table, needs: needsOf(asked.Parent), batch: max(1, batch),
			})
		}
	}
}

// addFields adds the lists of custom fields that a run reads before a table's records.
func (v *survey) addFields(t *table.Table) {
	needed := v.columns || t.Form(v.account.api) != table.V2
	if !needed || !t.HasCustomFields() || v.account.lacksFields(t, t.Fields) != nil {
		return
	}
	for _, l := range t.Fields.Listings(v.account.api) {
		v.add(t.Fields, l, fieldsRow, false)
	}
}

// addLookups adds the lists for a table's look-ups.
func (v *survey) addLookups(t *table.Table) {
	for _, c := range v.account.columnLookups(t) {
		for _, l := range c.looked.Table.Listings(v.account.api) {
			if !v.account.covers(l) {
				continue
			}
			n := len(v.lists)
			list := v.add(c.looked.Table, l, lookupsRow, t.Setup || t.Incremental)
			if len(v.lists) > n {
				list.aside = true
			}
			list.aside = list.aside && t.Incremental
		}
	}
}

// gateOf is the list that shows whether the account has a list of a table, possibly that list itself; nil if the
// account certainly has it.
func (v *survey) gateOf(t *table.Table, list *surveyed) *surveyed {
	if t.Gate == nil {
		return nil
	}
	probe := t.Probe()
	if probe == nil || probe.Records == t.Records {
		return list
	}
	i := slices.IndexFunc(v.lists, func(l *surveyed) bool { return l.of.Records == probe.Records })
	if i < 0 {
		return list
	}
	return v.lists[i]
}

// gateFields gives the lists of fields the gates of their records.
func (v *survey) gateFields(t *table.Table) {
	of := []table.Described{{Of: t, Fields: t.Fields}}
	for _, d := range append(of, t.Describes...) {
		for _, l := range v.lists {
			if d.Fields != nil && l.of.Records == d.Fields.Records {
				l.gate = v.gateOf(d.Of, l)
			}
		}
	}
}

// lacking returns the reason why the account lacks a list; nil if it has the list or that is unknown.
func (l *surveyed) lacking() error {
	if l.gate != nil {
		return l.gate.refused
	}
	return l.refused
}

// The standard deviation of the cost of a list before the first look, in API tokens. A table that is read in full in
// each run is small, or nobody would bear its cost.
const (
	unseenTokens     = 200
	unseenFullTokens = 50
	unseenUnpaged    = 3 // records, also the mean, of a list that comes in one response
)

// number is the expected number of records of a list, and its standard deviation. A list of an account's set-up counts
// as one page.
func (v *survey) number(l *surveyed) (mean, deviation float64) {
	page := float64(l.Most()) / float64(weight(l.Listing)) // records by token
	switch {
	case l.asked:
		return l.count.Number()
	case !l.sized:
		return 1, 0
	case l.Paging == pipedrive.Unpaged:
		return unseenUnpaged, unseenUnpaged
	case !l.of.Incremental:
		return 1, unseenFullTokens * page
	case l.main == nil, !l.main.asked, l.of.Once: // lists that share records do not partition them
		return 1, unseenTokens * page
	}
	mean, _ = l.main.count.Number()
	if greatest := float64(l.main.count.Greatest()); greatest > 0 { // both lists share the ids up to it
		free := max(0, greatest-mean)
		return free / 2, free / math.Sqrt(12)
	}
	return mean / 2, mean / 2
}

// share is the share of a list's records with children of a kind, and its standard deviation.
func (l *surveyed) share(k *kid) (share, deviation float64) {
	from := l
	if len(l.counted) == 0 && l.main != nil {
		from = l.main // the list of archived records had no look
	}
	if !k.direct || k.needs == (needs{-1, -1, -1, -1, -1}) {
		return 1, 0
	}
	head, headAll := float64(k.having(from.counted)), float64(len(from.counted))
	if headAll == 0 {
		return 1, 0.5
	}
	mean, _ := from.count.Number()
	rest := max(0, 1-headAll/max(1, mean)) // share of the unread records
	if from == l && l.count.Exact() && rest < 0.01 {
		return head / headAll, 0
	}
	if len(from.drawn) == 0 {
		return head / headAll, 0.1
	}
	n := float64(len(from.drawn))
	drawn := float64(k.having(from.drawn)) / n
	likely := (drawn*n + 0.5) / (n + 1)
	return head/headAll*(1-rest) + drawn*rest, rest * math.Sqrt(likely*(1-likely)/n)
}

// having is the number of rows whose children a run would request.
func (k *kid) having(rows []*table.Row) (n int64) {
	for _, row := range rows {
		if k.asks(row) {
			n++
		}
	}
	return n
}

// children is the mean number of children of parents, by their counter, or 1 without one.
func (k *kid) children(rows []*table.Row) float64 {
	var sum, n int64
	for _, row := range rows {
		if k.needs.count >= 0 && k.asks(row) {
			sum, n = sum+row.Value(k.needs.count).Number, n+1
		}
	}
	if n == 0 || k.of.Parent.Sparse { // the counter then counts something else
		return 1
	}
	return float64(sum) / float64(n)
}

// asks reports whether a first run requests the children of a parent.
func (k *kid) asks(parent *table.Row) bool {
	return !k.needs.skips(parent) && !k.needs.childless(parent)
}

// The facts of a quiet run: everything was read just now.
func (v *survey) quietPosition() plan.Progress {
	return plan.Progress{Position: plan.Position{Changed: v.account.began, Looked: v.account.began, Complete: true}}
}

// unit is the first unit of a list's reading: in a first run, or in a quiet one.
func (v *survey) unit(l *surveyed, quiet bool) plan.Unit {
	facts := plan.Facts{Began: v.account.began, Lookback: v.account.lookback}
	if l.of.Incremental {
		facts.Start = v.account.start
	}
	switch {
	case !l.of.Incremental || !v.state:
		return plan.Whole(l.Listing, facts).Next(plan.Progress{})[0]
	case quiet:
		return plan.For(l.Listing, facts).Next(v.quietPosition())[0]
	}
	return plan.For(l.Listing, facts).Next(plan.Progress{})[0]
}

// requests is the number of requests for n records of a list, in the first run or in a quiet one, in which nothing has
// changed.
func (v *survey) requests(l *surveyed, n float64, quiet bool) int64 {
	unit := v.unit(l, quiet)
	limit := v.account.query.Limit
	if l.row == lookupsRow || l.row == fieldsRow {
		limit = pipedrive.MaxLimit
	}
	if quiet && l.of.Incremental && v.state && unit.Order != pipedrive.ByID {
		return 1 // the records of the last second
	}
	mayBeEmpty := unit.MayBeEmpty || quiet && v.state
	requests := census.Requests(l.Listing, int64(math.Round(n)), limit, !mayBeEmpty)
	switch {
	case unit.Order == pipedrive.OldestFirst:
		requests += plan.DefaultSizes.Extra(requests)
	case v.readsAhead(l, unit):
		requests += int64(plan.DefaultSizes.Vain(int(requests)))
	case unit.Order == pipedrive.NewestFirst && !v.state && n > float64(min(limit, l.Most())):
		requests++ // for the newest records again
	}
	return requests
}

// longest is the number of requests that follow one another, of all requests of a list's first reading.
func (v *survey) longest(l *surveyed, requests int64) int64 {
	switch unit := v.unit(l, false); {
	case unit.Order == pipedrive.OldestFirst:
		return plan.DefaultSizes.Longest(requests)
	case v.readsAhead(l, unit):
		return plan.DefaultSizes.LongestAhead(requests)
	}
	return requests
}

// readsAhead reports whether a list's pages are requested before their turn.
func (v *survey) readsAhead(l *surveyed, u plan.Unit) bool {
	return u.Order == pipedrive.ByID && l.ReadAhead() && l.row != lookupsRow && l.row != fieldsRow && v.account.atOnce() > 1
}

// requestsOf is the number of requests for the children of n parents of a list.
func (v *survey) requestsOf(l *surveyed, k *kid, n float64, quiet bool) int64 {
	parents := int64(math.Round(n))
	records := float64(min(parents, k.batch)) * k.children(slices.Concat(l.counted, l.drawn))
	pages := census.Requests(k.Listing, int64(math.Round(records)), v.account.query.Limit, false)
	first := census.Batches(parents, k.batch) * pages
	switch {
	case !quiet || !v.state || !k.of.Incremental:
		return first
	case k.needs.moved >= 0 || v.account.verify: // the destination shows that they were read
		return 0
	}
	return min(1, first) // those of the parent that changed last
}

// skipped reports whether a quiet run does not read a list.
func (v *survey) skipped(l *surveyed) bool {
	return v.state && (l.aside || l.setup && v.account.listsEvery > 0)
}

// weight is the cost of a request, at least 1.
func weight(l pipedrive.Listing) int64 { return int64(max(1, l.Cost)) }

// tokensAt is the weight of a first run's requests for a list with n records, and for their children.
func (v *survey) tokensAt(l *surveyed, n float64) float64 {
	n = max(0, n)
	tokens := weight(l.Listing) * v.requests(l, n, false)
	for _, k := range l.kids {
		if k.refused == nil {
			share, _ := l.share(k)
			tokens += weight(k.Listing) * v.requestsOf(l, k, share*n, false)
		}
	}
	return float64(tokens)
}

// doubt is the standard deviation of the whole cost of a list behind an untried gate, as a share. Most accounts have
// the tables that their users configure.
const doubt = 0.4

// variance is the variance of a list's cost, in weights squared, without its gate.
func (v *survey) variance(l *surveyed) float64 {
	if l.LogIn || l.lacking() != nil {
		return 0
	}
	n, deviation := v.number(l)
	spread := (v.tokensAt(l, n+deviation) - v.tokensAt(l, n-deviation)) / 2
	variance := spread * spread
	shared := 0.0 // the shares of several kinds of children go together
	for _, k := range l.kids {
		if k.refused == nil {
			_, deviation := l.share(k)
			shared += deviation * n / float64(k.batch) * float64(weight(k.Listing))
			variance += v.doubted(l, k)
		}
	}
	return variance + shared*shared
}

// gateUnseen reports whether the children are behind an untried gate of their own.
func (k *kid) gateUnseen() bool { return !k.asked && announcedLate(k.of) }

// doubted is the variance of the cost of children behind an untried gate of their own.
func (v *survey) doubted(l *surveyed, k *kid) float64 {
	if !k.gateUnseen() {
		return 0
	}
	n, _ := v.number(l)
	share, _ := l.share(k)
	deviation := doubt * float64(weight(k.Listing)*v.requestsOf(l, k, share*n, false))
	return deviation * deviation
}

// gated is the variance of the cost of all lists behind a gate.
func (v *survey) gated(gate *surveyed) float64 {
	deviation := 0.0
	for _, l := range v.lists {
		if l.gate == gate && !gate.asked {
			n, _ := v.number(l)
			deviation += doubt * v.tokensAt(l, n)
		}
	}
	return deviation * deviation
}

// look is a request that reduces an unknown.
type look struct {
	list *surveyed
	kid  *kid // the children whose gate it tries; nil for the list itself
	gain float64
}

// accuracy is the deviation of the whole, as a share, below which no further look is worth its tokens.
const accuracy = 0.01

// run takes looks until the estimate is accurate, or until the remaining tokens do not suffice for another look.
func (v *survey) run(ctx context.Context) error {
	for {
		var looks []look
		variance, tokens := 0.0, 0.0
		for _, l := range v.lists {
			if l.LogIn {
				continue
			}
			own, gated := v.variance(l), v.gated(l)
			variance += own + gated
			if n, _ := v.number(l); l.lacking() == nil {
				tokens += v.tokensAt(l, n)
			}
			looks = append(looks, v.looks(l, v.remedied(l, own)+gated)...)
		}
		next, ok := best(looks, v.tokens-v.spent)
		if !ok || math.Sqrt(variance) <= accuracy*tokens {
			return nil
		}
		if err := v.take(ctx, next); err != nil {
			return err
		}
	}
}

// looks are the possible looks at a list and at the gates of its children, given the gain of a look at the list.
func (v *survey) looks(l *surveyed, gain float64) (looks []look) {
	if gain > 0 {
		looks = append(looks, look{list: l, gain: gain})
	}
	for _, k := range l.kids {
		if doubted := v.doubted(l, k); doubted > 0 && len(k.parents(l)) > 0 {
			looks = append(looks, look{list: l, kid: k, gain: doubted})
		}
	}
	return looks
}

// best is the next look. From the looks that together gain the most for the tokens, it takes the one with the greatest
// gain by token. Their choice is the knapsack problem: a greedy choice could leave too few tokens for an expensive
// look.
func best(looks []look, tokens int64) (next look, ok bool) {
	all := int64(0)
	for _, l := range looks {
		all += weight(l.listing())
	}
	tokens = min(max(0, tokens), all)
	gains, chosen := make([]float64, tokens+1), make([][]int, tokens+1)
	for i, l := range looks {
		cost := weight(l.listing())
		for t := tokens; t >= cost; t-- {
			if with := gains[t-cost] + l.gain; with > gains[t] {
				gains[t], chosen[t] = with, append(slices.Clone(chosen[t-cost]), i)
			}
		}
	}
	for _, i := range chosen[tokens] {
		if l := looks[i]; !ok || l.byToken() > next.byToken() {
			next, ok = l, true
		}
	}
	return next, ok
}

// byToken is a look's gain by API token.
func (l look) byToken() float64 { return l.gain / float64(weight(l.listing())) }

// foremost is the gain of a first look at a list of records. Such looks come before all others, since nothing is known
// of their lists.
const foremost = math.MaxInt64

// remedied is the part of a list's variance that another look removes.
func (v *survey) remedied(l *surveyed, variance float64) float64 {
	switch {
	case !l.sized && l.asked, l.asked && l.count.Exact(), l.main != nil && !l.main.asked:
		return 0
	case !l.asked && l.sized && l.of.Incremental && l.main == nil:
		return foremost
	case !l.asked, l.Paging == pipedrive.Offset:
		return variance
	case l.ByIDs == 0 || l.count.Below == 0:
		return 0 // cursors are opaque
	}
	return variance / float64(1+l.rounds)
}

// listing is the listing that the look requests.
func (l look) listing() pipedrive.Listing {
	if l.kid != nil {
		return l.kid.Listing
	}
	return l.list.Listing
}

// parents are the parents whose children a look can request.
func (k *kid) parents(l *surveyed) (keys []pipedrive.Key) {
	for _, row := range l.counted {
		if k.direct && k.asks(row) && int64(len(keys)) < k.batch {
			keys = append(keys, row.RecordKey())
		}
	}
	return keys
}

// take takes a look.
func (v *survey) take(ctx context.Context, l look) error {
	list, q := l.list, v.account.query
	listing, start := l.listing(), int64(0)
	q.Limit, q.Since = listing.Most(), v.account.start
	switch {
	case l.kid != nil:
		listing, l.kid.asked = listing.Of(l.kid.parents(list)), true
	case !list.asked || list.Paging == pipedrive.Offset:
		q.Order = pipedrive.GreatestFirst
		if list.asked {
			start = list.count.Next()
		}
	default:
		q.IDs = list.count.Draw(list.ByIDs, list.rounds)
		list.rounds++
	}
	of := list.of
	if l.kid != nil {
		of = l.kid.of
	}
	v.spent += weight(listing)
	began := time.Now()
	decoder := table.NewDecoder(of.Columns, v.account.sources(of))
	page, err := pipedrive.PageAt(ctx, v.account.client, listing, q, start, &v.account.meter, decoder.Record)
	v.waited, v.answers = v.waited+time.Since(began), v.answers+1
	if err != nil {
		return l.fail(err, v.account)
	}
	if l.kid == nil {
		list.learn(page, start, q.IDs)
	}
	return nil
}

// learn takes the facts that a page shows.
func (l *surveyed) learn(page pipedrive.Page[*table.Row], start int64, drawn []int64) {
	n := int64(len(page.Records))
	if drawn != nil {
		l.count, l.drawn = l.count.After(int64(len(drawn)), n), append(l.drawn, page.Records...)
		return
	}
	var ids []int64
	for _, row := range page.Records {
		ids = append(ids, row.RecordKey().Number)
	}
	if !census.Descend(ids) {
		ids = nil
	}
	if l.counted = append(l.counted, page.Records...); l.asked {
		l.count = l.count.At(start, n, ids, page.More)
		return
	}
	l.count, l.asked = census.Of(start, n, ids, page.More), true
}

// fail notes that the account lacks a list, or returns the error.
func (l look) fail(err error, a *Account) error {
	of, list := l.list.of, l.list
	if l.kid != nil {
		of = l.kid.of
	}
	refused := refusal(err, of.Gate)
	var e *pipedrive.Error
	if of.Core || refused == nil || !errors.As(err, &e) {
		return about(err, of, a.id)
	}
	if l.kid != nil {
		l.kid.refused = explained(err, of)
		return nil
	}
	list.refused, list.asked = explained(err, of), true
	return nil
}

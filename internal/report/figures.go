package report

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Figures are what the report shows. Counts add up over accounts; values never
// add up over currencies.
type Figures struct {
	Accounts  []string
	LastSync  time.Time // zero: the database does not say
	Open      int       // open deals: neither deleted nor archived
	Value     []Money   // of the open deals
	Won, Lost int       // closed deals ever, without deleted ones
	Pipelines []Pipeline
	Months    []Month // up to the latest with a closed deal, none left out between
	Histories []History
}

// WinRate returns the part of the closed deals that was won.
func (f *Figures) WinRate() float64 {
	return float64(f.Won) / float64(f.Closed())
}

// Closed returns how many deals were won or lost.
func (f *Figures) Closed() int { return f.Won + f.Lost }

// Money is what deals in one currency are worth together.
type Money struct {
	Currency string // an ISO 4217 code, or "" where the deals have none
	Value    float64
	Deals    int
}

// A Pipeline is a pipeline of one account with its open deals.
type Pipeline struct {
	Account string
	ID      int64
	Name    string
	Stages  []Stage // in the pipeline's order
	Open    int
	Value   []Money

	active bool
}

// A Stage is a stage of a pipeline with the pipeline's open deals in it.
type Stage struct {
	ID    int64
	Name  string
	Open  int
	Value []Money

	active bool
}

// In returns the value of the stage's deals in one currency.
func (s *Stage) In(currency string) float64 {
	for _, m := range s.Value {
		if m.Currency == currency {
			return m.Value
		}
	}
	return 0
}

// A Month counts the deals that were closed in it, in the company's time zone.
type Month struct {
	Start     time.Time
	Won, Lost int
}

// A History is the latest runs of one account, oldest first.
type History struct {
	Account string
	Runs    []Run
}

// A Run is one sync of an account.
type Run struct {
	Account                            string
	Started, Ended                     time.Time
	Rows, Requests, APITokens, Retries int
}

const (
	monthsShown = 12
	runsShown   = 60

	historyTable = "pipedrive_syncs"
)

// tables are those that say which accounts there are, and when they were synced.
var tables = []string{
	"pipedrive_deals", "pipedrive_notes", "pipedrive_organizations", "pipedrive_persons",
	"pipedrive_pipelines", "pipedrive_stages", historyTable,
}

// Read takes the figures from a database that the plugin was synced into. A
// table that is not there counts as an empty one.
func Read(ctx context.Context, db *sql.DB) (*Figures, error) {
	r := reader{ctx: ctx, db: db}
	for _, name := range column[string](&r, "SELECT name FROM sqlite_master WHERE type = 'table'") {
		if slices.Contains(tables, name) {
			r.tables = append(r.tables, name)
		}
	}
	f := &Figures{
		Accounts:  r.accounts(),
		LastSync:  r.lastSync(),
		Pipelines: r.pipelines(),
		Histories: r.histories(),
	}
	for _, p := range f.Pipelines {
		f.Open += p.Open
		for _, m := range p.Value {
			f.Value = add(f.Value, m)
		}
	}
	mostDealsFirst(f.Value)
	f.Won, f.Lost = r.closed()
	f.Months = r.months(f.LastSync)
	return f, r.err
}

// A reader runs queries until one fails.
type reader struct {
	ctx    context.Context
	db     *sql.DB
	tables []string
	err    error
}

// query returns what scan makes of each row.
func query[T any](r *reader, statement string, scan func(*T) []any, arguments ...any) (found []T) {
	if r.err != nil {
		return nil
	}
	rows, err := r.db.QueryContext(r.ctx, statement, arguments...)
	if err != nil {
		r.err = fmt.Errorf("%s: %w", statement, err)
		return nil
	}
	defer rows.Close()
	for rows.Next() {
		var t T
		if err := rows.Scan(scan(&t)...); err != nil {
			r.err = fmt.Errorf("%s: %w", statement, err)
			return nil
		}
		found = append(found, t)
	}
	r.err = rows.Err()
	return found
}

func column[T any](r *reader, statement string) []T {
	return query(r, statement, func(t *T) []any { return []any{t} })
}

func (r *reader) has(table string) bool { return slices.Contains(r.tables, table) }

func (r *reader) accounts() []string {
	var parts []string
	for _, table := range r.tables {
		parts = append(parts, "SELECT account_id FROM "+table)
	}
	if len(parts) == 0 {
		return nil
	}
	return column[string](r, strings.Join(parts, " UNION ")+" ORDER BY 1")
}

// lastSync is when a run last ended or, where no history is kept, when one
// last wrote a row.
func (r *reader) lastSync() (last time.Time) {
	for _, table := range r.tables {
		moment := "_cq_sync_time"
		if table == historyTable {
			moment = "ended_at"
		}
		// Not max(): only a column as it is has a type, which makes the driver return a time.
		statement := fmt.Sprintf("SELECT %[1]s FROM %[2]s WHERE %[1]s IS NOT NULL ORDER BY 1 DESC LIMIT 1", moment, table)
		for _, t := range column[time.Time](r, statement) {
			if t.After(last) {
				last = t
			}
		}
	}
	return last
}

func (r *reader) closed() (won, lost int) {
	if !r.has("pipedrive_deals") {
		return 0, 0
	}
	type row struct {
		won   bool
		deals int
	}
	for _, c := range query(r, `
		SELECT status = 'won', count(*) FROM pipedrive_deals
		WHERE status IN ('won', 'lost') AND NOT coalesce(is_deleted, 0) GROUP BY 1`,
		func(c *row) []any { return []any{&c.won, &c.deals} }) {
		if c.won {
			won = c.deals
		} else {
			lost = c.deals
		}
	}
	return won, lost
}

// months leaves out what was closed after the last sync: a mistyped year would
// hide all others.
func (r *reader) months(until time.Time) []Month {
	if !r.has("pipedrive_deals") {
		return nil
	}
	if until.IsZero() {
		until = time.Now()
	}
	type row struct {
		month     string
		won, lost int
	}
	closed := query(r, `
		SELECT substr(CASE status
		           WHEN 'won' THEN coalesce(local_won_date, won_time, local_close_date, close_time)
		           ELSE coalesce(local_lost_date, lost_time, local_close_date, close_time)
		       END, 1, 7) AS month,
		       count(*) FILTER (WHERE status = 'won'), count(*) FILTER (WHERE status = 'lost')
		FROM pipedrive_deals
		WHERE status IN ('won', 'lost') AND NOT coalesce(is_deleted, 0)
		GROUP BY 1 HAVING month <= ? ORDER BY 1`,
		func(c *row) []any { return []any{&c.month, &c.won, &c.lost} }, until.Format("2006-01"))
	if len(closed) == 0 {
		return nil
	}
	byMonth := map[string]row{}
	for _, c := range closed {
		byMonth[c.month] = c
	}
	last, err := time.Parse("2006-01", closed[len(closed)-1].month)
	if err != nil {
		r.err = err
		return nil
	}
	months := make([]Month, monthsShown)
	for i := range months {
		start := last.AddDate(0, i-monthsShown+1, 0)
		c := byMonth[start.Format("2006-01")]
		months[i] = Month{Start: start, Won: c.won, Lost: c.lost}
	}
	return months
}

func (r *reader) histories() (histories []History) {
	if !r.has(historyTable) {
		return nil
	}
	runs := query(r, `
		SELECT account_id, started_at, ended_at, rows, requests, api_tokens, retries
		FROM (SELECT *, row_number() OVER (PARTITION BY account_id ORDER BY started_at DESC) AS nr FROM pipedrive_syncs)
		WHERE nr <= ? ORDER BY account_id, started_at`,
		func(s *Run) []any {
			return []any{&s.Account, &s.Started, &s.Ended, &s.Rows, &s.Requests, &s.APITokens, &s.Retries}
		}, runsShown)
	for _, run := range runs {
		if n := len(histories); n == 0 || histories[n-1].Account != run.Account {
			histories = append(histories, History{Account: run.Account})
		}
		h := &histories[len(histories)-1]
		h.Runs = append(h.Runs, run)
	}
	return histories
}

// add adds deals to those in the same currency.
func add(to []Money, m Money) []Money {
	for i := range to {
		if to[i].Currency == m.Currency {
			to[i].Value += m.Value
			to[i].Deals += m.Deals
			return to
		}
	}
	return append(to, m)
}

func mostDealsFirst(money []Money) {
	slices.SortFunc(money, func(a, b Money) int {
		return cmp.Or(cmp.Compare(b.Deals, a.Deals), cmp.Compare(a.Currency, b.Currency))
	})
}

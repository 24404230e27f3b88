package report

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Figures are the content of the report. Counts add up over accounts; values never add up over currencies.
type Figures struct {
	Written    time.Time // the report's own moment; decides whether deals are late
	Accounts   []string
	LastSync   time.Time // the last one that did not fail; zero: unknown
	Unfinished []Run     // the last run of each account, if it is incomplete
	Currencies []string  // of all shown deals; all lists are in this order

	Open            Sums // deals that are neither deleted nor archived
	Unweighted      int  // open deals without a probability
	Overdue, Rotten int  // open deals
	Won, Lost       int  // closed deals ever, without deleted ones
	WonLately       Sums // deals won in the shown months
	Cycle           Cycle

	Pipelines []Pipeline
	Forecast  []Period
	Owners    []Owner // with open deals or with deals closed in the shown months, by account
	Months    []Month // the last is the running one
	Late      []Late  // the latest ones
	Products  []Product
	Holding   Holding
	// Activities is zero, and Idle is not counted, without a table of activities.
	Activities Activities
	Tracked    bool // the changes of stages were synced
	Contacts   Contacts
	Histories  []History
}

// Complete reports whether the last run of each account read everything.
func (f *Figures) Complete() bool {
	for _, h := range f.Histories {
		if h.last().Status != complete {
			return false
		}
	}
	return len(f.Histories) > 0
}

// Running reports whether a month is not over yet.
func (f *Figures) Running(m Month) bool { return sameMonth(m.Start, f.Written) }

// Closed returns the number of deals that were won or lost.
func (f *Figures) Closed() int { return f.Won + f.Lost }

// WinRate returns the share of closed deals that were won.
func (f *Figures) WinRate() float64 { return rate(f.Won, f.Lost) }

func rate(won, lost int) float64 { return float64(won) / float64(won+lost) }

// Money is the total of deals in one currency. Weighted is the sum of the values times their probability of being
// won.
type Money struct {
	Deals           int
	Value, Weighted float64
}

// Sums are deals and their total by currency: an ISO 4217 code, or "" for deals without a currency.
type Sums struct {
	Deals int
	Money map[string]Money
}

// In returns the total of the deals in one currency.
func (s Sums) In(currency string) Money { return s.Money[currency] }

func (s *Sums) add(currency string, m Money) {
	if s.Money == nil {
		s.Money = map[string]Money{}
	}
	sum := s.Money[currency]
	s.Money[currency] = Money{sum.Deals + m.Deals, sum.Value + m.Value, sum.Weighted + m.Weighted}
	s.Deals += m.Deals
}

// Cycle is the duration of won deals.
type Cycle struct {
	Deals int
	days  float64
}

func (c *Cycle) add(took time.Duration) {
	c.Deals++
	c.days += took.Hours() / 24
}

// Days returns the average.
func (c Cycle) Days() float64 { return c.days / float64(c.Deals) }

// A Pipeline is a pipeline of one account with its open deals.
type Pipeline struct {
	Sums
	Account string
	ID      int64
	Name    string
	Stages  []Stage // in the pipeline's order
	Entered int     // deals that entered it in the shown months, if Figures.Tracked

	active bool
}

// A Period holds the open deals that are expected to close in it. It is the month of its start, if it has one.
type Period struct {
	Sums
	Start time.Time
	Name  string
}

// An Owner is a user of one account with their deals.
type Owner struct {
	Account         string
	ID              int64
	Name            string
	Open            Sums
	Overdue, Rotten int
	Won, Lost       Sums // in the shown months
	Cycle           Cycle
}

// Title returns the owner's name, or a substitute if there is none.
func (o *Owner) Title() string {
	switch {
	case o.Name != "":
		return o.Name
	case o.ID == 0:
		return "No owner"
	default:
		return fmt.Sprintf("User %d", o.ID)
	}
}

// Closed returns the number of deals that the owner won or lost.
func (o *Owner) Closed() int { return o.Won.Deals + o.Lost.Deals }

// WinRate returns the share of closed deals that were won.
func (o *Owner) WinRate() float64 { return rate(o.Won.Deals, o.Lost.Deals) }

// A Month has the deals that were closed in it, in the company's time zone.
type Month struct {
	Start     time.Time
	Won, Lost Sums
	Cycle     Cycle
}

// Closed returns the number of deals that were won or lost.
func (m *Month) Closed() int { return m.Won.Deals + m.Lost.Deals }

// WinRate returns the share of closed deals that were won.
func (m *Month) WinRate() float64 { return rate(m.Won.Deals, m.Lost.Deals) }

// Late is an open deal that is overdue or rotten.
type Late struct {
	Account             string
	ID                  int64
	Title, Owner, Stage string
	Currency            string
	Value               float64
	Expected            time.Time // zero: not set
	Overdue             int       // days since
	InStage             int       // days
	Rotten              bool      // for longer than the stage allows
}

// A History is the latest runs of one account, oldest first.
type History struct {
	Account string
	Runs    []Run
}

func (h History) last() Run { return h.Runs[len(h.Runs)-1] }

// A Run is one sync of an account.
type Run struct {
	Account                            string
	Started, Ended                     time.Time
	Rows, Requests, APITokens, Retries int
	Status                             string // complete, partial or failed; "" if unknown
	Reason                             string
	UnfinishedTables                   []string
}

const (
	monthsShown    = 12
	monthsExpected = 6
	lateShown      = 15

	historyTable = "pipedrive_syncs"
	complete     = "complete"
	failed       = "failed"
)

// closedMonths returns the last months, up to the one of today.
func closedMonths(today time.Time) []Month {
	all := make([]Month, monthsShown)
	for i := range all {
		all[i].Start = firstOfMonth(today).AddDate(0, i-monthsShown+1, 0)
	}
	return all
}

// expectedPeriods returns the next months, and the periods before and after them.
func expectedPeriods(today time.Time) []Period {
	all := []Period{{Name: "Overdue"}}
	for i := range monthsExpected {
		start := firstOfMonth(today).AddDate(0, i, 0)
		all = append(all, Period{Start: start, Name: start.Format("January 2006")})
	}
	return append(all, Period{Name: "Later"}, Period{Name: "No date"})
}

func firstOfMonth(day time.Time) time.Time {
	return time.Date(day.Year(), day.Month(), 1, 0, 0, 0, 0, time.UTC)
}

// tables are those that list the accounts and their syncs.
var tables = []string{
	"pipedrive_deals", "pipedrive_notes", "pipedrive_organizations", "pipedrive_persons",
	"pipedrive_pipelines", "pipedrive_stages", historyTable,
}

// Read takes the figures of a moment from a database that the plugin was synced into. A missing table counts as an
// empty one.
func Read(ctx context.Context, db *Database, now time.Time) (*Figures, error) {
	r := reader{ctx: ctx, db: db, columns: map[string][]string{}}
	type row struct{ table, column string }
	each(&r, db.catalog, func(c *row) []any { return []any{&c.table, &c.column} }, func(c row) {
		r.columns[c.table] = append(r.columns[c.table], c.column)
	})
	f := &Figures{Written: now, Accounts: r.accounts(), Pipelines: r.declaredPipelines(), Contacts: r.contacts(), Histories: r.histories()}
	f.LastSync = r.lastSync(f.Histories)
	r.tally(f)
	f.Pipelines = inUse(f.Pipelines)
	for _, h := range f.Histories {
		if last := h.last(); last.Status != "" && last.Status != complete {
			f.Unfinished = append(f.Unfinished, last)
		}
	}
	return f, r.err
}

func (r *reader) accounts() []string {
	var parts []string
	for _, table := range tables {
		if r.has(table) {
			parts = append(parts, "SELECT DISTINCT account_id FROM "+table)
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return column[string](r, strings.Join(parts, " UNION ")+" ORDER BY 1")
}

// lastSync is the end of the last run or, without a history, the last time a run wrote a row.
func (r *reader) lastSync(histories []History) (last time.Time) {
	for _, table := range tables {
		if !r.has(table) || table == historyTable {
			continue
		}
		// Not max(): only a plain column has a type, which makes SQLite's driver return a time.
		statement := fmt.Sprintf("SELECT %[1]s FROM %[2]s WHERE %[1]s IS NOT NULL ORDER BY 1 DESC LIMIT 1", "_cq_sync_time", table)
		for _, m := range column[moment](r, statement) {
			last = latest(last, m.Time)
		}
	}
	for _, h := range histories {
		for _, run := range h.Runs {
			if run.Status != failed {
				last = latest(last, run.Ended)
			}
		}
	}
	return last
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (r *reader) histories() (histories []History) {
	statement, ok := r.statement(historyTable)
	if !ok {
		return nil
	}
	for _, name := range []string{"sent_rows", "status", "reason", "unfinished_tables"} {
		if !slices.Contains(r.columns[historyTable], name) { // the database is older than the column
			statement = strings.Replace(statement, name, "NULL", 1)
		}
	}
	type row struct {
		Run
		started, ended             moment
		status, reason, unfinished sql.NullString
	}
	runs := query(r, statement, func(s *row) []any {
		return []any{
			&s.Account, &s.started, &s.ended, &s.Rows, &s.Requests, &s.APITokens, &s.Retries,
			&s.status, &s.reason, &s.unfinished,
		}
	})
	for _, s := range runs {
		run := s.Run
		run.Started, run.Ended = s.started.Time, s.ended.Time
		run.Status, run.Reason = s.status.String, s.reason.String
		if s.unfinished.Valid {
			if err := json.Unmarshal([]byte(s.unfinished.String), &run.UnfinishedTables); err != nil && r.err == nil {
				r.err = fmt.Errorf("%s.unfinished_tables: %w", historyTable, err)
			}
		}
		if n := len(histories); n == 0 || histories[n-1].Account != run.Account {
			histories = append(histories, History{Account: run.Account})
		}
		h := &histories[len(histories)-1]
		h.Runs = append(h.Runs, run)
	}
	return histories
}

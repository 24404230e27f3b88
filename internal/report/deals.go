package report

import (
	"cmp"
	"database/sql"
	"maps"
	"slices"
	"time"
)

const day = 24 * time.Hour

// A deal is a row of pipedrive_deals.
type deal struct {
	account                    string
	id, pipeline, stage, owner int64
	title, status, ownerName   string
	currency                   string
	value                      float64
	probability                sql.NullFloat64 // percent
	expected, moved, added     moment
	wonAt, lostAt, closedAt    moment
	wonOn, lostOn, closedOn    moment // days in the company's time zone
}

func (d *deal) fields() []any {
	return []any{
		&d.account, &d.id, &d.title, &d.status, &d.pipeline, &d.stage,
		&d.owner, &d.ownerName, &d.currency, &d.value, &d.probability,
		&d.expected, &d.moved, &d.added,
		&d.wonAt, &d.lostAt, &d.closedAt, &d.wonOn, &d.lostOn, &d.closedOn,
	}
}

// closed returns the time at which a deal was won or lost, to be shown by month.
func (d *deal) closed() time.Time {
	if d.status == "won" {
		return first(d.wonOn, d.wonAt, d.closedOn, d.closedAt)
	}
	return first(d.lostOn, d.lostAt, d.closedOn, d.closedAt)
}

// cycle returns the duration of a won deal; false if a date is missing.
func (d *deal) cycle() (time.Duration, bool) {
	won := first(d.wonAt, d.closedAt)
	return won.Sub(d.added.Time), !won.IsZero() && !d.added.IsZero()
}

// A tally files deals one by one.
type tally struct {
	*Figures
	today  time.Time
	owners map[recordKey]*Owner
	// currencies counts the shown deals.
	currencies map[string]int
	// attended are the deals with planned activities; nil without a table of activities.
	attended map[recordKey]bool
}

// A recordKey names a record among those of all accounts.
type recordKey struct {
	account string
	id      int64
}

// tally counts the deals and fills in the figures.
func (r *reader) tally(f *Figures) {
	t := tally{Figures: f, today: f.Written.UTC().Truncate(day), owners: map[recordKey]*Owner{}, currencies: map[string]int{}}
	f.Months, f.Forecast = closedMonths(t.today), expectedPeriods(t.today)
	t.attended = t.activities(r)
	if statement, ok := r.statement("pipedrive_deals"); ok {
		each(r, statement, (*deal).fields, func(d deal) {
			if d.status == "open" {
				t.open(d)
			} else {
				t.closed(d)
			}
		})
	}
	t.funnel(r)
	t.products(r)
	f.Currencies = ordered(t.currencies)
	for _, o := range t.owners {
		f.Owners = append(f.Owners, *o)
	}
	slices.SortFunc(f.Owners, func(a, b Owner) int {
		return cmp.Or(cmp.Compare(b.Open.Deals, a.Open.Deals), cmp.Compare(b.Won.Deals, a.Won.Deals),
			cmp.Compare(a.Name, b.Name), cmp.Compare(a.Account, b.Account), cmp.Compare(a.ID, b.ID))
	})
	slices.SortFunc(f.Late, func(a, b Late) int {
		return cmp.Or(cmp.Compare(b.Overdue, a.Overdue), cmp.Compare(b.InStage, a.InStage),
			cmp.Compare(a.Account, b.Account), cmp.Compare(a.ID, b.ID))
	})
	f.Late = f.Late[:min(len(f.Late), lateShown)]
	f.Forecast = slices.DeleteFunc(f.Forecast, func(p Period) bool { return p.Start.IsZero() && p.Deals == 0 })
}

func (t *tally) open(d deal) {
	pipeline, stage := t.place(d)
	probability := d.probability
	if !probability.Valid {
		probability = stage.probability
	}
	m := Money{Deals: 1, Value: d.value, Weighted: d.value * probability.Float64 / 100}
	owner := t.owner(d)
	for _, s := range []*Sums{&t.Open, &pipeline.Sums, &stage.Sums, &owner.Open, &t.period(d.expected.Time).Sums} {
		s.add(d.currency, m)
	}
	t.currencies[d.currency]++
	if t.attended != nil && !t.attended[recordKey{d.account, d.id}] {
		t.Activities.Idle++
	}
	if !probability.Valid {
		t.Unweighted++
	}
	late := t.late(d)
	late.Owner, late.Stage = owner.Title(), stage.Title()
	late.Rotten = stage.rottenDays.Valid && int64(late.InStage) >= stage.rottenDays.Int64
	if late.Overdue > 0 {
		t.Overdue++
		owner.Overdue++
	}
	if late.Rotten {
		t.Rotten++
		owner.Rotten++
	}
	if late.Overdue > 0 || late.Rotten {
		t.Late = append(t.Late, late)
	}
}

// late returns the age of an open deal.
func (t *tally) late(d deal) Late {
	l := Late{Account: d.account, ID: d.id, Title: d.title, Currency: d.currency, Value: d.value, Expected: d.expected.Time}
	if !d.expected.IsZero() {
		l.Overdue = max(0, days(t.today.Sub(d.expected.Time)))
	}
	if since := first(d.moved, d.added); !since.IsZero() {
		l.InStage = max(0, days(t.Written.Sub(since)))
	}
	return l
}

func (t *tally) closed(d deal) {
	m := Money{Deals: 1, Value: d.value}
	won := d.status == "won"
	if won {
		t.Won++
	} else {
		t.Lost++
	}
	month := t.month(d.closed())
	if month == nil {
		return
	}
	owner := t.owner(d)
	t.currencies[d.currency]++
	if !won {
		month.Lost.add(d.currency, m)
		owner.Lost.add(d.currency, m)
		return
	}
	for _, s := range []*Sums{&t.WonLately, &month.Won, &owner.Won} {
		s.add(d.currency, m)
	}
	if took, known := d.cycle(); known {
		for _, c := range []*Cycle{&t.Cycle, &month.Cycle, &owner.Cycle} {
			c.add(took)
		}
	}
}

// month returns the month of a day, or nil if it is not shown, as for a mistyped year.
func (t *tally) month(closed time.Time) *Month {
	for i := range t.Months {
		if sameMonth(t.Months[i].Start, closed) {
			return &t.Months[i]
		}
	}
	return nil
}

// period returns the part of the forecast that has the expected closing day.
func (t *tally) period(expected time.Time) *Period {
	last := len(t.Forecast) - 1
	switch {
	case expected.IsZero():
		return &t.Forecast[last]
	case expected.Before(t.today):
		return &t.Forecast[0]
	}
	for i := range t.Forecast[:last] {
		if start := t.Forecast[i].Start; !start.IsZero() && sameMonth(start, expected) {
			return &t.Forecast[i]
		}
	}
	return &t.Forecast[last-1]
}

func (t *tally) owner(d deal) *Owner {
	key := recordKey{d.account, d.owner}
	o := t.owners[key]
	if o == nil {
		o = &Owner{Account: d.account, ID: d.owner}
		t.owners[key] = o
	}
	o.Name = cmp.Or(d.ownerName, o.Name)
	return o
}

// place returns the pipeline and the stage of a deal.
func (t *tally) place(d deal) (*Pipeline, *Stage) {
	var p *Pipeline
	t.Pipelines, p = pipelineOf(t.Pipelines, d.account, d.pipeline)
	return p, stageOf(p, d.stage)
}

// ordered returns the currencies by the number of their deals, with deals without a currency last.
func ordered(deals map[string]int) []string {
	return slices.SortedFunc(maps.Keys(deals), func(a, b string) int {
		if a == "" || b == "" {
			return cmp.Compare(b, a)
		}
		return cmp.Or(cmp.Compare(deals[b], deals[a]), cmp.Compare(a, b))
	})
}

func days(d time.Duration) int { return int(d / day) }

func sameMonth(a, b time.Time) bool { return a.Year() == b.Year() && a.Month() == b.Month() }

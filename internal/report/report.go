// Package report writes one HTML page about the deals and the syncs in a database that the plugin was synced into.
// The page is self-contained: it loads no file and runs no script.
package report

import (
	"context"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

//go:embed report.html.tmpl
var layout string

//go:embed report.css
var style string

var document = template.Must(template.New("report").Funcs(template.FuncMap{
	"amount":   amount,
	"count":    count,
	"currency": currency,
	"day":      func(t time.Time) string { return t.UTC().Format("2 Jan 2006") },
	"clock":    func(t time.Time) string { return t.UTC().Format("15:04 UTC") },
	"month":    func(t time.Time) string { return t.Format("January 2006") },
	"percent":  func(part float64) string { return fmt.Sprintf("%.1f%%", 100*part) },
	"median":   func(p Passage) string { return humanize.FormatFloat("#,###.#", p.Median()) },
	"days":     func(c Cycle) string { return humanize.FormatFloat("#,###.#", c.Days()) },
	"plural":   plural,
	"join":     strings.Join,
	"rounded":  func(v float64) string { return decimal(math.Round(v), 0) },
	"seconds":  func(r Run) string { return r.Ended.Sub(r.Started).Round(time.Second).String() },
	"until":    func(last, written time.Time) string { return humanize.RelTime(last, written, "before", "after") },
}).Parse(layout))

// Write reads the figures of a database at a moment and writes their page.
func Write(ctx context.Context, db *Database, now time.Time, out io.Writer) error {
	figures, err := Read(ctx, db, now)
	if err != nil {
		return err
	}
	v, err := newView(figures)
	if err != nil {
		return err
	}
	return document.Execute(out, v)
}

// A view is the figures with their charts and tables.
type view struct {
	*Figures
	Style   template.CSS
	Palette []colour

	WonColour, LostColour colour

	Closing  breakdown // open deals by the month of their expected closing
	ByOwner  breakdown
	ByMonth  *chart // nil: no deal was closed in the months
	WonMoney breakdown
	ByItem   breakdown // products
	ByWork   breakdown // activities
	Sales    []sales
	Syncs    []syncs
}

// A chart is a titled drawing in one or more widths. Alt says the same in words.
type chart struct {
	Title, Alt string
	Drawings   []template.HTML
}

// sales are a pipeline with its stages.
type sales struct {
	Pipeline
	Stages  breakdown
	Funnel  []Stage // none: no deal entered the pipeline in the shown months
	Reached []chart
}

// syncs are an account's history with its charts. Latest are the same runs, newest first.
type syncs struct {
	History
	Charts []chart
	Latest []Run
}

func newView(f *Figures) (v *view, err error) {
	v = &view{Figures: f, Style: template.CSS(style), Palette: palette, WonColour: won, LostColour: lost}
	if v.Closing, err = openBy("Forecast", f.Currencies, periodParts(f.Forecast), "Weighted value", weightedValue); err != nil {
		return nil, err
	}
	owners := f.ownerParts()
	if v.ByOwner, err = openBy("Owners", f.Currencies, owners, "Open value", openValue); err != nil {
		return nil, err
	}
	v.ByOwner.Tables = ledgers(f.Currencies, owners, openDeals, openValue, weightedValue, wonValue)
	if err := v.byMonth(); err != nil {
		return nil, err
	}
	if v.ByItem, err = f.byProduct(); err != nil {
		return nil, err
	}
	if v.ByWork, err = f.Activities.byActivity(); err != nil {
		return nil, err
	}
	for _, p := range f.Pipelines {
		b, err := openBy(p.Title(), f.Currencies, stageParts(p.Stages), "Open value", openValue)
		if err != nil {
			return nil, err
		}
		stages, drawn, err := funnelOf(p)
		if err != nil {
			return nil, err
		}
		v.Sales = append(v.Sales, sales{p, b, stages, drawn})
	}
	for _, h := range f.Histories {
		s, err := newSyncs(h)
		if err != nil {
			return nil, err
		}
		v.Syncs = append(v.Syncs, s)
	}
	return v, nil
}

// openBy returns a breakdown of open deals.
func openBy(name string, currencies []string, parts []part, title string, m measure) (breakdown, error) {
	b := breakdown{Title: name, Tables: ledgers(currencies, parts, openDeals, openValue, weightedValue)}
	return b, b.barCharts(currencies, parts, title, m)
}

func stageParts(stages []Stage) (parts []part) {
	for _, s := range stages {
		parts = append(parts, part{Name: s.Title(), Open: s.Sums})
	}
	return parts
}

func periodParts(periods []Period) (parts []part) {
	for _, p := range periods {
		parts = append(parts, part{Name: p.Name, Open: p.Sums})
	}
	return parts
}

func (f *Figures) ownerParts() (parts []part) {
	for _, o := range f.Owners {
		parts = append(parts, part{Name: f.OwnerTitle(o), Open: o.Open, Won: o.Won})
	}
	return parts
}

// OwnerTitle returns a name that owners of other accounts do not have.
func (f *Figures) OwnerTitle(o Owner) string {
	if len(f.Accounts) > 1 {
		return o.Title() + " · " + o.Account
	}
	return o.Title()
}

// byMonth draws the deals and the money that were won and lost by month.
func (v *view) byMonth() error {
	labels := make([]string, len(v.Months))
	parts := make([]part, len(v.Months))
	said := make([]string, len(v.Months))
	wonDeals, lostDeals := series{colour: won}, series{colour: lost}
	closed := 0
	for i, m := range v.Months {
		labels[i] = m.Start.Format("Jan")
		parts[i] = part{Name: m.Start.Format("January 2006"), Won: m.Won}
		if i == len(v.Months)-1 {
			labels[i] += "*"
			parts[i].Name += ", so far"
		}
		wonDeals.values = append(wonDeals.values, float64(m.Won.Deals))
		lostDeals.values = append(lostDeals.values, float64(m.Lost.Deals))
		said[i] = fmt.Sprintf("%s %d won, %d lost", parts[i].Name, m.Won.Deals, m.Lost.Deals)
		closed += m.Closed()
	}
	if closed == 0 {
		return nil
	}
	drawings, err := drawColumns(labels, []series{wonDeals, lostDeals})
	if err != nil {
		return err
	}
	period := v.Months[0].Start.Format("January 2006") + " – " + v.Months[len(v.Months)-1].Start.Format("January 2006")
	v.ByMonth = &chart{period, "Won and lost deals by month: " + strings.Join(said, "; "), drawings}
	v.WonMoney = breakdown{Title: "Won", Wide: true, Tables: ledgers(v.Currencies, parts, wonCount, wonValue)}
	return v.WonMoney.columnCharts(v.Currencies, labels, parts)
}

// columnCharts adds a chart of the won value per currency. It leaves out charts with fewer than two columns.
func (b *breakdown) columnCharts(currencies, labels []string, parts []part) error {
	for _, c := range currencies {
		columns := series{colour: won}
		var said []string
		for _, l := range parts {
			v := l.Won.In(c).Value
			columns.values = append(columns.values, v)
			if v != 0 {
				said = append(said, l.Name+" "+amount(v, c))
			}
		}
		if len(said) < 2 {
			continue
		}
		drawings, err := drawColumns(labels, []series{columns})
		if err != nil {
			return err
		}
		title := "Won value, " + currency(c)
		b.show(chart{title, title + ", by month: " + strings.Join(said, ", "), drawings})
	}
	return nil
}

func newSyncs(h History) (syncs, error) {
	s := syncs{History: h, Latest: slices.Clone(h.Runs)}
	slices.Reverse(s.Latest)
	if len(h.Runs) < 2 {
		return s, nil
	}
	for _, kind := range []struct {
		title  string
		colour colour
		of     func(Run) int
	}{
		{"Rows per run", rows, func(r Run) int { return r.Rows }},
		{"API tokens per run", tokens, func(r Run) int { return r.APITokens }},
	} {
		var labels []string
		columns := series{colour: kind.colour}
		for _, run := range h.Runs {
			labels = append(labels, run.Started.Format("2 Jan"))
			columns.values = append(columns.values, float64(kind.of(run)))
		}
		drawings, err := drawColumns(labels, []series{columns})
		if err != nil {
			return s, err
		}
		first, last := h.Runs[0], s.Latest[0]
		alt := fmt.Sprintf("%s, %s to %s, between %s and %s; the last run %s", kind.title,
			first.Started.Format("2 January 2006"), last.Started.Format("2 January 2006"),
			count(int(slices.Min(columns.values))), count(int(slices.Max(columns.values))), count(kind.of(last)))
		s.Charts = append(s.Charts, chart{kind.title, alt, drawings})
	}
	return s, nil
}

func count(n int) string { return humanize.Comma(int64(n)) }

// plural writes a number of things, with an s for more than one.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return count(n) + " " + thing + "s"
}

func currency(code string) string {
	if code == "" {
		return "no currency"
	}
	return code
}

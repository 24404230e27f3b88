// Package report writes one HTML page about the deals and the syncs in a
// SQLite file that the plugin was synced into. The page needs nothing but
// itself: it loads no file and runs no script.
package report

import (
	"context"
	"database/sql"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/go-analyze/charts"
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
	"whole":    func(v float64) string { return amount(math.Round(v)) },
	"seconds":  func(r Run) string { return r.Ended.Sub(r.Started).Round(time.Second).String() },
}).Parse(layout))

// Write reads the figures of a database and writes their page.
func Write(ctx context.Context, db *sql.DB, out io.Writer) error {
	figures, err := Read(ctx, db)
	if err != nil {
		return err
	}
	v, err := newView(figures)
	if err != nil {
		return err
	}
	return document.Execute(out, v)
}

// A view is the figures with their charts.
type view struct {
	*Figures
	Style     template.CSS
	Palette   []colour
	Won, Lost colour
	ByMonth   *chart // nil: no deal was closed yet
	Sales     []sales
	Syncs     []syncs
}

// A chart is a titled drawing in one or more widths. Alt says the same in words.
type chart struct {
	Title, Alt string
	Drawings   []template.HTML
}

// sales are a pipeline's charts. More are those of currencies with few deals.
type sales struct {
	Pipeline
	Charts, More []chart
}

// syncs are an account's history with its charts. Latest are the same runs, newest first.
type syncs struct {
	History
	Charts []chart
	Latest []Run
}

// currenciesShown is the number of currencies per pipeline whose charts are
// seen at once.
const currenciesShown = 2

func newView(f *Figures) (v *view, err error) {
	v = &view{Figures: f, Style: template.CSS(style), Palette: palette, Won: won, Lost: lost}
	if len(f.Months) > 0 {
		if v.ByMonth, err = byMonth(f.Months); err != nil {
			return nil, err
		}
	}
	for _, p := range f.Pipelines {
		s, err := newSales(p)
		if err != nil {
			return nil, err
		}
		v.Sales = append(v.Sales, s)
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

func newSales(p Pipeline) (sales, error) {
	s := sales{Pipeline: p}
	if p.Open == 0 {
		return s, nil
	}
	all := make([]chart, 0, 1+len(p.Value))
	byStage := func(title string, c colour, of func(Stage) float64, format charts.ValueFormatter, say func(float64) string) error {
		bars := make([]bar, len(p.Stages))
		said := make([]string, len(p.Stages))
		for i, stage := range p.Stages {
			bars[i] = bar{stage.Title(), of(stage)}
			said[i] = stage.Title() + " " + say(bars[i].value)
		}
		drawing, err := drawBars(bars, c, format)
		all = append(all, chart{title, title + " by stage: " + strings.Join(said, ", "), []template.HTML{drawing}})
		return err
	}
	whole := func(v float64) string { return count(int(v)) }
	if err := byStage("Open deals", deals, func(s Stage) float64 { return float64(s.Open) }, whole, whole); err != nil {
		return s, err
	}
	for _, m := range p.Value {
		of := func(s Stage) float64 { return s.In(m.Currency) }
		if err := byStage("Open value, "+currency(m.Currency), value, of, short, amount); err != nil {
			return s, err
		}
	}
	shown := min(len(all), 1+currenciesShown)
	s.Charts, s.More = all[:shown], all[shown:]
	return s, nil
}

func byMonth(months []Month) (*chart, error) {
	var labels, said []string
	wonDeals, lostDeals := series{colour: won}, series{colour: lost}
	for _, m := range months {
		labels = append(labels, m.Start.Format("Jan"))
		wonDeals.values = append(wonDeals.values, float64(m.Won))
		lostDeals.values = append(lostDeals.values, float64(m.Lost))
		said = append(said, fmt.Sprintf("%s %d won, %d lost", m.Start.Format("January 2006"), m.Won, m.Lost))
	}
	drawings, err := drawColumns(labels, []series{wonDeals, lostDeals})
	period := months[0].Start.Format("January 2006") + " – " + months[len(months)-1].Start.Format("January 2006")
	return &chart{period, "Won and lost deals by month: " + strings.Join(said, "; "), drawings}, err
}

func newSyncs(h History) (syncs, error) {
	s := syncs{History: h, Latest: slices.Clone(h.Runs)}
	slices.Reverse(s.Latest)
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
			amount(slices.Min(columns.values)), amount(slices.Max(columns.values)), count(kind.of(last)))
		s.Charts = append(s.Charts, chart{kind.title, alt, drawings})
	}
	return s, nil
}

func count(n int) string { return humanize.Comma(int64(n)) }

// amount writes cents only where there are any.
func amount(v float64) string {
	v = math.Round(v*100) / 100
	if v == math.Trunc(v) {
		return humanize.FormatFloat("#,###.", v)
	}
	return humanize.FormatFloat("#,###.##", v)
}

func currency(code string) string {
	if code == "" {
		return "no currency"
	}
	return code
}

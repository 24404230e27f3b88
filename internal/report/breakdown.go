package report

import (
	"html/template"
	"math"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/go-analyze/charts"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/money"
)

const (
	currenciesShown = 2  // whose charts are visible at once
	barsShown       = 10 // in a bar chart
)

// A breakdown is deals and money by stages, owners or months: charts of the first currencies, charts of further
// ones, and a table per currency.
type breakdown struct {
	Title        string
	Wide         bool // the charts are columns over time
	Charts, More []chart
	Tables       []ledger

	shown int // charts of currencies
}

// A part is a row of a breakdown.
type part struct {
	Name      string
	Open, Won Sums
	Quantity  map[string]float64 // of a product, by currency
	Work      Workload
	Reached   int // of a stage
}

// A measure is a column of a breakdown's tables.
type measure struct {
	title string
	money bool
	of    func(l part, currency string) float64
}

var (
	openDeals     = measure{"Deals", false, func(l part, c string) float64 { return float64(l.Open.In(c).Deals) }}
	openValue     = measure{"Value", true, func(l part, c string) float64 { return l.Open.In(c).Value }}
	weightedValue = measure{"Weighted", true, func(l part, c string) float64 { return l.Open.In(c).Weighted }}
	wonCount      = measure{"Won", false, func(l part, c string) float64 { return float64(l.Won.In(c).Deals) }}
	wonValue      = measure{"Won value", true, func(l part, c string) float64 { return l.Won.In(c).Value }}
)

// A ledger is a table of one currency, or of counts. It is narrow enough for a phone.
type ledger struct {
	Name  string // the head of its first column
	Heads []string
	Rows  []entry
	Total []string
}

type entry struct {
	Name  string
	Cells []string
}

// ledgers returns the tables of a breakdown, in the order of the currencies.
func ledgers(currencies []string, parts []part, measures ...measure) (all []ledger) {
	for _, c := range currencies {
		all = append(all, ledgerOf(currency(c), c, parts, measures...)...)
	}
	return all
}

// ledgerOf returns one table, or none if all its numbers are zero. It leaves out parts whose numbers are zero.
func ledgerOf(name, currency string, parts []part, measures ...measure) []ledger {
	table := ledger{Name: name}
	for _, m := range measures {
		table.Heads = append(table.Heads, m.title)
	}
	total := make([]float64, len(measures))
	var numbers [][]float64
	for _, l := range parts {
		row := make([]float64, len(measures))
		for i, m := range measures {
			row[i] = m.of(l, currency)
			total[i] += row[i]
		}
		if slices.ContainsFunc(row, func(v float64) bool { return v != 0 }) {
			numbers = append(numbers, row)
			table.Rows = append(table.Rows, entry{Name: l.Name})
		}
	}
	if len(numbers) == 0 {
		return nil
	}
	written := textsOf(currency, append(numbers, total), measures)
	for i := range table.Rows {
		table.Rows[i].Cells = written[i]
	}
	table.Total = written[len(numbers)]
	return []ledger{table}
}

// textsOf returns numbers with the currency's decimals, or without decimals if all amounts are whole.
func textsOf(currency string, rows [][]float64, measures []measure) [][]string {
	decimals := 0
	for _, row := range rows {
		for i, m := range measures {
			if m.money && !whole(row[i], currency) {
				decimals = money.Decimals(currency)
			}
		}
	}
	texts := make([][]string, len(rows))
	for n, row := range rows {
		for i, m := range measures {
			if m.money {
				texts[n] = append(texts[n], decimal(row[i], decimals))
			} else {
				texts[n] = append(texts[n], number(row[i]))
			}
		}
	}
	return texts
}

// number writes at most two decimals, and none that are zero.
func number(v float64) string { return humanize.Commaf(math.Round(100*v) / 100) }

// amount writes decimals only if the amount is not whole.
func amount(v float64, currency string) string {
	if whole(v, currency) {
		return decimal(v, 0)
	}
	return decimal(v, money.Decimals(currency))
}

// whole reports whether an amount has only zeros after the point.
func whole(v float64, currency string) bool {
	_, fraction, _ := strings.Cut(decimal(v, money.Decimals(currency)), ".")
	return strings.Trim(fraction, "0") == ""
}

func decimal(v float64, decimals int) string {
	return humanize.FormatFloat("#,###."+strings.Repeat("#", decimals), v)
}

// barCharts returns a chart of the open deals and one chart of a measure per currency. It leaves out charts with
// fewer than two bars.
func (b *breakdown) barCharts(currencies []string, parts []part, title string, m measure) error {
	parts = parts[:min(len(parts), barsShown)]
	total := measure{of: func(l part, _ string) float64 { return float64(l.Open.Deals) }}
	counted, err := barChart("Open deals", deals, parts, total, "")
	if err != nil {
		return err
	}
	b.Charts = append(b.Charts, counted...)
	for _, c := range currencies {
		drawn, err := barChart(title+", "+currency(c), value, parts, m, c)
		if err != nil {
			return err
		}
		b.show(drawn...)
	}
	return nil
}

// show adds charts of a currency: visible ones of the first currencies, then further ones.
func (b *breakdown) show(drawn ...chart) {
	for _, c := range drawn {
		if b.shown++; b.shown <= currenciesShown {
			b.Charts = append(b.Charts, c)
		} else {
			b.More = append(b.More, c)
		}
	}
}

// barChart returns one chart, or none if it would have fewer than two bars.
func barChart(title string, c colour, parts []part, m measure, currency string) ([]chart, error) {
	say, format := number, charts.ValueFormatter(short)
	if m.money {
		say = func(v float64) string { return amount(v, currency) }
	} else {
		format = say
	}
	bars := make([]bar, len(parts))
	said := make([]string, len(parts))
	seen := 0
	for i, l := range parts {
		bars[i] = bar{l.Name, m.of(l, currency)}
		said[i] = l.Name + " " + say(bars[i].value)
		if bars[i].value != 0 {
			seen++
		}
	}
	if seen < 2 {
		return nil, nil
	}
	drawing, err := drawBars(bars, c, format)
	return []chart{{title, title + ": " + strings.Join(said, ", "), []template.HTML{drawing}}}, err
}

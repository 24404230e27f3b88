package report

import (
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/go-analyze/charts"
)

// Sizes are CSS pixels if a drawing is as wide as its place on the page.
const (
	barsWidth     = 320
	barRow        = 48
	nameHeight    = 12
	columnsHeight = 200
	widestColumn  = 28
	rightMargin   = 16
	narrowestSlot = 10 // of a column and the space around it
)

// columnsWidths are the widths of a phone, of a printed page and of a desktop: text that shrinks with its chart is
// not readable on all of them.
var columnsWidths = []int{320, 640, 960}

// text is 12 pixels high.
var text = charts.FontStyle{FontSize: 9, Font: charts.GetDefaultFont(), FontColor: muted.drawn()}

// wider is the factor by which a reader's typeface may exceed the library's in width.
const wider = 1.25

// A bar is one row of a bar chart.
type bar struct {
	name  string
	value float64
}

// drawBars draws bars one below the other, each with its name above it.
func drawBars(bars []bar, c colour, format charts.ValueFormatter) (template.HTML, error) {
	p, option := painter(barsWidth, barRow*len(bars), [][]float64{values(bars)}, c)
	option.Horizontal = true
	option.BarSize = 0.22
	option.CategoryAxis.Show = new(false)
	label := text
	label.FontColor = ink.drawn()
	option.SeriesList[0].Label = charts.SeriesLabel{Show: new(true), ValueFormatter: format, FontStyle: label}
	var widest float64
	largest := 1.0
	for _, b := range bars {
		largest = max(largest, b.value)
		widest = max(widest, wider*float64(p.MeasureText(format(b.value), 0, text).Width()))
	}
	const gap = 8 // between a bar and its value
	option.ValueAxis = []charts.ValueAxisOption{{
		Show: new(false),
		Min:  new(0.0),
		Max:  new(largest * barsWidth / (barsWidth - widest - gap)),
	}}
	if err := p.BarChart(option); err != nil {
		return "", err
	}
	for i, b := range bars {
		p.Text(fit(p, b.name), 0, i*barRow+nameHeight, 0, text)
	}
	return svg(p)
}

// values are those of the bars, last first: the library draws from the bottom.
func values(bars []bar) []float64 {
	v := make([]float64, len(bars))
	for i, b := range bars {
		v[len(v)-1-i] = b.value
	}
	return v
}

// fit shortens a name to the width of a bar chart.
func fit(p *charts.Painter, name string) string {
	widest := int(barsWidth / wider)
	runes := []rune(strings.Join(strings.Fields(name), " "))
	if p.MeasureText(string(runes), 0, text).Width() <= widest {
		return string(runes)
	}
	for p.MeasureText(string(runes)+"…", 0, text).Width() > widest {
		runes = runes[:len(runes)-1]
	}
	return strings.TrimSpace(string(runes)) + "…"
}

// A series is the values of a column chart in one colour.
type series struct {
	colour colour
	values []float64
}

// drawColumns draws columns over time in all widths that the page chooses from. If there is no space for all
// columns, it draws the latest.
func drawColumns(labels []string, shown []series) ([]template.HTML, error) {
	var drawings []template.HTML
	for _, width := range columnsWidths {
		first := max(0, len(labels)-width/narrowestSlot)
		latest := slices.Clone(shown)
		for i, s := range shown {
			latest[i].values = s.values[first:]
		}
		drawing, err := drawColumnsAt(width, labels[first:], latest)
		if err != nil {
			return nil, err
		}
		drawings = append(drawings, drawing)
	}
	return drawings, nil
}

func drawColumnsAt(width int, labels []string, shown []series) (template.HTML, error) {
	var data [][]float64
	var colours []colour
	for _, s := range shown {
		data = append(data, s.values)
		colours = append(colours, s.colour)
	}
	p, option := painter(width, columnsHeight, data, colours...)
	step, lines := scale(shown)
	option.Padding = charts.Box{Top: 8, Right: rightMargin, IsSet: true}
	option.CategoryAxis = charts.CategoryAxisOption{
		Labels: thinned(p, labels), LabelCount: len(labels), LabelFontStyle: text,
		BoundaryGap: new(true), // each label is below the middle of its columns
	}
	if slot := width / (len(labels) * len(shown)); slot > widestColumn {
		option.BarSize = float64(widestColumn) / float64(slot)
	}
	option.ValueAxis = []charts.ValueAxisOption{{
		Min:            new(0.0),
		Max:            new(step * float64(lines)),
		LabelCount:     lines + 1,
		LabelFontStyle: text,
		ValueFormatter: short,
	}}
	if err := p.BarChart(option); err != nil {
		return "", err
	}
	return svg(p)
}

// scale returns the distance of the lines behind columns, a round number, and the number of lines above zero, at most
// five.
func scale(shown []series) (step float64, lines int) {
	largest := 1.0
	for _, s := range shown {
		largest = max(largest, slices.Max(s.values))
	}
	power := math.Pow(10, math.Floor(math.Log10(largest)))
	for _, part := range []float64{0.2, 0.5, 1, 2} {
		step = max(1, part*power)
		if largest <= 5*step {
			break
		}
	}
	return step, int(math.Ceil(largest / step))
}

// thinned leaves out labels until the others have enough space between each other and to the right. It counts from
// the last one, the reference for comparisons.
func thinned(p *charts.Painter, labels []string) []string {
	var widest float64
	for _, label := range labels {
		widest = max(widest, wider*float64(p.MeasureText(label, 0, text).Width()))
	}
	slot := float64(p.Width()) / float64(len(labels))
	const gap = 12
	every := int(math.Ceil((widest + gap) / slot))
	kept := make([]string, len(labels))
	last := len(labels) - 1 - max(0, int(math.Ceil((widest/2-rightMargin)/slot-0.5)))
	for i := last; i >= 0; i -= every {
		kept[i] = labels[i]
	}
	return kept
}

func painter(width, height int, data [][]float64, colours ...colour) (*charts.Painter, charts.BarChartOption) {
	theme := theme(colours...)
	p := charts.NewPainter(charts.PainterOptions{
		OutputFormat: charts.ChartOutputSVG, Width: width, Height: height, Theme: theme,
	})
	option := charts.NewBarChartOptionWithData(data)
	option.Theme = theme
	option.Padding = charts.Box{IsSet: true}
	option.Legend.Show = new(false)
	return p, option
}

// svg returns the drawing. The library escapes all text.
func svg(p *charts.Painter) (template.HTML, error) {
	drawing, err := p.Bytes()
	return template.HTML(themed.Replace(string(drawing))), err
}

// short writes a number in six characters at most: 12, 3.4k, 125.6M.
func short(v float64) string {
	var unit string
	for _, next := range []string{"k", "M", "B", "T"} {
		if math.Abs(v) < 999.95 { // larger values would round to 1000
			break
		}
		v, unit = v/1000, next
	}
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) + unit
}

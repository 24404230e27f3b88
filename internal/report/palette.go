package report

import (
	"strings"

	"github.com/go-analyze/charts"
)

// A colour is a custom property of the page's style sheet. Charts are drawn in the light colours, which are then
// replaced by the property, so that one drawing serves both schemes.
type colour struct {
	Name, Light, Dark string
}

var (
	paper  = colour{"paper", "#f6f6f3", "#121417"}
	card   = colour{"card", "#fefefe", "#1b1e23"}
	ink    = colour{"ink", "#1d2126", "#e8eaed"}
	muted  = colour{"muted", "#5d656e", "#a0a8b1"}
	line   = colour{"line", "#e3e4e0", "#30353c"}
	deals  = colour{"deals", "#3560b0", "#82a7ee"}
	value  = colour{"value", "#2f8580", "#62b8ae"}
	won    = colour{"won", "#2c8a5f", "#5fc295"}
	lost   = colour{"lost", "#bd7658", "#b9745b"}
	rows   = colour{"rows", "#52739c", "#8eaed6"}
	tokens = colour{"tokens", "#8463ad", "#b69adf"}

	palette = []colour{paper, card, ink, muted, line, deals, value, won, lost, rows, tokens}
)

func (c colour) drawn() charts.Color { return charts.ParseColor(c.Light) }

// themed gives a drawing the page's colours and typeface.
var themed = func() *strings.Replacer {
	replacements := []string{"font-family:'Roboto Medium',sans-serif", "font-family:inherit"}
	for _, c := range palette {
		replacements = append(replacements, ":"+c.drawn().StringRGB(), ":var(--"+c.Name+")")
	}
	return strings.NewReplacer(replacements...)
}()

func theme(series ...colour) charts.ColorPalette {
	colours := make([]charts.Color, len(series))
	for i, c := range series {
		colours[i] = c.drawn()
	}
	return charts.MakeTheme(charts.ThemeOption{
		SeriesColors:       colours,
		TextColor:          muted.drawn(),
		TextColorLabel:     ink.drawn(),
		AxisStrokeColor:    line.drawn(),
		AxisSplitLineColor: line.drawn(),
		BackgroundColor:    charts.ColorTransparent,
	})
}

package report

import (
	"math"
	"testing"

	"github.com/go-analyze/charts"
	"github.com/stretchr/testify/require"
)

// The contrasts that WCAG 2.2 requires: 1.4.3 for text, 1.4.11 for graphics.
func TestPalette_hasContrastInBothSchemes(t *testing.T) {
	for _, scheme := range []func(colour) string{
		func(c colour) string { return c.Light },
		func(c colour) string { return c.Dark },
	} {
		for _, background := range []colour{paper, card} {
			for _, c := range []colour{ink, muted, deals} {
				require.GreaterOrEqual(t, contrast(scheme(c), scheme(background)), 4.5, scheme(c))
			}
			for _, c := range []colour{deals, value, won, lost, rows, tokens} {
				require.GreaterOrEqual(t, contrast(scheme(c), scheme(background)), 3.0, scheme(c))
			}
		}
	}
}

func contrast(a, b string) float64 {
	light, dark := luminance(a), luminance(b)
	return (max(light, dark) + 0.05) / (min(light, dark) + 0.05)
}

// luminance is WCAG's relative luminance.
func luminance(hex string) float64 {
	linear := func(channel uint8) float64 {
		v := float64(channel) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	c := charts.ParseColor(hex)
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

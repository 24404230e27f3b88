package money

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/currency"
)

func TestDecimals_areThoseOfISO4217(t *testing.T) {
	for code, want := range map[string]int{"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3, "CLF": 4, "PKR": 2, "": 2, "BTC": 2} {
		require.Equal(t, want, Decimals(code), code)
	}
}

// Unicode's list counts the coins in use, so it sometimes has fewer decimals than the standard, and never more.
func TestDecimals_areNoFewerThanUnicodes(t *testing.T) {
	for code, n := range decimals {
		if unit, err := currency.ParseISO(code); err == nil { // it lacks UYW
			unicode, _ := currency.Standard.Rounding(unit)
			require.NotEqual(t, 2, unicode, code)
			require.LessOrEqual(t, unicode, n, code)
		}
	}
	for _, unit := range []currency.Unit{currency.EUR, currency.USD, currency.GBP, currency.CHF, currency.BRL, currency.INR, currency.CNY} {
		unicode, _ := currency.Standard.Rounding(unit)
		require.Equal(t, unicode, Decimals(unit.String()))
	}
}

// Package money knows the number of decimals of each currency.
package money

// decimals are the currencies that do not have two, according to list one of ISO 4217, which SIX maintains
// (https://www.six-group.com/en/products-services/financial-information/data-standards.html). Unicode's CLDR tables,
// in golang.org/x/text/currency, are not suitable: they count the coins in use, and so cut the cents of Pakistan's
// rupee and the fils of Iraq's dinar.
var decimals = map[string]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0,
	"RWF": 0, "UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
	"CLF": 4, "UYW": 4,
}

// Decimals returns the number of decimals of a currency, by its ISO 4217 code; two for an unknown code.
func Decimals(currency string) int {
	if n, ok := decimals[currency]; ok {
		return n
	}
	return 2
}

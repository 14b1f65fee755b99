package stripe

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Currencies without a smaller unit, and those with a thousandth (https://stripe.com/docs/currencies).
var (
	wholeCurrencies    = strings.Fields("bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf")
	thousandCurrencies = strings.Fields("bhd jod kwd omr tnd")
	currencySigns      = map[string]string{"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}
)

// money writes an amount in the currency's smallest unit for people: 2550 usd is $25.50, 2550 chf is CHF 25.50.
func money(amount int64, currency string) string {
	decimals := 2
	if slices.Contains(wholeCurrencies, currency) {
		decimals = 0
	} else if slices.Contains(thousandCurrencies, currency) {
		decimals = 3
	}
	text := strconv.FormatInt(amount, 10)
	if decimals > 0 {
		text = fmt.Sprintf("%0*d", decimals+1, amount)
		text = text[:len(text)-decimals] + "." + text[len(text)-decimals:]
	}
	if sign, ok := currencySigns[currency]; ok {
		return sign + text
	}
	return strings.ToUpper(currency) + " " + text
}

// decimal is how Stripe writes unit_amount_decimal.
func decimal(amount int64) string { return strconv.FormatInt(amount, 10) }

// hyphens turns an error code into the name of its page.
func hyphens(code string) string { return strings.ReplaceAll(code, "_", "-") }

package boxoffice

import (
	"fmt"
	"strings"
)

// Money is an amount in the minor units of its currency (cents for USD), never a float.
type Money struct {
	Minor    int64  `json:"minor"`
	Currency string `json:"currency"` // ISO 4217, upper case
}

// Add gives the sum. The currencies must be equal.
func (m Money) Add(other Money) (Money, error) {
	if m.Currency != other.Currency {
		return Money{}, Errorf(CodeInternal, "cannot add %s to %s", other.Currency, m.Currency)
	}
	return Money{Minor: m.Minor + other.Minor, Currency: m.Currency}, nil
}

// minorDigits lists the currencies whose minor unit is not a hundredth (ISO 4217, table A.1), as far as the payment
// provider takes them.
var minorDigits = map[string]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "JPY": 0, "KMF": 0, "KRW": 0, "MGA": 0, "PYG": 0, "RWF": 0, "UGX": 0,
	"VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0, "BHD": 3, "JOD": 3, "KWD": 3, "OMR": 3, "TND": 3,
}

// symbols are the currency signs that stand before an amount in English text; others are written as "12.00 CHF".
var symbols = map[string]string{"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}

// leastCharges are the smallest amounts that the payment provider charges, in minor units, for accounts that are paid out in
// the same currency (docs.stripe.com/currencies, "Minimum and maximum charge amounts"). Of others it has no table.
var leastCharges = map[string]int64{
	"USD": 50, "AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50, "GBP": 30,
	"HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50, "PLN": 200, "RON": 200,
	"SEK": 300, "SGD": 50, "THB": 1000,
}

// LeastCharge is the smallest amount in m's currency that can be paid by card; one unit where that is not known.
func (m Money) LeastCharge() Money {
	return Money{Minor: max(1, leastCharges[m.Currency]), Currency: m.Currency}
}

// String writes the amount for people, in English: "$14.50", "¥1500", "14.50 CHF", "-$3.00".
func (m Money) String() string {
	sign, text := "", m.Decimal()
	if m.Minor < 0 {
		sign, text = "-", text[1:]
	}
	if symbol, ok := symbols[m.Currency]; ok {
		return sign + symbol + text
	}
	return strings.TrimSpace(sign + text + " " + m.Currency)
}

// Decimal writes the amount as a number in the currency's major unit, for machines: "14.50", "1500", "-3.00".
func (m Money) Decimal() string {
	digits, known := minorDigits[m.Currency]
	if !known {
		digits = 2
	}
	sign, minor := "", uint64(m.Minor)
	if m.Minor < 0 {
		sign, minor = "-", -uint64(m.Minor)
	}
	text := fmt.Sprintf("%0*d", digits+1, minor)
	if digits > 0 {
		text = text[:len(text)-digits] + "." + text[len(text)-digits:]
	}
	return sign + text
}

// Hundredths gives the amount in hundredths of the currency's unit, whatever its minor unit is, rounded down: by it amounts
// are compared with what people write, "12.50".
func (m Money) Hundredths() int64 {
	digits, known := minorDigits[m.Currency]
	switch {
	case known && digits == 0:
		return m.Minor * 100
	case known && digits == 3:
		return m.Minor / 10
	default:
		return m.Minor
	}
}

package boxoffice_test

import (
	"math"
	"testing"

	"github.com/boxoffice/boxoffice"
	"github.com/stretchr/testify/require"
)

func TestMoneyForPeople(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		minor    int64
		currency string
		text     string
	}{
		{1450, "USD", "$14.50"},
		{0, "USD", "$0.00"},
		{5, "USD", "$0.05"},
		{50, "EUR", "€0.50"},
		{100, "GBP", "£1.00"},
		{-300, "USD", "-$3.00"},
		{-1, "USD", "-$0.01"},
		{1500, "JPY", "¥1500"},
		{0, "JPY", "¥0"},
		{-1500, "JPY", "-¥1500"},
		{1450, "CHF", "14.50 CHF"},
		{-1450, "CHF", "-14.50 CHF"},
		{1234, "KWD", "1.234 KWD"},
		{1, "BHD", "0.001 BHD"},
		{700, "KRW", "700 KRW"},
		{1450, "", "14.50"},
		{math.MaxInt64, "USD", "$92233720368547758.07"},
		{math.MinInt64, "USD", "-$92233720368547758.08"},
	} {
		require.Equal(t, c.text, boxoffice.Money{Minor: c.minor, Currency: c.currency}.String())
	}
}

func TestMoneyAdd(t *testing.T) {
	t.Parallel()
	sum, err := boxoffice.Money{Minor: 1450, Currency: "USD"}.Add(boxoffice.Money{Minor: -50, Currency: "USD"})
	require.NoError(t, err)
	require.Equal(t, boxoffice.Money{Minor: 1400, Currency: "USD"}, sum)

	_, err = boxoffice.Money{Minor: 1, Currency: "USD"}.Add(boxoffice.Money{Minor: 1, Currency: "EUR"})
	require.Equal(t, boxoffice.CodeInternal, boxoffice.CodeOf(err))
}

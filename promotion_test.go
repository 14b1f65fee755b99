package boxoffice_test

import (
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestDiscount_Off(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		discount    boxoffice.Discount
		prices, off []int64
	}{
		"a third of a cent is nobody's":      {boxoffice.Discount{Percent: 10}, []int64{1450, 1450, 1450}, []int64{145, 145, 145}},
		"what is left over goes to one":      {boxoffice.Discount{Percent: 33}, []int64{1450, 1450, 1450}, []int64{479, 479, 478}},
		"half a cent is the buyer's":         {boxoffice.Discount{Percent: 50}, []int64{1}, []int64{1}},
		"an amount by the prices":            {boxoffice.Discount{AmountMinor: 500, Currency: "USD"}, []int64{1000, 3000}, []int64{125, 375}},
		"the largest remainder":              {boxoffice.Discount{AmountMinor: 100, Currency: "USD"}, []int64{1000, 1000, 1001}, []int64{33, 33, 34}},
		"no more than the prices":            {boxoffice.Discount{AmountMinor: 5000, Currency: "USD"}, []int64{1000, 0, 30}, []int64{1000, 0, 30}},
		"all of it":                          {boxoffice.Discount{Percent: 100}, []int64{999, 1}, []int64{999, 1}},
		"a free ticket stays free":           {boxoffice.Discount{AmountMinor: 7, Currency: "USD"}, []int64{0, 10}, []int64{0, 7}},
		"nothing off nothing":                {boxoffice.Discount{Percent: 100}, []int64{0, 0}, []int64{0, 0}},
		"the dearest tickets there can ever": {boxoffice.Discount{Percent: 99}, []int64{boxoffice.MaxPriceMinor, boxoffice.MaxPriceMinor}, []int64{9_900_000, 9_900_000}},
	} {
		require.Equal(t, c.off, c.discount.Off(c.prices), name)
	}
}

// TestDiscount_OffIsExact adds up the parts of any discount of any prices.
func TestDiscount_OffIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		prices := rapid.SliceOfN(rapid.Int64Range(0, boxoffice.MaxPriceMinor), 1, 20).Draw(t, "prices")
		d := boxoffice.Discount{Percent: rapid.IntRange(0, 100).Draw(t, "percent")}
		if d.Percent == 0 {
			d.AmountMinor, d.Currency = rapid.Int64Range(1, boxoffice.MaxPriceMinor).Draw(t, "amount"), "USD"
		}
		var sum, total int64
		for i, off := range d.Off(prices) {
			require.True(t, off >= 0 && off <= prices[i], "%d off %d", off, prices[i])
			sum, total = sum+prices[i], total+off
		}
		want := min(d.AmountMinor, sum)
		if d.Percent > 0 {
			want = (sum*int64(d.Percent)*2 + 100) / 200
		}
		require.Equal(t, want, total)
	})
}

func TestPromotionCode(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"spring-25": "SPRING-25", "  Spring-25\n": "SPRING-25", "abc": "ABC", "---": "---", strings.Repeat("x", 32): strings.Repeat("X", 32),
		"": "", "ab": "", strings.Repeat("x", 33): "", "SPRING 25": "", "ſpring": "", "ıstanbul": "", "CODE\x00": "", "КОД": "", "a_b": "", "\xff\xff\xff": "",
	} {
		code, ok := boxoffice.PromotionCode(typed)
		require.Equal(t, want != "", ok, "%q", typed)
		if ok {
			require.Equal(t, want, code)
		}
	}
}

func TestPromotions_WhatIsWrong(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]boxoffice.Discount{
		"percent": {}, "percent ": {Percent: 10, AmountMinor: 5, Currency: "USD"}, "percent  ": {Percent: 101}, "percent   ": {Percent: -1},
		"amount_minor": {AmountMinor: boxoffice.MaxPriceMinor + 1, Currency: "USD"}, "amount_minor ": {AmountMinor: -1, Currency: "USD"},
		"currency": {AmountMinor: 5}, "currency ": {Percent: 5, Currency: "USD"},
	} {
		require.Len(t, d.Wrong(), 1, "%+v", d)
		require.Equal(t, strings.TrimSpace(want), d.Wrong()[0].Field)
	}
	now := time.Now()
	for want, terms := range map[string]boxoffice.PromotionTerms{
		"uses": {Uses: -1}, "uses ": {Uses: boxoffice.MaxPromotionUses + 1}, "uses_per_user": {UsesPerUser: -1}, "min_tickets": {MinTickets: 101},
		"event_ids": {EventIDs: make([]string, boxoffice.MaxPromotionEvents+1)}, "valid_from": {ValidFrom: now.AddDate(500, 0, 0)},
		"valid_until": {ValidFrom: now, ValidUntil: now}, "valid_until ": {ValidUntil: now.AddDate(500, 0, 0)},
	} {
		require.Len(t, terms.Wrong(), 1, "%+v", terms)
		require.Equal(t, strings.TrimSpace(want), terms.Wrong()[0].Field)
	}
	require.Empty(t, boxoffice.PromotionTerms{}.Wrong())
	require.Empty(t, boxoffice.Discount{Percent: 1}.Wrong())
}

func TestMoney_LeastCharge(t *testing.T) {
	t.Parallel()
	require.Equal(t, "$0.50", boxoffice.Money{Minor: 3, Currency: "USD"}.LeastCharge().String())
	require.Equal(t, "¥50", boxoffice.Money{Currency: "JPY"}.LeastCharge().String())
	require.Equal(t, int64(1), boxoffice.Money{Currency: "KES"}.LeastCharge().Minor)
}

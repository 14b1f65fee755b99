package events

import (
	"fmt"
	"maps"
	"slices"

	"github.com/boxoffice/boxoffice"
	"golang.org/x/text/currency"
)

// fields gather what is wrong with a request.
type fields []boxoffice.FieldError

func (f *fields) add(field, format string, args ...any) {
	*f = append(*f, boxoffice.FieldError{Field: field, Message: fmt.Sprintf(format, args...)})
}

func (f fields) err() error { return boxoffice.InvalidFields(f) }

// amounts checks each price.
func (f *fields) amounts(prices map[string]int64) {
	for _, category := range slices.Sorted(maps.Keys(prices)) {
		if price := prices[category]; price < 0 || price > boxoffice.MaxPriceMinor {
			f.add("prices."+category, "A price is between 0 and %d.", boxoffice.MaxPriceMinor)
		}
	}
}

// currency checks that a code is one of ISO 4217, in capitals.
func (f *fields) currency(code string) {
	if unit, err := currency.ParseISO(code); err != nil || unit.String() != code { // it takes "usd", too
		f.add("currency", "This is not a currency of ISO 4217.")
	}
}

// fee checks a booking fee.
func (f *fields) fee(minor int64) {
	if minor < 0 || minor > boxoffice.MaxFeeMinor {
		f.add("booking_fee_minor", "A booking fee is between 0 and %d.", boxoffice.MaxFeeMinor)
	}
}

// orphans checks a rule that is in force.
func (f *fields) orphans(rule boxoffice.OrphanRule) {
	if !slices.Contains(boxoffice.OrphanRules, rule) {
		f.add("orphan_rule", "This is one of %v.", boxoffice.OrphanRules)
	}
}

// wrongEvent reports everything that is wrong with a new event.
func wrongEvent(e boxoffice.NewEvent, places []boxoffice.Ticket) error {
	var wrong fields
	wrong.currency(e.Currency)
	times := boxoffice.EventTimes{StartsAt: e.StartsAt, EndsAt: e.EndsAt, SalesOpenAt: e.SalesOpenAt, SalesCloseAt: e.SalesCloseAt}
	wrong = append(wrong, times.Wrong()...)
	wrong = append(wrong, e.Refund.Wrong()...)
	wrong.orphans(e.Orphans)
	wrong.amounts(e.Prices)
	wrong.fee(e.BookingFeeMinor)
	used := map[string]bool{}
	for _, p := range places {
		used[p.Category] = true
	}
	for _, category := range slices.Sorted(maps.Keys(used)) {
		if _, priced := e.Prices[category]; !priced {
			wrong.add("prices."+category, "The plan has seats of this category.")
		}
	}
	for _, category := range slices.Sorted(maps.Keys(e.Prices)) {
		if !used[category] {
			wrong.add("prices."+category, "The plan has no seat of this category.")
		}
	}
	return wrong.err()
}

// wrongChange reports what is wrong with a change whatever the event.
func wrongChange(change boxoffice.EventChange) error {
	var wrong fields
	wrong.amounts(change.Prices)
	if change.BookingFeeMinor != nil {
		wrong.fee(*change.BookingFeeMinor)
	}
	if change.Refund != nil {
		wrong = append(wrong, change.Refund.Wrong()...)
	}
	if change.Orphans != nil {
		wrong.orphans(*change.Orphans)
	}
	if change.PlanHash == nil && len(change.Prices) > 0 {
		wrong.add("prices", "Prices come with a new plan; else they are set at …/prices.")
	}
	return wrong.err()
}

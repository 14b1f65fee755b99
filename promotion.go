package boxoffice

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Bounds of promotions.
const (
	MaxPromotions      = 500       // of one organizer, those that are off too
	MaxPromotionUses   = 1_000_000 // that a limit can be set to
	MaxPromotionEvents = 100       // that one can be for by name
	MaxMinTickets      = 100       // that one can ask for
)

// Discount is what a promotion takes off a booking: a part of its prices, or an amount. One of the two is set. Fees are
// never part of it.
type Discount struct {
	Percent     int    // 1 to 100, of all prices together
	AmountMinor int64  // of the booking as a whole, however many tickets it has; at most its prices
	Currency    string // of AmountMinor
}

// Off gives what is taken off each of the prices. In sum it is exactly the discount: a part of all prices together, half a
// unit for the buyer, or the amount, as far as the prices go. Each price bears its part, and the units that are left over
// go where the most was cut off (the method of the largest remainder), so that none is taken off below nothing.
func (d Discount) Off(prices []int64) []int64 {
	var sum int64
	for _, price := range prices {
		sum += price
	}
	off, order := make([]int64, len(prices)), make([]int, len(prices))
	if sum == 0 {
		return off
	}
	total := min(d.AmountMinor, sum)
	if d.Percent > 0 {
		total = (sum*int64(d.Percent) + 50) / 100
	}
	left := total
	for i, price := range prices {
		off[i], order[i] = total*price/sum, i
		left -= off[i]
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(total*prices[b]%sum, total*prices[a]%sum) })
	for _, i := range order[:left] {
		off[i]++
	}
	return off
}

// Wrong names what is no discount about d.
func (d Discount) Wrong() []FieldError {
	switch {
	case (d.Percent == 0) == (d.AmountMinor == 0):
		return []FieldError{{Field: "percent", Message: "Give a percentage, or an amount with its currency."}}
	case d.Percent < 0 || d.Percent > 100:
		return []FieldError{{Field: "percent", Message: "This is between 1 and 100."}}
	case d.AmountMinor < 0 || d.AmountMinor > MaxPriceMinor:
		return []FieldError{{Field: "amount_minor", Message: fmt.Sprintf("This is between 1 and %d.", MaxPriceMinor)}}
	case (d.AmountMinor == 0) != (d.Currency == ""):
		return []FieldError{{Field: "currency", Message: "An amount has a currency, a percentage has none."}}
	}
	return nil
}

// PromotionTerms are what an organizer may change of a promotion while it is used. What is held or sold stays as it is.
type PromotionTerms struct {
	Uses        int       // in all; 0: without a limit. A booking uses the code while it is held or sold
	UsesPerUser int       // the same
	MinTickets  int       // of the booking
	EventIDs    []string  // those that it is for; none: all of the organizer's
	ValidFrom   time.Time // when it can be put in
	ValidUntil  time.Time // until before then; zero: without an end
	Active      bool      // false: it is off
}

// Wrong names the terms that cannot be.
func (t PromotionTerms) Wrong() []FieldError {
	var wrong []FieldError
	bound := func(field string, n, most int) {
		if n < 0 || n > most {
			wrong = append(wrong, FieldError{Field: field, Message: fmt.Sprintf("This is between 0 and %d.", most)})
		}
	}
	bound("uses", t.Uses, MaxPromotionUses)
	bound("uses_per_user", t.UsesPerUser, MaxPromotionUses)
	bound("min_tickets", t.MinTickets, MaxMinTickets)
	if len(t.EventIDs) > MaxPromotionEvents {
		wrong = append(wrong, FieldError{Field: "event_ids", Message: fmt.Sprintf("These are at most %d.", MaxPromotionEvents)})
	}
	if t.ValidFrom.Year() > LastYear {
		wrong = append(wrong, FieldError{Field: "valid_from", Message: "This is too far away."})
	}
	if !t.ValidUntil.IsZero() && (!t.ValidUntil.After(t.ValidFrom) || t.ValidUntil.Year() > LastYear) {
		wrong = append(wrong, FieldError{Field: "valid_until", Message: "This must be later than the beginning, and before 2200."})
	}
	return wrong
}

// Promotion is a code by which bookings of its organizer's events cost less. Two organizers may have the same code.
type Promotion struct {
	ID        string
	OwnerID   string
	Code      string // see PromotionCode
	Discount  Discount
	Terms     PromotionTerms
	CreatedAt time.Time
	Used      PromotionUse
}

// PromotionUse is what became of a promotion so far, counted from the bookings.
type PromotionUse struct {
	Held       int              // bookings that are not paid yet
	Sold       int              // that are
	GivenMinor map[string]int64 // what was taken off tickets that are sold, by currency
}

// PromotionChange says what becomes of a promotion's terms; nil leaves one as it is.
type PromotionChange struct {
	Uses, UsesPerUser, MinTickets *int
	EventIDs                      *[]string
	ValidFrom, ValidUntil         *time.Time
	Active                        *bool
}

// Of gives the terms after the change.
func (c PromotionChange) Of(t PromotionTerms) PromotionTerms {
	change(&t.Uses, c.Uses)
	change(&t.UsesPerUser, c.UsesPerUser)
	change(&t.MinTickets, c.MinTickets)
	change(&t.EventIDs, c.EventIDs)
	change(&t.ValidFrom, c.ValidFrom)
	change(&t.ValidUntil, c.ValidUntil)
	change(&t.Active, c.Active)
	return t
}

func change[T any](field, to *T) {
	if to != nil {
		*field = *to
	}
}

// PromotionCode gives a code as it is stored, in capitals, from what somebody typed: 3 to 32 letters of ASCII, digits and
// hyphens. ok is false where it can be nobody's.
func PromotionCode(typed string) (code string, ok bool) {
	typed = strings.TrimSpace(typed)
	for _, r := range typed { // before the case: to Unicode the capital of ſ is S
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-') {
			return "", false
		}
	}
	return strings.ToUpper(typed), len(typed) >= 3 && len(typed) <= 32
}

// WrongPromotionCode tells what a code is.
const WrongPromotionCode = "A code has 3 to 32 letters, digits and hyphens."

// PromotionRequest asks that a held booking costs less by a code, in place of the one that it may have.
type PromotionRequest struct {
	UserID    string
	BookingID string
	Code      string // as typed
	Key       *IdempotencyKey
}

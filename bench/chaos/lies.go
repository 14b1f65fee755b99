package chaos

import (
	"fmt"
	"slices"

	"github.com/boxoffice/boxoffice"
)

// lies names the answers of a client's record that turned out false.
func lies(r Record, books Books) (found []string) {
	lie := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	b, known := books.Bookings[r.Booking]
	if !known {
		lie("a hold was answered with it, and the database never had it")
		return found
	}
	if !sameSeats(r.Seats, b.Seats) {
		lie("told of the seats %v, it booked %v", r.Seats, b.Seats)
	}
	if r.Refusal != "" {
		lie("it is %q, and the last look at it was refused: %s", b.Status, r.Refusal)
		return found
	}
	if r.last() != b.Status {
		lie("the last answer was %q, it is %q", r.last(), b.Status)
	}
	for n := 1; n < len(r.Told); n++ {
		if !leadsTo(r.Told[n-1], r.Told[n]) {
			lie("told that it is %q, and then %q", r.Told[n-1], r.Told[n])
		}
	}
	if said := undoneLie(r, b, books); said != "" {
		lie("%s", said)
	}
	for _, one := range []func(Record, Booking, Money, Mails) string{soldLie, endLie, refundLie, returnLie, mailLie} {
		if said := one(r, b, books.Money[r.Booking], books.Mails[r.Email]); said != "" {
			lie("%s", said)
		}
	}
	return found
}

func sameSeats(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// leadsTo reports whether a booking can come from one status to another, by however many steps: who looks now and then misses
// some.
func leadsTo(from, to boxoffice.BookingStatus) bool {
	reached := []boxoffice.BookingStatus{from}
	for n := 0; n < len(reached); n++ {
		for _, next := range boxoffice.BookingStatuses {
			if reached[n].CanFollow(next) && !slices.Contains(reached, next) {
				reached = append(reached, next)
			}
		}
	}
	return slices.Contains(reached[1:], to)
}

// soldLie: who was told of a sale has it, unless they gave it back.
func soldLie(r Record, b Booking, m Money, _ Mails) string {
	if !r.told(boxoffice.BookingCompleted) && !r.told(boxoffice.BookingConfirmed) {
		return ""
	}
	switch {
	case b.Status != boxoffice.BookingCompleted && !r.gaveBack(b, m):
		return fmt.Sprintf("told of a sale, it is %q, and nobody gave anything back", b.Status)
	case b.Status == boxoffice.BookingCompleted && !r.PDF:
		return "told of a sale, its tickets cannot be had"
	default:
		return ""
	}
}

// endLie: who was told that nothing was bought, or whom the page refused, does not pay.
func endLie(r Record, b Booking, m Money, _ Mails) string {
	bought := b.Status == boxoffice.BookingCompleted || r.gaveBack(b, m)
	switch {
	case bought || m.kept() <= 0:
		return ""
	case r.told(boxoffice.BookingExpired) || r.told(boxoffice.BookingCancelled):
		return fmt.Sprintf("told that it ended unsold, and %d were kept", m.kept())
	case r.Page == PageRefused:
		return fmt.Sprintf("the page took no card, and %d were kept", m.kept())
	default:
		return ""
	}
}

// undoneLie: whose money the page took in time, or for seats that nobody else ever had, is not given it back instead. Late
// money for seats that are gone is.
func undoneLie(r Record, b Booking, books Books) string {
	if r.Page != PagePaid || b.Status != boxoffice.BookingRefunded || r.gaveBack(b, books.Money[r.Booking]) {
		return ""
	}
	switch {
	case r.InTime:
		return "paid in time for seats that were held, and given the money back"
	case !slices.ContainsFunc(r.Seats, func(seat string) bool { return books.hadByOther(r.Booking, seat) }):
		return "paid for seats that nobody else ever had, and given the money back"
	default:
		return ""
	}
}

// refundLie: who was told of money back has it.
func refundLie(r Record, b Booking, m Money, _ Mails) string {
	if r.last() != boxoffice.BookingRefunded {
		return ""
	}
	if m.ReturnedMinor == 0 || m.kept() > b.WorthMinor {
		return fmt.Sprintf("told that the money is back: %d of %d are", m.ReturnedMinor, m.TakenMinor)
	}
	return ""
}

// returnLie: what a return was answered with is what goes back.
func returnLie(r Record, _ Booking, m Money, _ Mails) string {
	if r.ReturnIsTaken && m.ReturnedMinor != r.RefundMinor {
		return fmt.Sprintf("told that %d go back for %d tickets, and %d did", r.RefundMinor, len(r.Returned), m.ReturnedMinor)
	}
	return ""
}

// mailLie: who was told of tickets or money has the mail.
func mailLie(r Record, b Booking, m Money, mails Mails) string {
	switch {
	case b.Status == boxoffice.BookingCompleted && mails.Tickets == 0:
		return "it is completed, and no mail brought tickets to " + r.Email
	case m.ReturnedMinor > 0 && mails.Refunds == 0:
		return fmt.Sprintf("%d went back, and no mail said so to %s", m.ReturnedMinor, r.Email)
	default:
		return ""
	}
}

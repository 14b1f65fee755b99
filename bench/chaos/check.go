package chaos

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/boxoffice/boxoffice"
)

// Page is what the payment page said to a client, the strongest word of all.
type Page int

// The words, each stronger than the one before.
const (
	PageSilent  Page = iota // nobody asked it
	PageRefused             // no money was taken: the card was declined, or the page was closed
	PageUnknown             // no answer came
	PagePaid                // the money was taken
)

// Record is what a client was told of one booking.
type Record struct {
	Booking string
	Seats   []string // that its hold was answered with
	Email   string   // given on the payment page, of this booking alone
	Told    []boxoffice.BookingStatus
	Page    Page
	InTime  bool   // the page took the money before the deadline that the client was told
	Refusal string // what the last look was answered with, where it was not the booking
	PDF     bool   // its tickets could be downloaded at the last look

	Returned      []string // tickets that the box office was asked to take back
	RefundMinor   int64    // what it said would go back for them
	ReturnIsTaken bool     // it said that it has taken them back
}

// told reports whether the client ever heard of a status.
func (r Record) told(s boxoffice.BookingStatus) bool { return slices.Contains(r.Told, s) }

// last is what the client heard last.
func (r Record) last() boxoffice.BookingStatus {
	if len(r.Told) == 0 {
		return ""
	}
	return r.Told[len(r.Told)-1]
}

// gaveBack reports whether the client really gave tickets back: where no answer came to that, the books say it.
func (r Record) gaveBack(b Booking, m Money) bool {
	gone := !slices.ContainsFunc(r.Returned, func(seat string) bool { return slices.Contains(b.Admits, seat) })
	return r.ReturnIsTaken || len(r.Returned) > 0 && gone && m.ReturnedMinor == r.RefundMinor
}

// Booking is what the database says of one.
type Booking struct {
	Status     boxoffice.BookingStatus
	Seats      []string // all that it ever booked
	Admits     []string // seats of which it has a valid ticket
	WorthMinor int64    // the price of the seats that it has, and what was kept of those that it gave back
}

// Money is what the payment provider has of a booking, in minor units.
type Money struct{ TakenMinor, ReturnedMinor int64 }

func (m Money) kept() int64 { return m.TakenMinor - m.ReturnedMinor }

// Mails counts the mails to an address, by what they say.
type Mails struct {
	Tickets int // they bring tickets
	Refunds int // money went back
}

// Books are what the database, the payment provider and the mail server say in the end.
type Books struct {
	Bookings map[string]Booking
	Stuck    []string         // seats that are held, or sold to a booking that is not completed
	Money    map[string]Money // by booking
	Mails    map[string]Mails // by address
	Audit    []string         // what boxoffice audit found
}

// hadByOther reports whether any other booking ever had the seat.
func (b Books) hadByOther(booking, seat string) bool {
	for id, other := range b.Bookings {
		if id != booking && slices.Contains(other.Seats, seat) {
			return true
		}
	}
	return false
}

// Findings are the broken promises, a sentence each.
type Findings struct{ SoldTwice, PaidUnresolved, TicketUnpaid, StuckSeats, FalseAnswers, Audit []string }

// Check holds what clients were told against the books, and the books against each other.
func Check(records []Record, books Books) Findings {
	f := Findings{SoldTwice: soldTwice(records, books), StuckSeats: stuck(books), Audit: books.Audit}
	for _, id := range slices.Sorted(maps.Keys(books.Money)) {
		if wrong := unresolved(books.Bookings[id], books.Money[id]); wrong != "" {
			f.PaidUnresolved = append(f.PaidUnresolved, "booking "+id+": "+wrong)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(books.Bookings)) {
		b, m := books.Bookings[id], books.Money[id]
		if len(b.Admits) > 0 && (m.TakenMinor == 0 || m.kept() < b.WorthMinor) {
			f.TicketUnpaid = append(f.TicketUnpaid, fmt.Sprintf("booking %s: %d tickets are worth %d, the provider has %d", id, len(b.Admits), b.WorthMinor, m.kept()))
		}
	}
	for _, r := range records {
		for _, lie := range lies(r, books) {
			f.FalseAnswers = append(f.FalseAnswers, "booking "+r.Booking+": "+lie)
		}
	}
	return f
}

// soldTwice names the seats that admit two bookings, or that two clients were told are theirs.
func soldTwice(records []Record, books Books) (twice []string) {
	owners := map[string]map[string]bool{}
	own := func(seat, booking string) {
		if owners[seat] == nil {
			owners[seat] = map[string]bool{}
		}
		owners[seat][booking] = true
	}
	for id, b := range books.Bookings {
		for _, seat := range b.Admits {
			own(seat, id)
		}
	}
	for _, r := range records {
		if r.last() != boxoffice.BookingCompleted {
			continue
		}
		gaveBack := r.gaveBack(books.Bookings[r.Booking], books.Money[r.Booking])
		for _, seat := range r.Seats {
			if !gaveBack || !slices.Contains(r.Returned, seat) {
				own(seat, r.Booking)
			}
		}
	}
	for _, seat := range slices.Sorted(maps.Keys(owners)) {
		if len(owners[seat]) > 1 {
			twice = append(twice, "seat "+seat+" is of the bookings "+strings.Join(slices.Sorted(maps.Keys(owners[seat])), " and "))
		}
	}
	return twice
}

// unresolved says what of a payment is neither a ticket nor given back.
func unresolved(b Booking, m Money) string {
	switch b.Status {
	case boxoffice.BookingCompleted:
		if len(b.Admits) == 0 && m.kept() > 0 {
			return "it is completed, paid, and has no valid ticket"
		}
		if m.kept() > b.WorthMinor {
			return fmt.Sprintf("%d were taken and kept for what is worth %d", m.kept(), b.WorthMinor)
		}
	case boxoffice.BookingRefunded:
		if m.kept() > b.WorthMinor {
			return fmt.Sprintf("it is refunded, and %d of %d did not go back", m.kept()-b.WorthMinor, m.TakenMinor)
		}
	default:
		if m.kept() > 0 {
			return fmt.Sprintf("it is %q, and %d of %d did not go back", b.Status, m.kept(), m.TakenMinor)
		}
	}
	return ""
}

// stuck names seats and bookings that nobody will ever let go.
func stuck(books Books) (found []string) {
	for _, seat := range books.Stuck {
		found = append(found, "seat "+seat)
	}
	for _, id := range slices.Sorted(maps.Keys(books.Bookings)) {
		if b := books.Bookings[id]; !b.Status.Final() {
			found = append(found, fmt.Sprintf("booking %s is still %s", id, b.Status))
		}
	}
	return found
}

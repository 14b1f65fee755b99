package boxoffice

import (
	"fmt"
	"time"
)

// SeatState is the state of a ticket row, which is a seat of one event.
type SeatState string

// The states of a seat. A seat in SeatHeld whose HeldUntil is past is free.
const (
	SeatAvailable SeatState = "available"
	SeatHeld      SeatState = "held"
	SeatSold      SeatState = "sold"
	SeatBlocked   SeatState = "blocked"
	SeatWithdrawn SeatState = "withdrawn" // no longer in the plan; kept for bookings of the past, and shown as blocked to them
)

// Ticket is one seat of one event.
type Ticket struct {
	ID         string
	EventID    string
	Section    string
	Row        string
	Number     int
	Category   string // price category
	PriceMinor int64  // without the fee; in a booking what is left of it after the discount
	FeeMinor   int64  // the booking fee, on top of the price
	// DiscountMinor is what a promotion took off, in a booking: the seat's full price is PriceMinor and it.
	DiscountMinor int64
	Accessible    bool
	State         SeatState
	HeldUntil     time.Time // zero unless held; the backstop, not the buyer's deadline
	BookingID     string
	HolderID      string // the buyer, once sold
}

// TotalMinor is all that the ticket costs. Where a price is shown to somebody who may buy, it is this one that stands out:
// the US rule on unfair or deceptive fees (16 CFR 464.2) and the EU's directive on consumer rights (2011/83/EU, article 6)
// ask for the total with all fees that cannot be avoided, from the first time that a price is named.
func (t Ticket) TotalMinor() int64 { return t.PriceMinor + t.FeeMinor }

// TicketFee is the fee of a ticket of an event whose booking fee is bookingFee. What is free of charge is free of fees.
func TicketFee(priceMinor, bookingFee int64) int64 {
	if priceMinor == 0 {
		return 0
	}
	return bookingFee
}

// Seat names the seat for people: "Stalls, row C, seat 12".
func (t Ticket) Seat() string { return SeatLabel(t.Section, t.Row, t.Number) }

// SeatLabel names a seat for people: "Stalls, row C, seat 12"; without a row (standing) "Floor, place 12".
func SeatLabel(section, row string, number int) string {
	if row == "" {
		return fmt.Sprintf("%s, place %d", section, number)
	}
	return fmt.Sprintf("%s, row %s, seat %d", section, row, number)
}

// Admission is what a QR code admits: one person, once, to one seat.
type Admission struct {
	ID       string
	TicketID string
	IssuedAt time.Time
}

// TicketDocument is all that a ticket file shows: of one completed or confirmed booking.
type TicketDocument struct {
	BookingID  string
	Reference  string // for people, as in Booking.Reference
	HolderName string
	Event      Event
	Title      Title
	Seats      []TicketPage
	Paid       Money // for these seats
	IssuedAt   time.Time
}

// TicketPage is one page of the file: one seat with its admission.
type TicketPage struct {
	Admission Admission
	Ticket    Ticket
}

// EntryClaims is what a signed entry token says.
type EntryClaims struct {
	AdmissionID string
	EventID     string
	Seat        string
	ExpiresAt   time.Time
}

// TicketFiles makes the files of a sold booking from what the rows say; the same document gives the same claims.
type TicketFiles interface {
	// PDF renders a page a seat. CodeIssueImpossible when the document itself cannot be rendered. Costs about 3 ms of CPU a page.
	PDF(doc TicketDocument) ([]byte, error)
	// Calendar renders an iCalendar file (RFC 5545) with the event in the venue's time zone.
	Calendar(doc TicketDocument) ([]byte, error)
	// QR renders the entry token of the page of ticketID as PNG. CodeNotFound.
	QR(doc TicketDocument, ticketID string) ([]byte, error)
}

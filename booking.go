package boxoffice

import (
	"context"
	"encoding/json"
	"time"
)

// BookingStatus is the state of a booking; see Transitions for how one follows another.
type BookingStatus string

// The states of a booking.
const (
	BookingHeld      BookingStatus = "held"      // seats are held until a deadline; nothing is sold
	BookingConfirmed BookingStatus = "confirmed" // paid and sold; tickets are being made
	BookingCompleted BookingStatus = "completed" // tickets exist
	BookingExpired   BookingStatus = "expired"   // the deadline passed unpaid; seats are free
	BookingCancelled BookingStatus = "cancelled" // the buyer let go before paying; seats are free
	BookingRefunding BookingStatus = "refunding" // money is on its way back; seats are free
	BookingRefunded  BookingStatus = "refunded"  // money is back
)

// BookingStatuses lists every status.
var BookingStatuses = []BookingStatus{
	BookingHeld, BookingConfirmed, BookingCompleted, BookingExpired, BookingCancelled, BookingRefunding, BookingRefunded,
}

// Transitions is the table of what may follow what, with the act that does it. docs/states.md is drawn from it.
var Transitions = []struct {
	From, To BookingStatus
	Act      string
}{
	{BookingHeld, BookingConfirmed, "paid in time: seats held → sold"},
	{BookingHeld, BookingExpired, "deadline passed, payment page closed, nothing paid: seats freed"},
	{BookingHeld, BookingCancelled, "buyer or support cancels, or the event is called off, payment page closed, nothing paid: seats freed"},
	{BookingHeld, BookingRefunding, "paid, but cancelled meanwhile, or the seats or the event are lost"},
	{BookingConfirmed, BookingCompleted, "tickets issued"},
	{BookingConfirmed, BookingRefunding, "tickets cannot be issued, the event is called off, or support cancels"},
	{BookingCompleted, BookingRefunding, "the buyer gives all tickets back, as the event's policy allows, the event is called off, support cancels, or all of the money went back past us"},
	{BookingExpired, BookingConfirmed, "paid late, and the same seats are still free"},
	{BookingExpired, BookingRefunding, "paid late, and the seats are gone"},
	{BookingCancelled, BookingRefunding, "paid although cancelled"},
	{BookingRefunded, BookingRefunding, "paid once more, the bank sends a refund back, or support gives more back"},
	{BookingRefunding, BookingRefunded, "every refund arrived"},
}

// CanFollow reports whether next may follow s directly.
func (s BookingStatus) CanFollow(next BookingStatus) bool {
	for _, t := range Transitions {
		if t.From == s && t.To == next {
			return true
		}
	}
	return false
}

// Final reports whether a booking in this state needs nothing more, unless money arrives.
func (s BookingStatus) Final() bool {
	switch s {
	case BookingCompleted, BookingExpired, BookingCancelled, BookingRefunded:
		return true
	case BookingHeld, BookingConfirmed, BookingRefunding:
		return false
	default:
		return false
	}
}

// PaymentSummary says in a word how a booking stands with its money.
type PaymentSummary string

// The payment summaries.
const (
	PaymentNone PaymentSummary = "none" // no payment page is open
	PaymentOpen PaymentSummary = "open" // a payment page is open
	PaymentPaid PaymentSummary = "paid" // money has arrived
)

// Booking is one buyer's reservation of seats of one event.
type Booking struct {
	ID            string
	Reference     string // eight letters and digits for people, unique, not secret
	UserID        string
	EventID       string
	Status        BookingStatus
	Payment       PaymentSummary
	CheckoutURL   string // while Payment is open and the page's address is known
	Fixed         bool   // a payment page was opened, so its seats and its price stand
	Tickets       []Ticket
	Amount        Money  // all that it costs, fees too
	Promotion     string // the code by which it costs less; may be empty
	Email         string // where the tickets go; empty: the user's address, or the one given on the payment page
	HoldExpiresAt time.Time
	ClosingReason ClosingReason
	CreatedAt     time.Time
	Mails         []BookingMail // newest first, the last 20

	RefundableUntil time.Time // until then tickets of it can be given back; zero: they cannot, or no longer

	CalledOffAt     time.Time // when it was ended because its event was called off; zero: it was not
	CalledOffReason string    // the organizer's words on that; may be empty
}

// BookingProgress is how far a booking is, which is what people wait for.
type BookingProgress struct {
	Status  BookingStatus
	Payment PaymentSummary
}

// Progress is how far the booking is.
func (b Booking) Progress() BookingProgress {
	return BookingProgress{Status: b.Status, Payment: b.Payment}
}

// Fee is what the booking fees of all its tickets come to, those that were given back too. It is part of Amount.
func (b Booking) Fee() Money {
	fee := Money{Currency: b.Amount.Currency}
	for _, t := range b.Tickets {
		fee.Minor += t.FeeMinor
	}
	return fee
}

// Discount is what a promotion took off the prices of all its tickets, those that were given back too.
func (b Booking) Discount() Money {
	discount := Money{Currency: b.Amount.Currency}
	for _, t := range b.Tickets {
		discount.Minor += t.DiscountMinor
	}
	return discount
}

// ClosingReason is why a held booking is being closed.
type ClosingReason string

// The closing reasons; empty means the deadline.
const (
	ClosingByDeadline ClosingReason = ""
	ClosingByCancel   ClosingReason = "cancel"
)

// HoldRequest asks for seats.
type HoldRequest struct {
	UserID     string
	TicketIDs  []string
	Accessible bool            // the buyer says that somebody needs a place for a wheelchair
	Key        *IdempotencyKey // nil: none was given
}

// BookingFilter selects a user's own bookings.
type BookingFilter struct {
	UserID  string
	EventID string // "": of all events
	Cursor  string // from an earlier page
	Limit   int    // 1 to 100
}

// BestRequest asks for the best free seats of an event. Zero fields do not restrict.
type BestRequest struct {
	UserID        string
	EventID       string
	Count         int // seats, wheelchairs' spaces among them
	Accessible    int // wheelchairs' spaces
	Category      string
	MaxPriceMinor int64 // of each seat with its fee
	Split         bool  // where so many are nowhere together, in groups near each other
	Key           *IdempotencyKey
}

// SeatChange asks for other seats in a booking that is held. Adding a seat that it has is no error; neither is removing one that
// it has not, unless a seat is to come for it that it has not either: that is CodeInvalid.
type SeatChange struct {
	UserID     string
	BookingID  string
	Add        []string // ticket IDs
	Remove     []string
	Accessible bool // as HoldRequest.Accessible; what was said when the seats were booked still holds
	Key        *IdempotencyKey
}

// Cancellation asks that a booking is let go, or, where it is paid, that tickets of it are given back.
type Cancellation struct {
	UserID    string
	BookingID string
	TicketIDs []string // of a booking that is paid; none: all that it still has
	HoldOnly  bool     // whoever means to let go of a hold must not undo a sale that was quicker
	Reason    string   // the buyer's words, for staff; one line, may be empty
	Key       *IdempotencyKey
}

// CancellationQuote is what a cancellation comes to.
type CancellationQuote struct {
	Refund Money // goes back
	Kept   Money // of what was paid for the tickets that are given back
}

// IdempotencyKey identifies one write of one user. Its row is the first write of the act's transaction.
type IdempotencyKey struct {
	UserID   string
	Route    string // "POST /book"
	Key      string // as the client sent it, at most 255 bytes
	BodyHash []byte // SHA-256 of the body
}

// HoldRules are the times and limits that the store applies; see the configuration.
type HoldRules struct {
	Duration        time.Duration // from the booking's creation to its first deadline
	Extension       time.Duration // a press of extend
	CheckoutMinimum time.Duration // left at least when the first payment page opens
	Max             time.Duration // from creation to the last possible deadline; only the first checkout may pass it
	Grace           time.Duration // from the deadline to the backstop at which a seat frees itself
	MaxSeats        int           // a booking
	MaxOpenBookings int           // open bookings a user an event
	MaxUnpaid       int           // bookings of a user that end unpaid within UnpaidWindow before the next must wait; 0: no limit
	UnpaidWindow    time.Duration // from the creation of such a booking until it no longer counts
}

// BookingPage is one page of a user's bookings, newest first.
type BookingPage struct {
	Bookings []Booking
	Next     string
}

// TimelineEntry is one line of a booking's history.
type TimelineEntry struct {
	At      time.Time
	What    string
	Actor   string // "buyer", "workflow", "provider", "sweep", or a staff member's username
	Details json.RawMessage
}

// BookingService is what the API calls. Who asks is an explicit argument; a booking of another user is CodeNotFound.
type BookingService interface {
	// Book holds the seats and sees to it that the booking's workflow runs. CodeInvalid, CodeNotFound, CodeNotOnSale,
	// CodeRateLimited, CodeSeatsTaken, CodeOpenBookingExists, CodeKeyReused, CodeUnavailable. Costs one transaction.
	Book(ctx context.Context, req HoldRequest) (Booking, error)
	// BookBest is Book with the best free seats, as BookingStore.HoldBest chooses them, with its codes.
	BookBest(ctx context.Context, req BestRequest) (Booking, error)
	// Booking gives one booking of the user. CodeNotFound.
	Booking(ctx context.Context, userID, bookingID string) (Booking, error)
	// Progress says how far bookings are, whoever's they are; one that does not exist is left out. CodeUnavailable.
	Progress(ctx context.Context, bookingIDs []string) (map[string]BookingProgress, error)
	// Bookings lists the user's bookings. CodeInvalid on a bad cursor.
	Bookings(ctx context.Context, f BookingFilter) (BookingPage, error)
	// ApplyPromotion and RemovePromotion change what a held booking costs, as BookingStore's do.
	ApplyPromotion(ctx context.Context, req PromotionRequest) (Booking, error)
	RemovePromotion(ctx context.Context, userID, bookingID string, key *IdempotencyKey) (Booking, error)
	// Checkout opens the payment page, or gives the one that is open. CodeNotFound, CodeBookingClosed,
	// CodeDeadlinePassed, CodeSeatsLost, CodeKeyReused, CodeUnavailable.
	Checkout(ctx context.Context, req CheckoutRequest) (Checkout, error)
	// Extend moves the deadline. CodeNotFound, CodeBookingClosed, CodeDeadlinePassed, CodeSeatsLost, CodeKeyReused.
	Extend(ctx context.Context, userID, bookingID string, key *IdempotencyKey) (Booking, error)
	// ChangeSeats is as BookingStore.ChangeSeats.
	ChangeSeats(ctx context.Context, c SeatChange) (Booking, error)
	// Cancel lets go of a booking that is not paid, where cancelling twice is no error; of one that is paid it gives tickets
	// back, as BookingStore.CancelSale does. CodeNotFound, CodeInvalid, CodeNotReady, CodeSaleFinal, CodeBookingClosed,
	// CodeKeyReused.
	Cancel(ctx context.Context, c Cancellation) (Booking, error)
	// QuoteCancellation says what Cancel would come to, with its errors, and changes nothing.
	QuoteCancellation(ctx context.Context, c Cancellation) (CancellationQuote, error)
	// Resend has the tickets mailed once more, to the booking's address or another. CodeNotFound, CodeNotReady, CodeInvalid
	// where there is no address, CodeRateLimited, CodeKeyReused.
	Resend(ctx context.Context, req ResendRequest) (Booking, error)
	// TicketsPDF gives the PDF of a completed booking, made anew if its file is gone. CodeNotFound, CodeNotReady.
	TicketsPDF(ctx context.Context, userID, bookingID string) ([]byte, error)
	// Calendar gives the iCalendar file of a completed booking. CodeNotFound, CodeNotReady.
	Calendar(ctx context.Context, userID, bookingID string) ([]byte, error)
	// QR gives the PNG of one ticket's entry code. CodeNotFound, CodeNotReady.
	QR(ctx context.Context, userID, bookingID, ticketID string) ([]byte, error)
	// ReceiveWebhook takes a webhook as it came: it returns nil once the event is stored with its effect, or needs none.
	// CodeBadSignature, CodeUnavailable.
	ReceiveWebhook(ctx context.Context, payload []byte, signature string) error
}

// Nudger starts the run of a booking, or wakes the one that there is, so that it looks at the rows; one that is stuck it
// replaces. CodeUnavailable.
type Nudger interface {
	Nudge(ctx context.Context, ref BookingRef) error
}

// OverdueNudger is a Nudger for bookings of which nothing was heard in time: the worker's sweep reaches the booking service by
// it. A run whose task waits for a worker is late, not lost: it is left alone, and is not woken. CodeUnavailable.
type OverdueNudger interface {
	NudgeOverdue(ctx context.Context, ref BookingRef) (woken bool, err error)
}

// EventSettler takes up a stored event that had no effect. The worker's inbox sweep reaches the booking service by it.
type EventSettler interface {
	// SettleEvent asks the provider for what the event tells of, applies its word as that of a webhook, and nudges the
	// booking. CodeProviderUnknown, CodeUnavailable: the event stays, and is due again. Costs a call to the provider and a
	// transaction.
	SettleEvent(ctx context.Context, e PaymentEvent) (EventFate, error)
}

// BookingRef is what a run needs to be started and found: IDs and numbers only, since staff read it.
type BookingRef struct {
	BookingID string        `json:"booking_id"`
	Reference string        `json:"reference,omitempty"`
	Seats     []string      `json:"seats,omitempty"` // as in [Ticket.Seat]
	EventID   string        `json:"event_id"`
	UserID    string        `json:"user_id"`
	Status    BookingStatus `json:"status"`
	Summary   string        `json:"summary"` // at most 200 bytes: "2 seats · Ghost · Chico · 19:30"
}

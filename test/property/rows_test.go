package property

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/stretchr/testify/require"
)

// rows are all that the database says of the event's bookings at one moment.
type rows struct {
	Bookings   []booking
	Tickets    []ticket
	Booked     []booked
	Attempts   []attempt
	Payments   []payment
	Refunds    []refundRow
	Admissions []admission
	Emails     []email
}

type booking struct {
	ID          string
	UserID      string                  `json:"user_id"`
	Status      boxoffice.BookingStatus `json:"status"`
	Reason      boxoffice.ClosingReason `json:"closing_reason"`
	ClosingAt   *time.Time              `json:"closing_at"`
	Deadline    time.Time               `json:"hold_expires_at"`
	NextCheckAt *time.Time              `json:"next_check_at"`
	Epoch       int64                   `json:"epoch"`
	Amount      int64                   `json:"amount_minor"`
	Code        string                  // of its promotion
	Ledger      int64                   // what its lines come to
}

type ticket struct {
	ID        string
	State     boxoffice.SeatState
	BookingID string `json:"booking_id"`
}

type booked struct {
	BookingID  string     `json:"booking_id"`
	TicketID   string     `json:"ticket_id"`
	Price      int64      `json:"price_minor"`
	Fee        int64      `json:"fee_minor"`
	Discount   int64      `json:"discount_minor"`
	Kept       int64      `json:"kept_minor"`
	ReleasedAt *time.Time `json:"released_at"`
}

type attempt struct {
	ID        string
	BookingID string `json:"booking_id"`
	State     boxoffice.AttemptState
	SessionID string `json:"session_id"`
}

type payment struct {
	ID        string
	BookingID string `json:"booking_id"`
	Intent    string `json:"payment_intent"`
	Amount    int64  `json:"amount_minor"`
	SettledAs string `json:"settled_as"`
	Goodwill  int64  `json:"goodwill_minor"`
}

type refundRow struct {
	PaymentID string `json:"payment_id"`
	N         int
	Amount    int64 `json:"amount_minor"`
	State     boxoffice.RefundState
	Origin    boxoffice.RefundOrigin
	Undecided int64  `json:"undecided_minor"`
	Provider  string `json:"provider_id"`
}

type admission struct {
	BookingID string     `json:"booking_id"`
	TicketID  string     `json:"ticket_id"`
	VoidedAt  *time.Time `json:"voided_at"`
}

type email struct {
	ID        string
	BookingID string `json:"booking_id"`
	Kind      boxoffice.EmailKind
	DedupeKey string `json:"dedupe_key"`
	Status    boxoffice.EmailStatus
}

// rowsSQL reads them in one statement and so at one moment.
const rowsSQL = `
	WITH b AS (SELECT * FROM bookings WHERE event_id = $1), p AS (SELECT * FROM payments WHERE booking_id IN (SELECT id FROM b))
	SELECT jsonb_build_object(
		'bookings', (SELECT jsonb_agg(to_jsonb(b) || jsonb_build_object(
				'code', (SELECT code FROM promotions WHERE id = b.promotion_id),
				'ledger', (SELECT coalesce(sum(l.amount_minor), 0) FROM booking_ledger l WHERE l.booking_id = b.id)) ORDER BY created_at, id) FROM b),
		'tickets', (SELECT jsonb_agg(to_jsonb(t) - 'held_until' ORDER BY number) FROM tickets t WHERE event_id = $1),
		'booked', (SELECT jsonb_agg(to_jsonb(x)) FROM booking_tickets x WHERE booking_id IN (SELECT id FROM b)),
		'attempts', (SELECT jsonb_agg(to_jsonb(a) ORDER BY id) FROM payment_attempts a WHERE booking_id IN (SELECT id FROM b)),
		'payments', (SELECT jsonb_agg(to_jsonb(p) ORDER BY id) FROM p),
		'refunds', (SELECT jsonb_agg(to_jsonb(r)) FROM refunds r WHERE payment_id IN (SELECT id FROM p)),
		'admissions', (SELECT jsonb_agg(to_jsonb(a)) FROM admissions a WHERE booking_id IN (SELECT id FROM b)),
		'emails', (SELECT jsonb_agg(to_jsonb(e) ORDER BY id) FROM emails e WHERE booking_id IN (SELECT id FROM b)))`

// rows reads the database and gives new bookings their names.
func (w *world) rows() rows {
	var raw []byte
	require.NoError(w.tb, w.db.Pool.QueryRow(w.ctx, rowsSQL, w.event).Scan(&raw))
	var all rows
	require.NoError(w.tb, json.Unmarshal(raw, &all))
	for _, b := range all.Bookings[min(len(w.order), len(all.Bookings)):] {
		w.order = append(w.order, b.ID)
	}
	return all
}

func pick[T any](all []T, match func(T) bool) []T {
	var some []T
	for _, one := range all {
		if match(one) {
			some = append(some, one)
		}
	}
	return some
}

// seatsOf are the seats that the booking has booked, whoever has them now.
func (r rows) seatsOf(id string) []ticket {
	return pick(r.Tickets, func(t ticket) bool {
		return len(pick(r.Booked, func(x booked) bool { return x.BookingID == id && x.TicketID == t.ID })) > 0
	})
}

// keptBy are the seats that the booking has booked and not let go.
func (r rows) keptBy(id string) []booked {
	return pick(r.Booked, func(x booked) bool { return x.BookingID == id && x.ReleasedAt == nil })
}

// keeps reports whether the booking has not let go of the seat.
func (r rows) keeps(id, ticket string) bool {
	return len(pick(r.keptBy(id), func(x booked) bool { return x.TicketID == ticket })) > 0
}

// bookedBy are the seats that the booking has booked, whether it let them go or not.
func (r rows) bookedBy(id string) []booked {
	return pick(r.Booked, func(x booked) bool { return x.BookingID == id })
}

// shares sums what was kept of the price of seats that the booking gave back.
func (r rows) shares(id string) (sum int64) {
	for _, x := range r.Booked {
		if x.BookingID == id {
			sum += x.Kept
		}
	}
	return sum
}

// owes is what of a payment is to go back: of a sale, all but the price and fee of its seats and the shares that were kept, less
// goodwill.
func (r rows) owes(p payment) int64 {
	if p.SettledAs != "sale" {
		return p.Amount
	}
	return p.Amount - r.worth(p)
}

// worth is what is kept of a sale's payment, by right.
func (r rows) worth(p payment) int64 {
	worth := r.shares(p.BookingID) - p.Goodwill
	for _, x := range r.keptBy(p.BookingID) {
		worth += x.Price + x.Fee
	}
	return max(0, worth)
}

// goodwill is what of a sale went back although its seats stay.
func (r rows) goodwill(id string) (sum int64) {
	for _, p := range r.paymentsOf(id) {
		if p.SettledAs == "sale" {
			sum += p.Goodwill
		}
	}
	return sum
}

// elsewhere is what of a payment was paid past the provider.
func (r rows) elsewhere(p payment) (sum int64) {
	for _, f := range r.Refunds {
		if f.PaymentID == p.ID && f.Origin == boxoffice.RefundedElsewhere {
			sum += f.Amount
		}
	}
	return sum
}

// undecided are the refunds of which nobody has said what they were for.
func (r rows) undecided() []refundRow {
	return pick(r.Refunds, func(f refundRow) bool { return f.Undecided > 0 })
}

// stuckPayments are those that owe money after a failure for which nobody asks the provider.
func (r rows) stuckPayments() []payment {
	return pick(r.Payments, func(p payment) bool {
		failed := slices.ContainsFunc(r.Refunds, func(f refundRow) bool { return f.PaymentID == p.ID && f.State == boxoffice.RefundFailed })
		return failed && p.SettledAs != "" && r.refunded(p) < r.owes(p)
	})
}

func (r rows) paymentsOf(id string) []payment {
	return pick(r.Payments, func(p payment) bool { return p.BookingID == id })
}

// refunded sums the refund rows of a payment that did not fail.
func (r rows) refunded(p payment) int64 {
	var sum int64
	for _, f := range r.Refunds {
		if f.PaymentID == p.ID && f.State != boxoffice.RefundFailed {
			sum += f.Amount
		}
	}
	return sum
}

// stuck reports whether the booking waits for support: a refund failed, and the provider will not be asked again.
func (r rows) stuck(id string) bool {
	return slices.ContainsFunc(r.stuckPayments(), func(p payment) bool { return p.BookingID == id })
}

func (r rows) booking(id string) booking {
	for _, b := range r.Bookings {
		if b.ID == id {
			return b
		}
	}
	return booking{}
}

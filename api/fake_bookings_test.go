package api

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/boxoffice/boxoffice"
)

// fakeBookings has one booking, which every user owns.
type fakeBookings struct {
	booking  boxoffice.Booking // what differs from the standard one
	listed   int               // of it in a list; 1 if zero
	err      error
	filter   boxoffice.BookingFilter
	hold     boxoffice.HoldRequest
	checkout boxoffice.CheckoutRequest
	resend   boxoffice.ResendRequest
	code     boxoffice.PromotionRequest
	cancel   boxoffice.Cancellation
	change   boxoffice.SeatChange
	best     boxoffice.BestRequest
	quoted   boxoffice.Cancellation
	refusal  error // of Resend and ApplyPromotion alone
	key      *boxoffice.IdempotencyKey
	payload  []byte
	block    chan struct{} // Booking waits for it, if set
	entered  chan struct{}
	paid     atomic.Bool // it goes on from what booking says
}

func (f *fakeBookings) some(userID string) boxoffice.Booking {
	b := f.booking
	b.ID, b.UserID, b.EventID, b.Reference = bookingID, userID, eventID, "7KQ2M9XD"
	b.Amount = boxoffice.Money{Minor: 1450, Currency: "USD"}
	b.CreatedAt = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	b.HoldExpiresAt = b.CreatedAt.Add(8 * time.Minute)
	if b.Status == "" {
		b.Status, b.Payment = boxoffice.BookingHeld, boxoffice.PaymentNone
	}
	if f.paid.Load() {
		b.Payment = boxoffice.PaymentPaid
	}
	ticket := someTicket()
	ticket.State, ticket.HolderID, ticket.BookingID = boxoffice.SeatSold, userID, bookingID
	b.Tickets = []boxoffice.Ticket{ticket}
	return b
}

func (f *fakeBookings) Book(_ context.Context, req boxoffice.HoldRequest) (boxoffice.Booking, error) {
	f.hold, f.key = req, req.Key
	f.hold.TicketIDs = slices.Clone(req.TicketIDs)
	return f.some(req.UserID), f.err
}

func (f *fakeBookings) BookBest(_ context.Context, req boxoffice.BestRequest) (boxoffice.Booking, error) {
	f.best, f.key = req, req.Key
	return f.some(req.UserID), f.err
}

func (f *fakeBookings) Booking(ctx context.Context, userID, id string) (boxoffice.Booking, error) {
	if f.block != nil {
		close(f.entered)
		select {
		case <-f.block:
		case <-ctx.Done():
			return boxoffice.Booking{}, ctx.Err()
		}
	}
	if ctx.Err() != nil {
		return boxoffice.Booking{}, ctx.Err()
	}
	if id != bookingID {
		return boxoffice.Booking{}, boxoffice.Errorf(boxoffice.CodeNotFound, "There is no such booking.")
	}
	return f.some(userID), f.err
}

func (f *fakeBookings) Progress(_ context.Context, ids []string) (map[string]boxoffice.BookingProgress, error) {
	progress := map[string]boxoffice.BookingProgress{}
	for _, id := range ids {
		progress[id] = f.some("").Progress()
	}
	return progress, f.err
}

func (f *fakeBookings) Bookings(_ context.Context, filter boxoffice.BookingFilter) (boxoffice.BookingPage, error) {
	f.filter = filter
	return boxoffice.BookingPage{Bookings: slices.Repeat([]boxoffice.Booking{f.some(filter.UserID)}, max(f.listed, 1))}, f.err
}

func (f *fakeBookings) Checkout(_ context.Context, req boxoffice.CheckoutRequest) (boxoffice.Checkout, error) {
	f.checkout, f.key = req, req.Key
	return boxoffice.Checkout{URL: "https://pay.test/c/pay/cs_1", ExpiresAt: time.Now()}, f.err
}

func (f *fakeBookings) ApplyPromotion(ctx context.Context, req boxoffice.PromotionRequest) (boxoffice.Booking, error) {
	f.code, f.key = req, req.Key
	if f.refusal != nil {
		return boxoffice.Booking{}, f.refusal
	}
	return f.Booking(ctx, req.UserID, req.BookingID)
}

func (f *fakeBookings) RemovePromotion(
	ctx context.Context, userID, id string, key *boxoffice.IdempotencyKey,
) (boxoffice.Booking, error) {
	f.key = key
	return f.Booking(ctx, userID, id)
}

func (f *fakeBookings) Extend(
	ctx context.Context, userID, id string, key *boxoffice.IdempotencyKey,
) (boxoffice.Booking, error) {
	f.key = key
	return f.Booking(ctx, userID, id)
}

func (f *fakeBookings) ChangeSeats(ctx context.Context, c boxoffice.SeatChange) (boxoffice.Booking, error) {
	f.change, f.key = c, c.Key
	return f.Booking(ctx, c.UserID, c.BookingID)
}

func (f *fakeBookings) Cancel(ctx context.Context, c boxoffice.Cancellation) (boxoffice.Booking, error) {
	f.cancel, f.key = c, c.Key
	return f.Booking(ctx, c.UserID, c.BookingID)
}

func (f *fakeBookings) QuoteCancellation(_ context.Context, c boxoffice.Cancellation) (boxoffice.CancellationQuote, error) {
	f.quoted = c
	return boxoffice.CancellationQuote{
		Refund: boxoffice.Money{Minor: 1160, Currency: "USD"}, Kept: boxoffice.Money{Minor: 290, Currency: "USD"},
	}, f.err
}

func (f *fakeBookings) Resend(ctx context.Context, req boxoffice.ResendRequest) (boxoffice.Booking, error) {
	f.resend, f.key = req, req.Key
	if f.refusal != nil {
		return boxoffice.Booking{}, f.refusal
	}
	return f.Booking(ctx, req.UserID, req.BookingID)
}

func (f *fakeBookings) TicketsPDF(context.Context, string, string) ([]byte, error) {
	return []byte("%PDF-1.7"), f.err
}

func (f *fakeBookings) Calendar(context.Context, string, string) ([]byte, error) {
	return []byte("BEGIN:VCALENDAR"), f.err
}

func (f *fakeBookings) QR(context.Context, string, string, string) ([]byte, error) {
	return []byte("\x89PNG"), f.err
}

func (f *fakeBookings) ReceiveWebhook(_ context.Context, payload []byte, signature string) error {
	f.payload = payload
	if signature != "good" {
		return boxoffice.Errorf(boxoffice.CodeBadSignature, "The signature is wrong.")
	}
	return f.err
}

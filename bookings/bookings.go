// Package bookings is the booking service: it holds the seats, starts the workflow, opens the checkout, extends, cancels,
// and takes the payment provider's webhooks. It is the only caller of Temporal's client, its one dependency; stores and
// providers reach it as interfaces of the root package.
//
// What a buyer is told is decided by the store, in the request. Temporal is spoken to afterwards and is never waited for:
// where it cannot be reached, the worker's sweep starts the run.
package bookings

import (
	"context"
	"log/slog"
	"net/url"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/failpoint"
	"github.com/boxoffice/boxoffice/internal/metrics"
	"github.com/boxoffice/boxoffice/workflows"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"
)

// Options are what a Service is made of. Required are those up to Logger.
type Options struct {
	Store    boxoffice.BookingStore
	Support  boxoffice.SupportDesk // may be nil where nobody asks for support
	Provider boxoffice.PaymentProvider
	Tickets  boxoffice.TicketFiles
	Files    boxoffice.FileStore
	Temporal client.Client
	BaseURL  *url.URL // our own origin, where buyers come back to
	Logger   *slog.Logger

	// Metrics count what operators are alerted by; nil counts nothing.
	Metrics *metrics.Metrics

	// CallOffs keep events that were called off; nil: none is.
	CallOffs boxoffice.CancellationStore

	// Failpoints are for tests that kill the process; nil in a deployed program.
	Failpoints *failpoint.Points

	CallsInFlight int // to Temporal, in the background, at once; 512 if zero. What would be one too many is the sweep's.
}

// The failpoints of this package.
const (
	PointHeldNotStarted = "api-held-not-started" // the hold is committed, the run not started
	PointPaidNotWoken   = "api-paid-not-woken"   // the webhook is stored, the run not woken
	PointMailNotStarted = "api-mail-not-started" // the mail is queued, its workflow not started
	PointCancelNotWoken = "api-cancel-not-woken" // the cancellation is committed, the run not woken
	PointOffNotStarted  = "api-off-not-started"  // the event is called off, its run not started
)

// Service is the booking service.
type Service struct {
	Options
	calls errgroup.Group
}

var (
	_ boxoffice.BookingService = (*Service)(nil)
	_ boxoffice.Nudger         = (*Service)(nil)
	_ boxoffice.EventSettler   = (*Service)(nil)

	_ boxoffice.CancellationService = (*Service)(nil)
	_ boxoffice.CallOffRunner       = (*Service)(nil)
	_ boxoffice.SupportService      = (*Service)(nil)
)

// New makes a service. Drain must be called when no request is under way any more.
func New(o Options) *Service {
	if o.CallsInFlight == 0 {
		o.CallsInFlight = 512
	}
	s := &Service{Options: o}
	s.calls.SetLimit(o.CallsInFlight)
	return s
}

// Drain waits for the calls in the background, each of which is bounded by patience.
func (s *Service) Drain() error { return s.calls.Wait() }

// Book holds the seats in one transaction. The run is started once the buyer has the answer.
func (s *Service) Book(ctx context.Context, req boxoffice.HoldRequest) (boxoffice.Booking, error) {
	booking, ref, fresh, err := s.Store.HoldSeats(ctx, req)
	return s.held(ctx, booking, ref, fresh, err)
}

// BookBest is Book with the best free seats.
func (s *Service) BookBest(ctx context.Context, req boxoffice.BestRequest) (boxoffice.Booking, error) {
	booking, ref, fresh, err := s.Store.HoldBest(ctx, req)
	return s.held(ctx, booking, ref, fresh, err)
}

// held starts the run of a booking that is new.
func (s *Service) held(ctx context.Context, booking boxoffice.Booking, ref boxoffice.BookingRef, fresh bool, err error) (boxoffice.Booking, error) {
	if err != nil {
		return boxoffice.Booking{}, err
	}
	if err := s.Failpoints.Reach(ctx, PointHeldNotStarted); err != nil {
		return boxoffice.Booking{}, err
	}
	if fresh {
		s.start(ctx, ref)
	}
	return booking, nil
}

// Booking gives one booking of the user.
func (s *Service) Booking(ctx context.Context, userID, bookingID string) (boxoffice.Booking, error) {
	return s.Store.Booking(ctx, userID, bookingID)
}

// Progress says how far bookings are.
func (s *Service) Progress(ctx context.Context, bookingIDs []string) (map[string]boxoffice.BookingProgress, error) {
	return s.Store.Progress(ctx, bookingIDs)
}

// Bookings lists the user's bookings.
func (s *Service) Bookings(ctx context.Context, f boxoffice.BookingFilter) (boxoffice.BookingPage, error) {
	return s.Store.Bookings(ctx, f)
}

// ApplyPromotion makes a held booking cheaper. The run is not woken: it does not know what a booking costs.
func (s *Service) ApplyPromotion(ctx context.Context, req boxoffice.PromotionRequest) (boxoffice.Booking, error) {
	return s.Store.ApplyPromotion(ctx, req)
}

// RemovePromotion takes the code of a held booking away again.
func (s *Service) RemovePromotion(ctx context.Context, userID, bookingID string, key *boxoffice.IdempotencyKey) (boxoffice.Booking, error) {
	return s.Store.RemovePromotion(ctx, userID, bookingID, key)
}

// Extend moves the deadline. The run is not woken: it finds out when the old deadline comes.
func (s *Service) Extend(ctx context.Context, userID, bookingID string, key *boxoffice.IdempotencyKey) (boxoffice.Booking, error) {
	return s.Store.Extend(ctx, userID, bookingID, key)
}

// ChangeSeats changes the seats of a held booking. The run is not woken: it looks at them when it sells or frees them.
func (s *Service) ChangeSeats(ctx context.Context, c boxoffice.SeatChange) (boxoffice.Booking, error) {
	return s.Store.ChangeSeats(ctx, c)
}

// Cancel lets go of a booking, or of tickets of one that is sold. Where a payment page may still be paid, or money goes
// back, the run sees to it; where all is done already, the run is only told to end.
func (s *Service) Cancel(ctx context.Context, c boxoffice.Cancellation) (boxoffice.Booking, error) {
	booking, settled, err := s.cancel(ctx, c)
	if err != nil {
		return boxoffice.Booking{}, err
	}
	if err := s.Failpoints.Reach(ctx, PointCancelNotWoken); err != nil {
		return boxoffice.Booking{}, err
	}
	ref, err := s.Store.BookingRef(ctx, c.BookingID)
	if err != nil {
		// The cancellation stands, and the deadline or the sweep wakes the run.
		s.Logger.WarnContext(ctx, "a cancelled booking's run was not woken", "booking", c.BookingID, "error", err)
		return booking, nil
	}
	if settled {
		s.wakeRunning(ctx, ref)
	} else {
		s.wake(ctx, ref, workflows.SignalCancel)
	}
	return booking, nil
}

// cancel lets go of a hold, or else gives tickets back: which of them it is the store says, under the booking's lock. A hold
// is let go of as a whole.
func (s *Service) cancel(ctx context.Context, c boxoffice.Cancellation) (b boxoffice.Booking, settled bool, err error) {
	if len(c.TicketIDs) == 0 {
		b, settled, err = s.Store.RequestCancel(ctx, c.UserID, c.BookingID, c.Key)
		if c.HoldOnly || boxoffice.CodeOf(err) != boxoffice.CodeBookingClosed {
			return b, settled, err
		}
	}
	b, err = s.Store.CancelSale(ctx, c)
	return b, false, err
}

// QuoteCancellation says what Cancel would come to.
func (s *Service) QuoteCancellation(ctx context.Context, c boxoffice.Cancellation) (boxoffice.CancellationQuote, error) {
	return s.Store.QuoteCancellation(ctx, c)
}

// Resend queues one more mail with the tickets, whose workflow is started once the buyer has the answer.
func (s *Service) Resend(ctx context.Context, req boxoffice.ResendRequest) (boxoffice.Booking, error) {
	booking, emailID, err := s.Store.RequestResend(ctx, req)
	if err != nil || emailID == "" {
		return booking, err
	}
	if err := s.Failpoints.Reach(ctx, PointMailNotStarted); err != nil {
		return boxoffice.Booking{}, err
	}
	ref, err := s.Store.BookingRef(ctx, req.BookingID)
	if err != nil {
		s.Logger.WarnContext(ctx, "a mail was not started; the sweep sends it", "booking", req.BookingID, "error", err)
		return booking, nil
	}
	s.startMail(ctx, ref, emailID)
	return booking, nil
}

// TicketsPDF gives the PDF of a completed booking.
func (s *Service) TicketsPDF(ctx context.Context, userID, bookingID string) ([]byte, error) {
	doc, key, err := s.Store.TicketDocument(ctx, userID, bookingID)
	if err != nil {
		return nil, err
	}
	return boxoffice.TicketsPDF(ctx, s.Files, s.Tickets, doc, key)
}

// Calendar gives the iCalendar file of a completed booking.
func (s *Service) Calendar(ctx context.Context, userID, bookingID string) ([]byte, error) {
	doc, _, err := s.Store.TicketDocument(ctx, userID, bookingID)
	if err != nil {
		return nil, err
	}
	return s.Tickets.Calendar(doc)
}

// QR gives the PNG of one ticket's entry code.
func (s *Service) QR(ctx context.Context, userID, bookingID, ticketID string) ([]byte, error) {
	doc, _, err := s.Store.TicketDocument(ctx, userID, bookingID)
	if err != nil {
		return nil, err
	}
	return s.Tickets.QR(doc, ticketID)
}

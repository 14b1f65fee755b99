// Package activities holds what workflows call: each function is one idempotent step over a store, a provider or a
// renderer, reached through the interfaces of the root package. Temporal's SDK is its one dependency.
//
// An activity may run any number of times, at once or late, on any worker: what keeps that harmless is in the acts it
// calls. Errors keep their code across Temporal; see ToTemporal.
package activities

import (
	"context"
	"log/slog"

	"github.com/boxoffice/boxoffice"
)

// Activities are the steps of a booking. Workflows hold a nil *Activities for the names of its methods; workers register
// one whose fields are all set.
type Activities struct {
	Bookings boxoffice.BookingStore
	Emails   boxoffice.EmailStore
	Support  boxoffice.SupportStore
	Provider boxoffice.PaymentProvider
	Tickets  boxoffice.TicketFiles
	Files    boxoffice.FileStore
	Composer boxoffice.MailComposer
	Sender   boxoffice.MailSender
	Logger   *slog.Logger
}

// Act names the booking and the epoch that a step acts for, and the thing it acts on, where there is one.
type Act struct {
	BookingID string `json:"booking_id"`
	Epoch     int64  `json:"epoch"`
	PaymentID string `json:"payment_id,omitempty"`
	RefundN   int    `json:"refund_n,omitempty"`
	AttemptID string `json:"attempt_id,omitempty"`
	EmailID   string `json:"email_id,omitempty"`
	Reason    string `json:"reason,omitempty"` // for the buyer
}

// HoldSeats is a run's first step: it verifies the hold that POST /book made, raises the epoch and looks. It never takes
// a seat.
func (a *Activities) HoldSeats(ctx context.Context, bookingID string) (boxoffice.Situation, error) {
	return done(ctx, a, bookingID)(a.Bookings.VerifyHold(ctx, bookingID))
}

// Look reads the situation.
func (a *Activities) Look(ctx context.Context, act Act) (boxoffice.Situation, error) {
	return done(ctx, a, act.BookingID)(a.Bookings.Look(ctx, act.BookingID, act.Epoch))
}

// ConfirmSeats sells the held seats to the payment.
func (a *Activities) ConfirmSeats(ctx context.Context, act Act) (boxoffice.Situation, error) {
	return done(ctx, a, act.BookingID)(a.Bookings.ConfirmSeats(ctx, act.BookingID, act.Epoch, act.PaymentID))
}

// SellLate sells the seats of an expired booking to a payment that came late, or requests its refund.
func (a *Activities) SellLate(ctx context.Context, act Act) (boxoffice.Situation, error) {
	return done(ctx, a, act.BookingID)(a.Bookings.SellLate(ctx, act.BookingID, act.Epoch, act.PaymentID))
}

// IssueTickets makes the admissions and the PDF, keeps the file, and completes the booking. The file is written before
// the booking says that there is one.
func (a *Activities) IssueTickets(ctx context.Context, act Act) (boxoffice.Situation, error) {
	finish := done(ctx, a, act.BookingID)
	doc, err := a.Bookings.IssueAdmissions(ctx, act.BookingID, act.Epoch)
	if err != nil {
		return finish(boxoffice.Situation{}, err)
	}
	pdf, err := a.Tickets.PDF(doc)
	if err != nil {
		return finish(boxoffice.Situation{}, err)
	}
	key := boxoffice.TicketsKey(act.BookingID, 0)
	if err := a.Files.Put(ctx, key, "application/pdf", pdf); err != nil {
		return finish(boxoffice.Situation{}, err)
	}
	return finish(a.Bookings.CompleteBooking(ctx, act.BookingID, act.Epoch, key))
}

// Compensate undoes a booking that has money and cannot end in tickets.
func (a *Activities) Compensate(ctx context.Context, act Act) (boxoffice.Situation, error) {
	return done(ctx, a, act.BookingID)(a.Bookings.Compensate(ctx, act.BookingID, act.Epoch, act.Reason))
}

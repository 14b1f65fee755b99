package postgres

import (
	"context"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
)

// RequestCancel lets go of a booking. Where no page can be paid and nothing was paid, the seats are freed and the booking
// is cancelled at once; else the wish is written down, with which nothing can be sold any more, and the run closes the
// checkout first.
func (s *Bookings) RequestCancel(ctx context.Context, userID, bookingID string, key *boxoffice.IdempotencyKey) (boxoffice.Booking, bool, error) {
	var b boxoffice.Booking
	settled := true
	err := s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		b, _, err = once(ctx, tx, key, func() (boxoffice.Booking, error) { return cancelHold(ctx, tx, userID, bookingID) })
		settled = b.Status != boxoffice.BookingHeld
		return err
	})
	return b, settled, err
}

func cancelHold(ctx context.Context, tx pgx.Tx, userID, bookingID string) (boxoffice.Booking, error) {
	var none boxoffice.Booking
	b, err := lockOwnBooking(ctx, tx, userID, bookingID)
	if err != nil {
		return none, err
	}
	if err := letGo(ctx, tx, b, "buyer"); err != nil {
		return none, err
	}
	return readBooking(ctx, tx, userID, bookingID)
}

// letGo cancels a hold, or writes down that it is to be cancelled, and looks. One that was let go before is left as it is.
func letGo(ctx context.Context, tx pgx.Tx, b lockedBooking, actor string) error {
	wished := b.status == boxoffice.BookingHeld && b.reason == boxoffice.ClosingByCancel
	switch {
	case b.status == boxoffice.BookingCancelled || wished:
		return nil
	case b.status != boxoffice.BookingHeld:
		return boxoffice.Errorf(boxoffice.CodeBookingClosed, "This booking is no longer open, so it cannot be let go.")
	}
	_, err := tx.Exec(ctx, `UPDATE bookings SET closing_reason = 'cancel', closing_at = coalesce(closing_at, boxoffice_now())
		WHERE id = $1`, b.id)
	if err != nil {
		return err
	}
	if err := addTimeline(ctx, tx, b.id, "cancel requested", actor, nil); err != nil {
		return err
	}
	b.closing, b.reason = true, boxoffice.ClosingByCancel
	if err := releaseIfUnpaid(ctx, tx, b); err != nil {
		return err
	}
	_, err = look(ctx, tx, b.id)
	return err
}

// BeginClosing sets closing_at where the deadline has passed or the buyer wishes to cancel. From then on no payment page
// can open and nothing can be extended.
func (s *Bookings) BeginClosing(ctx context.Context, bookingID string, epoch int64) (boxoffice.Situation, error) {
	return s.act(ctx, bookingID, epoch, func(ctx context.Context, tx pgx.Tx, b lockedBooking) error {
		if b.status != boxoffice.BookingHeld || b.closing || !(b.late || b.reason == boxoffice.ClosingByCancel) {
			return nil
		}
		_, err := tx.Exec(ctx, `UPDATE bookings SET closing_at = boxoffice_now() WHERE id = $1`, b.id)
		return err
	})
}

// ResolveAttempt notes what became of an attempt whose page was closed: dead, or paid after all.
func (s *Bookings) ResolveAttempt(ctx context.Context, bookingID string, epoch int64, end boxoffice.AttemptEnd) (boxoffice.Situation, error) {
	return s.act(ctx, bookingID, epoch, func(ctx context.Context, tx pgx.Tx, b lockedBooking) error {
		return resolveAttempt(ctx, tx, b, end.AttemptID, end.Session)
	})
}

// resolveAttempt is shared by the closing run and the webhook. A session that is still open changes nothing.
func resolveAttempt(ctx context.Context, tx pgx.Tx, b lockedBooking, attemptID string, session *boxoffice.PaymentSession) error {
	switch {
	case session != nil && session.Status == boxoffice.SessionOpen:
		return nil
	case session != nil && session.Status == boxoffice.SessionComplete && session.Paid:
		return markPaid(ctx, tx, b, attemptID, *session)
	case session != nil && session.Status == boxoffice.SessionComplete:
		return boxoffice.Errorf(boxoffice.CodeProviderUnknown, "Session %s is complete but not paid.", session.ID)
	}
	var sessionID *string
	if session != nil {
		sessionID = &session.ID
	}
	_, err := tx.Exec(ctx, `
		UPDATE payment_attempts SET state = 'dead', ended_at = boxoffice_now(), session_id = coalesce(session_id, $3)
		WHERE id = $1 AND booking_id = $2 AND state = 'live'`, attemptID, b.id, sessionID)
	return err
}

// ReleaseSeats frees the seats of a closing booking that nobody can pay any more and nobody paid.
func (s *Bookings) ReleaseSeats(ctx context.Context, bookingID string, epoch int64) (boxoffice.Situation, error) {
	return s.act(ctx, bookingID, epoch, releaseIfUnpaid)
}

// releaseIfUnpaid ends a closing booking, unless a page can still be paid or money has arrived.
func releaseIfUnpaid(ctx context.Context, tx pgx.Tx, b lockedBooking) error {
	if b.status != boxoffice.BookingHeld || !b.closing {
		return nil
	}
	var payable bool
	err := tx.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM payment_attempts WHERE booking_id = $1 AND state IN ('live', 'paid'))
			OR EXISTS (SELECT FROM payments WHERE booking_id = $1 AND settled_as IS NULL)`, b.id).Scan(&payable)
	if err != nil || payable {
		return err
	}
	if err := freeSeats(ctx, tx, b.id); err != nil {
		return err
	}
	status := boxoffice.BookingExpired
	if b.reason == boxoffice.ClosingByCancel {
		status = boxoffice.BookingCancelled
	}
	if _, err := tx.Exec(ctx, `UPDATE bookings SET status = $2 WHERE id = $1`, b.id, status); err != nil {
		return err
	}
	if b.eventOff {
		if err := markCalledOff(ctx, tx, b.id); err != nil {
			return err
		}
	}
	if err := addTimeline(ctx, tx, b.id, string(status), "workflow", nil); err != nil || status != boxoffice.BookingCancelled {
		return err
	}
	return tellOfCancel(ctx, tx, b)
}

// tellOfCancel queues the mail on a cancellation where a payment page was open: its buyer may be in doubt whether something
// was charged. A payment that came for it all the same is surplus, and has a mail of its own.
func tellOfCancel(ctx context.Context, tx pgx.Tx, b lockedBooking) error {
	var page, paid bool
	err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM payment_attempts WHERE booking_id = $1), EXISTS (SELECT FROM payments WHERE booking_id = $1)`,
		b.id).Scan(&page, &paid)
	if err != nil || !page {
		return err
	}
	if b.eventOff && !paid {
		return tellOfCallOff(ctx, tx, b, 0)
	}
	var details map[string]any
	if paid {
		reason := "A payment that it could not use goes back to the card that it came from; another mail tells you of that."
		if b.eventOff {
			reason = "The event was called off. " + reason
		}
		details = map[string]any{"reason": reason}
	}
	return queueEmail(ctx, tx, b.id, boxoffice.EmailCancelled, "cancelled:"+b.id, details)
}

package postgres

import (
	"context"
	"errors"

	"github.com/boxoffice/boxoffice"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// ReceivePaymentEvent stores a verified webhook together with its effect, in one transaction. An event that came before
// is processed again unless its effect is complete; two events that tell of one fact have one effect. What was found in the
// provider's record has no event's ID, and leaves nothing in the inbox.
func (s *Bookings) ReceivePaymentEvent(ctx context.Context, e boxoffice.PaymentEvent) (boxoffice.EventReceipt, error) {
	var receipt boxoffice.EventReceipt
	err := s.db.apart.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		receipt = boxoffice.EventReceipt{Fate: boxoffice.EventTaken}
		about, err := subjectOf(ctx, tx, e)
		if err != nil {
			return err
		}
		if e.ID != "" {
			if processed, err := storeEvent(ctx, tx, e, about.booking.id); err != nil || processed {
				return err
			}
		} else if about.booking.id == "" {
			receipt.Fate = boxoffice.EventUnknown
			return nil
		}
		if about.booking.id == "" {
			receipt.Fate, err = keepEvent(ctx, tx, e)
			return err
		}
		if err := applyPaymentEvent(ctx, tx, e, about); err != nil {
			return err
		}
		now, err := look(ctx, tx, about.booking.id)
		if err != nil || e.Asked() && now.Idle() {
			return err
		}
		found, err := readRef(ctx, tx, about.booking.id)
		receipt.Booking = &found
		return err
	})
	return receipt, err
}

// subject is what an event tells of: nothing of ours, or a booking under its lock and, of a session, its attempt, of refunds
// or a dispute that were asked about, their payment.
type subject struct {
	booking   lockedBooking
	attemptID string
	paymentID string
}

// subjectOf finds and locks what an event tells of. The booking's lock comes before the inbox row's, as it does in the
// acts that settle a payment and with it its events: a repeated event would else wait with them in a circle.
func subjectOf(ctx context.Context, tx pgx.Tx, e boxoffice.PaymentEvent) (subject, error) {
	var about subject
	var bookingID string
	var err error
	switch {
	case e.Parked != "" || e.Ask:
		return about, nil
	case len(e.Refunds) > 0:
		about.paymentID, bookingID, err = paymentOf(ctx, tx, e.Refunds[0].PaymentIntent)
	case e.Dispute != nil:
		about.paymentID, bookingID, err = paymentOf(ctx, tx, e.Dispute.PaymentIntent)
	case e.Session != nil:
		about.attemptID, bookingID, err = attemptOf(ctx, tx, *e.Session)
	case e.Refund != nil:
		bookingID, err = bookingOfRefund(ctx, tx, *e.Refund)
	}
	if err != nil || bookingID == "" {
		return about, err
	}
	about.booking, err = lockBooking(ctx, tx, bookingID)
	return about, err
}

// applyPaymentEvent does what an event asks for that concerns a booking.
func applyPaymentEvent(ctx context.Context, tx pgx.Tx, e boxoffice.PaymentEvent, about subject) error {
	switch {
	case e.Session != nil:
		return applySession(ctx, tx, e, about)
	case e.Dispute != nil:
		if err := followDispute(ctx, tx, about.booking, about.paymentID, *e.Dispute); err != nil {
			return err
		}
		return noteOutcome(ctx, tx, e.ID, "dispute "+string(e.Dispute.State), true)
	case len(e.Refunds) > 0:
		if err := followRefunds(ctx, tx, about.booking, about.paymentID, e.Refunds); err != nil {
			return err
		}
		return noteOutcome(ctx, tx, e.ID, "refunds recorded", true)
	default:
		return applyRefund(ctx, tx, e, about)
	}
}

func applySession(ctx context.Context, tx pgx.Tx, e boxoffice.PaymentEvent, about subject) error {
	paid := e.Session.Status == boxoffice.SessionComplete
	if paid && !e.Session.Paid {
		return noteOutcome(ctx, tx, e.ID, "complete but not paid", true)
	}
	if err := resolveAttempt(ctx, tx, about.booking, about.attemptID, e.Session); err != nil {
		return err
	}
	if !paid {
		return noteOutcome(ctx, tx, e.ID, "session "+string(e.Session.Status), true)
	}
	// A payment's event is done when the payment sold the seats or got its refund row, by the act that does so; a twin
	// that comes after that has nothing left to do.
	var settled bool
	err := tx.QueryRow(ctx, `SELECT settled_as IS NOT NULL FROM payments WHERE payment_intent = $1`, e.Session.PaymentIntent).Scan(&settled)
	if err != nil {
		return err
	}
	return noteOutcome(ctx, tx, e.ID, "payment received", settled)
}

// attemptOf finds our attempt by the reference that the session carries, else by the session's own ID.
func attemptOf(ctx context.Context, tx pgx.Tx, session boxoffice.PaymentSession) (attemptID, bookingID string, err error) {
	err = tx.QueryRow(ctx, `SELECT id, booking_id FROM payment_attempts WHERE id = $1 OR session_id = $2
		ORDER BY id = $1 DESC LIMIT 1`, uuidOf(session.AttemptID), session.ID).Scan(&attemptID, &bookingID)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", "", nil
	}
	return attemptID, bookingID, err
}

// uuidOf gives an ID that came from outside, or the one that nothing has where it is none.
func uuidOf(id string) string {
	if uuid.Validate(id) != nil {
		return uuid.Nil.String()
	}
	return id
}

// markPaid writes the payment down, once for each payment intent, and makes the hold of the seats endless if they are
// still held. A payment that cannot buy them (another attempt is open or paid, another amount or currency, another
// session than the stored one) is a surplus: it is refunded, whatever becomes of the booking.
func markPaid(ctx context.Context, tx pgx.Tx, b lockedBooking, attemptID string, session boxoffice.PaymentSession) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	inserted, err := tx.Exec(ctx, `
		INSERT INTO payments (id, booking_id, attempt_id, session_id, payment_intent, amount_minor, currency)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (payment_intent) DO NOTHING`,
		id.String(), b.id, attemptID, session.ID, session.PaymentIntent, session.Amount.Minor, session.Amount.Currency)
	if err != nil || inserted.RowsAffected() == 0 {
		return err
	}
	var state boxoffice.AttemptState
	err = tx.QueryRow(ctx, `
		UPDATE payment_attempts a SET ended_at = boxoffice_now(), session_id = coalesce(session_id, $2), state = CASE
			WHEN a.state = 'paid' OR (a.state <> 'surplus' AND a.amount_minor = $3 AND a.currency = $4 AND coalesce(a.session_id, $2) = $2
				AND NOT EXISTS (SELECT FROM payment_attempts o WHERE o.booking_id = a.booking_id AND o.id <> a.id
					AND o.state IN ('live', 'paid'))) THEN 'paid'::attempt_state
			ELSE 'surplus' END
		WHERE a.id = $1 RETURNING a.state`,
		attemptID, session.ID, session.Amount.Minor, session.Amount.Currency).Scan(&state)
	if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	queueTimeline(batch, b.id, "payment received", "provider",
		map[string]any{"payment": id.String(), "amount_minor": session.Amount.Minor, "attempt": string(state)})
	queueKeepAddress(batch, b.id, session.Email)
	if state == boxoffice.AttemptPaid && b.status == boxoffice.BookingHeld {
		queueHoldForever(batch, b.id)
	}
	return tx.SendBatch(ctx, batch).Close()
}

// queueKeepAddress fills the booking's address in: the one it has, else the user's, else the one given on the payment page.
func queueKeepAddress(batch *pgx.Batch, bookingID, collected string) {
	batch.Queue(`UPDATE bookings b SET email = coalesce(b.email, u.email, nullif($2, ''))
		FROM users u WHERE b.id = $1 AND u.id = b.user_id`, bookingID, collected)
}

// queueHoldForever keeps the seats that are still held by the booking from freeing themselves: money has arrived.
func queueHoldForever(batch *pgx.Batch, bookingID string) {
	queueLockSeats(batch, bookingID, keptSeats, &lockedSeats{})
	batch.Queue(`UPDATE tickets SET held_until = 'infinity' WHERE booking_id = $1 AND state = 'held'
		AND id IN (SELECT ticket_id FROM booking_tickets WHERE booking_id = $1)`, bookingID)
}

// paymentOf finds a payment of ours by the provider's name for it; "" for another's.
func paymentOf(ctx context.Context, tx pgx.Tx, paymentIntent string) (paymentID, bookingID string, err error) {
	err = tx.QueryRow(ctx, `SELECT id, booking_id FROM payments WHERE payment_intent = $1`, paymentIntent).Scan(&paymentID, &bookingID)
	return paymentID, bookingID, ignoreNotFound(err)
}

// bookingOfRefund finds the booking of one of our refunds, by the provider's ID or by the row that the provider was asked
// for; "" for one that was made elsewhere.
func bookingOfRefund(ctx context.Context, tx pgx.Tx, r boxoffice.ProviderRefund) (bookingID string, err error) {
	err = tx.QueryRow(ctx, `
		SELECT p.booking_id FROM refunds r JOIN payments p ON p.id = r.payment_id
		WHERE r.provider_id = $1 OR (r.payment_id = $2 AND r.n = $3 AND r.provider_id IS NULL) LIMIT 1`,
		r.ID, uuidOf(r.PaymentID), r.N).Scan(&bookingID)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return bookingID, err
}

// applyRefund notes the provider's word on one of our refunds.
func applyRefund(ctx context.Context, tx pgx.Tx, e boxoffice.PaymentEvent, about subject) error {
	if err := markRefund(ctx, tx, about.booking, *e.Refund); err != nil {
		return err
	}
	return noteOutcome(ctx, tx, e.ID, "refund "+string(e.Refund.State), true)
}

package postgres

import (
	"context"
	"encoding/json"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// sessionLife is how long a payment page could be paid if nobody closed it. Stripe accepts 30 minutes at least; five
	// more leave time to create it again under the same parameters when the first answer was lost.
	sessionLife = 35 * time.Minute
	// afterSession is how long seats stay held behind the end of a payment page, for a webhook that is under way.
	afterSession = 5 * time.Minute
)

// OpenAttempt stores a payment attempt with everything that the session will be created with, and moves the seats'
// backstop behind the page's own end, before the provider hears of it. A live attempt is given again, never doubled. Where
// nothing has to be paid, the payment of nothing is received with it, and the run sells the seats as it does for any other.
func (s *Bookings) OpenAttempt(ctx context.Context, req boxoffice.CheckoutRequest) (boxoffice.PaymentAttempt, error) {
	var attempt boxoffice.PaymentAttempt
	err := s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		if req.Key != nil {
			// Only the body's identity is kept: the answer is the live attempt's, which is read again.
			if _, err := claimKey(ctx, tx, req.Key); err != nil {
				return err
			}
		}
		b, err := lockOwnBooking(ctx, tx, req.UserID, req.BookingID)
		if err != nil {
			return err
		}
		if attempt, err = openAttempt(ctx, tx, b.id); err == nil || boxoffice.CodeOf(translate(err)) != boxoffice.CodeNotFound {
			if err == nil && attempt.Free() && b.stands() {
				return nil
			}
			return refuseIfClosed(b, attempt, err)
		}
		if err := mayOpen(b); err != nil {
			return err
		}
		attempt, err = s.newAttempt(ctx, tx, b, req)
		return err
	})
	return attempt, err
}

// mayOpen says why nothing can be opened or extended any more.
func mayOpen(b lockedBooking) error {
	switch {
	case b.canOpen():
		return nil
	case b.eventOff:
		return boxoffice.Errorf(boxoffice.CodeBookingClosed, "The event was called off.")
	case b.status == boxoffice.BookingHeld && b.reason != boxoffice.ClosingByCancel:
		return boxoffice.Errorf(boxoffice.CodeDeadlinePassed, "The time to pay has passed.")
	default:
		return boxoffice.Errorf(boxoffice.CodeBookingClosed, "This booking is no longer open.")
	}
}

func refuseIfClosed(b lockedBooking, open boxoffice.PaymentAttempt, err error) error {
	if err != nil {
		return err
	}
	if open.State == boxoffice.AttemptPaid {
		return boxoffice.Errorf(boxoffice.CodeBookingClosed, "This booking is already paid.")
	}
	return mayOpen(b)
}

// refuseFixed says why the seats of a booking and what they cost can no longer be changed. They stand from the first payment
// page on, also when that page is closed: should the provider take money for it all the same, it must find what it was for.
// Who comes back from a closed page can open another, extend, or let go. Only a page that never was binds nobody.
func refuseFixed(ctx context.Context, tx pgx.Tx, b lockedBooking) error {
	open, err := openAttempt(ctx, tx, b.id)
	if err := refuseIfClosed(b, open, ignoreNotFound(err)); err != nil {
		return err
	}
	var fixed bool
	err = tx.QueryRow(ctx, `SELECT `+bookingIsFixed+` FROM bookings b WHERE b.id = $1`, b.id).Scan(&fixed)
	if err == nil && fixed {
		err = boxoffice.Errorf(boxoffice.CodeBookingClosed, "A payment page was opened for this booking, so its seats and its price stand. Let go of it to choose anew.")
	}
	return err
}

const attemptColumns = `id, booking_id, state, parameters, coalesce(session_id, ''), coalesce(url, ''), created_at, expires_at`

func scanAttempt(row pgx.Row) (boxoffice.PaymentAttempt, error) {
	var a boxoffice.PaymentAttempt
	var parameters []byte
	err := row.Scan(&a.ID, &a.BookingID, &a.State, &parameters, &a.SessionID, &a.URL, &a.CreatedAt, &a.ExpiresAt)
	if err == nil {
		err = json.Unmarshal(parameters, &a.Parameters)
	}
	return a, err
}

// openAttempt reads the attempt that is live or paid; there is at most one.
func openAttempt(ctx context.Context, tx pgx.Tx, bookingID string) (boxoffice.PaymentAttempt, error) {
	return scanAttempt(tx.QueryRow(ctx, `SELECT `+attemptColumns+` FROM payment_attempts
		WHERE booking_id = $1 AND state IN ('live', 'paid')`, bookingID))
}

// Attempt reads an attempt.
func (s *Bookings) Attempt(ctx context.Context, attemptID string) (boxoffice.PaymentAttempt, error) {
	var a boxoffice.PaymentAttempt
	err := s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) (err error) {
		a, err = scanAttempt(conn.QueryRow(ctx, `SELECT `+attemptColumns+` FROM payment_attempts WHERE id = $1`, attemptID))
		return err
	})
	return a, err
}

func (s *Bookings) newAttempt(ctx context.Context, tx pgx.Tx, b lockedBooking, req boxoffice.CheckoutRequest) (boxoffice.PaymentAttempt, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return boxoffice.PaymentAttempt{}, err
	}
	parameters, err := s.sessionParameters(ctx, tx, b, req)
	if err != nil {
		return boxoffice.PaymentAttempt{}, err
	}
	parameters.AttemptID = id.String()
	stored, err := json.Marshal(parameters)
	if err != nil {
		return boxoffice.PaymentAttempt{}, err
	}
	var a boxoffice.PaymentAttempt
	batch := &pgx.Batch{}
	s.queueMoveForCheckout(batch, b, req.Email, parameters.ExpiresAt)
	batch.Queue(`
		INSERT INTO payment_attempts (id, booking_id, parameters, amount_minor, currency, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6) RETURNING `+attemptColumns,
		id.String(), b.id, stored, b.amount.Minor, b.amount.Currency, parameters.ExpiresAt).QueryRow(func(row pgx.Row) (err error) {
		a, err = scanAttempt(row)
		return err
	})
	queueTimeline(batch, b.id, "checkout opened", "buyer", map[string]any{"attempt": id.String()})
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return a, err
	}
	if a.Free() {
		if err := markPaid(ctx, tx, b, a.ID, paymentOfNothing(a)); err != nil {
			return a, err
		}
		a.State = boxoffice.AttemptPaid
	}
	_, err = look(ctx, tx, b.id)
	return a, err
}

// paymentOfNothing stands for the session of an attempt that is free of charge, which the provider never hears of.
func paymentOfNothing(a boxoffice.PaymentAttempt) boxoffice.PaymentSession {
	return boxoffice.PaymentSession{
		ID: "free_" + a.ID, PaymentIntent: "free_" + a.ID, Status: boxoffice.SessionComplete, Paid: true,
		Amount: boxoffice.Money{Currency: a.Parameters.Currency},
	}
}

func (s *Bookings) sessionParameters(ctx context.Context, tx pgx.Tx, b lockedBooking, req boxoffice.CheckoutRequest) (boxoffice.SessionParameters, error) {
	p := boxoffice.SessionParameters{
		BookingID: b.id, AmountMinor: b.amount.Minor, Currency: b.amount.Currency, CustomerEmail: req.Email,
		SuccessURL: req.SuccessURL, CancelURL: req.CancelURL,
	}
	var name, email string
	var seats []boxoffice.Ticket
	batch := &pgx.Batch{}
	batch.Queue(`
		SELECT b.reference, e.name, coalesce(b.email, u.email, ''), date_trunc('second', boxoffice_now()) + $2
		FROM bookings b JOIN events e ON e.id = b.event_id JOIN users u ON u.id = b.user_id WHERE b.id = $1`,
		b.id, sessionLife).QueryRow(func(row pgx.Row) error { return row.Scan(&p.Reference, &name, &email, &p.ExpiresAt) })
	queueTickets(batch, b.id, &seats)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return p, err
	}
	if p.CustomerEmail == "" {
		p.CustomerEmail = email
	}
	p.Lines = linesOf(name, seats)
	p.ExpiresAt = p.ExpiresAt.UTC()
	return p, nil
}

// linesOf are a line a seat, at what is left of its price, and one of the booking fees, which a booking's tickets have in
// common, but for those that are free of charge.
func linesOf(event string, tickets []boxoffice.Ticket) []boxoffice.LineItem {
	var lines []boxoffice.LineItem
	fees := boxoffice.LineItem{Name: "Booking fee"}
	for _, t := range tickets {
		lines = append(lines, boxoffice.LineItem{Name: event + ", " + t.Seat(), UnitMinor: t.PriceMinor, Quantity: 1})
		if t.FeeMinor > 0 {
			fees.UnitMinor = t.FeeMinor
			fees.Quantity++
		}
	}
	if fees.Quantity > 0 {
		lines = append(lines, fees)
	}
	return lines
}

// queueMoveForCheckout gives the buyer of a first payment page at least the configured time, and moves the backstop of the
// seats behind the page's end. A further page, after a decline, moves no deadline.
func (s *Bookings) queueMoveForCheckout(batch *pgx.Batch, b lockedBooking, email string, sessionEnds time.Time) {
	batch.Queue(`
		UPDATE bookings SET email = coalesce(nullif($2, ''), email), hold_expires_at = CASE
			WHEN EXISTS (SELECT FROM payment_attempts a WHERE a.booking_id = $1) THEN hold_expires_at
			ELSE greatest(hold_expires_at, boxoffice_now() + $3) END
		WHERE id = $1`, b.id, email, s.rules.CheckoutMinimum)
	s.queueMoveBackstop(batch, b.id, sessionEnds.Add(afterSession))
}

// moveBackstop moves held_until of all the booking's seats to the later of what it is, until, and deadline + grace. A
// seat that is no longer the booking's refuses it.
func (s *Bookings) moveBackstop(ctx context.Context, tx pgx.Tx, bookingID string, until time.Time) error {
	batch := &pgx.Batch{}
	s.queueMoveBackstop(batch, bookingID, until)
	return tx.SendBatch(ctx, batch).Close()
}

func (s *Bookings) queueMoveBackstop(batch *pgx.Batch, bookingID string, until time.Time) {
	var seats lockedSeats
	queueLockSeats(batch, bookingID, keptSeats, &seats)
	batch.Queue(`
		UPDATE tickets t SET held_until = greatest(t.held_until, $2, b.hold_expires_at + $3)
		FROM bookings b WHERE b.id = $1 AND t.booking_id = b.id AND t.state = 'held'
		  AND t.id IN (SELECT ticket_id FROM booking_tickets WHERE booking_id = $1)`, bookingID, until, s.rules.Grace).
		Exec(func(pgconn.CommandTag) error {
			if !seats.allHeldBy(bookingID) {
				return boxoffice.Errorf(boxoffice.CodeSeatsLost, "The seats of this booking are no longer held.")
			}
			return nil
		})
}

// StoreSession notes the session that the provider made for an attempt. The URL may be handed out only when there is no
// error: a booking that closed meanwhile keeps the session's ID, so that its page can be closed, but nobody gets to it.
func (s *Bookings) StoreSession(ctx context.Context, attemptID string, session boxoffice.PaymentSession) (time.Time, error) {
	var deadline time.Time
	var refused error
	err := s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		b, err := lockBookingOf(ctx, tx, "payment_attempts", attemptID)
		if err != nil {
			return err
		}
		var state boxoffice.AttemptState
		err = tx.QueryRow(ctx, `
			UPDATE payment_attempts SET session_id = coalesce(session_id, $2), url = coalesce(url, nullif($3, ''))
			WHERE id = $1 RETURNING state, (SELECT hold_expires_at FROM bookings WHERE id = $4)`,
			attemptID, session.ID, session.URL, b.id).Scan(&state, &deadline)
		if err != nil {
			return err
		}
		refused = refuseIfClosed(b, boxoffice.PaymentAttempt{State: state}, nil)
		if refused == nil && state != boxoffice.AttemptLive {
			refused = boxoffice.Errorf(boxoffice.CodeBookingClosed, "This payment page is closed. Please try again.")
		}
		return nil
	})
	if err == nil {
		err = refused
	}
	return deadline.UTC(), err
}

// AbandonAttempt ends a live attempt of which the provider proved to have no session. One whose session is known stays.
func (s *Bookings) AbandonAttempt(ctx context.Context, attemptID string) error {
	return s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := lockBookingOf(ctx, tx, "payment_attempts", attemptID); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE payment_attempts SET state = 'dead', ended_at = boxoffice_now()
			WHERE id = $1 AND state = 'live' AND session_id IS NULL`, attemptID)
		return err
	})
}

// Extend moves the deadline by one extension, up to the longest hold, and the backstop of all seats with it.
func (s *Bookings) Extend(ctx context.Context, userID, bookingID string, key *boxoffice.IdempotencyKey) (boxoffice.Booking, error) {
	var b boxoffice.Booking
	err := s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		b, _, err = once(ctx, tx, key, func() (boxoffice.Booking, error) { return s.extend(ctx, tx, userID, bookingID) })
		return err
	})
	return b, err
}

func (s *Bookings) extend(ctx context.Context, tx pgx.Tx, userID, bookingID string) (boxoffice.Booking, error) {
	var none boxoffice.Booking
	b, err := lockOwnBooking(ctx, tx, userID, bookingID)
	if err != nil {
		return none, err
	}
	open, err := openAttempt(ctx, tx, b.id)
	if err := refuseIfClosed(b, open, ignoreNotFound(err)); err != nil {
		return none, err
	}
	moved, err := tx.Exec(ctx, `
		UPDATE bookings SET hold_expires_at = least(hold_expires_at + $2, created_at + $3)
		WHERE id = $1 AND hold_expires_at < created_at + $3`, b.id, s.rules.Extension, s.rules.Max)
	if err != nil {
		return none, err
	}
	if moved.RowsAffected() == 0 {
		return none, boxoffice.Errorf(boxoffice.CodeDeadlinePassed, "The hold cannot be extended any further.")
	}
	if err := s.moveBackstop(ctx, tx, b.id, time.Time{}); err != nil {
		return none, err
	}
	if err := addTimeline(ctx, tx, b.id, "extended", "buyer", nil); err != nil {
		return none, err
	}
	if _, err := look(ctx, tx, b.id); err != nil {
		return none, err
	}
	return readBooking(ctx, tx, userID, b.id)
}

func ignoreNotFound(err error) error {
	if boxoffice.CodeOf(translate(err)) == boxoffice.CodeNotFound {
		return nil
	}
	return err
}

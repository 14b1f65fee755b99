package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Compensate undoes, in one transaction, a booking that has money and cannot end in tickets: a refund row for what each
// payment still has to give back, admissions void, seats free, refunding. It does nothing to a booking that is neither
// held with a paid attempt nor confirmed: beside a surplus payment a page may be open, and its seats must stay.
func (s *Bookings) Compensate(ctx context.Context, bookingID string, epoch int64, reason string) (boxoffice.Situation, error) {
	return s.act(ctx, bookingID, epoch, func(ctx context.Context, tx pgx.Tx, b lockedBooking) error {
		var paid bool
		err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM payment_attempts WHERE booking_id = $1 AND state = 'paid')`, b.id).Scan(&paid)
		if err != nil || !(paid && b.status == boxoffice.BookingHeld || b.status == boxoffice.BookingConfirmed) {
			return err
		}
		if b.eventOff {
			return undoCalledOff(ctx, tx, b)
		}
		return undo(ctx, tx, b, reason)
	})
}

// undo gives the money of a booking back and lets its seats go: admissions void, seats free, a refund row for what each
// payment still has to give back, refunding. Payments are locked first, then seats, as everywhere.
func undo(ctx context.Context, tx pgx.Tx, b lockedBooking, reason string) error {
	rows, err := tx.Query(ctx, `SELECT id FROM payments WHERE booking_id = $1 AND settled_as IS DISTINCT FROM 'refund'
		ORDER BY id FOR NO KEY UPDATE`, b.id)
	if err != nil {
		return err
	}
	payments, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE admissions SET voided_at = boxoffice_now() WHERE booking_id = $1 AND voided_at IS NULL`, b.id); err != nil {
		return err
	}
	if err := freeSeats(ctx, tx, b.id); err != nil {
		return err
	}
	for _, paymentID := range payments { // after the seats: what a sale owes is told by those that it still has
		if err := insertRefund(ctx, tx, b.id, paymentID, reason); err != nil {
			return err
		}
	}
	return setRefunding(ctx, tx, b.id, reason)
}

// insertRefund gives back what a payment still owes: its next numbered refund row, written before the provider is asked.
// Nothing is inserted where nothing is left. Where all of it goes back, nobody has to say any more what a part was for.
func insertRefund(ctx context.Context, tx pgx.Tx, bookingID, paymentID, reason string) error {
	batch := &pgx.Batch{}
	queueRefund(batch, bookingID, paymentID, reason)
	queueSettle(batch, paymentID, "refund", "refund requested")
	queueDecided(batch, bookingID)
	return tx.SendBatch(ctx, batch).Close()
}

func queueRefund(batch *pgx.Batch, bookingID, paymentID, reason string) {
	batch.Queue(`
		WITH made AS (
			INSERT INTO refunds (payment_id, n, amount_minor, currency, reason)
			SELECT p.id, coalesce(max(r.n), 0) + 1,
			       payment_owes(p) - coalesce(sum(r.amount_minor) FILTER (WHERE r.state <> 'failed'), 0), p.currency, $3
			FROM payments p LEFT JOIN refunds r ON r.payment_id = p.id WHERE p.id = $2
			GROUP BY p.id HAVING payment_owes(p) > coalesce(sum(r.amount_minor) FILTER (WHERE r.state <> 'failed'), 0)
			RETURNING n)
		INSERT INTO booking_timeline (booking_id, what, actor, details)
		SELECT $1, 'refund requested', 'workflow', jsonb_build_object('payment', $2::uuid) FROM made`, bookingID, paymentID, reason)
}

// setRefunding begins to give money back. A mail that still waits to be sent, and says that there are tickets or that
// nothing was charged, is no longer so.
func setRefunding(ctx context.Context, tx pgx.Tx, bookingID, reason string) error {
	batch := &pgx.Batch{}
	batch.Queue(`UPDATE bookings SET status = 'refunding', refund_reason = coalesce(refund_reason, $2),
		next_check_at = boxoffice_now() + interval '60 seconds' WHERE id = $1`, bookingID, reason)
	batch.Queue(`UPDATE emails SET status = 'withdrawn' WHERE booking_id = $1 AND status = 'queued'
		AND (kind IN ('tickets', 'changed', 'cancelled') OR kind = 'called-off' AND details->>'refunded_minor' = '0')`, bookingID)
	return tx.SendBatch(ctx, batch).Close()
}

// RequestRefund gives a payment that bought nothing its refund row, under the payment's lock. A booking at its end goes
// to refunding until the money is back; one that is open or sold goes on. It does nothing to the payment that can still buy
// the seats of a held booking: that is confirmed or compensated.
func (s *Bookings) RequestRefund(ctx context.Context, bookingID string, epoch int64, paymentID string) (boxoffice.Situation, error) {
	return s.act(ctx, bookingID, epoch, func(ctx context.Context, tx pgx.Tx, b lockedBooking) error {
		p, err := lockPayment(ctx, tx, b.id, paymentID)
		if err != nil || !p.unsettled || (b.status == boxoffice.BookingHeld && !p.surplus) {
			return err
		}
		return requestRefund(ctx, tx, b, paymentID, whyReturned(b, p))
	})
}

// whyReturned tells the buyer why a payment goes back that bought nothing.
func whyReturned(b lockedBooking, p lockedPayment) string {
	if b.eventOff {
		return "The event had been called off when the payment arrived."
	}
	if p.amount != b.amount {
		return fmt.Sprintf("The booking costs %s, and the payment was of %s.", b.amount, p.amount)
	}
	switch b.status {
	case boxoffice.BookingHeld:
		return "It was paid on another page than the one that was open for the booking."
	case boxoffice.BookingConfirmed, boxoffice.BookingCompleted:
		return "The booking had been paid already."
	case boxoffice.BookingCancelled:
		return "The booking had been cancelled when the payment arrived."
	case boxoffice.BookingExpired, boxoffice.BookingRefunding, boxoffice.BookingRefunded:
	}
	return "The booking had ended when the payment arrived."
}

func requestRefund(ctx context.Context, tx pgx.Tx, b lockedBooking, paymentID, reason string) error {
	if err := insertRefund(ctx, tx, b.id, paymentID, reason); err != nil {
		return err
	}
	switch b.status {
	case boxoffice.BookingExpired, boxoffice.BookingCancelled, boxoffice.BookingRefunded:
		return setRefunding(ctx, tx, b.id, reason)
	case boxoffice.BookingHeld, boxoffice.BookingConfirmed, boxoffice.BookingCompleted, boxoffice.BookingRefunding:
		return nil
	}
	return nil
}

// Refund reads a refund row.
func (s *Bookings) Refund(ctx context.Context, paymentID string, n int) (boxoffice.Refund, error) {
	r := boxoffice.Refund{PaymentID: paymentID, N: n}
	err := s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, `
			SELECT p.payment_intent, r.amount_minor, r.currency, r.state, coalesce(r.provider_id, ''), r.reason, r.origin, payment_is_disputed(p.id)
			FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE r.payment_id = $1 AND r.n = $2`, paymentID, n).
			Scan(&r.PaymentIntent, &r.Amount.Minor, &r.Amount.Currency, &r.State, &r.ProviderID, &r.Reason, &r.Origin, &r.Disputed)
	})
	return r, err
}

// Failures that are not the last word: see takeUp.
const (
	neverMade = "never made"                // the provider has proved not to have it
	noRoom    = "no room beside the others" // it has it, and with those that count it would be more than came in
)

// RenewRefund closes a refund that the provider proved never to have made, and writes another of the same amount down in
// its place, in one transaction under the payment's lock: at no time do both count. It does nothing to one that has ended or
// that the provider has after all. The first must be a minute old, the second four, the third nine: a provider that breaks
// each time is not asked under ever more keys.
func (s *Bookings) RenewRefund(ctx context.Context, bookingID string, epoch int64, paymentID string, n int) (boxoffice.Situation, error) {
	return s.act(ctx, bookingID, epoch, func(ctx context.Context, tx pgx.Tx, b lockedBooking) error {
		if _, err := lockPayment(ctx, tx, b.id, paymentID); err != nil {
			return err
		}
		var young bool
		err := tx.QueryRow(ctx, `SELECT requested_at > boxoffice_now() - interval '1 minute' * n * n FROM refunds
			WHERE payment_id = $1 AND n = $2 AND state = 'pending' AND provider_id IS NULL`, paymentID, n).Scan(&young)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return nil
		case err != nil:
			return err
		case young:
			return boxoffice.Errorf(boxoffice.CodeProviderUnknown, "The payment provider may yet make this refund.")
		}
		batch := &pgx.Batch{}
		batch.Queue(`UPDATE refunds SET state = 'failed', failure = $3, ended_at = boxoffice_now() WHERE payment_id = $1 AND n = $2`,
			paymentID, n, neverMade)
		batch.Queue(`INSERT INTO refunds (payment_id, n, amount_minor, currency, reason, announced)
			SELECT payment_id, (SELECT max(n) + 1 FROM refunds WHERE payment_id = $1), amount_minor, currency, reason, announced
			FROM refunds WHERE payment_id = $1 AND n = $2`, paymentID, n)
		queueTimeline(batch, b.id, "refund "+neverMade, "workflow", map[string]any{"payment": paymentID, "n": n})
		return tx.SendBatch(ctx, batch).Close()
	})
}

// takeUp reopens a refund that was closed as never made and that the provider tells of after all: Stripe's people finish
// by hand what broke, when they can, and tell of it by webhook. The one that stands in its place is closed instead, unless
// the provider has it, so that the money goes back once. Where all that came in went back otherwise there is no room: it stays
// closed, until another one fails. Money that is not owed went all the same: see countSurplus.
func takeUp(ctx context.Context, tx pgx.Tx, b lockedBooking, r boxoffice.ProviderRefund) (lockedBooking, error) {
	rows, err := tx.Query(ctx, `
		WITH made AS (
			SELECT m.payment_id, m.n, m.amount_minor, m.reason, (SELECT min(k.n) FROM refunds k WHERE k.payment_id = m.payment_id AND k.n > m.n
				AND k.amount_minor = m.amount_minor AND k.state = 'pending' AND k.provider_id IS NULL) AS instead
			FROM refunds m WHERE (m.payment_id = $1 AND m.n = $2 OR m.provider_id = $5) AND m.state = 'failed' AND m.failure IN ($3, $4))
		UPDATE refunds r SET state = CASE WHEN r.n = made.n THEN 'pending' ELSE 'failed' END::refund_state,
			failure = CASE WHEN r.n = made.instead THEN $3 END, ended_at = CASE WHEN r.n = made.instead THEN boxoffice_now() END
		FROM made JOIN payments p ON p.id = made.payment_id JOIN bookings b ON b.id = p.booking_id JOIN events e ON e.id = b.event_id
		WHERE r.payment_id = made.payment_id AND r.n IN (made.n, made.instead)
			AND p.amount_minor >= made.amount_minor + (SELECT coalesce(sum(k.amount_minor), 0) FROM refunds k
				WHERE k.payment_id = made.payment_id AND k.state <> 'failed' AND k.n IS DISTINCT FROM made.instead)
		RETURNING made.payment_id, made.n, made.reason, r.origin = 'dispute' AND e.starts_at <= boxoffice_now()`,
		uuidOf(r.PaymentID), r.N, neverMade, noRoom, r.ID)
	if err != nil {
		return b, err
	}
	var ref boxoffice.RefundRef
	counted := foreignRefund{}
	taken, err := pgx.ForEachRow(rows, []any{&ref.PaymentID, &ref.N, &counted.reason, &counted.stays}, func() error { return nil })
	if err != nil || taken.RowsAffected() == 0 {
		return b, err
	}
	if err := closeTask(ctx, tx, beyondKey(r.ID), "system", "Another refund of the payment failed, so this one counts."); err != nil {
		return b, err
	}
	return countSurplus(ctx, tx, b, ref, counted)
}

// takeUpInstead counts, where a refund has failed, one of the same payment that the provider has and that had no room beside
// it. Nobody tells of that one again, so the run asks; of a dispute nobody has to.
func takeUpInstead(ctx context.Context, tx pgx.Tx, b lockedBooking, paymentID string) error {
	made := boxoffice.ProviderRefund{PaymentID: paymentID}
	var origin boxoffice.RefundOrigin
	err := tx.QueryRow(ctx, `SELECT n, provider_id, origin FROM refunds WHERE payment_id = $1 AND state = 'failed' AND failure IN ($2, $3)
		AND provider_id IS NOT NULL ORDER BY n LIMIT 1`, paymentID, neverMade, noRoom).Scan(&made.N, &made.ID, &origin)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
		return err
	case origin == boxoffice.RefundByDispute:
		made.State = boxoffice.RefundSucceeded
		return markRefund(ctx, tx, b, made)
	}
	_, err = takeUp(ctx, tx, b, made)
	return err
}

// MarkRefund notes the provider's word on a refund, and queues the mail that tells of one that went through.
func (s *Bookings) MarkRefund(ctx context.Context, bookingID string, epoch int64, r boxoffice.ProviderRefund) (boxoffice.Situation, error) {
	return s.act(ctx, bookingID, epoch, func(ctx context.Context, tx pgx.Tx, b lockedBooking) error {
		return markRefund(ctx, tx, b, r)
	})
}

// markRefund follows the provider: pending may become succeeded or failed, and a success may fail days later, when the
// bank sends the money back. A failure is the end of that refund; a booking that was refunded by it is so no longer.
func markRefund(ctx context.Context, tx pgx.Tx, b lockedBooking, r boxoffice.ProviderRefund) (err error) {
	if r.State != boxoffice.RefundFailed {
		if b, err = takeUp(ctx, tx, b, r); err != nil {
			return err
		}
	} else if err := forgetUndecided(ctx, tx, r); err != nil {
		return err
	}
	var was boxoffice.RefundState
	var now boxoffice.Refund
	var ofSale, announced bool
	err = tx.QueryRow(ctx, `
		WITH was AS (
			SELECT payment_id, n, state, CASE WHEN state = 'failed' OR (state = 'succeeded' AND $4::refund_state = 'pending')
				THEN state ELSE $4 END AS next
			FROM refunds WHERE provider_id = $1 OR (payment_id = $2 AND n = $3 AND (provider_id IS NULL OR $1 = ''))
			FOR NO KEY UPDATE)
		UPDATE refunds r SET provider_id = coalesce(nullif($1, ''), r.provider_id), asked_at = boxoffice_now(),
			state = was.next, failure = CASE WHEN $4::refund_state = 'failed'
				THEN coalesce(nullif($5, ''), nullif(nullif(r.failure, $6), $7), 'failed at the provider') ELSE r.failure END,
			ended_at = CASE WHEN was.next = was.state THEN r.ended_at ELSE boxoffice_now() END
		FROM was WHERE r.payment_id = was.payment_id AND r.n = was.n
		RETURNING was.state, r.state, r.payment_id, r.n, r.amount_minor, r.currency, r.reason, r.origin, r.announced,
			(SELECT coalesce(p.settled_as = 'sale', false) FROM payments p WHERE p.id = r.payment_id)`, r.ID, uuidOf(r.PaymentID), r.N, r.State, r.Failure, neverMade, noRoom).
		Scan(&was, &now.State, &now.PaymentID, &now.N, &now.Amount.Minor, &now.Amount.Currency, &now.Reason, &now.Origin, &announced, &ofSale)
	if err != nil || now.State == was {
		return err
	}
	if !announced {
		if err := tellOfRefund(ctx, tx, b, now, ofSale); err != nil {
			return err
		}
	}
	if now.State == boxoffice.RefundFailed {
		_, err := tx.Exec(ctx, `UPDATE bookings SET status = 'refunding', next_check_at = boxoffice_now() + interval '60 seconds'
			WHERE id = $1 AND status = 'refunded'`, b.id)
		if err != nil {
			return err
		}
		if err := takeUpInstead(ctx, tx, b, now.PaymentID); err != nil {
			return err
		}
	}
	return addTimeline(ctx, tx, b.id, "refund "+string(now.State), "provider", map[string]any{"n": now.N})
}

// tellOfRefund queues the buyer's mail on a refund that went through, each refund its own. One that failed must not be
// told as done: where its mail waits for a mail server still, it is withdrawn. A refund of the sale undoes something of it
// also where the booking goes on.
func tellOfRefund(ctx context.Context, tx pgx.Tx, b lockedBooking, r boxoffice.Refund, ofSale bool) error {
	key := boxoffice.RefundKey(r.PaymentID, r.N)
	if r.State != boxoffice.RefundSucceeded {
		return withdrawEmail(ctx, tx, key)
	}
	kind := boxoffice.EmailReturned
	if ofSale || b.status == boxoffice.BookingRefunding || r.Origin != boxoffice.RefundByUs {
		kind = boxoffice.EmailRefunded
	}
	details := map[string]any{"refunded_minor": r.Amount.Minor, "currency": r.Amount.Currency, "reason": r.Reason, "origin": r.Origin}
	return queueEmail(ctx, tx, b.id, kind, key, details)
}

// undoneKey is the dedupe key of the mail that tells of the end of a booking for which nothing goes back.
func undoneKey(bookingID string) string { return "refunded:" + bookingID }

// FinishRefund sets refunded where no refund is open and all that was to go back is back. Each refund has told of itself; of
// a booking that was free of charge there is none, so its buyer is told here, unless that was done when its event was called off.
func (s *Bookings) FinishRefund(ctx context.Context, bookingID string, epoch int64) (boxoffice.Situation, error) {
	return s.act(ctx, bookingID, epoch, func(ctx context.Context, tx pgx.Tx, b lockedBooking) error {
		if b.status != boxoffice.BookingRefunding {
			return nil
		}
		var back, owed, captured int64
		var open bool
		var reason string
		err := tx.QueryRow(ctx, `
			SELECT (SELECT coalesce(refund_reason, '') FROM bookings WHERE id = $1),
			       coalesce((SELECT sum(amount_minor) FROM payments WHERE booking_id = $1), 0),
			       coalesce((SELECT sum(payment_owes(p)) FROM payments p WHERE booking_id = $1), 0),
			       coalesce(sum(r.amount_minor) FILTER (WHERE r.state = 'succeeded'), 0),
			       coalesce(bool_or(r.state = 'pending'), false)
			FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE p.booking_id = $1`, b.id).Scan(&reason, &captured, &owed, &back, &open)
		if err != nil || open || back < owed {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE bookings SET status = 'refunded' WHERE id = $1`, b.id); err != nil {
			return err
		}
		if captured == 0 && !b.calledOff {
			details := map[string]any{"currency": b.amount.Currency, "reason": reason}
			if err := queueEmail(ctx, tx, b.id, boxoffice.EmailRefunded, undoneKey(b.id), details); err != nil {
				return err
			}
		}
		return addTimeline(ctx, tx, b.id, "refunded", "workflow", map[string]any{"refunded_minor": back})
	})
}

package postgres

import (
	"context"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// calledOffReason is why money goes back of an event that was called off.
const calledOffReason = "The event was called off."

// NextCallOffs gives the bookings that are to be given back next.
func (s *Cancellations) NextCallOffs(ctx context.Context, eventID, after string) (boxoffice.CallOffPage, error) {
	var page boxoffice.CallOffPage
	err := s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `
			UPDATE event_cancellations SET next_check_at = CASE WHEN finished_at IS NULL THEN boxoffice_now() + interval '1 minute' END
			WHERE event_id = $1 RETURNING paused_reason, per_second`, eventID).Scan(&page.PausedReason, &page.PerSecond)
		if err != nil || page.PausedReason != "" {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT id FROM bookings WHERE event_id = $1 AND called_off_at IS NULL
			AND status IN ('held', 'confirmed', 'completed') AND id > $2 ORDER BY id LIMIT $3`,
			eventID, uuidOf(after), page.PerSecond)
		if err != nil {
			return err
		}
		page.Bookings, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return page, err
}

// GiveBack ends a booking of an event that was called off. What was ended before, for whatever reason, stays as it is.
func (s *Cancellations) GiveBack(ctx context.Context, bookingID string) (boxoffice.BookingRef, error) {
	var ref boxoffice.BookingRef
	err := s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		b, err := lockBooking(ctx, tx, bookingID)
		if err != nil {
			return err
		}
		if b.eventOff && !b.calledOff {
			if err := giveBack(ctx, tx, b); err != nil {
				return err
			}
		}
		ref, err = readRef(ctx, tx, bookingID)
		return err
	})
	return ref, err
}

func giveBack(ctx context.Context, tx pgx.Tx, b lockedBooking) (err error) {
	switch b.status {
	case boxoffice.BookingHeld:
		if err = letGo(ctx, tx, b, "organizer"); err == nil {
			err = markCalledOff(ctx, tx, b.id)
		}
	case boxoffice.BookingConfirmed, boxoffice.BookingCompleted:
		err = undoCalledOff(ctx, tx, b)
	case boxoffice.BookingExpired, boxoffice.BookingCancelled, boxoffice.BookingRefunding, boxoffice.BookingRefunded:
		return nil
	}
	if err != nil {
		return err
	}
	_, err = look(ctx, tx, b.id)
	return err
}

func markCalledOff(ctx context.Context, tx pgx.Tx, bookingID string) error {
	_, err := tx.Exec(ctx, `UPDATE bookings SET called_off_at = coalesce(called_off_at, boxoffice_now()) WHERE id = $1`, bookingID)
	return err
}

// undoCalledOff gives a booking back whole, and tells its buyer at once: the event matters sooner than the money, which may
// have to wait. So no other mail tells of these refunds.
func undoCalledOff(ctx context.Context, tx pgx.Tx, b lockedBooking) error {
	if err := undo(ctx, tx, b, calledOffReason); err != nil {
		return err
	}
	if err := markCalledOff(ctx, tx, b.id); err != nil {
		return err
	}
	var back int64
	err := tx.QueryRow(ctx, `
		WITH told AS (
			UPDATE refunds r SET announced = true FROM payments p
			WHERE p.id = r.payment_id AND p.booking_id = $1 AND r.state = 'pending' RETURNING r.amount_minor)
		SELECT coalesce(sum(amount_minor), 0)::bigint FROM told`, b.id).Scan(&back)
	if err != nil {
		return err
	}
	if err := addTimeline(ctx, tx, b.id, "called off", "organizer", map[string]any{"refund_minor": back, "currency": b.amount.Currency}); err != nil {
		return err
	}
	return tellOfCallOff(ctx, tx, b, back)
}

// tellOfCallOff queues the mail that says that the event was called off, and what goes back.
func tellOfCallOff(ctx context.Context, tx pgx.Tx, b lockedBooking, back int64) error {
	var reason string
	if err := tx.QueryRow(ctx, `SELECT reason FROM event_cancellations WHERE event_id = $1`, b.eventID).Scan(&reason); err != nil {
		return err
	}
	details := map[string]any{"refunded_minor": back, "currency": b.amount.Currency, "reason": reason}
	return queueEmail(ctx, tx, b.id, boxoffice.EmailCalledOff, "called-off:"+b.id, details)
}

// CallOffOutcome tells what giving a booking back has come to.
func (s *Cancellations) CallOffOutcome(ctx context.Context, bookingID string) (outcome boxoffice.CallOffOutcome, err error) {
	err = s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, `SELECT call_off_outcome(b) FROM bookings b WHERE id = $1`, bookingID).Scan(&outcome)
	})
	return outcome, err
}

// saleMayBeUnderWay is for how long after an event was called off a sale may be committed that saw it on sale: longer than
// any transaction lasts.
const saleMayBeUnderWay = 10 * time.Second

// FinishCallOff ends the calling off of an event where all its bookings have come to their end.
func (s *Cancellations) FinishCallOff(ctx context.Context, eventID string, again time.Duration) (boxoffice.RefundProgress, error) {
	var c boxoffice.EventCancellation
	err := s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var early, finished bool
		err := tx.QueryRow(ctx, `SELECT cancelled_at > boxoffice_now() - $2::interval, finished_at IS NOT NULL
			FROM event_cancellations WHERE event_id = $1 FOR UPDATE`, eventID, saleMayBeUnderWay).Scan(&early, &finished)
		if err != nil {
			return err
		}
		if c, err = readCancellation(ctx, tx, eventID); err != nil || finished {
			return err
		}
		if early || c.Progress.Waiting > 0 {
			_, err = tx.Exec(ctx, `UPDATE event_cancellations SET next_check_at = boxoffice_now() + $2::interval + interval '1 minute'
				WHERE event_id = $1`, eventID, again)
			return err
		}
		c.Progress.State, c.Progress.PausedReason = boxoffice.RefundsDone, ""
		_, err = tx.Exec(ctx, `UPDATE event_cancellations SET finished_at = boxoffice_now(), paused_reason = '', next_check_at = NULL
			WHERE event_id = $1`, eventID)
		return err
	})
	return c.Progress, err
}

// ClaimCallOffs gives events whose run has not looked for a while.
func (s *Cancellations) ClaimCallOffs(ctx context.Context, limit int) ([]string, error) {
	var ids []string
	err := s.db.apart.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			WITH due AS (
				SELECT event_id FROM event_cancellations WHERE next_check_at <= (SELECT boxoffice_now())
				ORDER BY next_check_at LIMIT $1 FOR UPDATE SKIP LOCKED)
			UPDATE event_cancellations c SET next_check_at = boxoffice_now() + interval '30 seconds' FROM due
			WHERE c.event_id = due.event_id RETURNING c.event_id`, limit)
		if err != nil {
			return err
		}
		ids, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return ids, err
}

// MarkRefundShort notes that the provider's balance did not suffice for a refund that it does not have, and pauses the others
// of an event that was called off.
func (s *Bookings) MarkRefundShort(ctx context.Context, bookingID string, epoch int64, paymentID string, n int) (boxoffice.Situation, error) {
	return s.act(ctx, bookingID, epoch, func(ctx context.Context, tx pgx.Tx, b lockedBooking) error {
		var news bool
		err := tx.QueryRow(ctx, `UPDATE refunds r SET short_at = boxoffice_now(), asked_at = boxoffice_now() FROM payments p
			WHERE p.id = r.payment_id AND p.booking_id = $1 AND r.payment_id = $2 AND r.n = $3 AND r.state = 'pending' AND r.provider_id IS NULL
			RETURNING old.short_at IS NULL`, b.id, uuidOf(paymentID), n).Scan(&news)
		if err != nil {
			return ignoreNotFound(err)
		}
		if news {
			details := map[string]any{"n": n}
			if err := addTimeline(ctx, tx, b.id, "refund waits for the provider's balance", "provider", details); err != nil {
				return err
			}
		}
		return pauseForBalance(ctx, tx, b.eventID)
	})
}

func pauseForBalance(ctx context.Context, tx pgx.Tx, eventID string) error {
	var pause int
	err := tx.QueryRow(ctx, `UPDATE event_cancellations SET paused_reason = 'balance', pauses = pauses + 1
		WHERE event_id = $1 AND finished_at IS NULL AND paused_reason = '' RETURNING pauses`, eventID).Scan(&pause)
	if err != nil {
		return ignoreNotFound(err) // an event that is on, or refunds that are paused
	}
	return openTask(ctx, tx, boxoffice.SupportTask{
		Key: pauseKey(eventID, pause), Kind: boxoffice.TaskRefundsPaused, EventID: eventID,
		Summary: "The payment provider's balance does not suffice for the refunds of an event that was called off, so they are paused.",
		Advice:  "Add money to the balance at the payment provider, then resume the refunds of the event.",
	})
}

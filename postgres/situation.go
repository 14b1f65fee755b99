package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
)

// lockedBooking is a booking's row under its lock.
type lockedBooking struct {
	id, userID, eventID string
	status              boxoffice.BookingStatus
	reason              boxoffice.ClosingReason
	closing             bool
	late                bool // the deadline has passed
	eventOff            bool // its event was called off
	calledOff           bool // and it was ended for that
	epoch               int64
	amount              boxoffice.Money
}

// canOpen reports whether a checkout may open and the hold be extended: held, in time, not closing, of an event that is on.
func (b lockedBooking) canOpen() bool {
	return b.status == boxoffice.BookingHeld && !b.closing && !b.late && !b.eventOff
}

// stands reports whether the booking is sold or can yet be, for all that its buyer wishes.
func (b lockedBooking) stands() bool {
	return b.status == boxoffice.BookingConfirmed || b.status == boxoffice.BookingCompleted ||
		(b.status == boxoffice.BookingHeld && b.reason != boxoffice.ClosingByCancel)
}

// lockBooking locks a booking; its seats are locked after it, never before.
func lockBooking(ctx context.Context, tx pgx.Tx, bookingID string) (lockedBooking, error) {
	return lockBookingBy(ctx, tx, `$1`, bookingID)
}

// lockBookingOf locks the booking of a row of a table that has bookings.
func lockBookingOf(ctx context.Context, tx pgx.Tx, table, id string) (lockedBooking, error) {
	return lockBookingBy(ctx, tx, `(SELECT booking_id FROM `+table+` WHERE id = $1)`, id)
}

func lockBookingBy(ctx context.Context, tx pgx.Tx, key, id string) (lockedBooking, error) {
	var b lockedBooking
	err := tx.QueryRow(ctx, `
		SELECT id, user_id, event_id, status, closing_reason, closing_at IS NOT NULL, hold_expires_at <= boxoffice_now(), epoch,
		       amount_minor, currency, EXISTS (SELECT FROM event_cancellations c WHERE c.event_id = b.event_id), called_off_at IS NOT NULL
		FROM bookings b WHERE id = `+key+` FOR NO KEY UPDATE`, id).
		Scan(&b.id, &b.userID, &b.eventID, &b.status, &b.reason, &b.closing, &b.late, &b.epoch, &b.amount.Minor, &b.amount.Currency,
			&b.eventOff, &b.calledOff)
	return b, err
}

// lockOwnBooking locks a booking of the user; another's is as absent as an unknown one.
func lockOwnBooking(ctx context.Context, tx pgx.Tx, userID, bookingID string) (lockedBooking, error) {
	b, err := lockBooking(ctx, tx, bookingID)
	if err == nil && b.userID != userID {
		return b, pgx.ErrNoRows
	}
	return b, err
}

// act is the frame of every act of a run: lock the booking, refuse an old epoch, do it, and look. An act whose rows are
// no longer what it was decided on does nothing; the situation that comes back tells the run what to do instead.
func (s *Bookings) act(ctx context.Context, bookingID string, epoch int64, do func(ctx context.Context, tx pgx.Tx, b lockedBooking) error) (boxoffice.Situation, error) {
	var situation boxoffice.Situation
	err := s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		b, err := lockBooking(ctx, tx, bookingID)
		if err != nil {
			return err
		}
		if b.epoch != epoch {
			return boxoffice.Errorf(boxoffice.CodeFenced, "This run has epoch %d, the booking %d.", epoch, b.epoch)
		}
		if err := do(ctx, tx, b); err != nil {
			return err
		}
		situation, err = look(ctx, tx, bookingID)
		return err
	})
	return situation, err
}

// VerifyHold is a run's first step: it raises the epoch, by which every other run's acts are refused from now on, and
// looks. It takes no seat, moves no time and revives nothing.
func (s *Bookings) VerifyHold(ctx context.Context, bookingID string) (boxoffice.Situation, error) {
	var situation boxoffice.Situation
	err := s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE bookings SET epoch = epoch + 1 WHERE id = $1`, bookingID); err != nil {
			return err
		}
		var err error
		situation, err = look(ctx, tx, bookingID)
		return err
	})
	return situation, err
}

// Look reads the situation.
func (s *Bookings) Look(ctx context.Context, bookingID string, epoch int64) (boxoffice.Situation, error) {
	return s.act(ctx, bookingID, epoch, func(context.Context, pgx.Tx, lockedBooking) error { return nil })
}

// stuckSQL gives a key for each payment of booking b that owes money after a refund of it has failed, and for which nobody asks
// the provider any more.
const stuckSQL = `
	SELECT 'refund-failed:' || fp.id || ':' || max(f.n) FILTER (WHERE f.state = 'failed') AS key
	FROM payments fp JOIN refunds f ON f.payment_id = fp.id
	WHERE fp.booking_id = b.id AND fp.settled_as IS NOT NULL
	GROUP BY fp.id
	HAVING bool_or(f.state = 'failed') AND payment_owes(fp) > coalesce(sum(f.amount_minor) FILTER (WHERE f.state <> 'failed'), 0)
	ORDER BY key`

// situationFacts are what a booking's other rows say of it.
const situationFacts = `
		SELECT b.id,
			(SELECT a.id FROM payment_attempts a WHERE a.booking_id = b.id AND a.state = 'live') AS live_attempt,
			p.id AS unsettled, p.surplus,
			r.payment_id, r.n, r.asked, r.waiting, r.short,
			ARRAY (` + stuckSQL + `) AS stuck,
			m.id AS mail, m.handed_over
		FROM bookings b
		LEFT JOIN LATERAL (
			SELECT p.id, a.state = 'surplus' AS surplus FROM payments p JOIN payment_attempts a ON a.id = p.attempt_id
			WHERE p.booking_id = b.id AND p.settled_as IS NULL ORDER BY surplus, p.received_at, p.id LIMIT 1) p ON true
		LEFT JOIN LATERAL (
			SELECT r.payment_id, r.n, r.provider_id IS NOT NULL OR payment_is_disputed(rp.id) AS waiting,
				coalesce(r.short_at > boxoffice_now() - interval '15 minutes', false) AS short,
				coalesce(r.provider_id IS NOT NULL AND r.asked_at > boxoffice_now() - interval '30 seconds', false)
					OR coalesce(r.short_at > boxoffice_now() - interval '15 minutes', false)
					OR r.provider_id IS NULL AND payment_is_disputed(rp.id) AS asked
			FROM refunds r JOIN payments rp ON rp.id = r.payment_id
			WHERE rp.booking_id = b.id AND r.state = 'pending' ORDER BY asked, r.payment_id, r.n LIMIT 1) r ON true
		LEFT JOIN LATERAL (
			SELECT e.id, coalesce(e.handed_over > boxoffice_now() - interval '1 hour', false) AS handed_over FROM emails e
			WHERE e.booking_id = b.id AND e.status = 'queued' ORDER BY handed_over, e.created_at, e.id LIMIT 1) m ON true
		WHERE b.id = $1`

// lookSQL sets when the sweep is to look at the booking again, should its run be lost, and gives the situation.
//
// A booking past its end has no next check once nothing of its money or its mail is open, so the sweep's index holds
// unfinished business only. The intervals: 2 s until a run has looked at the hold, 30 s while money is unsettled or a
// checkout is being closed, a minute after the deadline of a hold, and a minute for tickets, refunds and mails that are
// not done; a refund that the bank takes its time with, and a mail that its own workflow looks after, are looked at once
// an hour. Such a mail is due again by then: where its workflow was lost, the run sends it or starts another; where it is
// still at work, handing the mail over once more changes nothing. A refund for which the provider's balance did not suffice
// counts as asked for a quarter of an hour.
const lookSQL = `WITH facts AS (` + situationFacts + `)
	UPDATE bookings b SET next_check_at = CASE
			WHEN f.unsettled IS NOT NULL THEN boxoffice_now() + interval '30 seconds'
			WHEN b.status = 'held' AND b.closing_at IS NOT NULL THEN boxoffice_now() + interval '30 seconds'
			WHEN b.status = 'held' AND b.epoch = 0 THEN boxoffice_now() + interval '2 seconds'
			WHEN b.status = 'held' THEN greatest(b.hold_expires_at, boxoffice_now()) + interval '60 seconds'
			WHEN NOT f.handed_over THEN boxoffice_now() + interval '60 seconds'
			WHEN f.waiting OR (b.status = 'refunding' AND f.stuck <> '{}') THEN boxoffice_now() + interval '1 hour'
			WHEN f.short THEN boxoffice_now() + interval '15 minutes'
			WHEN f.payment_id IS NOT NULL OR b.status IN ('confirmed', 'refunding') THEN boxoffice_now() + interval '60 seconds'
			WHEN f.handed_over THEN boxoffice_now() + interval '1 hour'
		END
	FROM facts f WHERE b.id = f.id
	RETURNING ` + situationColumns

// situationColumns are those that scanSituation reads, of a booking b and its facts f.
const situationColumns = `b.id, b.epoch, b.status, b.closing_reason, b.closing_at IS NOT NULL, b.hold_expires_at,
		(extract(epoch FROM b.hold_expires_at - boxoffice_now()) * 1e9)::bigint, coalesce(f.live_attempt::text, ''),
		coalesce(f.unsettled::text, ''), coalesce(f.surplus, false), f.payment_id, f.n, f.asked, f.stuck,
		ARRAY (SELECT t.key FROM support_tasks t WHERE t.booking_id = b.id AND t.kind = 'refund-failed' AND t.closed_at IS NULL ORDER BY t.key),
		CASE WHEN f.handed_over THEN '' ELSE coalesce(f.mail::text, '') END`

// look sets the next check, has support asked for what failed, and gives the situation as this transaction leaves it.
func look(ctx context.Context, tx pgx.Tx, bookingID string) (boxoffice.Situation, error) {
	s, failed, err := scanSituation(tx.QueryRow(ctx, lookSQL, bookingID))
	if err == nil && !slices.Equal(failed.stuck, failed.tasks) {
		err = askForFailed(ctx, tx, bookingID, failed.stuck)
	}
	return s, err
}

// readSituation is look for people: it writes nothing.
func readSituation(ctx context.Context, q querier, bookingID string) (boxoffice.Situation, error) {
	s, _, err := scanSituation(q.QueryRow(ctx, `SELECT `+situationColumns+` FROM bookings b JOIN (`+situationFacts+`) f ON f.id = b.id`, bookingID))
	return s, err
}

// failedRefunds are the keys of what is stuck, and of the tasks that are open for it.
type failedRefunds struct{ stuck, tasks []string }

func scanSituation(row pgx.Row) (s boxoffice.Situation, failed failedRefunds, err error) {
	var refundOf *string
	var n *int
	var asked *bool
	var remaining int64
	err = row.Scan(&s.BookingID, &s.Epoch, &s.Status, &s.ClosingReason, &s.Closing, &s.Deadline, &remaining,
		&s.LiveAttempt, &s.Unsettled, &s.Surplus, &refundOf, &n, &asked, &failed.stuck, &failed.tasks, &s.MailDue)
	s.StuckRefund, s.Remaining, s.Deadline = len(failed.stuck) > 0, time.Duration(remaining), s.Deadline.UTC()
	if refundOf != nil {
		s.OpenRefund = &boxoffice.RefundRef{PaymentID: *refundOf, N: deref(n), Asked: deref(asked)}
	}
	return s, failed, err
}

// lockedSeats are a booking's seats under their locks, in the order of their IDs, with the judgement whether each is free to
// anybody.
type lockedSeats struct {
	tickets []boxoffice.Ticket
	free    []bool
}

// Which seats of a booking queueLockSeats locks.
const (
	keptSeats = ` AND released_at IS NULL`
	allSeats  = "" // those that it has let go too
)

// queueLockSeats locks a booking's seats.
func queueLockSeats(batch *pgx.Batch, bookingID, which string, seats *lockedSeats) {
	batch.Queue(`
		SELECT `+ticketColumns+`, seat_is_free(t.state, t.held_until) FROM tickets t
		WHERE t.id IN (SELECT ticket_id FROM booking_tickets WHERE booking_id = $1`+which+`)
		ORDER BY t.id FOR NO KEY UPDATE`, bookingID).Query(func(rows pgx.Rows) (err error) {
		seats.tickets, seats.free, err = collectJudged(rows)
		return err
	})
}

// allHeldBy reports whether there are seats and all are held by the booking, their hold past or not: nobody else took one.
func (l lockedSeats) allHeldBy(bookingID string) bool {
	return len(l.tickets) > 0 && !slices.ContainsFunc(l.tickets, func(t boxoffice.Ticket) bool {
		return t.State != boxoffice.SeatHeld || t.BookingID != bookingID
	})
}

// freeSeats gives back the seats of the booking, held or sold; seats that others took meanwhile stay theirs.
func freeSeats(ctx context.Context, tx pgx.Tx, bookingID string) error {
	batch := &pgx.Batch{}
	queueLockSeats(batch, bookingID, keptSeats, &lockedSeats{})
	batch.Queue(`
		UPDATE tickets SET state = 'available', booking_id = NULL, holder_id = NULL, held_until = NULL
		WHERE booking_id = $1 AND id IN (SELECT ticket_id FROM booking_tickets WHERE booking_id = $1)`, bookingID)
	batch.Queue(`UPDATE booking_tickets SET released_at = boxoffice_now() WHERE booking_id = $1 AND released_at IS NULL`, bookingID)
	return tx.SendBatch(ctx, batch).Close()
}

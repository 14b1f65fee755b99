package postgres

import (
	"context"
	"strconv"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Cancellations is the store of events that were called off. Its locks are taken in the order event, bookings by ID, payments,
// seats, cancellation.
type Cancellations struct {
	db         *DB
	organizers *Organizers
}

var _ boxoffice.CancellationStore = (*Cancellations)(nil)

// Cancellations gives the store of events that were called off.
func (db *DB) Cancellations() *Cancellations {
	return &Cancellations{db: db, organizers: db.Organizers()}
}

// judgeCallOff says why the event cannot be called off, if so. One that was called off before can be once more.
func judgeCallOff(e ownedEvent, req boxoffice.CallOffRequest) error {
	switch {
	case e.status == boxoffice.EventDraft:
		return boxoffice.Errorf(boxoffice.CodeEventState, "This event was never on sale. It can be deleted.")
	case e.status != boxoffice.EventCancelled:
		if err := e.refuseEnded(); err != nil {
			return err
		}
	}
	if req.Name != e.name {
		return boxoffice.InvalidField("name", "This is not the name of the event.")
	}
	return checkText("reason", req.Reason)
}

// QuoteCallOff counts what a calling off would give back: of every sale all that it has not given back and not kept before.
func (s *Cancellations) QuoteCallOff(ctx context.Context, by boxoffice.By, req boxoffice.CallOffRequest) (boxoffice.CallOffQuote, error) {
	var quote boxoffice.CallOffQuote
	err := s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		e, err := lockOwnEvent(ctx, tx, by.UserID, req.EventID)
		if err != nil {
			return err
		}
		if err := judgeCallOff(e, req); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `
			WITH sold AS (
				SELECT b.id, count(bt.ticket_id) FILTER (WHERE bt.released_at IS NULL) AS tickets, coalesce(sum(bt.kept_minor), 0) AS kept
				FROM bookings b JOIN booking_tickets bt ON bt.booking_id = b.id
				WHERE b.event_id = $1 AND b.status IN ('confirmed', 'completed') GROUP BY b.id)
			SELECT count(*), coalesce(sum(s.tickets), 0)::bigint,
				(SELECT count(*) FROM bookings WHERE event_id = $1 AND status = 'held'),
				coalesce(sum(p.amount_minor - greatest(0, s.kept - p.goodwill_minor) - (SELECT coalesce(sum(r.amount_minor), 0)
					FROM refunds r WHERE r.payment_id = p.id AND r.state <> 'failed')), 0)::bigint,
				(SELECT currency FROM events WHERE id = $1)
			FROM sold s LEFT JOIN payments p ON p.booking_id = s.id AND p.settled_as = 'sale'`, e.id).
			Scan(&quote.Bookings, &quote.Tickets, &quote.Holds, &quote.Refund.Minor, &quote.Refund.Currency)
	})
	return quote, err
}

// CallOff ends the sale: from then on no seat is held, paid or sold, and the search forgets the event.
func (s *Cancellations) CallOff(ctx context.Context, by boxoffice.By, req boxoffice.CallOffRequest) (boxoffice.EventCancellation, error) {
	return write(ctx, s.organizers, by, func(ctx context.Context, tx pgx.Tx) (boxoffice.EventCancellation, error) {
		var none boxoffice.EventCancellation
		e, err := lockOwnEvent(ctx, tx, by.UserID, req.EventID)
		if err != nil {
			return none, err
		}
		if err := judgeCallOff(e, req); err != nil {
			return none, err
		}
		added, err := tx.Exec(ctx, `INSERT INTO event_cancellations (event_id, cancelled_by, reason, per_second, next_check_at)
			VALUES ($1, $2, $3, $4, boxoffice_now() + interval '2 seconds') ON CONFLICT DO NOTHING`,
			e.id, by.UserID, req.Reason, boxoffice.DefaultRefundRate)
		if err != nil {
			return none, err
		}
		if added.RowsAffected() == 0 {
			return readCancellation(ctx, tx, e.id)
		}
		if _, err := tx.Exec(ctx, `UPDATE events SET status = 'cancelled' WHERE id = $1`, e.id); err != nil {
			return none, err
		}
		change := noted{map[string]any{"status": e.status}, map[string]any{"status": boxoffice.EventCancelled, "reason": req.Reason}}
		if err := note(ctx, tx, by, "call off", "event "+e.id, change); err != nil {
			return none, err
		}
		if err := queueEvents(ctx, tx, `id = $1`, e.id); err != nil {
			return none, err
		}
		return readCancellation(ctx, tx, e.id)
	})
}

// readCancellation reads an event that was called off, and counts its bookings: those that were ended for it, and those that
// are yet to be.
func readCancellation(ctx context.Context, q querier, eventID string) (boxoffice.EventCancellation, error) {
	var c boxoffice.EventCancellation
	var finished bool
	p := &c.Progress
	err := q.QueryRow(ctx, `
		SELECT c.event_id, c.reason, c.cancelled_at, c.paused_reason, c.per_second, c.finished_at IS NOT NULL, n.*
		FROM event_cancellations c CROSS JOIN LATERAL (
			SELECT count(*), count(*) FILTER (WHERE o.outcome = 'refunded'), count(*) FILTER (WHERE o.outcome = 'released'),
				count(*) FILTER (WHERE o.outcome = 'failed'), count(*) FILTER (WHERE o.outcome NOT IN ('refunded', 'released', 'failed'))
			FROM (SELECT call_off_outcome(b) AS outcome FROM bookings b WHERE b.event_id = c.event_id
				AND (b.called_off_at IS NOT NULL OR b.status IN ('held', 'confirmed', 'completed'))) o) n
		WHERE c.event_id = $1`, eventID).
		Scan(&c.EventID, &c.Reason, &c.CancelledAt, &p.PausedReason, &p.PerSecond, &finished, &p.Total, &p.Refunded, &p.Released, &p.Failed, &p.Waiting)
	c.CancelledAt = c.CancelledAt.UTC()
	switch {
	case finished:
		p.State, p.PausedReason = boxoffice.RefundsDone, ""
	case p.PausedReason != "":
		p.State = boxoffice.RefundsPaused
	default:
		p.State = boxoffice.RefundsRunning
	}
	return c, err
}

// overseen gives the ID of an event that was called off and that somebody looks after. CodeNotFound.
func overseen(ctx context.Context, q querier, who boxoffice.Overseer, eventID string) (string, error) {
	id, err := readID("event", eventID)
	if err != nil {
		return "", err
	}
	var owner string
	var off bool
	err = q.QueryRow(ctx, `SELECT e.owner_id, EXISTS (SELECT FROM event_cancellations c WHERE c.event_id = e.id) FROM events e WHERE e.id = $1`, id).
		Scan(&owner, &off)
	switch {
	case err != nil:
		return "", absent("event", err)
	case !who.Staff && owner != who.UserID:
		return "", absent("event", pgx.ErrNoRows)
	case !off:
		return "", boxoffice.Errorf(boxoffice.CodeNotFound, "This event was not called off.")
	}
	return id, nil
}

// EventCancellation tells how far the refunds are.
func (s *Cancellations) EventCancellation(ctx context.Context, who boxoffice.Overseer, eventID string) (c boxoffice.EventCancellation, err error) {
	err = s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		id, err := overseen(ctx, conn, who, eventID)
		if err == nil {
			c, err = readCancellation(ctx, conn, id)
		}
		return err
	})
	return c, err
}

// SteerRefunds pauses, resumes or throttles.
func (s *Cancellations) SteerRefunds(
	ctx context.Context, who boxoffice.Overseer, eventID string, to boxoffice.RefundSteering,
) (boxoffice.EventCancellation, error) {
	return write(ctx, s.organizers, who.By, func(ctx context.Context, tx pgx.Tx) (boxoffice.EventCancellation, error) {
		var none boxoffice.EventCancellation
		id, err := overseen(ctx, tx, who, eventID)
		if err != nil {
			return none, err
		}
		if to.PerSecond != nil && *to.PerSecond > boxoffice.OrganizerRefundRate && !who.Staff {
			return none, boxoffice.InvalidField("per_second", "More than %d a second is for the staff to allow.", boxoffice.OrganizerRefundRate)
		}
		if to.Pause != nil && !*to.Pause {
			if err := askAgain(ctx, tx, id); err != nil {
				return none, err
			}
		}
		if err := steer(ctx, tx, who.By, id, to); err != nil {
			return none, err
		}
		return readCancellation(ctx, tx, id)
	})
}

// askAgain has the refunds of an event asked for at once for which the balance did not suffice. Bookings are locked before
// the cancellation, as where a refund finds the balance short.
func askAgain(ctx context.Context, tx pgx.Tx, eventID string) error {
	rows, err := tx.Query(ctx, `SELECT b.id FROM bookings b WHERE b.event_id = $1 AND call_off_outcome(b) = 'short'
		ORDER BY b.id FOR NO KEY UPDATE`, eventID)
	if err != nil {
		return err
	}
	short, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	batch.Queue(`UPDATE refunds r SET short_at = NULL FROM payments p
		WHERE p.id = r.payment_id AND p.booking_id = ANY ($1::text[]::uuid[]) AND r.state = 'pending'`, short)
	batch.Queue(`UPDATE bookings SET next_check_at = boxoffice_now() WHERE id = ANY ($1::text[]::uuid[])`, short)
	return tx.SendBatch(ctx, batch).Close()
}

func steer(ctx context.Context, tx pgx.Tx, by boxoffice.By, eventID string, to boxoffice.RefundSteering) error {
	var was, now struct {
		paused boxoffice.PauseReason
		rate   int
	}
	var pauses int
	var finished bool
	err := tx.QueryRow(ctx, `SELECT paused_reason, per_second, pauses, finished_at IS NOT NULL FROM event_cancellations WHERE event_id = $1 FOR UPDATE`, eventID).
		Scan(&was.paused, &was.rate, &pauses, &finished)
	if err != nil {
		return err
	}
	if finished {
		return boxoffice.Errorf(boxoffice.CodeEventState, "All bookings of this event have been given back.")
	}
	now = was
	now.rate = set(was.rate, to.PerSecond)
	switch {
	case to.Pause == nil:
	case !*to.Pause:
		now.paused = ""
	case was.paused == "":
		now.paused = boxoffice.PausedByHand
	}
	if now == was {
		return nil
	}
	_, err = tx.Exec(ctx, `UPDATE event_cancellations SET paused_reason = $2, per_second = $3 WHERE event_id = $1`, eventID, now.paused, now.rate)
	if err != nil {
		return err
	}
	if was.paused == boxoffice.PausedByBalance && now.paused == "" {
		if err := closeTask(ctx, tx, pauseKey(eventID, pauses), by.UserID, "The refunds were resumed."); err != nil {
			return err
		}
	}
	return note(ctx, tx, by, "steer refunds", "event "+eventID, noted{
		map[string]any{"paused": was.paused, "per_second": was.rate}, map[string]any{"paused": now.paused, "per_second": now.rate},
	})
}

// pauseKey is the key of the task that asks for money, once for each pause.
func pauseKey(eventID string, pause int) string {
	return "refunds-paused:" + eventID + ":" + strconv.Itoa(pause)
}

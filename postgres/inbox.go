package postgres

import (
	"context"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
)

const (
	// eventPatience is how long an event about nothing of ours is tried again. Its attempt may be missing because the
	// database was restored from an older copy, and come back with a newer one.
	eventPatience = 72 * time.Hour
	// The pauses between tries: the first, each then four times as long, up to the longest. An event costs a dozen calls to
	// the provider before it is given up, since another application of the same account may send thousands.
	firstPause, longestPause = time.Minute, 12 * time.Hour
)

// storeEvent writes an event into the inbox, once, and reports whether it has had its effect already. One that concerns a
// booking is left to what its effect says; any other is due to be tried at once.
func storeEvent(ctx context.Context, tx pgx.Tx, e boxoffice.PaymentEvent, bookingID string) (processed bool, err error) {
	err = tx.QueryRow(ctx, `
		INSERT INTO webhook_inbox AS w (stripe_event_id, object_id, type, api_version, payload, booking_id, next_try_at)
		VALUES ($1, $2, $3, $4, $5, nullif($6, '')::uuid, CASE WHEN $6 = '' THEN boxoffice_now() END)
		ON CONFLICT (stripe_event_id) DO UPDATE SET booking_id = coalesce(excluded.booking_id, w.booking_id)
		RETURNING processed_at IS NOT NULL`, e.ID, e.ObjectID, e.Type, e.APIVersion, e.Payload, bookingID).Scan(&processed)
	return processed, err
}

// noteOutcome writes what became of an event that is understood and ours, or asks for nothing. It is done, or its booking's
// run completes it: the sweep leaves it alone.
func noteOutcome(ctx context.Context, tx pgx.Tx, eventID, outcome string, done bool) error {
	_, err := tx.Exec(ctx, `UPDATE webhook_inbox SET outcome = $2, next_try_at = NULL, given_up_at = NULL,
		processed_at = CASE WHEN $3 THEN boxoffice_now() END WHERE stripe_event_id = $1`, eventID, outcome, done)
	return err
}

// keepEvent keeps an event that concerns no booking.
func keepEvent(ctx context.Context, tx pgx.Tx, e boxoffice.PaymentEvent) (boxoffice.EventFate, error) {
	switch {
	case e.Parked != "":
		return putOff(ctx, tx, e.ID, "parked: "+e.Parked, boxoffice.EventParked)
	case e.Ask:
		return putOff(ctx, tx, e.ID, "the provider is to be asked", boxoffice.EventAsked)
	case e.Session != nil:
		return putOff(ctx, tx, e.ID, "unknown session", boxoffice.EventUnknown)
	case e.Dispute != nil:
		return putOff(ctx, tx, e.ID, "unknown dispute", boxoffice.EventUnknown)
	case e.Refund != nil || len(e.Refunds) > 0:
		return putOff(ctx, tx, e.ID, "unknown refund", boxoffice.EventUnknown)
	default:
		return boxoffice.EventTaken, noteOutcome(ctx, tx, e.ID, "ignored", true)
	}
}

// putOff leaves an event without an effect to the sweep. Its outcome stays what was said of it first, as the reason why it
// is there. One that is known to be about nothing of ours is given up when it is old; one that is parked never is, because
// nobody knows what it is about.
func putOff(ctx context.Context, tx pgx.Tx, eventID, why string, fate boxoffice.EventFate) (boxoffice.EventFate, error) {
	var givenUp bool
	err := tx.QueryRow(ctx, `
		WITH was AS (
			SELECT stripe_event_id, CASE WHEN given_up_at IS NULL THEN coalesce(outcome, $2) ELSE $2 END AS reason,
				$3 AND received_at <= boxoffice_now() - $4::interval AS over
			FROM webhook_inbox WHERE stripe_event_id = $1)
		UPDATE webhook_inbox w SET
			outcome = CASE WHEN over THEN 'given up: ' || concat_ws('; ', reason, nullif($2, reason)) ELSE reason END,
			next_try_at = CASE WHEN NOT over THEN coalesce(w.next_try_at, boxoffice_now()) END,
			given_up_at = CASE WHEN over THEN boxoffice_now() END
		FROM was WHERE w.stripe_event_id = was.stripe_event_id
		RETURNING w.given_up_at IS NOT NULL`, eventID, why, fate == boxoffice.EventUnknown, eventPatience).Scan(&givenUp)
	if givenUp {
		fate = boxoffice.EventGivenUp
	}
	return fate, err
}

// ClaimEvents gives events that are due to be tried again, and moves their next try on before anybody tries: so each of
// several sweepers gets others, and an event that ends its sweeper is not tried by the next one at once.
func (s *Bookings) ClaimEvents(ctx context.Context, limit int) ([]boxoffice.PaymentEvent, error) {
	var events []boxoffice.PaymentEvent
	err := s.db.apart.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			WITH due AS (
				SELECT stripe_event_id FROM webhook_inbox
				WHERE processed_at IS NULL AND next_try_at <= (SELECT boxoffice_now()) -- read once, so that the index is searched
				ORDER BY next_try_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED)
			UPDATE webhook_inbox w SET tries = w.tries + 1,
				next_try_at = boxoffice_now() + least($2::interval * 4 ^ least(w.tries, 10), $3::interval)
			FROM due WHERE w.stripe_event_id = due.stripe_event_id
			RETURNING w.stripe_event_id, w.type, w.api_version, w.object_id, w.payload`, limit, firstPause, longestPause)
		if err != nil {
			return err
		}
		events, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (e boxoffice.PaymentEvent, err error) {
			return e, row.Scan(&e.ID, &e.Type, &e.APIVersion, &e.ObjectID, &e.Payload)
		})
		return err
	})
	return events, err
}

// PutOffEvent notes why a claimed event still has no effect, or gives it up. One that was settled meanwhile stays so.
func (s *Bookings) PutOffEvent(ctx context.Context, eventID, why string) (boxoffice.EventFate, error) {
	fate := boxoffice.EventTaken
	err := s.db.apart.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var open bool
		err := tx.QueryRow(ctx, `SELECT processed_at IS NULL AND next_try_at IS NOT NULL FROM webhook_inbox
			WHERE stripe_event_id = $1 FOR NO KEY UPDATE`, eventID).Scan(&open)
		if err != nil || !open {
			return err
		}
		fate, err = putOff(ctx, tx, eventID, why, boxoffice.EventUnknown)
		return err
	})
	return fate, err
}

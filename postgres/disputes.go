package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
)

// followDispute notes how a dispute about one of our payments stands. An older word that comes later changes nothing: what
// has ended is never open again.
func followDispute(ctx context.Context, tx pgx.Tx, b lockedBooking, paymentID string, d boxoffice.ProviderDispute) error {
	if _, err := lockPayment(ctx, tx, b.id, paymentID); err != nil {
		return err
	}
	var was, now boxoffice.DisputeState
	err := tx.QueryRow(ctx, `
		WITH was AS (SELECT state FROM disputes WHERE id = $1)
		INSERT INTO disputes AS d (id, payment_id, amount_minor, currency, reason, state, closed_at)
		VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $7 THEN boxoffice_now() END)
		ON CONFLICT (id) DO UPDATE SET amount_minor = excluded.amount_minor, state = excluded.state,
			closed_at = CASE WHEN d.state = excluded.state THEN d.closed_at ELSE excluded.closed_at END
			WHERE $7 OR d.closed_at IS NULL
		RETURNING coalesce((SELECT state FROM was), ''), state`,
		d.ID, paymentID, d.Amount.Minor, d.Amount.Currency, d.Reason, d.State, d.State.Ended()).Scan(&was, &now)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && was == now {
		return nil
	}
	if err != nil {
		return err
	}
	if err := addTimeline(ctx, tx, b.id, "dispute "+string(now), "provider", map[string]any{"dispute": d.ID, "amount_minor": d.Amount.Minor}); err != nil {
		return err
	}
	return actOnDispute(ctx, tx, b, paymentID, d, was)
}

// actOnDispute asks a person to answer a dispute while it is open, and counts the money where it is lost.
func actOnDispute(ctx context.Context, tx pgx.Tx, b lockedBooking, paymentID string, d boxoffice.ProviderDispute, was boxoffice.DisputeState) error {
	key := "dispute:" + d.ID
	switch d.State {
	case boxoffice.DisputeInquiry, boxoffice.DisputeOpen:
		return openTask(ctx, tx, disputeTask(key, b.id, paymentID, d))
	case boxoffice.DisputeWon:
		if was == boxoffice.DisputeLost { // the bank changed its mind: the money is here again
			back := boxoffice.ProviderRefund{ID: d.ID, State: boxoffice.RefundFailed, Failure: "the dispute was won after all"}
			if err := markRefund(ctx, tx, b, back); ignoreNotFound(err) != nil {
				return err
			}
		}
		return closeTask(ctx, tx, key, "system", "The dispute is over, and the money is ours.")
	case boxoffice.DisputeLost:
		if _, err := countLost(ctx, tx, b, paymentID); err != nil {
			return err
		}
		return closeTask(ctx, tx, key, "system", "The dispute is lost: the buyer's bank keeps the money.")
	}
	return nil
}

func disputeTask(key, bookingID, paymentID string, d boxoffice.ProviderDispute) boxoffice.SupportTask {
	task := boxoffice.SupportTask{
		Key: key, Kind: boxoffice.TaskDispute, BookingID: bookingID,
		Summary: fmt.Sprintf("The buyer's bank disputes %s of a payment: %s.", d.Amount, d.Reason),
		Advice: "Answer it in the provider's dashboard before its time is up. The tickets stay valid, and nothing of the payment is given back until " +
			"the bank has decided.",
		Details: map[string]any{"payment": paymentID, "dispute": d.ID, "amount_minor": d.Amount.Minor, "currency": d.Amount.Currency, "reason": d.Reason},
	}
	if d.State == boxoffice.DisputeInquiry {
		task.Summary = fmt.Sprintf("The buyer's bank asks about %s of a payment, and has taken nothing yet: %s.", d.Amount, d.Reason)
		task.Advice = "Answer it in the provider's dashboard, or give the money back: then there will be no dispute."
	}
	return task
}

// countLost counts what lost disputes took of a payment as given back, each once and as far as that much is left of it. A
// refund of ours that nobody has asked for gives way, so the buyer is not paid twice. Should more have been taken than is left,
// as where the provider has a refund that is about to fail, a person is told, and it counts once that one has failed.
func countLost(ctx context.Context, tx pgx.Tx, b lockedBooking, paymentID string) (lockedBooking, error) {
	rows, err := tx.Query(ctx, `
		SELECT d.id, d.amount_minor, d.currency, e.starts_at <= boxoffice_now()
		FROM disputes d JOIN payments p ON p.id = d.payment_id JOIN bookings b ON b.id = p.booking_id JOIN events e ON e.id = b.event_id
		WHERE d.payment_id = $1 AND d.state = 'lost' AND NOT EXISTS (SELECT FROM refunds r WHERE r.provider_id = d.id) ORDER BY d.id`, paymentID)
	if err != nil {
		return b, err
	}
	lost, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (foreignRefund, error) {
		r := foreignRefund{origin: boxoffice.RefundByDispute, reason: "Your bank decided the dispute of your payment for you."}
		r.State = boxoffice.RefundSucceeded
		return r, row.Scan(&r.ID, &r.Amount.Minor, &r.Amount.Currency, &r.stays)
	})
	if err != nil {
		return b, err
	}
	for _, r := range lost {
		counted, err := countRefund(ctx, tx, b, paymentID, r)
		if err != nil {
			return b, err
		}
		if counted {
			if err := closeTask(ctx, tx, "refund-beyond:"+r.ID, "system", "Another refund of the payment failed, so this one counts."); err != nil {
				return b, err
			}
		}
		if err := tx.QueryRow(ctx, `SELECT status FROM bookings WHERE id = $1`, b.id).Scan(&b.status); err != nil {
			return b, err
		}
	}
	return b, nil
}

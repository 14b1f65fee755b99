package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
)

// followDispute notes how a dispute about one of our payments stands. An older word that comes later changes nothing: what
// has ended is never open again, and what is won stays won.
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
			WHERE d.state <> 'won' AND ($7 OR d.closed_at IS NULL)
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
		lost, err := lostDispute(ctx, tx, b, d)
		if err != nil {
			return err
		}
		if err := countRefund(ctx, tx, b, paymentID, lost); err != nil {
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

// lostDispute is the money of a lost dispute, which counts as given back: the buyer has it. Whole, it undoes a sale, whose
// seats others can have; once the event has begun nobody can, and the tickets stay what they were.
func lostDispute(ctx context.Context, tx pgx.Tx, b lockedBooking, d boxoffice.ProviderDispute) (foreignRefund, error) {
	lost := foreignRefund{origin: boxoffice.RefundByDispute, reason: "Your bank decided the dispute of your payment for you."}
	lost.ID, lost.State, lost.Amount = d.ID, boxoffice.RefundSucceeded, d.Amount
	err := tx.QueryRow(ctx, `SELECT starts_at <= boxoffice_now() FROM events WHERE id = $1`, b.eventID).Scan(&lost.stays)
	return lost, err
}

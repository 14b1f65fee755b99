package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
)

// askForFailed keeps the tasks of a booking's failed refunds equal to what is stuck: one is open as long as a payment owes
// money that nobody sends any more, and closes by itself once another refund took its place or nothing is owed.
func askForFailed(ctx context.Context, tx pgx.Tx, bookingID string, stuck []string) error {
	for _, key := range stuck {
		t, err := failedTask(ctx, tx, bookingID, key)
		if err != nil {
			return err
		}
		if err := openTask(ctx, tx, t); err != nil {
			return err
		}
	}
	if stuck == nil {
		stuck = []string{}
	}
	_, err := tx.Exec(ctx, `
		UPDATE support_tasks SET
			closed_at = CASE WHEN key <> ALL ($2) THEN boxoffice_now() END,
			closed_by = CASE WHEN key <> ALL ($2) THEN 'system' END,
			resolution = CASE WHEN key <> ALL ($2) THEN 'The money is on its way, is back, or is not owed any more.' END
		WHERE booking_id = $1 AND kind = 'refund-failed' AND (closed_at IS NULL) = (key <> ALL ($2))`, bookingID, stuck)
	return err
}

// failedTask says what failed and what can be done about it.
func failedTask(ctx context.Context, tx pgx.Tx, bookingID, key string) (boxoffice.SupportTask, error) {
	var owed boxoffice.Money
	var payment, failure string
	var n int
	err := tx.QueryRow(ctx, `
		SELECT p.id, r.n, r.failure, p.currency, payment_owes(p) - (SELECT coalesce(sum(k.amount_minor), 0)
			FROM refunds k WHERE k.payment_id = p.id AND k.state <> 'failed')
		FROM refunds r JOIN payments p ON p.id = r.payment_id
		WHERE p.booking_id = $1 AND 'refund-failed:' || r.payment_id || ':' || r.n = $2`, bookingID, key).
		Scan(&payment, &n, &failure, &owed.Currency, &owed.Minor)
	if err != nil {
		return boxoffice.SupportTask{}, err
	}
	advice := "The bank sent it back, so the same card will fail again: ask the buyer how to pay them, pay them that way, and record it as " +
		"refunded otherwise. Retry it only if they say that the card works again."
	if slices.Contains([]string{boxoffice.RefusedByProvider, neverMade}, failure) {
		advice = "Look at the payment in the provider's dashboard for why. Retry the refund once that is mended; else pay the buyer another way, and " +
			"record it as refunded otherwise."
	}
	return boxoffice.SupportTask{
		Key: key, Kind: boxoffice.TaskRefundFailed, BookingID: bookingID,
		Summary: fmt.Sprintf("Refund %d failed (%s): %s of the payment is owed and not on its way.", n, failure, owed), Advice: advice,
		Details: map[string]any{"payment": payment, "n": n, "amount_minor": owed.Minor, "currency": owed.Currency, "failure": failure},
	}, nil
}

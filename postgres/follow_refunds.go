package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
)

// RecordRefunds counts all that the provider has given back of a payment.
func (s *Bookings) RecordRefunds(ctx context.Context, bookingID string, epoch int64, paymentID string, all []boxoffice.ProviderRefund) (boxoffice.Situation, error) {
	return s.act(ctx, bookingID, epoch, func(ctx context.Context, tx pgx.Tx, b lockedBooking) error {
		return followRefunds(ctx, tx, b, paymentID, all)
	})
}

// followRefunds brings our rows of a payment to what the provider has, whoever asked it to. Those that failed come first: their
// money is there again for what went back instead.
func followRefunds(ctx context.Context, tx pgx.Tx, b lockedBooking, paymentID string, all []boxoffice.ProviderRefund) error {
	if _, err := lockPayment(ctx, tx, b.id, paymentID); err != nil {
		return err
	}
	failedFirst := slices.SortedStableFunc(slices.Values(all), func(x, y boxoffice.ProviderRefund) int {
		return cmp.Compare(order(x), order(y))
	})
	for _, r := range failedFirst {
		var known bool
		err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM refunds WHERE provider_id = $1
			OR (payment_id = $2 AND $3 = $2::text AND n = $4 AND provider_id IS NULL))`, r.ID, paymentID, r.PaymentID, r.N).Scan(&known)
		switch {
		case err != nil:
		case known:
			err = markRefund(ctx, tx, b, r)
		case r.State != boxoffice.RefundFailed: // one that failed before we heard of it gave nothing back
			err = countRefund(ctx, tx, b, paymentID, refundByHand(r))
		}
		if err == nil { // the last one may have undone the booking, or ended that
			err = tx.QueryRow(ctx, `SELECT status FROM bookings WHERE id = $1`, b.id).Scan(&b.status)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func order(r boxoffice.ProviderRefund) int {
	if r.State == boxoffice.RefundFailed {
		return 0
	}
	return 1
}

// foreignRefund is money that went back without our asking.
type foreignRefund struct {
	boxoffice.ProviderRefund
	origin boxoffice.RefundOrigin
	reason string // for the buyer
	stays  bool   // the tickets stay, whatever went back: they are of no use to anybody else any more
}

func refundByHand(r boxoffice.ProviderRefund) foreignRefund {
	r.PaymentID, r.N = "", 0
	return foreignRefund{ProviderRefund: r, origin: boxoffice.RefundByHand, reason: "Our staff gave this money back to you."}
}

// countRefund writes money down that went back without our asking, once, under the payment's lock. It pays first what is owed,
// so a refund of ours that nobody has asked for gives way to it. What cannot be is left to a person: another currency; more
// than is left of the payment, which counts once another refund of it has failed.
func countRefund(ctx context.Context, tx pgx.Tx, b lockedBooking, paymentID string, r foreignRefund) error {
	var left boxoffice.Money
	err := tx.QueryRow(ctx, `
		SELECT p.currency, p.amount_minor - (SELECT coalesce(sum(r.amount_minor), 0) FROM refunds r WHERE r.payment_id = p.id
			AND (r.state = 'succeeded' OR r.state = 'pending' AND r.provider_id IS NOT NULL))
		FROM payments p WHERE p.id = $1`, paymentID).Scan(&left.Currency, &left.Minor)
	if err != nil {
		return err
	}
	fits := r.Amount.Minor <= left.Minor
	if !fits || r.Amount.Currency != left.Currency {
		if err := openTask(ctx, tx, beyondTask(b.id, paymentID, r, left)); err != nil || r.Amount.Currency != left.Currency {
			return err
		}
	}
	gaveWay := false
	if fits {
		if gaveWay, err = giveWay(ctx, tx, paymentID, r.Amount.Minor); err != nil {
			return err
		}
	}
	ref, err := insertForeign(ctx, tx, b.id, paymentID, r, fits)
	if err != nil || !fits {
		return err
	}
	if gaveWay { // it may have been of less than those together
		if err := insertRefund(ctx, tx, b.id, paymentID, "The rest of what you are owed."); err != nil {
			return err
		}
	}
	if b, err = countSurplus(ctx, tx, b, ref, r); err != nil {
		return err
	}
	if b.status == boxoffice.BookingRefunded { // until the bank has said that it is through
		if err := setRefunding(ctx, tx, b.id, r.reason); err != nil {
			return err
		}
	}
	r.PaymentID, r.N = ref.PaymentID, ref.N
	return markRefund(ctx, tx, b, r.ProviderRefund)
}

// insertForeign writes the row: to be marked as the provider says, or, where it does not fit, closed until it does.
func insertForeign(ctx context.Context, tx pgx.Tx, bookingID, paymentID string, r foreignRefund, fits bool) (boxoffice.RefundRef, error) {
	ref := boxoffice.RefundRef{PaymentID: paymentID}
	err := tx.QueryRow(ctx, `
		INSERT INTO refunds (payment_id, n, amount_minor, currency, reason, provider_id, origin, asked_at, state, failure, ended_at)
		SELECT $1, coalesce(max(n), 0) + 1, $2, $3, $4, $5, $6, boxoffice_now(),
			CASE WHEN $7 THEN 'pending' ELSE 'failed' END::refund_state, CASE WHEN NOT $7 THEN $8 END, CASE WHEN NOT $7 THEN boxoffice_now() END
		FROM refunds WHERE payment_id = $1 RETURNING n`,
		paymentID, r.Amount.Minor, r.Amount.Currency, r.reason, r.ID, r.origin, fits, noRoom).Scan(&ref.N)
	if err != nil {
		return ref, err
	}
	details := map[string]any{"n": ref.N, "amount_minor": r.Amount.Minor, "currency": r.Amount.Currency}
	return ref, addTimeline(ctx, tx, bookingID, "refund from elsewhere: "+string(r.origin), "provider", details)
}

func beyondKey(providerID string) string { return "refund-beyond:" + providerID }

func beyondTask(bookingID, paymentID string, r foreignRefund, left boxoffice.Money) boxoffice.SupportTask {
	return boxoffice.SupportTask{
		Key: beyondKey(r.ID), Kind: boxoffice.TaskRefundByHand, BookingID: bookingID,
		Summary: fmt.Sprintf("%s went back of a payment of which %s was left.", r.Amount, left),
		Advice:  "Compare the payment in the provider's dashboard with the booking's refunds. It counts by itself once another refund of it fails.",
		Details: map[string]any{"payment": paymentID, "provider_id": r.ID, "amount_minor": r.Amount.Minor, "currency": r.Amount.Currency},
	}
}

// giveWay closes refunds of ours that are not known to the provider, as many as the money that went back instead stands for:
// the one of that very amount, or all. Should one have been made all the same, since its call was under way, it is taken up.
func giveWay(ctx context.Context, tx pgx.Tx, paymentID string, amount int64) (any bool, err error) {
	closed, err := tx.Exec(ctx, `
		WITH open AS (SELECT n, amount_minor FROM refunds WHERE payment_id = $1 AND state = 'pending' AND provider_id IS NULL),
			exact AS (SELECT n FROM open WHERE amount_minor = $2 ORDER BY n LIMIT 1)
		UPDATE refunds r SET state = 'failed', failure = $3, ended_at = boxoffice_now()
		FROM payments p WHERE p.id = $1 AND r.payment_id = p.id
			AND (r.n IN (SELECT n FROM exact) OR r.n IN (SELECT n FROM open) AND NOT EXISTS (SELECT FROM exact))
			AND payment_owes(p) < $2 + (SELECT coalesce(sum(k.amount_minor), 0) FROM refunds k WHERE k.payment_id = p.id AND k.state <> 'failed')`,
		paymentID, amount, neverMade)
	return closed.RowsAffected() > 0, err
}

// books are a payment's, with all that went back of it or is on its way.
type books struct {
	settledAs        string
	amount           boxoffice.Money
	back, owes       int64
	tickets, entered int // that its booking still has; with which somebody went in
	surplusPayment   bool
}

func readBooks(ctx context.Context, tx pgx.Tx, paymentID string) (books, error) {
	var k books
	err := tx.QueryRow(ctx, `
		SELECT coalesce(p.settled_as::text, ''), p.amount_minor, p.currency, payment_owes(p), a.state = 'surplus',
			(SELECT coalesce(sum(r.amount_minor), 0) FROM refunds r WHERE r.payment_id = p.id AND r.state <> 'failed'),
			(SELECT count(*) FROM booking_tickets bt WHERE bt.booking_id = p.booking_id AND bt.released_at IS NULL),
			(SELECT count(*) FROM admissions d WHERE d.booking_id = p.booking_id AND d.voided_at IS NULL AND d.admitted_at IS NOT NULL)
		FROM payments p JOIN payment_attempts a ON a.id = p.attempt_id WHERE p.id = $1`, paymentID).
		Scan(&k.settledAs, &k.amount.Minor, &k.amount.Currency, &k.owes, &k.surplusPayment, &k.back, &k.tickets, &k.entered)
	return k, err
}

// countSurplus says what money was for that went back and was not owed. Where all that came in is gone, the booking is
// undone. Where it has no ticket any more, or they stay anyhow, it was goodwill. Else nobody knows: it counts as goodwill
// until a person has decided. It gives the booking as it is then.
func countSurplus(ctx context.Context, tx pgx.Tx, b lockedBooking, ref boxoffice.RefundRef, r foreignRefund) (lockedBooking, error) {
	k, err := readBooks(ctx, tx, ref.PaymentID)
	if err != nil {
		return b, err
	}
	surplus, all := k.back-k.owes, k.back == k.amount.Minor
	switch {
	case k.settledAs == "refund", k.settledAs == "sale" && surplus <= 0:
		return b, nil
	case all && !r.stays && k.entered == 0:
		return undoByHand(ctx, tx, b, ref.PaymentID, k, r.reason)
	case k.settledAs == "": // it has bought nothing yet, and can still
		surplus = r.Amount.Minor
	}
	decided := k.settledAs == "sale" && (k.tickets == 0 || r.stays)
	if err := addGoodwill(ctx, tx, ref.PaymentID, surplus); err != nil || decided {
		return b, err
	}
	return b, askWhatFor(ctx, tx, b, ref, boxoffice.Money{Minor: surplus, Currency: k.amount.Currency})
}

// undoByHand undoes a booking whose money is back: nothing of it was kept after all. Of a payment that had bought nothing yet
// it is the refund.
func undoByHand(ctx context.Context, tx pgx.Tx, b lockedBooking, paymentID string, k books, reason string) (lockedBooking, error) {
	undone := k.settledAs == "sale" || b.status == boxoffice.BookingHeld && !k.surplusPayment
	if !undone {
		return b, requestRefund(ctx, tx, b, paymentID, reason)
	}
	if k.settledAs == "sale" {
		if _, err := tx.Exec(ctx, `UPDATE booking_tickets SET kept_minor = 0 WHERE booking_id = $1`, b.id); err != nil {
			return b, err
		}
	}
	if err := undo(ctx, tx, b, reason); err != nil {
		return b, err
	}
	b.status = boxoffice.BookingRefunding
	return b, addTimeline(ctx, tx, b.id, "undone: all money is back", "provider", nil)
}

func addGoodwill(ctx context.Context, tx pgx.Tx, paymentID string, minor int64) error {
	_, err := tx.Exec(ctx, `UPDATE payments SET goodwill_minor = goodwill_minor + $2 WHERE id = $1`, paymentID, minor)
	return err
}

// byHandKey is the key of the task that asks what a refund was for.
func byHandKey(r boxoffice.RefundRef) string {
	return fmt.Sprintf("refund-by-hand:%s:%d", r.PaymentID, r.N)
}

// askWhatFor has a person decide what a refund was for.
func askWhatFor(ctx context.Context, tx pgx.Tx, b lockedBooking, ref boxoffice.RefundRef, undecided boxoffice.Money) error {
	_, err := tx.Exec(ctx, `UPDATE refunds SET undecided_minor = $3 WHERE payment_id = $1 AND n = $2`, ref.PaymentID, ref.N, undecided.Minor)
	if err != nil {
		return err
	}
	return openTask(ctx, tx, boxoffice.SupportTask{
		Key: byHandKey(ref), Kind: boxoffice.TaskRefundByHand, BookingID: b.id,
		Summary: fmt.Sprintf("%s went back that nobody had asked for here, and nothing says what of the booking it was for.", undecided),
		Advice:  "Ask who made the refund: settle it for the tickets that it was for, which are void then, or as goodwill, and the tickets stay.",
		Details: map[string]any{"payment": ref.PaymentID, "n": ref.N, "amount_minor": undecided.Minor, "currency": undecided.Currency},
	})
}

// forgetUndecided takes back what a refund counted as that now failed before anybody had said what it was for: nothing went
// back, so nothing is owed for it.
func forgetUndecided(ctx context.Context, tx pgx.Tx, r boxoffice.ProviderRefund) error {
	var ref boxoffice.RefundRef
	var undecided int64
	err := tx.QueryRow(ctx, `
		WITH was AS (SELECT payment_id, n, undecided_minor FROM refunds
			WHERE undecided_minor > 0 AND (provider_id = $1 OR payment_id = $2 AND n = $3 AND $1 = ''))
		UPDATE refunds r SET undecided_minor = 0 FROM was WHERE r.payment_id = was.payment_id AND r.n = was.n
		RETURNING r.payment_id, r.n, was.undecided_minor`, r.ID, uuidOf(r.PaymentID), r.N).Scan(&ref.PaymentID, &ref.N, &undecided)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := addGoodwill(ctx, tx, ref.PaymentID, -undecided); err != nil {
		return err
	}
	return closeTask(ctx, tx, byHandKey(ref), "system", "The bank sent the money back: there is nothing to decide.")
}

// queueDecided ends the questions what a part of a payment was for, where all of it goes back.
func queueDecided(batch *pgx.Batch, bookingID string) {
	batch.Queue(`
		WITH decided AS (
			UPDATE refunds r SET undecided_minor = 0 FROM payments p
			WHERE p.booking_id = $1 AND r.payment_id = p.id AND r.undecided_minor > 0 AND p.settled_as IS NOT NULL AND payment_owes(p) = p.amount_minor
			RETURNING 'refund-by-hand:' || r.payment_id || ':' || r.n AS key)
		UPDATE support_tasks t SET closed_at = boxoffice_now(), closed_by = 'system', resolution = 'All of the payment goes back.'
		FROM decided WHERE t.key = decided.key AND t.closed_at IS NULL`, bookingID)
}

package postgres

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
)

var _ boxoffice.SupportMoneyStore = (*Bookings)(nil)

// SettleByHand says what a refund was for that nobody had asked for here.
func (s *Bookings) SettleByHand(ctx context.Context, act boxoffice.SupportAct, refund boxoffice.RefundRef, ticketIDs []string) error {
	action := fmt.Sprintf("settle refund %d as goodwill", refund.N)
	if len(ticketIDs) > 0 {
		action = fmt.Sprintf("settle refund %d for %d tickets", refund.N, len(ticketIDs))
	}
	return s.support(ctx, act, action, func(ctx context.Context, tx pgx.Tx, b lockedBooking) error {
		k, err := lockBooks(ctx, tx, b.id, refund.PaymentID)
		if err != nil {
			return err
		}
		var undecided int64
		err = tx.QueryRow(ctx, `UPDATE refunds r SET undecided_minor = 0 FROM refunds was
			WHERE r.payment_id = $1 AND r.n = $2 AND was.payment_id = r.payment_id AND was.n = r.n RETURNING was.undecided_minor`,
			refund.PaymentID, refund.N).Scan(&undecided)
		switch {
		case err != nil:
			return err
		case undecided == 0:
			return boxoffice.InvalidField("refund", "Nothing of this refund is to be decided.")
		case k.settledAs == "":
			return boxoffice.Errorf(boxoffice.CodeNotReady, "The payment has not bought anything yet. Please try again in a moment.")
		}
		if len(ticketIDs) > 0 {
			if err := giveBackFor(ctx, tx, act, b, refund.PaymentID, undecided, ticketIDs); err != nil {
				return err
			}
		}
		return closeTask(ctx, tx, byHandKey(refund), act.Actor, act.Reason)
	})
}

// giveBackFor makes tickets void for money that went back already. What they cost and that does not cover was kept of them;
// what it is more than they cost is goodwill.
func giveBackFor(ctx context.Context, tx pgx.Tx, act boxoffice.SupportAct, b lockedBooking, paymentID string, money int64, ticketIDs []string) error {
	booked, err := readBooked(ctx, tx, b.id)
	if err != nil {
		return err
	}
	back := seatReturn{booking: b, terms: returnTerms{
		actor: act.Actor, back: func(bookedSeat) int64 { return 0 },
		all: "Our staff gave back what you paid for your tickets", some: "Our staff gave back what you paid for ",
	}}
	if back.seats, err = chooseSeats(booked, ticketIDs); err != nil {
		return err
	}
	if b.status != boxoffice.BookingCompleted {
		return boxoffice.Errorf(boxoffice.CodeNotReady, "This booking is %s: it has no tickets that can be given back.", b.status)
	}
	back.count(booked, 0)
	back.quote.Kept.Minor, back.quote.Refund.Minor = 0, 0
	for i, seat := range back.seats {
		share := min(seat.price+seat.fee, money-back.quote.Refund.Minor)
		back.kept[i] = seat.price + seat.fee - share
		back.quote.Refund.Minor += share
		back.quote.Kept.Minor += back.kept[i]
	}
	if err := addGoodwill(ctx, tx, paymentID, -back.quote.Refund.Minor); err != nil {
		return err
	}
	if err := back.freeSeats(ctx, tx); err != nil {
		return err
	}
	if back.remaining > 0 {
		return back.keepRest(ctx, tx)
	}
	if err := queueEmail(ctx, tx, b.id, boxoffice.EmailRefunded, undoneKey(b.id), back.told()); err != nil {
		return err // with the money its buyer was told that the tickets stay
	}
	return setRefunding(ctx, tx, b.id, back.reason())
}

// RetryRefund writes one more refund down, of all that a payment owes and that is not on its way.
func (s *Bookings) RetryRefund(ctx context.Context, act boxoffice.SupportAct, paymentID string) error {
	return s.support(ctx, act, "retry refund", func(ctx context.Context, tx pgx.Tx, b lockedBooking) error {
		if _, err := lockOwing(ctx, tx, b.id, paymentID); err != nil {
			return err
		}
		var reason string
		err := tx.QueryRow(ctx, `SELECT reason FROM refunds WHERE payment_id = $1 ORDER BY n DESC LIMIT 1`, paymentID).Scan(&reason)
		if err != nil {
			return err
		}
		return insertRefund(ctx, tx, b.id, paymentID, reason)
	})
}

// RefundedOtherwise notes that what a payment owes was paid past the provider.
func (s *Bookings) RefundedOtherwise(ctx context.Context, act boxoffice.SupportAct, paymentID, reference string) error {
	reference = strings.TrimSpace(reference)
	if reference == "" || len(reference) > boxoffice.MaxReference || strings.ContainsFunc(reference, unicode.IsControl) {
		return boxoffice.InvalidField("reference", "Give the reference of the payment: one line of at most %d bytes.", boxoffice.MaxReference)
	}
	return s.support(ctx, act, "refunded otherwise: "+reference, func(ctx context.Context, tx pgx.Tx, b lockedBooking) error {
		owed, err := lockOwing(ctx, tx, b.id, paymentID)
		if err != nil {
			return err
		}
		paid := boxoffice.ProviderRefund{State: boxoffice.RefundSucceeded, PaymentID: paymentID}
		err = tx.QueryRow(ctx, `
			INSERT INTO refunds (payment_id, n, amount_minor, currency, reason, origin)
			SELECT $1, max(n) + 1, $2, $3, $4, $5 FROM refunds WHERE payment_id = $1 RETURNING n`,
			paymentID, owed.Minor, owed.Currency, "It was paid to you in another way: "+reference, boxoffice.RefundedElsewhere).Scan(&paid.N)
		if err != nil {
			return err
		}
		return markRefund(ctx, tx, b, paid)
	})
}

// lockBooks locks a payment of the booking and reads its books.
func lockBooks(ctx context.Context, tx pgx.Tx, bookingID, paymentID string) (books, error) {
	if _, err := lockPayment(ctx, tx, bookingID, uuidOf(paymentID)); err != nil {
		return books{}, err
	}
	return readBooks(ctx, tx, paymentID)
}

// lockOwing locks a payment of the booking and gives what it owes after a failure and that is not on its way. CodeNotFound;
// CodeInvalid where that is nothing.
func lockOwing(ctx context.Context, tx pgx.Tx, bookingID, paymentID string) (boxoffice.Money, error) {
	k, err := lockBooks(ctx, tx, bookingID, paymentID)
	if err != nil {
		return boxoffice.Money{}, err
	}
	if k.settledAs == "" || k.owes <= k.back {
		return boxoffice.Money{}, boxoffice.InvalidField("payment_id", "Nothing of this payment is to be given back that is not on its way.")
	}
	return boxoffice.Money{Minor: k.owes - k.back, Currency: k.amount.Currency}, nil
}

package postgres

import (
	"context"
	"errors"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
)

// SupportCancel lets go of a hold, or gives tickets of a sale back. It is CancelSale's judgement on support's terms.
func (s *Bookings) SupportCancel(ctx context.Context, act boxoffice.SupportAct, terms boxoffice.SupportTerms) error {
	return s.support(ctx, act, "cancel", func(ctx context.Context, tx pgx.Tx, b lockedBooking) error {
		if isHoldAlone(b, terms) {
			return letGo(ctx, tx, b, act.Actor)
		}
		back, err := judgeSupportReturn(ctx, tx, b, terms, act.Actor)
		if err != nil {
			return err
		}
		return back.do(ctx, tx, "") // the reason is the audit log's, whose line is in the same transaction
	})
}

// QuoteSupportCancel judges as SupportCancel does, and leaves it at that.
func (s *Bookings) QuoteSupportCancel(ctx context.Context, bookingID string, terms boxoffice.SupportTerms) (boxoffice.CancellationQuote, error) {
	var quote boxoffice.CancellationQuote
	err := s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		b, err := lockBooking(ctx, tx, bookingID)
		if err != nil {
			return err
		}
		if isHoldAlone(b, terms) {
			nothing := boxoffice.Money{Currency: b.amount.Currency}
			quote = boxoffice.CancellationQuote{Refund: nothing, Kept: nothing}
			return nil
		}
		back, err := judgeSupportReturn(ctx, tx, b, terms, "")
		quote = back.quote
		return err
	})
	return quote, err
}

// isHoldAlone reports whether a cancellation can only mean a hold. Terms on which a part is kept mean a sale.
func isHoldAlone(b lockedBooking, terms boxoffice.SupportTerms) bool {
	return b.status == boxoffice.BookingHeld && len(terms.TicketIDs) == 0 && terms.KeepPercent == 0
}

// judgeSupportReturn is judgeReturn without the event's policy. While tickets are being made, a run is about to write all of
// them into one file, so they go back together or not at all.
func judgeSupportReturn(ctx context.Context, tx pgx.Tx, b lockedBooking, terms boxoffice.SupportTerms, actor string) (seatReturn, error) {
	if terms.KeepPercent < 0 || terms.KeepPercent > boxoffice.MaxKeepPercent {
		return seatReturn{}, boxoffice.InvalidField("keep_percent", "This is between 0 and %d.", boxoffice.MaxKeepPercent)
	}
	if b.status == boxoffice.BookingHeld && len(terms.TicketIDs) == 0 {
		return seatReturn{}, boxoffice.InvalidField("keep_percent", "This booking is not paid yet, so nothing of it can be kept.")
	}
	if err := isSold(b); err != nil {
		return seatReturn{}, err
	}
	policy := boxoffice.RefundPolicy{Percent: 100 - terms.KeepPercent}
	back, err := chooseReturn(ctx, tx, b, terms.TicketIDs, returnTerms{
		actor: actor, back: func(s bookedSeat) int64 { return policy.Back(s.price + s.fee) },
		all: "The box office cancelled your booking", some: "The box office cancelled ",
	})
	if err == nil && b.status == boxoffice.BookingConfirmed && back.remaining > 0 {
		return back, errBeingMade
	}
	return back, err
}

// SupportRefund gives money back although the tickets stay. What is kept of a sale is its payment less what it owes.
func (s *Bookings) SupportRefund(ctx context.Context, act boxoffice.SupportAct, amountMinor int64) error {
	if amountMinor <= 0 {
		return boxoffice.InvalidField("amount_minor", "This must be more than nothing.")
	}
	return s.support(ctx, act, "refund", func(ctx context.Context, tx pgx.Tx, b lockedBooking) error {
		var payment string
		kept := boxoffice.Money{Currency: b.amount.Currency}
		var failed bool
		err := tx.QueryRow(ctx, `
			SELECT p.id, p.amount_minor - payment_owes(p), payment_owes(p) > (SELECT coalesce(sum(r.amount_minor), 0)
				FROM refunds r WHERE r.payment_id = p.id AND r.state <> 'failed')
			FROM payments p WHERE p.booking_id = $1 AND p.settled_as = 'sale' FOR NO KEY UPDATE`, b.id).Scan(&payment, &kept.Minor, &failed)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return boxoffice.Errorf(boxoffice.CodeBookingClosed, "Nothing was sold by this booking, so there is nothing to give back.")
		case err != nil:
			return err
		case failed:
			return boxoffice.Errorf(boxoffice.CodeNotReady, "A refund of this booking has failed. Please see to that one first.")
		case amountMinor > kept.Minor:
			return boxoffice.InvalidField("amount_minor", "Of this booking %s is kept, and no more can be given back.", kept)
		}
		if _, err := tx.Exec(ctx, `UPDATE payments SET goodwill_minor = goodwill_minor + $2 WHERE id = $1`, payment, amountMinor); err != nil {
			return err
		}
		return requestRefund(ctx, tx, b, payment, "The box office gives you this back.")
	})
}

// SupportResend queues one more mail with the tickets. How often, nobody counts: who asks is known.
func (s *Bookings) SupportResend(ctx context.Context, act boxoffice.SupportAct, email string) (emailID string, err error) {
	err = s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		emailID = "" // of a try that was rolled back
		return support(ctx, tx, act, "resend", func(ctx context.Context, tx pgx.Tx, b lockedBooking) (err error) {
			if b.status != boxoffice.BookingCompleted {
				return noTickets(b.status)
			}
			emailID, err = mailAgain(ctx, tx, b.id, email, act.Actor)
			return err
		})
	})
	return emailID, err
}

package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
)

// ApplyPromotion makes a held booking cheaper. The promotion's row is locked, so that of those who put in the same code at
// once one is judged after the other; they wait for it in a lane of their own. What is left of each price is written into
// booking_tickets, and everything that adds up money goes by that.
func (s *Bookings) ApplyPromotion(ctx context.Context, req boxoffice.PromotionRequest) (boxoffice.Booking, error) {
	code, ok := boxoffice.PromotionCode(req.Code)
	if !ok {
		return boxoffice.Booking{}, boxoffice.InvalidField("code", boxoffice.WrongPromotionCode)
	}
	leave, err := s.db.lanes.enter(ctx, "promotion "+code)
	if boxoffice.CodeOf(err) == boxoffice.CodeUnavailable {
		err = unavailable(err, "Very many put in this code at this moment. Please try again.", time.Second)
	}
	if err != nil {
		return boxoffice.Booking{}, err
	}
	defer leave()
	return s.reprice(ctx, req.UserID, req.BookingID, req.Key, func(ctx context.Context, tx pgx.Tx, b lockedBooking) error {
		booked, err := readBooked(ctx, tx, b.id)
		if err != nil {
			return err
		}
		p, err := lockPromotion(ctx, tx, b, code)
		if err != nil {
			return err
		}
		if err := p.refuse(ctx, tx, b, len(booked)); err != nil {
			return err
		}
		return p.apply(ctx, tx, b, booked)
	})
}

// RemovePromotion gives a held booking its full prices back.
func (s *Bookings) RemovePromotion(ctx context.Context, userID, bookingID string, key *boxoffice.IdempotencyKey) (boxoffice.Booking, error) {
	return s.reprice(ctx, userID, bookingID, key, func(ctx context.Context, tx pgx.Tx, b lockedBooking) error {
		batch := &pgx.Batch{}
		queueFullPrices(batch, b.id)
		queueTimeline(batch, b.id, "promotion removed", "buyer", nil)
		return tx.SendBatch(ctx, batch).Close()
	})
}

// queueFullPrices takes the promotion out of a held booking, if it has one, and brings its amount up to what its tickets cost.
func queueFullPrices(batch *pgx.Batch, bookingID string) {
	batch.Queue(`UPDATE booking_tickets SET price_minor = price_minor + discount_minor, discount_minor = 0
		WHERE booking_id = $1 AND discount_minor > 0`, bookingID)
	batch.Queue(`UPDATE bookings SET promotion_id = NULL, `+sumsUp+` WHERE id = $1`, bookingID)
}

// sumsUp brings a booking's amount up to what its tickets cost.
const sumsUp = `amount_minor = (SELECT sum(bt.price_minor + bt.fee_minor) FROM booking_tickets bt WHERE bt.booking_id = bookings.id)`

// reprice is the frame of what changes the price of a held booking, which stands from the first payment page on; see refuseFixed.
func (s *Bookings) reprice(
	ctx context.Context, userID, bookingID string, key *boxoffice.IdempotencyKey, do func(ctx context.Context, tx pgx.Tx, b lockedBooking) error,
) (b boxoffice.Booking, err error) {
	err = s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		b, _, err = once(ctx, tx, key, func() (boxoffice.Booking, error) {
			locked, err := lockOwnBooking(ctx, tx, userID, bookingID)
			if err != nil {
				return boxoffice.Booking{}, err
			}
			if err := refuseFixed(ctx, tx, locked); err != nil {
				return boxoffice.Booking{}, err
			}
			if err := do(ctx, tx, locked); err != nil {
				return boxoffice.Booking{}, err
			}
			return readBooking(ctx, tx, userID, bookingID)
		})
		return err
	})
	return b, err
}

// lockedPromotion is a promotion under its lock.
type lockedPromotion struct {
	id                            string
	discount                      boxoffice.Discount
	uses, usesPerUser, minTickets int
}

// lockPromotion locks the promotion of a code that is there for a booking now. That it is there for others, or was, or will
// be, is nobody's business who guesses: all are answered alike.
func lockPromotion(ctx context.Context, tx pgx.Tx, b lockedBooking, code string) (p lockedPromotion, err error) {
	err = tx.QueryRow(ctx, `
		SELECT p.id, coalesce(p.percent, 0), coalesce(p.amount_minor, 0), p.uses, p.uses_per_user, p.min_tickets
		FROM promotions p JOIN events e ON e.owner_id = p.owner_id
		WHERE e.id = $1 AND p.code = $2 AND p.active AND p.valid_from <= boxoffice_now() AND coalesce(p.valid_until > boxoffice_now(), true)
			AND (p.event_ids = '{}' OR e.id = ANY (p.event_ids)) AND coalesce(p.currency = e.currency, true)
		FOR NO KEY UPDATE OF p`, b.eventID, code).
		Scan(&p.id, &p.discount.Percent, &p.discount.AmountMinor, &p.uses, &p.usesPerUser, &p.minTickets)
	if errors.Is(err, pgx.ErrNoRows) {
		err = boxoffice.Errorf(boxoffice.CodePromotionRefused, "There is no such code for this booking, or not at this time.")
	}
	return p, err
}

// refuse says why the code cannot be used, if so. A booking uses it while it is held or sold: what ends otherwise gives its
// use back with that, and there is no count to go wrong.
func (p lockedPromotion) refuse(ctx context.Context, tx pgx.Tx, b lockedBooking, tickets int) error {
	if tickets < p.minTickets {
		return boxoffice.Errorf(boxoffice.CodePromotionRefused, "This code is for bookings of %d tickets or more.", p.minTickets)
	}
	if p.uses == 0 && p.usesPerUser == 0 {
		return nil
	}
	var uses, own int
	err := tx.QueryRow(ctx, `SELECT count(*), count(*) FILTER (WHERE user_id = $3) FROM bookings
		WHERE promotion_id = $1 AND id <> $2 AND status IN ('held', 'confirmed', 'completed')`, p.id, b.id, b.userID).Scan(&uses, &own)
	switch {
	case err != nil:
		return err
	case p.usesPerUser > 0 && own >= p.usesPerUser:
		return boxoffice.Errorf(boxoffice.CodePromotionRefused, "You have used this code as often as one may.")
	case p.uses > 0 && uses >= p.uses:
		return boxoffice.Errorf(boxoffice.CodePromotionRefused, "This code has been used up.")
	}
	return nil
}

// apply writes what is left of each price, in place of what an earlier code left.
func (p lockedPromotion) apply(ctx context.Context, tx pgx.Tx, b lockedBooking, booked []bookedSeat) error {
	ids, prices := make([]string, len(booked)), make([]int64, len(booked))
	cost := boxoffice.Money{Currency: b.amount.Currency}
	for i, seat := range booked {
		ids[i], prices[i] = seat.ticketID, seat.price+seat.discount
		cost.Minor += prices[i] + seat.fee
	}
	off := p.discount.Off(prices)
	var discount int64
	for _, minor := range off {
		discount += minor
	}
	cost.Minor -= discount
	if least := cost.LeastCharge(); cost.Minor > 0 && cost.Minor < least.Minor {
		return boxoffice.Errorf(boxoffice.CodePromotionRefused, "With this code %s would be left to pay, and no card can pay less than %s.", cost, least)
	}
	batch := &pgx.Batch{}
	batch.Queue(`UPDATE booking_tickets bt SET price_minor = price_minor + discount_minor - o.minor, discount_minor = o.minor
		FROM unnest($2::text[]::uuid[], $3::bigint[]) AS o (ticket_id, minor)
		WHERE bt.booking_id = $1 AND bt.ticket_id = o.ticket_id`, b.id, ids, off)
	batch.Queue(`UPDATE bookings SET promotion_id = $2, `+sumsUp+` WHERE id = $1`, b.id, p.id)
	queueTimeline(batch, b.id, "promotion applied", "buyer", map[string]any{"promotion": p.id, "discount_minor": discount, "currency": cost.Currency})
	return tx.SendBatch(ctx, batch).Close()
}

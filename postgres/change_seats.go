package postgres

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// ChangeSeats adds and removes seats of a held booking. It locks the booking, then its seats and those to come, in the order
// of their IDs; judges every one under its lock, as HoldSeats does; and takes and frees all or none. It waits for locks as
// HoldSeats does.
//
// From the first payment page on the seats stay; see refuseFixed.
func (s *Bookings) ChangeSeats(ctx context.Context, c boxoffice.SeatChange) (b boxoffice.Booking, err error) {
	if c, err = s.checkChange(c); err != nil {
		return b, err
	}
	var change seatChange
	err = s.inLane(ctx, func(locked string) error {
		return s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
			b, _, err = once(ctx, tx, c.Key, func() (b boxoffice.Booking, err error) {
				b, change, err = s.changeSeats(ctx, tx, c, locked)
				return b, err
			})
			return err
		})
	})
	// An alternative is the whole booking, so that who takes one keeps the seats that were to stay.
	wished := slices.Concat(change.kept, change.added, change.conflicting)
	return b, s.offerOthers(ctx, err, wanted{event: change.event, tickets: wished, accessible: change.accessible})
}

// checkChange refuses what needs no database to be wrong, and gives the IDs in their canonical form.
func (s *Bookings) checkChange(c boxoffice.SeatChange) (boxoffice.SeatChange, error) {
	if len(c.Add) == 0 && len(c.Remove) == 0 {
		return c, boxoffice.InvalidField("body", "Name seats to add or to remove.")
	}
	var named []string
	for _, side := range []struct {
		field string
		ids   *[]string
	}{{"add", &c.Add}, {"remove", &c.Remove}} {
		if len(*side.ids) > s.rules.MaxSeats {
			return c, boxoffice.InvalidField(side.field, "A booking has at most %d seats.", s.rules.MaxSeats)
		}
		*side.ids = slices.Clone(*side.ids)
		for i, id := range *side.ids {
			field := side.field + "[" + strconv.Itoa(i) + "]"
			parsed, err := uuid.Parse(id)
			if err != nil {
				return c, boxoffice.InvalidField(field, "This is not a ticket ID.")
			}
			if slices.Contains(named, parsed.String()) {
				return c, boxoffice.InvalidField(field, "The same seat is named twice.")
			}
			(*side.ids)[i] = parsed.String()
			named = append(named, parsed.String())
		}
	}
	return c, nil
}

func (s *Bookings) changeSeats(
	ctx context.Context, tx pgx.Tx, c boxoffice.SeatChange, locked string,
) (changed boxoffice.Booking, change seatChange, err error) {
	b, err := lockOwnBooking(ctx, tx, c.UserID, c.BookingID)
	if err != nil {
		return changed, change, err
	}
	if err := refuseFixed(ctx, tx, b); err != nil {
		return changed, change, err
	}
	if change, err = lockChange(ctx, tx, b, c, locked); err != nil {
		return changed, change, err
	}
	if err := s.judgeChange(ctx, tx, b, c, &change); err != nil {
		return changed, change, err
	}
	if err := change.write(ctx, tx, b); err != nil {
		return changed, change, err
	}
	if _, err := look(ctx, tx, b.id); err != nil {
		return changed, change, err
	}
	changed, err = readBooking(ctx, tx, c.UserID, b.id)
	return changed, change, err
}

// seatChange is a change of a booking's seats under their locks.
type seatChange struct {
	event              wantedEvent
	kept, freed, added []boxoffice.Ticket
	conflicting        []boxoffice.Ticket // of those to be added
	accessible         bool               // somebody needs a place for a wheelchair, as was said now or when the seats were booked
	released           []release          // of those to be added, where nobody does
	lost               bool               // a seat of the booking is no longer held by it
	until              time.Time          // the backstop of the booking's seats
}

// lockChange locks the booking's seats and those that it is to have, and sorts them.
func lockChange(ctx context.Context, tx pgx.Tx, b lockedBooking, c boxoffice.SeatChange, locked string) (seatChange, error) {
	var change seatChange
	rows, err := tx.Query(ctx, `
		SELECT `+ticketColumns+`, NOT seat_is_free(t.state, t.held_until) FROM tickets t
		WHERE t.id = ANY ($2::text[]::uuid[]) OR t.id IN (SELECT ticket_id FROM booking_tickets WHERE booking_id = $1 AND released_at IS NULL)
		ORDER BY t.id FOR NO KEY UPDATE`+locked, b.id, c.Add)
	if err != nil {
		return change, err
	}
	seats, taken, err := collectJudged(rows)
	if err != nil {
		return change, err
	}
	var own []string
	var prices, fees []int64 // at which it has them, without a promotion: a change takes that out
	var all int
	err = tx.QueryRow(ctx, `
		SELECT array_agg(ticket_id::text) FILTER (WHERE mine), array_agg(price) FILTER (WHERE mine), array_agg(fee) FILTER (WHERE mine),
			count(DISTINCT ticket_id)
		FROM (
			SELECT ticket_id, price_minor + discount_minor AS price, fee_minor AS fee, true AS mine
			FROM booking_tickets WHERE booking_id = $1 AND released_at IS NULL
			UNION ALL SELECT id, 0, 0, false FROM tickets WHERE id = ANY ($2::text[]::uuid[])) AS named`,
		b.id, c.Add).Scan(&own, &prices, &fees, &all)
	if err != nil {
		return change, err
	}
	if len(seats) < all {
		return change, inDemand(seatsLocked{b.eventID})
	}
	e := &change.event
	err = tx.QueryRow(ctx, `SELECT e.id, e.booking_fee_minor, e.plan_hash, e.orphan_rule, event_is_on_sale(e), b.accessible OR $2
		FROM bookings b JOIN events e ON e.id = b.event_id WHERE b.id = $1`, b.id, c.Accessible).
		Scan(&e.id, &e.fee, &e.planHash, &e.orphans, &e.onSale, &change.accessible)
	if err != nil {
		return change, err
	}
	addFees(seats, e.fee)
	for i, t := range seats {
		at := slices.Index(own, t.ID)
		if at >= 0 {
			t.PriceMinor, t.FeeMinor = prices[at], fees[at]
		}
		change.sort(t, taken[i], at >= 0, slices.Contains(c.Remove, t.ID), b.id)
	}
	return change, nil
}

func (c *seatChange) sort(t boxoffice.Ticket, taken, own, unwanted bool, bookingID string) {
	switch {
	case own:
		c.lost = c.lost || t.BookingID != bookingID || t.State != boxoffice.SeatHeld
		if c.until.Before(t.HeldUntil) {
			c.until = t.HeldUntil
		}
		if unwanted {
			c.freed = append(c.freed, t)
		} else {
			c.kept = append(c.kept, t)
		}
	case taken:
		c.conflicting = append(c.conflicting, t)
	default:
		c.added = append(c.added, t)
	}
}

// judgeChange says why a change cannot be had, if so, in the order of judge.
func (s *Bookings) judgeChange(ctx context.Context, tx pgx.Tx, b lockedBooking, c boxoffice.SeatChange, change *seatChange) error {
	wished := slices.Concat(change.kept, change.added, change.conflicting, change.freed)
	if missing := missingTicket(wished, c.Add); missing != "" {
		return boxoffice.Errorf(boxoffice.CodeNotFound, "There is no ticket %s.", missing)
	}
	for _, t := range wished {
		if t.EventID != b.eventID {
			return boxoffice.InvalidField("add", "The seats belong to more than one event.")
		}
	}
	if change.lost {
		return boxoffice.Errorf(boxoffice.CodeSeatsLost, "The seats of this booking are no longer held.")
	}
	if err := change.refuseStale(c.Remove); err != nil {
		return err
	}
	switch left := len(wished) - len(change.freed); {
	case left == 0:
		return boxoffice.InvalidField("remove", "At least one seat stays. To let go of all, cancel the booking.")
	case left > s.rules.MaxSeats:
		return boxoffice.InvalidField("add", "A booking has at most %d seats.", s.rules.MaxSeats)
	case len(change.added)+len(change.conflicting) > 0 && !change.event.onSale:
		return boxoffice.Errorf(boxoffice.CodeNotOnSale, "This event is not on sale.")
	}
	if err := change.refuseTaken(ctx, tx, b); err != nil {
		return err
	}
	// Where the booking could have taken other seats from the start, it can take them now.
	return s.refuseOrphans(ctx, tx, change.event, slices.Concat(change.kept, change.added), slices.Concat(change.kept, change.freed))
}

// refuseStale refuses to exchange seats that the booking does not have. Whoever asks for that takes it for another than it is,
// and would pay for the seats that come beside those that were to go. Where none comes that it has not, nobody pays more than
// they know of: so a change that was done may be asked for again without a key.
func (c *seatChange) refuseStale(remove []string) error {
	if len(c.added)+len(c.conflicting) == 0 {
		return nil
	}
	freed := ticketIDs(c.freed)
	for i, id := range remove {
		if !slices.Contains(freed, id) {
			return boxoffice.InvalidField("remove["+strconv.Itoa(i)+"]", "The booking does not have this seat. Please look at it again.")
		}
	}
	return nil
}

// refuseTaken is that of wanted, for the seats to be added.
func (c *seatChange) refuseTaken(ctx context.Context, tx pgx.Tx, b lockedBooking) (err error) {
	var kept []boxoffice.Ticket
	if !c.accessible {
		if kept, c.released, err = partSpaces(ctx, tx, b.eventID, c.added); err != nil {
			return err
		}
	}
	return conflicts(ctx, tx, b.userID, c.conflicting, kept)
}

// write frees and takes the seats. A freed seat is forgotten, not released: nothing was ever paid for it, and a payment that
// comes late must not buy it. A promotion is taken out: it was judged for other seats, and who locks its row must not have seats
// locked.
func (c seatChange) write(ctx context.Context, tx pgx.Tx, b lockedBooking) error {
	if len(c.freed)+len(c.added) == 0 {
		return nil
	}
	freed, added := ticketIDs(c.freed), ticketIDs(c.added)
	batch := &pgx.Batch{}
	batch.Queue(`UPDATE tickets SET state = 'available', booking_id = NULL, held_until = NULL
		WHERE id = ANY ($2::text[]::uuid[]) AND booking_id = $1`, b.id, freed)
	batch.Queue(`DELETE FROM booking_tickets WHERE booking_id = $1 AND ticket_id = ANY ($2::text[]::uuid[])`, b.id, freed)
	queueBooked(batch, b.id, c.added)
	batch.Queue(`UPDATE tickets SET state = 'held', booking_id = $1, held_until = $3
		WHERE id = ANY ($2::text[]::uuid[])`, b.id, added, c.until)
	batch.Queue(`UPDATE bookings SET accessible = $2 WHERE id = $1`, b.id, c.accessible)
	queueReleases(batch, b.eventID, b.id, c.released)
	queueFullPrices(batch, b.id)
	queueTimeline(batch, b.id, "seats changed", "buyer", map[string]any{"added": seatLabels(c.added), "removed": seatLabels(c.freed)})
	return tx.SendBatch(ctx, batch).Close()
}

func ticketIDs(tickets []boxoffice.Ticket) []string {
	ids := make([]string, len(tickets))
	for i, t := range tickets {
		ids[i] = t.ID
	}
	return ids
}

func seatLabels(tickets []boxoffice.Ticket) []string {
	labels := make([]string, len(tickets))
	for i, t := range tickets {
		labels[i] = t.Seat()
	}
	return labels
}

package postgres

import (
	"context"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
)

// ChangeEvent changes a draft or an event on sale. With another plan every seat is locked, compared, and changed as far as
// it is not taken; naming the plan that the event has brings seats up to it that were sold or held the last time.
func (s *Organizers) ChangeEvent(
	ctx context.Context, by boxoffice.By, eventID string, change boxoffice.EventChange, places []boxoffice.Ticket,
) (boxoffice.OwnEvent, error) {
	return s.change(ctx, by, eventID, "change", func(ctx context.Context, tx pgx.Tx, e ownedEvent) (*noted, error) {
		changes := noted{map[string]any{}, map[string]any{}}
		if err := changeRow(ctx, tx, e, change, changes); err != nil {
			return nil, err
		}
		switch {
		case change.PlanHash != nil:
			if err := changePlan(ctx, tx, e, change, places, changes); err != nil {
				return nil, err
			}
		case len(change.Prices) > 0:
			return nil, boxoffice.InvalidField("prices", "Prices come with a new plan only.")
		}
		if len(changes.after) == 0 {
			return nil, nil
		}
		return &changes, nil
	})
}

// changeRow changes the event's name, times, refund policy, booking fee and orphan rule.
func changeRow(ctx context.Context, tx pgx.Tx, e ownedEvent, change boxoffice.EventChange, changes noted) error {
	if change.Name != nil && *change.Name != e.name {
		changes.before["name"], changes.after["name"] = e.name, *change.Name
	}
	times := e.times
	for _, t := range []struct {
		field string
		time  *time.Time
		to    *time.Time
	}{
		{"starts_at", &times.StartsAt, change.StartsAt}, {"ends_at", &times.EndsAt, change.EndsAt},
		{"sales_open_at", &times.SalesOpenAt, change.SalesOpenAt}, {"sales_close_at", &times.SalesCloseAt, change.SalesCloseAt},
	} {
		if t.to != nil && !t.to.Equal(*t.time) {
			changes.before[t.field], changes.after[t.field] = *t.time, *t.to
			*t.time = *t.to
		}
	}
	refund := set(e.refund, change.Refund)
	if refund != e.refund {
		changes.before["refund"], changes.after["refund"] = e.refund, refund
	}
	fee := set(e.fee, change.BookingFeeMinor)
	if fee != e.fee {
		changes.before["booking_fee_minor"], changes.after["booking_fee_minor"] = e.fee, fee
	}
	orphans := set(e.orphans, change.Orphans)
	if orphans != e.orphans {
		changes.before["orphan_rule"], changes.after["orphan_rule"] = e.orphans, orphans
	}
	if len(changes.after) == 0 {
		return nil
	}
	name := set(e.name, change.Name)
	if err := checkRow(ctx, tx, e, name, times, refund); err != nil {
		return err
	}
	hours, percent := refundColumns(refund)
	_, err := tx.Exec(ctx, `UPDATE events SET name = $2, starts_at = $3, ends_at = $4, sales_open_at = $5, sales_close_at = $6, refund_hours = $7,
		refund_percent = $8, booking_fee_minor = $9, orphan_rule = $10 WHERE id = $1`,
		e.id, name, times.StartsAt, times.EndsAt, times.SalesOpenAt, times.SalesCloseAt, hours, percent, fee, orphans)
	return err
}

// checkRow refuses a name that is none, and times and a refund policy that do not fit each other, the clock, or what buyers
// rely on.
func checkRow(ctx context.Context, tx pgx.Tx, e ownedEvent, name string, times boxoffice.EventTimes, refund boxoffice.RefundPolicy) error {
	if err := checkText("name", name); err != nil {
		return err
	}
	wrong := append(times.Wrong(), refund.Wrong()...)
	if name == "" {
		wrong = append(wrong, boxoffice.FieldError{Field: "name", Message: "An event has a name."})
	}
	moved := !times.StartsAt.Equal(e.times.StartsAt)
	if moved && !times.StartsAt.After(e.now) {
		wrong = append(wrong, boxoffice.FieldError{Field: "starts_at", Message: "This is in the past."})
	}
	if err := boxoffice.InvalidFields(wrong); err != nil {
		return err
	}
	worse := !refund.AtLeast(e.refund)
	if !moved && !worse || e.status == boxoffice.EventDraft {
		return nil
	}
	taken, err := countTaken(ctx, tx, e.id)
	switch {
	case err != nil || taken == 0:
		return err
	case moved:
		return boxoffice.Errorf(boxoffice.CodeEventState, "People have booked %d of its seats for the time as it is, so the event's start cannot move. Cancel it, and make another.", taken)
	}
	return boxoffice.Errorf(boxoffice.CodeEventState, "People have booked %d of its seats on the terms as they are, so tickets can be given back later, or for more, but not the other way.", taken)
}

// countTaken counts the seats that are sold or held, under the locks of all: a buyer who comes now reads the event as it
// is after this.
func countTaken(ctx context.Context, tx pgx.Tx, eventID string) (taken int, err error) {
	if err := lockAll(ctx, tx, `event_id = $1`, eventID); err != nil {
		return 0, err
	}
	err = tx.QueryRow(ctx, `
		SELECT count(*) FROM tickets
		WHERE event_id = $1 AND (state = 'sold' OR state = 'held' AND NOT seat_is_free(state, held_until))`, eventID).Scan(&taken)
	return taken, err
}

// changePlan gives the event another plan of its venue.
func changePlan(ctx context.Context, tx pgx.Tx, e ownedEvent, change boxoffice.EventChange, places []boxoffice.Ticket, changes noted) error {
	hash, err := readHash(*change.PlanHash)
	if err != nil {
		return boxoffice.InvalidField("plan_hash", "This is no plan of the venue.")
	}
	planned, err := tx.Exec(ctx, `
		UPDATE events e SET plan_hash = p.hash FROM seat_plans p WHERE e.id = $1 AND p.venue_id = e.venue_id AND p.hash = $2`, e.id, hash)
	if err != nil {
		return err
	}
	if planned.RowsAffected() == 0 {
		return boxoffice.InvalidField("plan_hash", "This is no plan of the venue.")
	}
	seats, err := lockJudged(ctx, tx, `t.event_id = $1`, e.id)
	if err != nil {
		return err
	}
	prices, err := pricesWith(seats, places, change.Prices)
	if err != nil {
		return err
	}
	swap, err := compareSeats(e.id, seats, places, prices)
	if err != nil {
		return err
	}
	if len(swap.taken) > 0 {
		return seatsTaken("The new plan does not have all of the seats that people have booked.", swap.taken)
	}
	changes.after["plan"] = *change.PlanHash
	changes.after["seats"], changes.after["new"], changes.after["gone"] = len(places), len(swap.fresh), len(swap.gone)
	return swap.store(ctx, tx, e.id)
}

// pricesWith gives the prices of the categories that the seats have, and of those that come with the places.
func pricesWith(seats []judgedSeat, places []boxoffice.Ticket, more map[string]int64) (map[string]int64, error) {
	prices, used := map[string]int64{}, map[string]bool{}
	for _, seat := range seats {
		price, known := prices[seat.Category]
		if seat.State != boxoffice.SeatWithdrawn && (!known || seat.PriceMinor < price) {
			prices[seat.Category] = seat.PriceMinor
		}
	}
	for _, place := range places {
		used[place.Category] = true
	}
	for category, price := range more {
		now, known := prices[category]
		switch {
		case known && now != price:
			return nil, boxoffice.InvalidField("prices."+category, "This category has a price already, which is changed by itself.")
		case !known && !used[category]:
			return nil, boxoffice.InvalidField("prices."+category, "The plan has no seat of this category.")
		case price < 0 || price > boxoffice.MaxPriceMinor:
			return nil, boxoffice.InvalidField("prices."+category, "A price is between 0 and %d.", boxoffice.MaxPriceMinor)
		}
		prices[category] = price
	}
	return prices, nil
}

// planSwap is what becomes of the seats of an event when its plan changes.
type planSwap struct {
	fresh   []boxoffice.Ticket   // in the new plan only
	changed []boxoffice.Ticket   // in both, and nobody's: as the new plan has them; or withdrawn before
	gone    []string             // in the old plan only, and nobody's
	taken   []boxoffice.Conflict // in the old plan only, and somebody's
}

type placeKey struct {
	section, row string
	number       int
}

func placeOf(t boxoffice.Ticket) placeKey { return placeKey{t.Section, t.Row, t.Number} }

// compareSeats says what becomes of the seats, which are locked. Seats that are somebody's stay as they are.
func compareSeats(eventID string, seats []judgedSeat, places []boxoffice.Ticket, prices map[string]int64) (swap planSwap, err error) {
	old := make(map[placeKey]judgedSeat, len(seats))
	for _, seat := range seats {
		old[placeOf(seat.Ticket)] = seat
	}
	var fresh []boxoffice.Ticket
	for _, place := range places {
		seat, known := old[placeOf(place)]
		delete(old, placeOf(place))
		price, priced := prices[place.Category]
		switch {
		case !priced:
			return swap, boxoffice.InvalidField("prices."+place.Category, "The plan has seats of this category.")
		case !known:
			fresh = append(fresh, place)
		case seat.State == boxoffice.SeatWithdrawn, seat.nobodys() && seat.Category != place.Category:
			seat.Category, seat.Accessible, seat.PriceMinor = place.Category, place.Accessible, price
			swap.changed = append(swap.changed, seat.Ticket)
		case seat.nobodys() && seat.Accessible != place.Accessible:
			seat.Accessible = place.Accessible
			swap.changed = append(swap.changed, seat.Ticket)
		}
	}
	for _, seat := range seats {
		_, gone := old[placeOf(seat.Ticket)]
		switch {
		case !gone || seat.State == boxoffice.SeatWithdrawn:
		case seat.nobodys():
			swap.gone = append(swap.gone, seat.ID)
		default:
			swap.taken = append(swap.taken, seat.conflict())
		}
	}
	if len(places) == 0 || len(fresh) > 0 {
		swap.fresh, _, err = ticketsOf(eventID, fresh, prices)
	}
	return swap, err
}

// nobodys reports whether neither a sale nor a hold keeps the seat as it is.
func (s judgedSeat) nobodys() bool { return s.free || s.State == boxoffice.SeatBlocked }

// store writes what becomes of the seats.
func (swap planSwap) store(ctx context.Context, tx pgx.Tx, eventID string) error {
	n := len(swap.changed)
	ids, categories, accessible, prices := make([]string, n), make([]string, n), make([]bool, n), make([]int64, n)
	for i, t := range swap.changed {
		ids[i], categories[i], accessible[i], prices[i] = t.ID, t.Category, t.Accessible, t.PriceMinor
	}
	batch := &pgx.Batch{}
	batch.Queue(`
		UPDATE tickets t SET category = c.category, accessible = c.accessible, price_minor = c.price, booking_id = NULL, held_until = NULL,
			state = CASE t.state WHEN 'blocked' THEN t.state ELSE 'available' END
		FROM unnest($1::text[]::uuid[], $2::text[], $3::boolean[], $4::bigint[]) AS c (id, category, accessible, price)
		WHERE t.id = c.id`, ids, categories, accessible, prices)
	batch.Queue(`
		DELETE FROM tickets t WHERE t.id = ANY ($1::text[]::uuid[])
			AND NOT EXISTS (SELECT FROM booking_tickets bt WHERE bt.ticket_id = t.id)`, swap.gone)
	batch.Queue(`
		UPDATE tickets SET state = 'withdrawn', booking_id = NULL, held_until = NULL
		WHERE id = ANY ($1::text[]::uuid[])`, swap.gone)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	if err := copyTickets(ctx, tx, eachOf(swap.fresh)); err != nil {
		return err
	}
	return storeTotals(ctx, tx, eventID)
}

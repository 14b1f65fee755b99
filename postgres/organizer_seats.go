package postgres

import (
	"context"
	"strconv"

	"github.com/boxoffice/boxoffice"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// SetPrices changes what the next buyers pay. A ticket's row has the price of its next buyer, whatever became of its last
// one: what a booking costs is in its booking_tickets. So sold and held seats are changed too, and come back at the new
// price when they are given back.
//
// The seats are changed in one transaction and in the order in which buyers lock them, so that a booking has old prices or
// new ones, never both.
func (s *Organizers) SetPrices(ctx context.Context, by boxoffice.By, eventID string, prices map[string]int64) (boxoffice.OwnEvent, error) {
	return s.change(ctx, by, eventID, "set prices", func(ctx context.Context, tx pgx.Tx, e ownedEvent) (*noted, error) {
		old, err := readPrices(ctx, tx, e.id)
		if err != nil {
			return nil, err
		}
		change, err := changedPrices(old, prices)
		if err != nil {
			return nil, err
		}
		categories, amounts := make([]string, 0, len(prices)), make([]int64, 0, len(prices))
		for category, amount := range prices {
			categories, amounts = append(categories, category), append(amounts, amount)
		}
		if err := lockAll(ctx, tx, `event_id = $1 AND category = ANY ($2)`, e.id, categories); err != nil {
			return nil, err
		}
		changed, err := tx.Exec(ctx, `
			UPDATE tickets t SET price_minor = p.amount FROM unnest($2::text[], $3::bigint[]) AS p (category, amount)
			WHERE t.event_id = $1 AND t.category = p.category AND t.price_minor <> p.amount`, e.id, categories, amounts)
		if err != nil || changed.RowsAffected() == 0 {
			return nil, err
		}
		return &change, storeTotals(ctx, tx, e.id)
	})
}

// readPrices gives the prices of the categories that an event's seats have. They change under the event's lock alone.
func readPrices(ctx context.Context, q querier, eventID string) (map[string]int64, error) {
	rows, err := q.Query(ctx, `SELECT category, min(price_minor) FROM tickets WHERE event_id = $1 AND state <> 'withdrawn'
		GROUP BY category`, eventID)
	if err != nil {
		return nil, err
	}
	prices := map[string]int64{}
	var category string
	var price int64
	_, err = pgx.ForEachRow(rows, []any{&category, &price}, func() error {
		prices[category] = price
		return nil
	})
	return prices, err
}

// changedPrices gives the prices before and after. CodeInvalid on a category that no seat has, and on a price that cannot be.
func changedPrices(old, prices map[string]int64) (noted, error) {
	change := noted{map[string]any{}, map[string]any{}}
	for category, price := range prices {
		before, known := old[category]
		switch {
		case !known:
			return change, boxoffice.InvalidField("prices."+category, "No seat of this event is of this category.")
		case price < 0 || price > boxoffice.MaxPriceMinor:
			return change, boxoffice.InvalidField("prices."+category, "A price is between 0 and %d.", boxoffice.MaxPriceMinor)
		}
		change.before[category], change.after[category] = before, price
	}
	return change, nil
}

// storeTotals brings the event's row up to what its seats say.
func storeTotals(ctx context.Context, tx pgx.Tx, eventID string) error {
	_, err := tx.Exec(ctx, `
		UPDATE events e SET seats = s.seats, price_from_minor = s.lowest
		FROM (SELECT count(*) AS seats, min(price_minor) AS lowest FROM tickets WHERE event_id = $1 AND state <> 'withdrawn') AS s
		WHERE e.id = $1`, eventID)
	return err
}

// BlockSeats takes free seats off sale: all of them, or none. A seat is judged as a buyer's hold judges it: one whose hold
// is past is free, and its last booking finds it gone as if somebody else had bought it.
func (s *Organizers) BlockSeats(ctx context.Context, by boxoffice.By, eventID string, ticketIDs []string) (boxoffice.OwnEvent, error) {
	return s.changeSeats(ctx, by, eventID, "block seats", ticketIDs, func(seats []judgedSeat) ([]string, error) {
		var free []string
		var taken []boxoffice.Conflict
		for _, seat := range seats {
			switch {
			case seat.free:
				free = append(free, seat.ID)
			case seat.State != boxoffice.SeatBlocked:
				taken = append(taken, seat.conflict())
			}
		}
		if len(taken) > 0 {
			return nil, seatsTaken("Not all of these seats are free.", taken)
		}
		return free, nil
	}, `UPDATE tickets SET state = 'blocked', booking_id = NULL, held_until = NULL WHERE id = ANY ($1::text[]::uuid[])`)
}

// ReleaseSeats puts blocked seats back on sale.
func (s *Organizers) ReleaseSeats(ctx context.Context, by boxoffice.By, eventID string, ticketIDs []string) (boxoffice.OwnEvent, error) {
	return s.changeSeats(ctx, by, eventID, "release seats", ticketIDs, func(seats []judgedSeat) (blocked []string, err error) {
		for _, seat := range seats {
			if seat.State == boxoffice.SeatBlocked {
				blocked = append(blocked, seat.ID)
			}
		}
		return blocked, nil
	}, `UPDATE tickets SET state = 'available' WHERE id = ANY ($1::text[]::uuid[])`)
}

// changeSeats locks the seats, has choose say which of them are to change, and changes these.
func (s *Organizers) changeSeats(
	ctx context.Context, by boxoffice.By, eventID, action string, ticketIDs []string, choose func([]judgedSeat) ([]string, error), update string,
) (boxoffice.OwnEvent, error) {
	ids, err := checkSeatIDs(ticketIDs)
	if err != nil {
		return boxoffice.OwnEvent{}, err
	}
	return s.change(ctx, by, eventID, action, func(ctx context.Context, tx pgx.Tx, e ownedEvent) (*noted, error) {
		seats, err := lockJudged(ctx, tx, `t.event_id = $1 AND t.id = ANY ($2::text[]::uuid[]) AND t.state <> 'withdrawn'`, e.id, ids)
		if err != nil {
			return nil, err
		}
		if len(seats) < len(ids) {
			return nil, boxoffice.Errorf(boxoffice.CodeNotFound, "Not all of these are seats of this event.")
		}
		chosen, err := choose(seats)
		if err != nil || len(chosen) == 0 {
			return nil, err
		}
		_, err = tx.Exec(ctx, update, chosen)
		return &noted{after: map[string]any{"tickets": chosen}}, err
	})
}

// checkSeatIDs refuses what needs no database to be wrong, and gives the IDs in their canonical form.
func checkSeatIDs(ids []string) ([]string, error) {
	if len(ids) == 0 {
		return nil, boxoffice.InvalidField("ticket_ids", "Choose at least one seat.")
	}
	if len(ids) > boxoffice.MaxSeatsAtOnce {
		return nil, boxoffice.InvalidField("ticket_ids", "At most %d seats can be changed at once.", boxoffice.MaxSeatsAtOnce)
	}
	known := make(map[string]bool, len(ids))
	canonical := make([]string, len(ids))
	for i, id := range ids {
		parsed, err := uuid.Parse(id)
		if err != nil {
			return nil, boxoffice.InvalidField("ticket_ids["+strconv.Itoa(i)+"]", "This is not a ticket ID.")
		}
		if canonical[i] = parsed.String(); known[canonical[i]] {
			return nil, boxoffice.InvalidField("ticket_ids["+strconv.Itoa(i)+"]", "The same seat is named twice.")
		}
		known[canonical[i]] = true
	}
	return canonical, nil
}

// judgedSeat is a seat under its lock.
type judgedSeat struct {
	boxoffice.Ticket
	free bool
}

// conflict says why the seat, which is not free, cannot be had.
func (s judgedSeat) conflict() boxoffice.Conflict {
	reason := boxoffice.ConflictHeld
	if s.State == boxoffice.SeatSold {
		reason = boxoffice.ConflictSold
	}
	return boxoffice.Conflict{TicketID: s.ID, Seat: s.Seat(), Reason: reason}
}

func seatsTaken(message string, taken []boxoffice.Conflict) error {
	e := boxoffice.Errorf(boxoffice.CodeSeatsTaken, "%s", message)
	e.Conflicts = taken
	return e
}

// lockJudged locks the seats that the condition on t selects, in the order of their IDs as HoldSeats does, and judges them.
func lockJudged(ctx context.Context, tx pgx.Tx, condition string, args ...any) ([]judgedSeat, error) {
	rows, err := tx.Query(ctx, `SELECT `+ticketColumns+`, NOT seat_is_free(t.state, t.held_until) FROM tickets t
		WHERE `+condition+` ORDER BY t.id FOR NO KEY UPDATE`, args...)
	if err != nil {
		return nil, err
	}
	tickets, taken, err := collectJudged(rows)
	seats := make([]judgedSeat, len(tickets))
	for i, t := range tickets {
		seats[i] = judgedSeat{t, !taken[i]}
	}
	return seats, err
}

// lockAll locks the seats that the condition selects, in the order of their IDs, and reads none of them. The condition must
// be on what changes under the event's lock alone; what becomes of the seats is asked once they are locked.
func lockAll(ctx context.Context, tx pgx.Tx, condition string, args ...any) error {
	_, err := tx.Exec(ctx, `SELECT count(*) FROM (SELECT FROM tickets WHERE `+condition+` ORDER BY id FOR NO KEY UPDATE) AS locked`, args...)
	return err
}

package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// OwnEvents lists the user's events, the latest start first. A page costs a scan of the seats of its events.
func (s *Organizers) OwnEvents(ctx context.Context, page boxoffice.OrganizerPage) (events []boxoffice.OwnEvent, next string, err error) {
	c, err := ownConditions(page)
	if err != nil {
		return nil, "", err
	}
	err = s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		if events, err = readOwnEvents(ctx, conn, c, page.Limit+1); err != nil {
			return err
		}
		if len(events) > page.Limit {
			events = events[:page.Limit]
			last := events[page.Limit-1].Event
			next = eventCursor{last.StartsAt, last.ID}.String()
		}
		return countSeats(ctx, conn, events)
	})
	return events, next, err
}

// ownConditions select the user's events.
func ownConditions(page boxoffice.OrganizerPage) (c conditions, err error) {
	if err := checkPage(page); err != nil {
		return c, err
	}
	before, err := parseEventCursor(page.Cursor)
	if err != nil {
		return c, err
	}
	c.add("e.owner_id = ?", page.UserID)
	if page.Search != "" {
		c.add("position(lower(?) in lower(e.name)) > 0", page.Search)
	}
	if page.Status != "" {
		known := []boxoffice.EventStatus{boxoffice.EventDraft, boxoffice.EventOnSale, boxoffice.EventCancelled, boxoffice.EventPast}
		if !slices.Contains(known, page.Status) {
			return c, boxoffice.InvalidField("status", "There is no such status.")
		}
		c.add("e.status = ?", page.Status)
	}
	if page.Cursor != "" {
		c.add("(e.starts_at, e.id) < (?, ?)", before.starts, before.id)
	}
	return c, nil
}

// OwnEvent gives an event of the user. It costs a scan of its seats.
func (s *Organizers) OwnEvent(ctx context.Context, userID, eventID string) (e boxoffice.OwnEvent, err error) {
	err = s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) (err error) {
		e, err = readOwnEvent(ctx, conn, userID, eventID)
		return err
	})
	return e, err
}

// readOwnEvent reads an event of the user.
func readOwnEvent(ctx context.Context, q querier, userID, eventID string) (boxoffice.OwnEvent, error) {
	id, err := readID("event", eventID)
	if err != nil {
		return boxoffice.OwnEvent{}, err
	}
	var c conditions
	c.add("e.id = ? AND e.owner_id = ?", id, userID)
	events, err := readOwnEvents(ctx, q, c, 1)
	if err != nil {
		return boxoffice.OwnEvent{}, err
	}
	if len(events) == 0 {
		return boxoffice.OwnEvent{}, absent("event", pgx.ErrNoRows)
	}
	return events[0], countSeats(ctx, q, events)
}

// readOwnEvents reads events, the latest start first, without what their seats say.
func readOwnEvents(ctx context.Context, q querier, c conditions, limit int) ([]boxoffice.OwnEvent, error) {
	rows, err := q.Query(ctx, eventQuery+c.sql+` ORDER BY e.starts_at DESC, e.id DESC LIMIT `+strconv.Itoa(limit), c.args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (boxoffice.OwnEvent, error) {
		e, err := scanEvent(row)
		return boxoffice.OwnEvent{Event: e, Prices: map[string]int64{}}, err
	})
}

// seatCounts are those that SeatCounts has, of tickets called t.
const seatCounts = `count(*) FILTER (WHERE seat_is_free(t.state, t.held_until)),
	count(*) FILTER (WHERE t.state = 'held' AND NOT seat_is_free(t.state, t.held_until)),
	count(*) FILTER (WHERE t.state = 'sold'), count(*) FILTER (WHERE t.state = 'blocked')`

func seatCountTargets(c *boxoffice.SeatCounts) []any {
	return []any{&c.Available, &c.Held, &c.Sold, &c.Blocked}
}

// countSeats sets what the seats of the events say, by one statement that looks at each of them.
func countSeats(ctx context.Context, q querier, events []boxoffice.OwnEvent) error {
	at := make(map[string]*boxoffice.OwnEvent, len(events))
	ids := make([]string, len(events))
	for i := range events {
		ids[i] = events[i].Event.ID
		at[ids[i]] = &events[i]
	}
	rows, err := q.Query(ctx, `
		SELECT t.event_id, t.category, min(t.price_minor), `+seatCounts+` FROM tickets t
		WHERE t.event_id = ANY ($1::text[]::uuid[]) AND t.state <> 'withdrawn'
		GROUP BY t.event_id, t.category`, ids)
	if err != nil {
		return err
	}
	var id, category string
	var price int64
	var seats boxoffice.SeatCounts
	_, err = pgx.ForEachRow(rows, append([]any{&id, &category, &price}, seatCountTargets(&seats)...), func() error {
		e := at[id]
		e.Prices[category] = price
		addSeats(&e.Seats, seats)
		e.Event.Available = e.Seats.Available
		return nil
	})
	return err
}

func addSeats(to *boxoffice.SeatCounts, more boxoffice.SeatCounts) {
	to.Available += more.Available
	to.Held += more.Held
	to.Sold += more.Sold
	to.Blocked += more.Blocked
}

// CreateEvent stores a draft with its tickets. An event of 20,000 seats takes about a second.
func (s *Organizers) CreateEvent(ctx context.Context, by boxoffice.By, e boxoffice.NewEvent, places []boxoffice.Ticket) (boxoffice.OwnEvent, error) {
	return write(ctx, s, by, func(ctx context.Context, tx pgx.Tx) (boxoffice.OwnEvent, error) {
		var none boxoffice.OwnEvent
		if err := refuseManyDrafts(ctx, tx, by.UserID); err != nil {
			return none, err
		}
		// Shared, so that the title's kind does not change between this look at it and the event's row.
		title, err := readTitle(ctx, tx, by.UserID, e.TitleID, "FOR SHARE")
		if err != nil {
			return none, err
		}
		venue, err := readVenue(ctx, tx, by.UserID, e.VenueID, "")
		if err != nil {
			return none, err
		}
		id, err := uuid.NewV7()
		if err != nil {
			return none, err
		}
		tickets, lowest, err := ticketsOf(id.String(), places, e.Prices)
		if err != nil {
			return none, err
		}
		e.TitleID, e.VenueID = title.ID, venue.ID
		if err := insertDraft(ctx, tx, by, id.String(), title.Kind, e, len(tickets), lowest); err != nil {
			return none, err
		}
		if err := copyTickets(ctx, tx, eachOf(tickets)); err != nil {
			return none, err
		}
		change := noted{after: map[string]any{"name": e.Name, "seats": len(tickets), "prices": e.Prices, "booking_fee_minor": e.BookingFeeMinor}}
		if err := note(ctx, tx, by, "create", "event "+id.String(), change); err != nil {
			return none, err
		}
		return readOwnEvent(ctx, tx, by.UserID, id.String())
	})
}

// refuseManyDrafts refuses one more draft where the user has as many as one may.
func refuseManyDrafts(ctx context.Context, tx pgx.Tx, userID string) error {
	drafts, err := countOwned(ctx, tx, userID, `SELECT count(*) FROM events WHERE owner_id = $1 AND status = 'draft'`)
	if err == nil && drafts >= boxoffice.MaxDrafts {
		err = boxoffice.Errorf(boxoffice.CodeTooMany, "You have %d drafts already. Please publish some, or delete what you no longer need.", drafts)
	}
	return err
}

// countOwned locks the user before it counts what is theirs, so that two requests at once do not each make the last one that is
// allowed.
func countOwned(ctx context.Context, tx pgx.Tx, userID, count string) (n int, err error) {
	if _, err := tx.Exec(ctx, `SELECT 1 FROM users WHERE id = $1 FOR NO KEY UPDATE`, userID); err != nil {
		return 0, err
	}
	err = tx.QueryRow(ctx, count, userID).Scan(&n)
	return n, err
}

// ticketsOf makes a ticket of every place, at the price of its category, and gives the lowest price.
func ticketsOf(eventID string, places []boxoffice.Ticket, prices map[string]int64) (tickets []boxoffice.Ticket, lowest int64, err error) {
	if len(places) == 0 {
		return nil, 0, boxoffice.InvalidField("plan_hash", "This plan has no seats.")
	}
	tickets = make([]boxoffice.Ticket, len(places))
	for i, place := range places {
		price, priced := prices[place.Category]
		if !priced {
			return nil, 0, boxoffice.InvalidField("prices."+place.Category, "The plan has seats of this category.")
		}
		id, err := uuid.NewV7()
		if err != nil {
			return nil, 0, err
		}
		place.ID, place.EventID, place.PriceMinor = id.String(), eventID, price
		tickets[i] = place
		if i == 0 || price < lowest {
			lowest = price
		}
	}
	return tickets, lowest, nil
}

// eachOf gives one ticket after the other, then nil.
func eachOf(tickets []boxoffice.Ticket) func() *boxoffice.Ticket {
	next := -1
	return func() *boxoffice.Ticket {
		if next++; next >= len(tickets) {
			return nil
		}
		return &tickets[next]
	}
}

// insertDraft stores an event without its tickets. The plan must be one of its venue.
func insertDraft(ctx context.Context, tx pgx.Tx, by boxoffice.By, id, kind string, e boxoffice.NewEvent, seats int, lowest int64) error {
	if err := cmp.Or(checkText("name", e.Name), checkText("currency", e.Currency)); err != nil {
		return err
	}
	hash, err := readHash(e.PlanHash)
	if err != nil {
		return boxoffice.InvalidField("plan_hash", "This is no plan of the venue.")
	}
	hours, percent := refundColumns(e.Refund)
	stored, err := tx.Exec(ctx, `
		INSERT INTO events (id, owner_id, title_id, venue_id, plan_hash, name, type, starts_at, ends_at, sales_open_at,
			sales_close_at, status, currency, seats, price_from_minor, refund_hours, refund_percent,
			booking_fee_minor, orphan_rule)
		SELECT $1, $2, $3, p.venue_id, p.hash, $6, $7, $8, $9, $10, $11, 'draft', $12, $13, $14, $15, $16, $17, $18
		FROM seat_plans p WHERE p.venue_id = $4 AND p.hash = $5`,
		id, by.UserID, e.TitleID, e.VenueID, hash, e.Name, kind, e.StartsAt, e.EndsAt, e.SalesOpenAt, e.SalesCloseAt,
		e.Currency, seats, lowest, hours, percent, e.BookingFeeMinor, cmp.Or(e.Orphans, boxoffice.OrphansWarn))
	if err == nil && stored.RowsAffected() == 0 {
		err = boxoffice.InvalidField("plan_hash", "This is no plan of the venue.")
	}
	return err
}

// refundColumns are events.refund_hours and refund_percent; sales that are final have neither.
func refundColumns(p boxoffice.RefundPolicy) (hours, percent *int) {
	if p.Final() {
		return nil, nil
	}
	return &p.Hours, &p.Percent
}

// ownedEvent is an event of an organizer under its lock.
type ownedEvent struct {
	id, venueID, name string
	status            boxoffice.EventStatus
	refund            boxoffice.RefundPolicy
	fee               int64
	orphans           boxoffice.OrphanRule
	times             boxoffice.EventTimes
	now               time.Time
}

// lockOwnEvent locks an event of the user; somebody else's is as absent as an unknown one. The lock lets buyers through,
// whose bookings refer to the event: it excludes other organizers' acts alone.
func lockOwnEvent(ctx context.Context, tx pgx.Tx, userID, eventID string) (ownedEvent, error) {
	var e ownedEvent
	id, err := readID("event", eventID)
	if err != nil {
		return e, err
	}
	err = tx.QueryRow(ctx, `
		SELECT id, venue_id, name, status, coalesce(refund_hours, 0), coalesce(refund_percent, 0), booking_fee_minor, orphan_rule,
			starts_at, ends_at, sales_open_at, sales_close_at, boxoffice_now()
		FROM events WHERE id = $1 AND owner_id = $2 FOR NO KEY UPDATE`, id, userID).
		Scan(&e.id, &e.venueID, &e.name, &e.status, &e.refund.Hours, &e.refund.Percent, &e.fee, &e.orphans,
			&e.times.StartsAt, &e.times.EndsAt, &e.times.SalesOpenAt, &e.times.SalesCloseAt, &e.now)
	return e, absent("event", err)
}

// refuseEnded refuses to change what is cancelled or past. A draft whose time has come can be given another.
func (e ownedEvent) refuseEnded() error {
	switch {
	case e.status == boxoffice.EventCancelled:
		return boxoffice.Errorf(boxoffice.CodeEventState, "This event is cancelled.")
	case e.status == boxoffice.EventPast, e.status == boxoffice.EventOnSale && !e.now.Before(e.times.EndsAt):
		return boxoffice.Errorf(boxoffice.CodeEventState, "This event is over.")
	}
	return nil
}

// change is the frame of every change of an event: lock it, do it once, write it down, queue it for the search, and read
// it. Where do gives nil, nothing had to be changed.
func (s *Organizers) change(
	ctx context.Context, by boxoffice.By, eventID, action string, do func(ctx context.Context, tx pgx.Tx, e ownedEvent) (*noted, error),
) (boxoffice.OwnEvent, error) {
	return write(ctx, s, by, func(ctx context.Context, tx pgx.Tx) (boxoffice.OwnEvent, error) {
		e, err := lockOwnEvent(ctx, tx, by.UserID, eventID)
		if err != nil {
			return boxoffice.OwnEvent{}, err
		}
		if err := e.refuseEnded(); err != nil {
			return boxoffice.OwnEvent{}, err
		}
		change, err := do(ctx, tx, e)
		if err != nil {
			return boxoffice.OwnEvent{}, err
		}
		if change != nil {
			if err := note(ctx, tx, by, action, "event "+e.id, *change); err != nil {
				return boxoffice.OwnEvent{}, err
			}
			if err := queueEvents(ctx, tx, `id = $1`, e.id); err != nil {
				return boxoffice.OwnEvent{}, err
			}
		}
		return readOwnEvent(ctx, tx, by.UserID, e.id)
	})
}

// Publish puts a draft on sale.
func (s *Organizers) Publish(ctx context.Context, by boxoffice.By, eventID string) (boxoffice.OwnEvent, error) {
	return s.change(ctx, by, eventID, "publish", func(ctx context.Context, tx pgx.Tx, e ownedEvent) (*noted, error) {
		switch {
		case e.status == boxoffice.EventOnSale:
			return nil, nil
		case !e.now.Before(e.times.StartsAt):
			return nil, boxoffice.Errorf(boxoffice.CodeEventState, "This event starts in the past. Please change its times first.")
		case !e.now.Before(e.times.SalesCloseAt):
			return nil, boxoffice.Errorf(boxoffice.CodeEventState, "Sales of this event close in the past. Please change its times first.")
		}
		_, err := tx.Exec(ctx, `UPDATE events SET status = 'on_sale' WHERE id = $1`, e.id)
		return &noted{map[string]any{"status": e.status}, map[string]any{"status": boxoffice.EventOnSale}}, err
	})
}

// DeleteDraft deletes a draft with its tickets.
func (s *Organizers) DeleteDraft(ctx context.Context, by boxoffice.By, eventID string) error {
	_, err := write(ctx, s, by, func(ctx context.Context, tx pgx.Tx) (deleted struct{}, err error) {
		e, err := lockOwnEvent(ctx, tx, by.UserID, eventID)
		if err != nil {
			return deleted, err
		}
		if e.status != boxoffice.EventDraft {
			return deleted, boxoffice.Errorf(boxoffice.CodeEventState, "This event was published, so it can be cancelled, but not deleted.")
		}
		// Queued first, since it is read from the event: what the search finds no longer it drops.
		if err := queueEvents(ctx, tx, `id = $1`, e.id); err != nil {
			return deleted, err
		}
		for _, sql := range []string{`DELETE FROM tickets WHERE event_id = $1`, `DELETE FROM events WHERE id = $1`} {
			if _, err := tx.Exec(ctx, sql, e.id); err != nil {
				return deleted, fmt.Errorf("delete event %s: %w", e.id, err)
			}
		}
		return deleted, note(ctx, tx, by, "delete", "event "+e.id, noted{before: map[string]any{"name": e.name}})
	})
	return err
}

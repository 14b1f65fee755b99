package postgres

import (
	"context"
	"slices"

	"github.com/boxoffice/boxoffice"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Event gives an event that is no draft. CodeNotFound.
func (s *Catalogue) Event(ctx context.Context, eventID string) (boxoffice.Event, error) {
	var event boxoffice.Event
	err := s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) (err error) {
		event, err = readShownEvent(ctx, conn, eventID)
		return err
	})
	return event, err
}

// EventsByID gives the events of these IDs that are no drafts, in no order. One statement.
func (s *Catalogue) EventsByID(ctx context.Context, eventIDs []string) ([]boxoffice.Event, error) {
	var events []boxoffice.Event
	err := s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, eventQuery+`e.status <> 'draft' AND e.id = ANY ($1::text[]::uuid[])`, eventIDs)
		if err != nil {
			return err
		}
		events, err = pgx.CollectRows(rows, scanEvent)
		return err
	})
	return events, err
}

// EventTickets gives an event and its free tickets in the order of section, row, number, as people count; limit a page, at
// most 1000, and with 0 the event alone. An event that was cancelled or is over is given too, a draft is CodeNotFound.
// CodeInvalid on a cursor that is none. The cursor is the last seat of the page before, so seats that are taken meanwhile
// move no other. All seats are counted, by row, and those of the page are read: of 20,000 a page costs about 15 ms.
func (s *Catalogue) EventTickets(ctx context.Context, eventID, cursor string, limit int) (boxoffice.EventTickets, error) {
	if limit < 0 || limit > maxTicketsPage {
		return boxoffice.EventTickets{}, boxoffice.InvalidField("limit", "A page has between 0 and %d tickets.", maxTicketsPage)
	}
	after, err := parseSeatCursor(cursor)
	if err != nil {
		return boxoffice.EventTickets{}, err
	}
	var page boxoffice.EventTickets
	err = s.snapshot(ctx, func(ctx context.Context, tx pgx.Tx) (err error) { // the rows are as they were counted
		page, err = readEventTickets(ctx, tx, eventID, after, limit)
		return err
	})
	if err != nil {
		return boxoffice.EventTickets{}, err
	}
	return page, nil
}

// snapshot reads what several statements see as of one moment.
func (s *Catalogue) snapshot(ctx context.Context, read func(ctx context.Context, tx pgx.Tx) error) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return pgx.BeginTxFunc(ctx, conn, options, func(tx pgx.Tx) error { return read(ctx, tx) })
	})
}

func readEventTickets(ctx context.Context, q querier, eventID string, after seatCursor, limit int) (page boxoffice.EventTickets, err error) {
	if page.Event, err = readShownEvent(ctx, q, eventID); err != nil {
		return page, err
	}
	if limit == 0 {
		shown := []boxoffice.Event{page.Event}
		err = countFree(ctx, q, shown)
		page.Event = shown[0]
		return page, err
	}
	rows, err := countFreeSeats(ctx, q, page.Event.ID)
	if err != nil {
		return page, err
	}
	for _, r := range rows {
		page.Event.Available += r.free
	}
	if page.Tickets, err = readFreeTickets(ctx, q, page.Event.ID, rowsOfPage(rows, after, limit), after, limit+1); err != nil {
		return page, err
	}
	addFees(page.Tickets, page.Event.BookingFeeMinor)
	if len(page.Tickets) > limit {
		page.Tickets = page.Tickets[:limit]
		last := page.Tickets[limit-1]
		page.Next = seatCursor{last.Section, last.Row, last.Number}.String()
	}
	return page, nil
}

// readShownEvent reads an event that is no draft, without Available. CodeNotFound.
func readShownEvent(ctx context.Context, q querier, eventID string) (boxoffice.Event, error) {
	id, err := uuid.Parse(eventID)
	if err != nil {
		return boxoffice.Event{}, boxoffice.Errorf(boxoffice.CodeNotFound, "There is no such event.")
	}
	var c conditions
	c.add("e.id = ? AND e.status <> 'draft'", id.String())
	events, err := readEvents(ctx, q, c, 1)
	if err != nil {
		return boxoffice.Event{}, err
	}
	if len(events) == 0 {
		return boxoffice.Event{}, boxoffice.Errorf(boxoffice.CodeNotFound, "There is no such event.")
	}
	return events[0], nil
}

// freeRow is a row with free seats.
type freeRow struct {
	section, row string
	free         int
}

// countFreeSeats counts the free seats of each row, in the order of the hall. Rows without any are left out.
func countFreeSeats(ctx context.Context, q querier, eventID string) ([]freeRow, error) {
	found, err := q.Query(ctx, `
		SELECT section, row, count(*) FROM tickets
		WHERE event_id = $1 AND seat_is_free(state, held_until)
		GROUP BY section, row`, eventID)
	if err != nil {
		return nil, err
	}
	rows, err := pgx.CollectRows(found, func(row pgx.CollectableRow) (r freeRow, err error) {
		return r, row.Scan(&r.section, &r.row, &r.free)
	})
	slices.SortFunc(rows, func(a, b freeRow) int { return compareHall(a.section, a.row, b.section, b.row) })
	return rows, err
}

// rowsOfPage leaves the rows in which the seats of a page are, and the one after them.
func rowsOfPage(rows []freeRow, after seatCursor, limit int) []freeRow {
	from := slices.IndexFunc(rows, func(r freeRow) bool { return compareHall(r.section, r.row, after.Section, after.Row) >= 0 })
	if after.Section == "" {
		from = 0
	}
	if from < 0 {
		return nil
	}
	rows = rows[from:]
	seats := 0
	for i, r := range rows {
		if r.section != after.Section || r.row != after.Row { // of the cursor's row any number may be behind it
			seats += r.free
		}
		if seats > limit {
			return rows[:i+1]
		}
	}
	return rows
}

// readFreeTickets reads the free seats of some rows after a seat, at most limit. What stands in the row of an expired hold
// is its holder's no longer, so it is left out.
func readFreeTickets(
	ctx context.Context, q querier, eventID string, rows []freeRow, after seatCursor, limit int,
) ([]boxoffice.Ticket, error) {
	sections, labels := make([]string, len(rows)), make([]string, len(rows))
	for i, r := range rows {
		sections[i], labels[i] = r.section, r.row
	}
	found, err := q.Query(ctx, `
		SELECT id, section, row, number, category, price_minor, accessible
		FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS hall (section, row, place) JOIN tickets USING (section, row)
		WHERE event_id = $1 AND seat_is_free(state, held_until) AND NOT (section = $4 AND row = $5 AND number <= $6)
		ORDER BY place, number LIMIT $7`, eventID, sections, labels, after.Section, after.Row, after.Number, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(found, func(row pgx.CollectableRow) (boxoffice.Ticket, error) {
		t := boxoffice.Ticket{EventID: eventID, State: boxoffice.SeatAvailable}
		err := row.Scan(&t.ID, &t.Section, &t.Row, &t.Number, &t.Category, &t.PriceMinor, &t.Accessible)
		return t, err
	})
}

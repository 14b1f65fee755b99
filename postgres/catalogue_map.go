package postgres

import (
	"bytes"
	"context"
	"encoding/hex"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/seating"
	"github.com/jackc/pgx/v5"
)

// SeatStatus gives the tickets of an event that is no draft, or of a section of it, in the order of its plan. CodeNotFound,
// CodeInvalid. An event of 10,000 seats costs about 5 ms, and three times as much after a change of its seats.
func (s *Catalogue) SeatStatus(ctx context.Context, eventID, section string) (boxoffice.SeatStatusColumns, error) {
	p, err := s.readShownSeats(ctx, eventID, section)
	if err != nil {
		return boxoffice.SeatStatusColumns{}, err
	}
	return p.columns(), nil
}

// SeatMap gives the state and the price of every place of an event that is no draft. CodeNotFound. It costs as much as
// SeatStatus.
func (s *Catalogue) SeatMap(ctx context.Context, eventID string) (boxoffice.SeatMap, error) {
	p, err := s.readShownSeats(ctx, eventID, "")
	if err != nil {
		return boxoffice.SeatMap{}, err
	}
	return p.seatMap(), nil
}

// shownSeats are the places of an event's plan at one moment.
type shownSeats struct {
	event   boxoffice.Event
	layout  string
	tickets []*boxoffice.Ticket // of each place; nil where there is none, or it is of another section than was asked for
	states  []byte              // of each place; NoSeat where there is no ticket
}

// readShownSeats reads an event that is no draft with its seats, or those of a section. CodeNotFound, CodeInvalid. Of the
// seats only their states are read each time.
func (s *Catalogue) readShownSeats(ctx context.Context, eventID, section string) (p shownSeats, err error) {
	err = s.snapshot(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var hall *seating.Hall
		if p.event, hall, err = s.readShownHall(ctx, tx, eventID); err != nil {
			return err
		}
		version, letters, err := readLetters(ctx, tx, p.event.ID, section)
		if err != nil {
			return err
		}
		if len(letters) == 0 && section != "" {
			return boxoffice.InvalidField("section", "This event has no section of this name.")
		}
		seats, err := s.seatsOf(ctx, tx, p.event, hall, version)
		if err != nil {
			return err
		}
		p.layout = seats.layout
		p.tickets, p.states, err = seats.placed(section, letters)
		return err
	})
	return p, err
}

// readLetters reads the states of the seats of an event, or of a section of it, as they are to be shown: a letter each, in
// the order of the tickets' IDs. With them comes the version of the event's row.
func readLetters(ctx context.Context, q querier, eventID, section string) (version string, letters []byte, err error) {
	var c conditions
	c.add("t.event_id = ? AND t.state <> 'withdrawn'", eventID)
	if section != "" {
		c.add("t.section = ?", section)
	}
	err = q.QueryRow(ctx, `SELECT e.xmin::text, s.letters
		FROM events e, (SELECT `+lettersSQL+` AS letters FROM tickets t WHERE `+c.sql+`) AS s
		WHERE e.id = $1`, c.args...).Scan(&version, &letters)
	return version, letters, err
}

// eventSeats are the seats of an event, without what a sale changes of them. They are never changed.
type eventSeats struct {
	version string // of the event's row: whatever changes its seats or their prices writes that row in the same transaction
	layout  string
	tickets []boxoffice.Ticket // in the order of their IDs
	places  []int              // of each ticket; -1 where the plan has none for it, so that no map can show it
	size    int                // of the hall
}

// Size is the number of tickets.
func (s *eventSeats) Size() int { return len(s.tickets) }

// seatsOf gives the seats of an event whose row has the version, which are read where they are not known.
func (s *Catalogue) seatsOf(ctx context.Context, tx pgx.Tx, e boxoffice.Event, hall *seating.Hall, version string) (*eventSeats, error) {
	if known, ok := s.db.seats.known(e.ID); ok && known.version == version {
		return known, nil
	}
	tickets, err := readSeats(ctx, tx, e)
	if err != nil {
		return nil, err
	}
	seats := &eventSeats{version: version, tickets: tickets, places: make([]int, len(tickets)), size: hall.Size()}
	for i, t := range tickets {
		place, ok := hall.Index(t)
		if !ok {
			place = -1
		}
		seats.places[i] = place
	}
	if seats.layout, err = readLayout(ctx, tx, e.ID); err == nil {
		s.db.seats.keep(e.ID, seats)
	}
	return seats, err
}

// placed gives the ticket and the state of each place, where letters are those of the seats of a section, or of all.
func (s *eventSeats) placed(section string, letters []byte) (tickets []*boxoffice.Ticket, states []byte, err error) {
	tickets, states = make([]*boxoffice.Ticket, s.size), bytes.Repeat([]byte{boxoffice.NoSeat}, s.size)
	next := 0
	for i := range s.tickets {
		if section != "" && s.tickets[i].Section != section {
			continue
		}
		if next == len(letters) {
			break
		}
		if place := s.places[i]; place >= 0 {
			tickets[place], states[place] = &s.tickets[i], letters[next]
		}
		next++
	}
	if next != len(letters) {
		err = boxoffice.Errorf(boxoffice.CodeInternal, "there are %d states of %d seats", len(letters), next)
	}
	return tickets, states, err
}

// readShownHall reads an event that is no draft and the hall of its plan. CodeNotFound.
func (s *Catalogue) readShownHall(ctx context.Context, q querier, eventID string) (boxoffice.Event, *seating.Hall, error) {
	e, err := readShownEvent(ctx, q, eventID)
	if err != nil {
		return e, nil, err
	}
	hash, err := hex.DecodeString(e.PlanHash)
	if err != nil {
		return e, nil, err
	}
	hall, err := s.db.halls.hall(ctx, q, hash)
	return e, hall, err
}

// readSeats reads the seats of an event in the order of their IDs, without their states.
func readSeats(ctx context.Context, q querier, e boxoffice.Event) ([]boxoffice.Ticket, error) {
	rows, err := q.Query(ctx, `SELECT id, section, row, number, category, price_minor, accessible
		FROM tickets WHERE event_id = $1 AND state <> 'withdrawn' ORDER BY id`, e.ID)
	if err != nil {
		return nil, err
	}
	var seats []boxoffice.Ticket
	var t boxoffice.Ticket
	targets := []any{&t.ID, &t.Section, &t.Row, &t.Number, &t.Category, &t.PriceMinor, &t.Accessible}
	_, err = pgx.ForEachRow(rows, targets, func() error {
		seats = append(seats, t)
		return nil
	})
	addFees(seats, e.BookingFeeMinor)
	return seats, err
}

func readLayout(ctx context.Context, q querier, eventID string) (layout string, err error) {
	err = q.QueryRow(ctx, `
		SELECT s.layout FROM events e CROSS JOIN LATERAL (
			SELECT `+layoutSQL+` AS layout FROM tickets t WHERE t.event_id = e.id AND t.state <> 'withdrawn') s
		WHERE e.id = $1`, eventID).Scan(&layout)
	return layout, err
}

// seatStates are the states by their letters.
var seatStates = map[byte]boxoffice.SeatState{
	'a': boxoffice.SeatAvailable, 'h': boxoffice.SeatHeld, 's': boxoffice.SeatSold, 'b': boxoffice.SeatBlocked,
}

func (p shownSeats) columns() boxoffice.SeatStatusColumns {
	c := boxoffice.SeatStatusColumns{EventID: p.event.ID, PlanHash: p.event.PlanHash, Layout: p.layout, Currency: p.event.Currency}
	for i, t := range p.tickets {
		if t == nil {
			continue
		}
		c.TicketIDs, c.Sections, c.Rows = append(c.TicketIDs, t.ID), append(c.Sections, t.Section), append(c.Rows, t.Row)
		c.Numbers, c.States, c.Prices = append(c.Numbers, t.Number), append(c.States, seatStates[p.states[i]]), append(c.Prices, t.PriceMinor)
		c.Totals, c.Categories = append(c.Totals, t.TotalMinor()), append(c.Categories, t.Category)
		c.Accessible = append(c.Accessible, t.Accessible)
	}
	return c
}

func (p shownSeats) seatMap() boxoffice.SeatMap {
	m := boxoffice.SeatMap{
		EventID: p.event.ID, PlanHash: p.event.PlanHash, Layout: p.layout, Currency: p.event.Currency,
		States: p.states, OfferOf: make([]int, len(p.tickets)),
	}
	known := map[boxoffice.SeatOffer]int{}
	for i, t := range p.tickets {
		if t == nil {
			m.OfferOf[i] = -1
			continue
		}
		offer := boxoffice.SeatOffer{Category: t.Category, PriceMinor: t.PriceMinor, TotalMinor: t.TotalMinor()}
		index, ok := known[offer]
		if !ok {
			index = len(m.Offers)
			known[offer], m.Offers = index, append(m.Offers, offer)
		}
		m.OfferOf[i] = index
	}
	return m
}

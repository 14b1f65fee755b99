package postgres

import (
	"context"
	"sync"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/seating"
	"github.com/boxoffice/boxoffice/seatplan"
	"github.com/jackc/pgx/v5"
)

// mostPlaces bounds the memory of halls: about 75 MB.
const mostPlaces = 500_000

// halls keeps the halls of plans that were read; plans never change.
type halls struct {
	mu     sync.Mutex
	kept   map[string]*seating.Hall // by the plan's hash
	places int
}

func newHalls() *halls { return &halls{kept: map[string]*seating.Hall{}} }

// hall gives the hall of a plan, and reads it where it is not known: a plan of 20,000 places costs about 90 ms.
func (h *halls) hall(ctx context.Context, q querier, planHash []byte) (*seating.Hall, error) {
	if known := h.known(string(planHash)); known != nil {
		return known, nil
	}
	var raw []byte
	if err := q.QueryRow(ctx, `SELECT plan FROM seat_plans WHERE hash = $1 LIMIT 1`, planHash).Scan(&raw); err != nil {
		return nil, err
	}
	plan, err := seatplan.Parse(raw)
	if err != nil {
		return nil, boxoffice.WrapError(boxoffice.CodeInternal, err, "A stored seat plan is broken.")
	}
	hall := seating.New(plan)
	h.keep(string(planHash), hall)
	return hall, nil
}

func (h *halls) known(hash string) *seating.Hall {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.kept[hash]
}

// keep keeps a hall, and forgets any others where there are too many places.
func (h *halls) keep(hash string, hall *seating.Hall) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for other, old := range h.kept {
		if h.places+hall.Size() <= mostPlaces {
			break
		}
		delete(h.kept, other)
		h.places -= old.Size()
	}
	if h.kept[hash] == nil {
		h.places += hall.Size()
	}
	h.kept[hash] = hall
}

// readFree reads the free seats of an event, at their price and with their fee of now. Of 20,000 it costs about 25 ms.
func readFree(ctx context.Context, q querier, eventID string) ([]boxoffice.Ticket, error) {
	rows, err := q.Query(ctx, `
		SELECT id, section, row, number, category, price_minor, accessible, (SELECT booking_fee_minor FROM events WHERE id = $1)
		FROM tickets WHERE event_id = $1 AND seat_is_free(state, held_until)`, eventID)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (boxoffice.Ticket, error) {
		t := boxoffice.Ticket{EventID: eventID, State: boxoffice.SeatAvailable}
		var fee int64
		err := row.Scan(&t.ID, &t.Section, &t.Row, &t.Number, &t.Category, &t.PriceMinor, &t.Accessible, &fee)
		t.FeeMinor = boxoffice.TicketFee(t.PriceMinor, fee)
		return t, err
	})
}

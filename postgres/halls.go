package postgres

import (
	"context"
	"sync"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/seating"
	"github.com/boxoffice/boxoffice/seatplan"
	"github.com/jackc/pgx/v5"
)

// mostPlaces bounds the memory of halls, about 75 MB, and that of the seats of events, about 120 MB.
const mostPlaces = 500_000

// kept keeps what was read of halls with so many places in all.
type kept[T interface{ Size() int }] struct {
	mu     sync.Mutex
	of     map[string]T
	places int
}

func newKept[T interface{ Size() int }]() *kept[T] { return &kept[T]{of: map[string]T{}} }

func (k *kept[T]) known(key string) (T, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	v, ok := k.of[key]
	return v, ok
}

// keep keeps a value in place of the key's last, and forgets any others where there are too many places.
func (k *kept[T]) keep(key string, v T) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.forget(key)
	for other := range k.of {
		if k.places+v.Size() <= mostPlaces {
			break
		}
		k.forget(other)
	}
	k.of[key], k.places = v, k.places+v.Size()
}

func (k *kept[T]) forget(key string) {
	if v, ok := k.of[key]; ok {
		delete(k.of, key)
		k.places -= v.Size()
	}
}

// halls keeps the halls of plans by their hash; plans never change.
type halls struct{ *kept[*seating.Hall] }

func newHalls() *halls { return &halls{newKept[*seating.Hall]()} }

// hall gives the hall of a plan, and reads it where it is not known: a plan of 20,000 places costs about 90 ms.
func (h *halls) hall(ctx context.Context, q querier, planHash []byte) (*seating.Hall, error) {
	if known, ok := h.known(string(planHash)); ok {
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

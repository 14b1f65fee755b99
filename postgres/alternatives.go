package postgres

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	mostAlternatives = 3
	freeSeatsAge     = 500 * time.Millisecond // of what alternatives are chosen from: they are offers, nothing keeps them
)

// shownFree keeps the free seats of events for a moment, for those who lost a race and are offered others. Losers of an
// on-sale are many: one at a time is offered something, and the others are told at once what they lost.
type shownFree struct {
	mu     sync.Mutex
	latest map[string]freeAsOf
}

type freeAsOf struct {
	at    time.Time
	seats []boxoffice.Ticket
}

func newShownFree() *shownFree {
	return &shownFree{latest: map[string]freeAsOf{}}
}

// offerOthers adds to an error about seats that are taken what can be had in the place of the wanted ones. It comes after the
// transaction, and is left out where it fails or too many ask. Who needs no place for a wheelchair is offered none.
func (s *Bookings) offerOthers(ctx context.Context, err error, w wanted) error {
	taken, ok := errors.AsType[*boxoffice.Error](err)
	if !ok || taken.Code != boxoffice.CodeSeatsTaken || len(w.tickets) == 0 {
		return err
	}
	wanted := slices.Clone(w.tickets)
	for i := range wanted {
		wanted[i].Accessible = wanted[i].Accessible && w.accessible
	}
	if !s.db.free.mu.TryLock() {
		return taken
	}
	defer s.db.free.mu.Unlock()
	_ = s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		hall, err := s.db.halls.hall(ctx, conn, w.event.planHash)
		if err != nil {
			return err
		}
		free, err := s.db.free.of(ctx, conn, w.event.id)
		if err != nil {
			return err
		}
		var gone []boxoffice.Ticket
		for _, t := range wanted {
			for _, c := range taken.Conflicts {
				if c.TicketID == t.ID {
					gone = append(gone, t)
				}
			}
		}
		taken.Alternatives = hall.Alternatives(free, wanted, gone, mostAlternatives)
		return nil
	})
	return taken
}

// of gives the free seats of an event as of a moment ago. What it gives is kept: it must not be changed.
func (f *shownFree) of(ctx context.Context, q querier, eventID string) ([]boxoffice.Ticket, error) {
	now := time.Now()
	for id, old := range f.latest {
		if now.Sub(old.at) >= freeSeatsAge {
			delete(f.latest, id)
		}
	}
	if latest, ok := f.latest[eventID]; ok {
		return latest.seats, nil
	}
	seats, err := readFree(ctx, q, eventID)
	if err == nil {
		f.latest[eventID] = freeAsOf{now, seats}
	}
	return seats, err
}

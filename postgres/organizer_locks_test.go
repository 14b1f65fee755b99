package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// sitOn locks rows, as somebody's transaction under way does, until the function that it gives is called.
func (h *house) sitOn(t *testing.T, sql string, args ...any) (done func()) {
	t.Helper()
	tx, err := h.own.Begin(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) })
	_, err = tx.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
	return func() { require.NoError(t, tx.Commit(t.Context())) }
}

// TestOrganizers_BuyersPassTheEventsLock sells a seat while an organizer's act, which waits for another, has the event locked.
func TestOrganizers_BuyersPassTheEventsLock(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	event, tickets := o.onSale(t, rowOf("standard", "A", 2))
	done := o.sitOn(t, `SELECT FROM tickets WHERE id = $1 FOR UPDATE`, tickets[1])
	blocked := make(chan error, 1)
	go func() { blocked <- failure(o.organizers.BlockSeats(t.Context(), o.by, event, tickets[1:])) }()
	o.waitUntilBlocked(t)
	s := o.confirmed(t, o.addUser(t), tickets[:1])
	require.Equal(t, boxoffice.BookingConfirmed, o.status(t, s.ID))
	require.Zero(t, o.own(t, event).Seats.Blocked, "it waited all the while")
	done()
	require.NoError(t, <-blocked)
}

// TestChangeEvent_StartWaitsForBuyers moves the start while a buyer has a seat locked, who may be about to hold it.
func TestChangeEvent_StartWaitsForBuyers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	event, tickets := o.onSale(t, rowOf("standard", "A", 2))
	done := o.sitOn(t, `SELECT FROM tickets WHERE id = $1 FOR NO KEY UPDATE`, tickets[1])
	later := o.own(t, event).Event.StartsAt.Add(time.Minute)
	moved := make(chan error, 1)
	go func() {
		moved <- failure(o.organizers.ChangeEvent(t.Context(), o.by, event, boxoffice.EventChange{StartsAt: &later}, nil))
	}()
	o.waitUntilBlocked(t)
	done()
	require.NoError(t, <-moved)
}

// TestCreateEvent_WaitsForItsTitle makes an event of a title whose kind is being changed: it is of the new one.
func TestCreateEvent_WaitsForItsTitle(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	done := o.sitOn(t, `UPDATE titles SET kind = 'play' WHERE id = $1`, o.title.ID)
	made := make(chan boxoffice.OwnEvent, 1)
	failed := make(chan error, 1)
	go func() {
		e, err := o.organizers.CreateEvent(t.Context(), o.by, o.newEvent(map[string]int64{"standard": 1}), rowOf("standard", "A", 1))
		made <- e
		failed <- err
	}()
	o.waitUntilBlocked(t)
	done()
	require.Equal(t, "play", (<-made).Event.Type)
	require.NoError(t, <-failed)
}

// TestOrganizers_AnArena changes every seat of an arena while a buyer books one of them and lets it go, again and again: no
// hold is refused for it.
func TestOrganizers_AnArena(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	const seats = 20_000
	arena := make([]boxoffice.Ticket, 0, seats)
	for n := range seats / 100 {
		arena = append(arena, rowOf("standard", fmt.Sprintf("%03d", n), 100)...)
	}
	draft := timed(t, "create", func() (boxoffice.OwnEvent, error) {
		return o.organizers.CreateEvent(t.Context(), o.by, o.newEvent(map[string]int64{"standard": seatPrice}), arena)
	})
	event, tickets := o.onSale(t, arena)
	over, buyer, user := make(chan struct{}), make(chan error, 1), o.addUser(t)
	go func() { buyer <- o.holdAndLetGo(t, user, tickets[seats/2], over) }()

	timed(t, "prices", func() (boxoffice.OwnEvent, error) {
		return o.organizers.SetPrices(t.Context(), o.by, event, map[string]int64{"standard": 1900})
	})
	second := o.addPlan(t, "second", seats)
	for i := range arena {
		if arena[i].Category = "gold"; arena[i].Number > 50 {
			arena[i].Section = "Circle" // half of the seats are others
		}
	}
	changed := timed(t, "plan", func() (boxoffice.OwnEvent, error) {
		return o.swap(t, event, second, map[string]int64{"gold": 2500}, arena)
	})
	close(over)
	require.NoError(t, <-buyer)
	require.Equal(t, seats, changed.Event.Total)
	timed(t, "sales", func() (boxoffice.Sales, error) { return o.organizers.Sales(t.Context(), o.by.UserID, event) })
	timed(t, "delete", func() (none struct{}, err error) {
		return none, o.organizers.DeleteDraft(t.Context(), o.by, draft.Event.ID)
	})
}

// timed logs how long an act takes.
func timed[T any](t *testing.T, what string, act func() (T, error)) T {
	t.Helper()
	began := time.Now()
	answer, err := act()
	require.NoError(t, err, what)
	t.Logf("%s: %s", what, time.Since(began).Round(time.Millisecond))
	return answer
}

// holdAndLetGo is a buyer of one seat, until it is over. On a busy machine the seat may be locked for longer than buyers are made to
// wait: they are asked to try again, and do.
func (o *office) holdAndLetGo(t *testing.T, user, ticket string, over <-chan struct{}) error {
	var slowest time.Duration
	held, again := 0, 0
	for {
		select {
		case <-over:
			t.Logf("%d holds, the slowest took %s; %d were asked to try again", held, slowest.Round(time.Millisecond), again)
			return nil
		default:
		}
		began := time.Now()
		b, _, _, err := o.store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: user, TicketIDs: []string{ticket}})
		slowest = max(slowest, time.Since(began))
		if boxoffice.CodeOf(err) == boxoffice.CodeUnavailable {
			again++
			continue
		}
		if err != nil {
			return err
		}
		held++
		if _, _, err := o.store.RequestCancel(t.Context(), user, b.ID, nil); err != nil {
			return err
		}
	}
}

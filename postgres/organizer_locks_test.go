package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// TestOrganizers_BuyersPassTheEventsLock takes a seat from the hold to the sale while an organizer's transaction sits on the
// event's row, under the lock that organizers take.
func TestOrganizers_BuyersPassTheEventsLock(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	event, tickets := o.onSale(t, rowOf("standard", "A", 2))
	tx, err := o.house.own.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(t.Context()) }()
	_, err = tx.Exec(t.Context(), `UPDATE events SET name = name WHERE id = $1`, event) // FOR NO KEY UPDATE, as lockOwnEvent
	require.NoError(t, err)

	published := make(chan error, 1)
	go func() {
		_, err := o.organizers.SetPrices(t.Context(), o.by, event, map[string]int64{"standard": 1})
		published <- err
	}()
	o.waitUntilBlocked(t) // another organizer's act waits
	s := o.confirmed(t, o.addUser(t), tickets[:1])
	require.Equal(t, boxoffice.BookingConfirmed, o.status(t, s.ID))
	require.NoError(t, tx.Rollback(t.Context()))
	require.NoError(t, <-published)
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

// holdAndLetGo is a buyer of one seat, until it is over.
func (o *office) holdAndLetGo(t *testing.T, user, ticket string, over <-chan struct{}) error {
	var slowest time.Duration
	for n := 0; ; n++ {
		select {
		case <-over:
			t.Logf("%d holds, the slowest took %s", n, slowest.Round(time.Millisecond))
			return nil
		default:
		}
		began := time.Now()
		b, _, _, err := o.store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: user, TicketIDs: []string{ticket}})
		if err != nil {
			return err
		}
		slowest = max(slowest, time.Since(began))
		if _, _, err := o.store.RequestCancel(t.Context(), user, b.ID, nil); err != nil {
			return err
		}
	}
}

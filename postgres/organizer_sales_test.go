package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// TestSales adds up an event in which every kind of thing has happened, on two days of the venue's calendar.
func TestSales(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	e, err := o.organizers.CreateEvent(t.Context(), o.by, o.newEvent(map[string]int64{"standard": 1000, "premium": 2000}),
		append(rowOf("standard", "A", 5), rowOf("premium", "B", 3)...))
	require.NoError(t, err)
	event := e.Event.ID
	_, err = o.organizers.Publish(t.Context(), o.by, event)
	require.NoError(t, err)
	a := o.ticketsOf(t, event)
	first := o.soldBooking(t, o.addUser(t), a[0], a[5])
	_, err = o.organizers.SetPrices(t.Context(), o.by, event, map[string]int64{"standard": 1500})
	require.NoError(t, err)
	second := o.confirmed(t, o.addUser(t), a[1:2])
	back := o.confirmed(t, o.addUser(t), a[2:3])
	_, err = o.store.Compensate(t.Context(), back.ID, back.epoch, "It was cancelled.")
	require.NoError(t, err)
	o.held(t, o.addUser(t), a[3:4])
	lapsed := o.held(t, o.addUser(t), a[6:7])
	o.letGo(t, lapsed.ID)
	_, err = o.organizers.BlockSeats(t.Context(), o.by, event, a[7:])
	require.NoError(t, err)
	// The same hour in Greenwich, two days in California.
	o.exec(t, `UPDATE payments SET settled_at = '2026-12-05T07:59:59Z' WHERE booking_id = $1`, first.ID)
	o.exec(t, `UPDATE payments SET settled_at = '2026-12-05T08:00:00Z' WHERE booking_id = $1`, second.ID)

	sales, err := o.organizers.Sales(t.Context(), o.by.UserID, event)
	require.NoError(t, err)
	require.Equal(t, boxoffice.Sales{
		EventID: event, Currency: "USD", Seats: boxoffice.SeatCounts{Available: 3, Held: 1, Sold: 3, Blocked: 1},
		Bookings: 2, GrossMinor: 4500, SoldMinor: 4500, CapturedMinor: 6000, RefundedMinor: 1500, NetMinor: 4500,
		Categories: []boxoffice.CategorySales{
			{Category: "premium", PriceMinor: 2000, Seats: boxoffice.SeatCounts{Available: 1, Sold: 1, Blocked: 1}, SoldMinor: 2000},
			{Category: "standard", PriceMinor: 1500, Seats: boxoffice.SeatCounts{Available: 2, Held: 1, Sold: 2}, SoldMinor: 2500},
		},
		Days: []boxoffice.DaySales{{Day: "2026-12-04", Seats: 2, SoldMinor: 3000}, {Day: "2026-12-05", Seats: 1, SoldMinor: 1500}},
	}, sales)
}

// TestGuests lists who comes, in the order of the hall and at what they paid.
func TestGuests(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	event, tickets := o.onSale(t, append(rowOf("standard", "A", 2), rowOf("standard", "AA", 1)...))
	last := o.soldBooking(t, o.addUser(t), tickets[2])
	_, err := o.organizers.SetPrices(t.Context(), o.by, event, map[string]int64{"standard": 1900})
	require.NoError(t, err)
	silent := o.addUser(t)
	o.exec(t, `UPDATE users SET email = NULL WHERE id = $1`, silent)
	first := o.soldBooking(t, silent, tickets[0])
	o.held(t, o.addUser(t), tickets[1:2])
	address := one[string](t, o.house, `SELECT email FROM users WHERE id = $1`, last.UserID)
	o.exec(t, `UPDATE users SET email = 'new@example.org' WHERE id = $1`, last.UserID)

	var guests []boxoffice.Guest
	require.NoError(t, o.organizers.Guests(t.Context(), o.by.UserID, event, func(g boxoffice.Guest) error {
		guests = append(guests, g)
		return nil
	}))
	require.Len(t, guests, 2)
	for i, want := range []struct {
		scene
		seat  string
		price int64
		email string
	}{{first, "Stalls, row A, seat 1", 1900, "page@example.org"}, {last, "Stalls, row AA, seat 1", seatPrice, address}} {
		g := guests[i]
		require.Equal(t, []any{want.Reference, want.seat, want.price, "USD", want.UserID}, []any{g.Reference, g.Ticket.Seat(), g.Ticket.PriceMinor, g.Currency, g.Ticket.HolderID})
		require.Equal(t, one[string](t, o.house, `SELECT username FROM users WHERE id = $1`, want.UserID), g.Username)
		require.Equal(t, want.email, g.Email, "where the tickets went, whatever the address is now")
		require.WithinDuration(t, time.Now(), g.BookedAt, time.Minute)
	}
}

// TestGuests_SlowReaders lets a reader end early, two be slow, and a third be turned away; a reader who is gone is let go.
func TestGuests_SlowReaders(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	event, tickets := o.onSale(t, rowOf("standard", "A", 2))
	o.confirmed(t, o.addUser(t), tickets)
	enough := errors.New("enough")
	read := 0
	require.Equal(t, enough, o.organizers.Guests(t.Context(), o.by.UserID, event, func(boxoffice.Guest) error { read++; return enough }))
	require.Equal(t, 1, read)

	gone, leave := context.WithCancel(t.Context())
	reading, ended := make(chan struct{}), make(chan error)
	for range 2 {
		go func() {
			ended <- o.organizers.Guests(gone, o.by.UserID, event, func(boxoffice.Guest) error {
				reading <- struct{}{}
				<-gone.Done()
				return gone.Err()
			})
		}()
		<-reading
	}
	e := requireCode(t, boxoffice.CodeUnavailable, o.organizers.Guests(t.Context(), o.by.UserID, event, func(boxoffice.Guest) error { return nil }))
	require.Positive(t, e.RetryAfter)
	leave()
	for range 2 {
		require.ErrorIs(t, <-ended, context.Canceled)
	}
	require.NoError(t, o.organizers.Guests(t.Context(), o.by.UserID, event, func(boxoffice.Guest) error { return nil }))
}

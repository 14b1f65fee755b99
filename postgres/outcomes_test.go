package postgres_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/postgres"
)

// outcome gives what a booking has come to.
func (h *house) outcome(t *testing.T, bookingID string) postgres.Outcome {
	t.Helper()
	all, err := h.db.Outcomes(t.Context())
	require.NoError(t, err)
	i := slices.IndexFunc(all, func(o postgres.Outcome) bool { return o.ID == bookingID })
	require.GreaterOrEqual(t, i, 0)
	return all[i]
}

func TestOutcomes_WhatABookingHas(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 6)
	h.allowReturns(t, 0, 80)
	returned := h.oneReturned(t, h.addUser(t), h.tickets[:2])
	expired := h.expired(t, h.addUser(t), h.tickets[2:4])
	held := h.hold(t, h.addUser(t), h.tickets[4:]...)

	o := h.outcome(t, returned.ID)
	require.Equal(t, boxoffice.BookingCompleted, o.Status)
	require.ElementsMatch(t, h.tickets[:2], o.Seats)
	require.Len(t, o.Admits, 1)
	require.EqualValues(t, seatPrice+seatPrice/5, o.WorthMinor, "a seat, and what was kept of the other")
	o = h.outcome(t, expired.ID)
	require.Equal(t, postgres.Outcome{ID: expired.ID, Status: boxoffice.BookingExpired, Seats: o.Seats, Admits: []string{}}, o)
	require.ElementsMatch(t, h.tickets[4:], h.outcome(t, held.ID).Seats)
}

func TestStuckSeats_WhatNobodyLetsGo(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 5)
	h.sold(t, h.addUser(t), h.tickets[:1])
	h.hold(t, h.addUser(t), h.tickets[1])
	expired := h.expired(t, h.addUser(t), h.tickets[2:4])
	stuck, err := h.db.StuckSeats(t.Context())
	require.NoError(t, err)
	require.Empty(t, stuck)

	h.exec(t, `UPDATE tickets SET state = 'held', booking_id = $1, held_until = 'infinity' WHERE id = $2`, expired.ID, h.tickets[2])
	h.exec(t, `UPDATE tickets SET state = 'sold', booking_id = $1, holder_id = $2 WHERE id = $3`, expired.ID, expired.UserID, h.tickets[3])
	stuck, err = h.db.StuckSeats(t.Context())
	require.NoError(t, err)
	require.ElementsMatch(t, h.tickets[2:4], stuck)
}

func TestUnfinished_BookingsAndMails(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	unfinished := func() int {
		n, err := h.db.Unfinished(t.Context())
		require.NoError(t, err)
		return n
	}
	h.expired(t, h.addUser(t), h.tickets[:1])
	require.Zero(t, unfinished())
	b := h.hold(t, h.addUser(t), h.tickets[1])
	require.Equal(t, 1, unfinished())
	h.clock.AdvanceClock(t, time.Hour)
	h.bringToEnd(t, b)
	require.Zero(t, unfinished())
	h.exec(t, `INSERT INTO emails (id, booking_id, kind, dedupe_key, recipient) VALUES (gen_random_uuid(), $1, 'tickets', 'planted', 'x')`, b.ID)
	require.Equal(t, 1, unfinished())
}

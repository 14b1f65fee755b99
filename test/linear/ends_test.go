package linear

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/test/stack"
)

// ended is a booking when nothing is under way any more.
type ended struct {
	ID, User, Status string
	Deadline         time.Time
}

// taken is a seat that is not free then. One that is sold has a booking.
type takenSeat struct{ ID, State, Booking string }

// lookAtAll writes down what became of every booking and every seat, and finds the holds whose answers got lost. It gives how
// many of these had their effect.
func lookAtAll(t *testing.T, s *stack.System, h *hall, r *record) (found int) {
	t.Helper()
	began := r.now()
	bookings := all[ended](t, s, `SELECT id::text, user_id::text AS user, status::text, hold_expires_at AS deadline FROM bookings`)
	seats := all[takenSeat](t, s, `SELECT id::text, state::text, coalesce(booking_id::text, '') AS booking FROM tickets WHERE state <> 'available'`)
	known := map[string]booked{}
	for _, b := range h.held {
		known[b.bookingID] = b
	}
	for _, b := range bookings {
		one, told := known[b.ID]
		if !told {
			one, told = r.find(b.User, b.ID, r.since(b.Deadline))
			require.True(t, told, "nobody asked for booking %s", b.ID)
			known[b.ID] = one
			found++
		}
		r.note(clients, one.call(read), began, answer{verdict: done, status: b.Status})
	}
	require.Len(t, known, len(bookings), "a booking is gone that a client was told of")
	holders := map[string]int{}
	for _, one := range seats {
		holders[one.ID] = -1 // nobody whom a seat may belong to in the end
		if b, told := known[one.Booking]; told && one.State == "sold" {
			holders[one.ID] = b.hold.claim
		}
	}
	for _, block := range h.used() {
		a := answer{verdict: done}
		for i, id := range block.ids {
			a.rows[i] = holders[id]
		}
		r.note(clients, call{act: look, block: block.number}, began, a)
	}
	began = r.now()
	for _, block := range h.used() {
		r.note(clients, call{act: end, block: block.number}, began, answer{verdict: done})
	}
	return found
}

// all reads the rows of a query.
func all[T any](t *testing.T, s *stack.System, query string) []T {
	t.Helper()
	rows, err := s.DB.Query(t.Context(), query)
	require.NoError(t, err)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[T])
	require.NoError(t, err)
	return found
}

package postgres_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// requireSameSeats asserts that the states, put into the order of the map, are those of the map, and gives them.
func requireSameSeats(t *testing.T, h *house) boxoffice.SeatStates {
	t.Helper()
	columns, err := h.db.Catalogue().SeatStatus(t.Context(), h.event)
	require.NoError(t, err)
	states, err := h.db.Catalogue().SeatStates(t.Context(), h.event, "")
	require.NoError(t, err)
	require.Equal(t, columns.TicketIDs, states.Seats.TicketIDs)
	require.Equal(t, columns.Layout, states.Seats.Layout)
	require.Len(t, states.Letters, len(columns.States))
	for i, letter := range states.Letters {
		require.Equal(t, string(columns.States[states.Seats.Places[i]])[:1], string(letter), columns.TicketIDs[states.Seats.Places[i]])
	}
	return states
}

func TestSeatStates_AreThoseOfTheMap(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 6)
	for i, ticket := range h.tickets { // rows that people count in another order than the index has
		h.exec(t, `UPDATE tickets SET row = $2, number = $3 WHERE id = $1`, ticket, fmt.Sprint(12-2*(i/2)), i+1)
	}
	first := requireSameSeats(t, h)
	require.Equal(t, "aaaaaa", string(first.Letters))
	require.NotEqual(t, []int{0, 1, 2, 3, 4, 5}, first.Seats.Places)

	user := h.addUser(t)
	held := h.hold(t, user, h.tickets[0], h.tickets[1])
	h.sold(t, h.addUser(t), h.tickets[2:3])
	h.exec(t, `UPDATE tickets SET state = 'blocked' WHERE id = $1`, h.tickets[3])
	now := requireSameSeats(t, h)
	require.Equal(t, first.Known, now.Known, "the seats are the same")
	require.ElementsMatch(t, []byte("hhsbaa"), now.Letters)
	known, err := h.db.Catalogue().SeatStates(t.Context(), h.event, first.Known)
	require.NoError(t, err)
	require.Equal(t, now.Letters, known.Letters)
	require.Nil(t, known.Seats, "they are not read again")

	h.letGo(t, held.ID)
	require.ElementsMatch(t, []byte("aasbaa"), requireSameSeats(t, h).Letters, "a hold that is past is free though nobody wrote it")
}

func TestSeatStates_SayWhenTheSeatsAreOthers(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	seen := requireSameSeats(t, h)
	for name, change := range map[string]string{
		"a price":         `UPDATE tickets SET price_minor = price_minor + 1 WHERE id = $1`,
		"a seat less":     `UPDATE tickets SET state = 'withdrawn' WHERE id = $1`,
		"the same though": `UPDATE tickets SET state = 'blocked' WHERE id = $1`,
	} {
		h.exec(t, `UPDATE tickets SET state = 'available', price_minor = $1`, seatPrice)
		h.exec(t, change, h.tickets[1])
		now := requireSameSeats(t, h)
		same := name == "the same though"
		require.Equal(t, same, seen.Known == now.Known, name)
		require.Equal(t, same, seen.Seats.Layout == now.Seats.Layout, name)
	}
}

func TestSeatStates_OfWhatIsNotShown(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	for _, id := range []string{newID(t), "x"} {
		_, err := h.db.Catalogue().SeatStates(t.Context(), id, "")
		requireCode(t, boxoffice.CodeNotFound, err)
	}
	seen := requireSameSeats(t, h)
	h.exec(t, `UPDATE events SET status = 'draft'`)
	for _, known := range []string{"", seen.Known} {
		_, err := h.db.Catalogue().SeatStates(t.Context(), h.event, known)
		requireCode(t, boxoffice.CodeNotFound, err)
	}
}

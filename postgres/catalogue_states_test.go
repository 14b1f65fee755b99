package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

func (h *house) states(t *testing.T, layout string) boxoffice.SeatStates {
	t.Helper()
	states, err := h.db.Catalogue().SeatStates(t.Context(), h.event, layout)
	require.NoError(t, err)
	return states
}

func TestSeatStates_AreThoseOfTheMap(t *testing.T) {
	t.Parallel()
	plan := rowsOf("ss", "ss", "ss")
	h, _ := newHallHouse(t, plan)
	h.exec(t, `UPDATE tickets SET id = overlay(id::text PLACING lpad((99 - ascii(row) % 10 * 10 - number)::text, 2, '0') FROM 1)::uuid`)
	ids := map[string]string{}
	for _, name := range []string{"A1", "A2", "B1", "B2", "C1", "C2"} {
		ids[name] = one[string](t, h, `SELECT id::text FROM tickets WHERE row || number = $1`, name)
	}
	first := h.states(t, "")
	require.Equal(t, "aaaaaa", string(first.Letters))
	require.Equal(t, []int{5, 4, 3, 2, 1, 0}, first.Seats.Of, "the letters have another order than the places")

	held := h.hold(t, h.addUser(t), ids["A1"], ids["A2"])
	h.sold(t, h.addUser(t), []string{ids["B1"]})
	h.exec(t, `UPDATE tickets SET state = 'blocked' WHERE id = $1`, ids["B2"])
	require.Equal(t, "hhsbaa", string(requireSameMap(t, h.db, h.event, plan).States))
	known := h.states(t, first.Layout)
	require.Equal(t, "aabshh", string(known.Letters))
	require.Nil(t, known.Seats, "they are not read again")

	h.letGo(t, held.ID)
	require.Equal(t, "aasbaa", string(requireSameMap(t, h.db, h.event, plan).States), "a hold that is past is free though nobody wrote it")
}

func TestSeatStates_SayWhenTheSeatsAreOthers(t *testing.T) {
	t.Parallel()
	h, seats := newHallHouse(t, rowsOf("sss"))
	seen := h.states(t, "")
	for name, change := range map[string]string{
		"a price":         `UPDATE tickets SET price_minor = price_minor + 1 WHERE id = $1`,
		"two prices":      `UPDATE tickets SET price_minor = price_minor + CASE id WHEN $1 THEN 1 ELSE -1 END`,
		"the fee":         `UPDATE events SET booking_fee_minor = 1 WHERE $1::uuid IS NOT NULL`,
		"a seat less":     `UPDATE tickets SET state = 'withdrawn' WHERE id = $1`,
		"the same though": `UPDATE tickets SET state = 'blocked' WHERE id = $1`,
	} {
		h.exec(t, `UPDATE tickets SET state = 'available', price_minor = $1`, seatPrice)
		h.exec(t, `UPDATE events SET booking_fee_minor = 0`)
		require.Equal(t, seen.Layout, h.states(t, "").Layout)
		h.exec(t, change, seats("A2")[0])
		now := h.states(t, seen.Layout)
		require.Equal(t, name == "the same though", seen.Layout == now.Layout, name)
		require.Equal(t, name == "the same though", now.Seats == nil, name)
	}
}

func TestSeatStates_OfWhatIsNotShown(t *testing.T) {
	t.Parallel()
	h, _ := newHallHouse(t, rowsOf("s"))
	for _, id := range []string{newID(t), "x"} {
		_, err := h.db.Catalogue().SeatStates(t.Context(), id, "")
		requireCode(t, boxoffice.CodeNotFound, err)
	}
	seen := h.states(t, "")
	h.exec(t, `UPDATE events SET status = 'draft'`)
	for _, known := range []string{"", seen.Layout} {
		_, err := h.db.Catalogue().SeatStates(t.Context(), h.event, known)
		requireCode(t, boxoffice.CodeNotFound, err)
	}
}

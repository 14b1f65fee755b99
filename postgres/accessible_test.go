package postgres_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/seatplan"
)

// newTieredHouse has two sections and two categories, with a wheelchair's space in each: A1 in the stalls, of "standard" ones,
// and C1 in the balcony, of "cheap" ones.
func newTieredHouse(t *testing.T) (h *house, seats func(names string) []string) {
	t.Helper()
	p := rowsOf("wcs", "ss", "wcs", "s")
	p.Categories = append(p.Categories, "cheap")
	rows := p.Sections[0].Rows
	for _, row := range rows[1:3] {
		for i := range row.Seats {
			row.Seats[i].Category = "cheap"
		}
	}
	p.Sections = []seatplan.Section{{Name: "Stalls", Rows: rows[:2]}, {Name: "Balcony", Rows: rows[2:]}}
	return newHallHouse(t, p)
}

// ask wants seats, and says whether somebody needs a place for a wheelchair.
func (h *house) ask(t *testing.T, needed bool, tickets []string) (boxoffice.Booking, error) {
	t.Helper()
	b, _, _, err := h.store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: h.addUser(t), TicketIDs: tickets, Accessible: needed})
	return b, err
}

// reasonsOf gives why each ticket could not be had.
func reasonsOf(t *testing.T, err error) map[string]boxoffice.ConflictReason {
	t.Helper()
	reasons := map[string]boxoffice.ConflictReason{}
	for _, c := range requireCode(t, boxoffice.CodeSeatsTaken, err).Conflicts {
		reasons[c.TicketID] = c.Reason
	}
	return reasons
}

func (h *house) said(t *testing.T, bookingID string) bool {
	t.Helper()
	return one[bool](t, h, `SELECT accessible FROM bookings WHERE id = $1`, bookingID)
}

// releases gives what the audit log says of releases, as "seat by rule".
func (h *house) releases(t *testing.T) []string {
	t.Helper()
	return one[[]string](t, h, `SELECT coalesce(array_agg(concat_ws(' by ', s->>'seat', s->>'rule') ORDER BY l.id), '{}')
		FROM audit_log l, jsonb_array_elements(l.after->'seats') s JOIN bookings b ON true
		WHERE l.action = 'release accessible seats' AND l.subject = b.event_id::text AND b.id::text = l.after->>'booking'`)
}

func TestAccessibleSeats_AreKeptForWhoNeedsThem(t *testing.T) {
	t.Parallel()
	h, seats := newTieredHouse(t)
	h.hold(t, h.addUser(t), seats("A3")...)
	before := h.rows(t)
	_, err := h.ask(t, false, seats("A1 A2 A3"))
	require.Equal(t, map[string]boxoffice.ConflictReason{
		seats("A1")[0]: boxoffice.ConflictReservedAccessible, seats("A3")[0]: boxoffice.ConflictHeld,
	}, reasonsOf(t, err), "all that could not be had is told")
	_, err = h.ask(t, false, seats("A1"))
	e := requireCode(t, boxoffice.CodeSeatsTaken, err)
	require.Contains(t, e.Message, "nobody asks for proof")
	require.NotEmpty(t, e.Alternatives)
	for _, other := range e.Alternatives {
		require.NotSubset(t, seats("A1 C1"), idsOf(other), "who needs none is offered none")
	}
	require.Equal(t, before, h.rows(t))

	b, err := h.ask(t, true, seats("A1 A2"))
	require.NoError(t, err)
	require.True(t, h.said(t, b.ID))
	ordinary, err := h.ask(t, false, seats("B1"))
	require.NoError(t, err)
	require.False(t, h.said(t, ordinary.ID))
	require.Empty(t, h.releases(t))
}

func TestAccessibleSeats_AreReleasedByRule(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ sold, held, blocked, want string }{
		"nothing is sold":              {want: ""},
		"the section is sold out":      {sold: "A2 A3 B1 B2", want: "Stalls, row A, seat 1 by section"},
		"the category is":              {sold: "B1 B2 C2 C3", want: "Balcony, row C, seat 1 by category"},
		"all is":                       {sold: "A2 A3 B1 B2 C2 C3 D1", want: "Stalls, row A, seat 1 by house, Balcony, row C, seat 1 by house"},
		"one is held, and may return":  {sold: "A2 A3 B1", held: "B2", want: ""},
		"blocked ones are not on sale": {sold: "A2 A3 B1", blocked: "B2", want: "Stalls, row A, seat 1 by section"},
		"none ever was on sale":        {blocked: "A2 A3 B1 B2 C2 C3 D1", want: ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, seats := newTieredHouse(t)
			for _, s := range seats(c.sold) {
				h.sold(t, h.addUser(t), []string{s})
			}
			if c.held != "" {
				h.letGo(t, h.hold(t, h.addUser(t), seats(c.held)...).ID) // its hold is past, so the seat is there for who comes
			}
			h.exec(t, `UPDATE tickets SET state = 'blocked' WHERE id = ANY ($1::text[]::uuid[])`, seats(c.blocked))
			for _, space := range []string{"A1", "C1"} {
				b, err := h.ask(t, false, seats(space))
				if strings.Contains(c.want, "row "+space[:1]) {
					require.NoError(t, err)
					require.False(t, h.said(t, b.ID))
				} else {
					require.Equal(t, boxoffice.ConflictReservedAccessible, reasonsOf(t, err)[seats(space)[0]])
				}
			}
			require.Equal(t, c.want, strings.Join(h.releases(t), ", "))
		})
	}
}

func TestAccessibleSeats_InAChange(t *testing.T) {
	t.Parallel()
	h, seats := newTieredHouse(t)
	b := h.hold(t, h.addUser(t), seats("A2")...)
	before := h.rows(t)
	_, err := h.store.ChangeSeats(t.Context(), changeOf(b, seats("A1"), nil))
	require.Equal(t, map[string]boxoffice.ConflictReason{seats("A1")[0]: boxoffice.ConflictReservedAccessible}, reasonsOf(t, err))
	require.Equal(t, before, h.rows(t))
	c := changeOf(b, seats("A1"), nil)
	c.Accessible = true
	_, err = h.store.ChangeSeats(t.Context(), c)
	require.NoError(t, err)
	require.True(t, h.said(t, b.ID))
	_, err = h.store.ChangeSeats(t.Context(), changeOf(b, seats("C1"), nil))
	require.NoError(t, err, "what was said still holds")
	require.Empty(t, h.releases(t))

	_, err = h.store.ChangeSeats(t.Context(), changeOf(b, nil, seats("A1 C1")))
	require.NoError(t, err)
	h.letGo(t, b.ID)
	h.sold(t, h.addUser(t), seats("A2 A3 B1"))
	last := h.hold(t, h.addUser(t), seats("C2")...)
	h.sold(t, h.addUser(t), seats("B2"))
	_, err = h.store.ChangeSeats(t.Context(), changeOf(last, seats("A1"), nil))
	require.NoError(t, err)
	require.Equal(t, []string{"Stalls, row A, seat 1 by section"}, h.releases(t))
}

func TestAccessibleSeats_AreChosenForWhoNeedsThem(t *testing.T) {
	t.Parallel()
	h, seats := newHallHouse(t, rowsOf("wssw"))
	needed, err := h.best(t, h.addUser(t), boxoffice.BestRequest{Count: 1, Accessible: 1})
	require.NoError(t, err)
	require.True(t, h.said(t, needed.ID), "the wish says so")
	h.letGo(t, needed.ID)
	held := h.hold(t, h.addUser(t), seats("A2 A3")...)
	_, err = h.best(t, h.addUser(t), boxoffice.BestRequest{Count: 1})
	requireCode(t, boxoffice.CodeNotTogether, err)
	h.letGo(t, held.ID)
	h.sold(t, h.addUser(t), seats("A2 A3"))
	_, err = h.best(t, h.addUser(t), boxoffice.BestRequest{Count: 2})
	requireCode(t, boxoffice.CodeNotTogether, err)
	b, err := h.best(t, h.addUser(t), boxoffice.BestRequest{Count: 2, Split: true})
	require.NoError(t, err, "all others are sold")
	require.Equal(t, "A1 A4", placesOf(b))
	require.False(t, h.said(t, b.ID))
	require.Len(t, h.releases(t), 2)
}

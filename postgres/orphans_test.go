package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/seatplan"
)

func (h *house) setRule(t *testing.T, rule boxoffice.OrphanRule) {
	t.Helper()
	h.exec(t, `UPDATE events SET orphan_rule = $1`, rule)
}

func TestHoldSeats_LeavesNobodyAloneWhereTheEventSaysSo(t *testing.T) {
	t.Parallel()
	h, seats := newHallHouse(t, rowsOf("sssss ssss"))
	user := h.addUser(t)
	h.setRule(t, boxoffice.OrphansRefuse)
	before := h.rows(t)
	_, _, _, err := h.store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: user, TicketIDs: seats("A2 A3")})
	e := requireCode(t, boxoffice.CodeSeatLeftAlone, err)
	require.Contains(t, e.Message, "row A, seat 1")
	require.Equal(t, []boxoffice.Conflict{{TicketID: seats("A1")[0], Seat: "Stalls, row A, seat 1", Reason: boxoffice.ConflictLeftAlone}}, e.Conflicts)
	require.NotEmpty(t, e.Alternatives)
	require.Equal(t, before, h.rows(t))
	var other []string
	for _, ticket := range e.Alternatives[0] {
		other = append(other, ticket.ID)
	}
	require.Len(t, other, 2)
	b := h.hold(t, user, other...)
	_, err = h.store.ChangeSeats(t.Context(), changeOf(b, seats("A7"), nil))
	requireCode(t, boxoffice.CodeSeatLeftAlone, err)

	for _, rule := range []boxoffice.OrphanRule{boxoffice.OrphansWarn, boxoffice.OrphansIgnore} {
		h.setRule(t, rule)
		h.letGo(t, h.hold(t, h.addUser(t), seats("A7 A8")...).ID)
	}
}

// Who has no other choice may leave somebody alone.
func TestHoldSeats_LeavesSomebodyAloneWhereItMust(t *testing.T) {
	t.Parallel()
	h, seats := newHallHouse(t, rowsOf("sss"))
	h.setRule(t, boxoffice.OrphansRefuse)
	h.hold(t, h.addUser(t), seats("A1 A2")...)
	h.hold(t, h.addUser(t), seats("A3")...)
}

func TestChangeSeats_LeavesNobodyAlone(t *testing.T) {
	t.Parallel()
	h, seats := newHallHouse(t, rowsOf("sssss", "ssssss"))
	h.setRule(t, boxoffice.OrphansRefuse)
	b := h.hold(t, h.addUser(t), seats("A1 A2 A3")...)
	_, err := h.store.ChangeSeats(t.Context(), changeOf(b, nil, seats("A2")))
	e := requireCode(t, boxoffice.CodeSeatLeftAlone, err)
	require.Equal(t, seats("A2")[0], e.Conflicts[0].TicketID, "the seat that is given up would be alone")
	_, err = h.store.ChangeSeats(t.Context(), changeOf(b, seats("A4"), nil))
	e = requireCode(t, boxoffice.CodeSeatLeftAlone, err)
	require.Equal(t, seats("A5")[0], e.Conflicts[0].TicketID)
	_, err = h.store.ChangeSeats(t.Context(), changeOf(b, seats("A4 A5"), nil))
	require.NoError(t, err)
}

// Who wants the best seats gets some that leave nobody alone, whatever the rule.
func TestHoldBest_LeavesNobodyAlone(t *testing.T) {
	t.Parallel()
	h, seats := newHallHouse(t, rowsOf("sss", "ssss"))
	b, err := h.best(t, h.addUser(t), boxoffice.BestRequest{Count: 2})
	require.NoError(t, err)
	require.Subset(t, seats("B1 B2 B3 B4"), seatsOf(b))
	rest, err := h.best(t, h.addUser(t), boxoffice.BestRequest{Count: 2})
	require.NoError(t, err)
	require.Subset(t, seats("B1 B2 B3 B4"), seatsOf(rest))
}

func TestConflicts_ComeWithAlternatives(t *testing.T) {
	t.Parallel()
	h, seats := newHallHouse(t, rowsOf("ssssssss", "ssssssss"))
	h.hold(t, h.addUser(t), seats("A4")...)
	user := h.addUser(t)
	_, _, _, err := h.store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: user, TicketIDs: seats("A3 A4")})
	e := requireCode(t, boxoffice.CodeSeatsTaken, err)
	require.Len(t, e.Alternatives, 3)
	require.Equal(t, seats("A3 A5"), idsOf(e.Alternatives[0]), "what is free still, and the nearest")
	require.Equal(t, seats("B3 B4"), idsOf(e.Alternatives[1]))
}

// Who takes an alternative as all that the booking is to have keeps the seats that were to stay, at the prices at which they are
// held, which are not those of now.
func TestChangeSeats_IsOfferedTheWholeBooking(t *testing.T) {
	t.Parallel()
	h, seats := newHallHouse(t, rowsOf("ssssssss"))
	h.chargeFee(t, fee)
	h.addPromotion(t, "TENTH")
	b := h.reduced(t, h.addUser(t), "TENTH", seats("A4 A5 A1")...).Booking
	h.hold(t, h.addUser(t), seats("A6")...)
	h.exec(t, `UPDATE tickets SET price_minor = 99 WHERE id = ANY ($1::text[]::uuid[])`, seats("A4 A5"))
	h.chargeFee(t, 2*fee)
	_, err := h.store.ChangeSeats(t.Context(), changeOf(b, seats("A6"), seats("A1")))
	e := requireCode(t, boxoffice.CodeSeatsTaken, err)
	require.Len(t, e.Alternatives, 2)
	require.Equal(t, seats("A4 A5 A7"), idsOf(e.Alternatives[0]), "what stays, and the nearest")
	require.Equal(t, seats("A3 A4 A5"), idsOf(e.Alternatives[1]), "together with what stays")
	cost := int64(0)
	for _, ticket := range e.Alternatives[1] {
		cost += ticket.TotalMinor()
	}
	require.EqualValues(t, 3*seatPrice+4*fee, cost)
	got, err := h.store.ChangeSeats(t.Context(), changeOf(b, seats("A3"), seats("A1")))
	require.NoError(t, err)
	require.Equal(t, cost, got.Amount.Minor, "that is what it costs")
}

func idsOf(tickets []boxoffice.Ticket) (list []string) {
	for _, t := range tickets {
		list = append(list, t.ID)
	}
	return list
}

// Every loser of an on-sale is told what was lost; who of them is offered others depends on how many ask.
func TestConflicts_OfAnArena(t *testing.T) {
	t.Parallel()
	h, _ := newHallHouse(t, seatplan.Arena("Arena"))
	wanted := h.tickets[5000:5002]
	h.hold(t, h.addUser(t), wanted[0])
	users, errs := make([]string, 20), make([]error, 20)
	for i := range users {
		users[i] = h.addUser(t)
	}
	atOnce(len(users), func(i int) {
		_, _, _, errs[i] = h.store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: users[i], TicketIDs: wanted})
	})
	for _, err := range errs {
		if boxoffice.CodeOf(err) == boxoffice.CodeUnavailable { // on a slow machine who waits for the rows' locks may be told to come again
			continue
		}
		e := requireCode(t, boxoffice.CodeSeatsTaken, err)
		require.Equal(t, wanted[0], e.Conflicts[0].TicketID)
	}
	_, _, _, err := h.store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: users[0], TicketIDs: wanted})
	e := requireCode(t, boxoffice.CodeSeatsTaken, err)
	require.Len(t, e.Alternatives, 3, "who asks alone is offered others")
	require.Contains(t, idsOf(e.Alternatives[0]), wanted[1])
}

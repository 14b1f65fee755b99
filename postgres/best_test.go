package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/seatplan"
)

// rowsOf draws a plan row by row: s is a seat, w a wheelchair's space, c the seat beside it, a space an aisle.
func rowsOf(rows ...string) seatplan.Plan {
	p := seatplan.Plan{Format: 1, Name: "Hall", Categories: []string{"standard"}, Width: 9000, Height: 9000, Stage: seatplan.Stage{Label: "Stage", X: 500, Width: 1000, Height: 100}}
	section := seatplan.Section{Name: "Stalls"}
	kinds := map[rune]seatplan.Kind{'w': seatplan.Accessible, 'c': seatplan.Companion}
	for r, text := range rows {
		row := seatplan.Row{Label: string(rune('A' + r))}
		for i, letter := range text {
			if letter != ' ' {
				row.Seats = append(row.Seats, seatplan.Seat{Category: "standard", Kind: kinds[letter], X: 100 + 60*i, Y: 300 + 100*r, Number: len(row.Seats) + 1})
			}
		}
		section.Rows = append(section.Rows, row)
	}
	p.Sections = []seatplan.Section{section}
	return p
}

// newHallHouse is newHouse whose event has the seats of a plan. It gives the IDs of tickets by row and number, as "A1 A2".
func newHallHouse(t testing.TB, p seatplan.Plan) (h *house, seats func(names string) []string) {
	t.Helper()
	require.NoError(t, p.Validate())
	h = newHouse(t, 0)
	canonical, err := p.Canonical()
	require.NoError(t, err)
	h.exec(t, `UPDATE seat_plans SET plan = $1`, canonical)
	ids := map[string]string{}
	for place := range p.Places() {
		id := newID(t)
		ids[fmt.Sprint(place.Row, place.Number)] = id
		h.tickets = append(h.tickets, id)
		h.exec(t, `INSERT INTO tickets (id, event_id, section, row, number, category, price_minor, accessible) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			id, h.event, place.Section, place.Row, place.Number, place.Category, seatPrice, place.Accessible)
	}
	return h, func(names string) (found []string) {
		for _, name := range strings.Fields(names) {
			require.Contains(t, ids, name)
			found = append(found, ids[name])
		}
		return found
	}
}

func (h *house) best(t testing.TB, user string, req boxoffice.BestRequest) (boxoffice.Booking, error) {
	t.Helper()
	req.UserID, req.EventID = user, h.event
	b, ref, fresh, err := h.store.HoldBest(t.Context(), req)
	if err == nil && fresh {
		require.Equal(t, b.ID, ref.BookingID)
		require.Len(t, ref.Seats, len(b.Tickets), "the run is started with the seats")
	}
	return b, err
}

// placesOf names a booking's seats as "A1 A2".
func placesOf(b boxoffice.Booking) string {
	var names []string
	for _, t := range b.Tickets {
		names = append(names, fmt.Sprint(t.Row, t.Number))
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func TestHoldBest(t *testing.T) {
	t.Parallel()
	h, seats := newHallHouse(t, rowsOf("ssss ssss", "ssssssss", "cwss"))
	b, err := h.best(t, h.addUser(t), boxoffice.BestRequest{Count: 4})
	require.NoError(t, err)
	require.Contains(t, []string{"A1 A2 A3 A4", "A5 A6 A7 A8"}, placesOf(b), "together and on one side of the aisle")
	require.Equal(t, boxoffice.BookingHeld, b.Status)
	require.EqualValues(t, 4*seatPrice, b.Amount.Minor)
	require.Equal(t, 4, one[int](t, h, `SELECT count(*) FROM tickets WHERE state = 'held' AND booking_id = $1`, b.ID))
	read, err := h.store.Booking(t.Context(), b.UserID, b.ID)
	require.NoError(t, err)
	require.Equal(t, seatsOf(b), seatsOf(read))

	wheel, err := h.best(t, h.addUser(t), boxoffice.BestRequest{Count: 4, Accessible: 1})
	require.NoError(t, err)
	require.Equal(t, "C1 C2 C3 C4", placesOf(wheel))
	h.letGo(t, b.ID)
	again, err := h.best(t, h.addUser(t), boxoffice.BestRequest{Count: 4})
	require.NoError(t, err)
	require.Equal(t, placesOf(b), placesOf(again), "what is past is free")
	h.exec(t, `UPDATE tickets SET price_minor = 900, category = 'cheap' WHERE id = ANY ($1::text[]::uuid[])`, seats("B1 B2 B3"))
	cheap, err := h.best(t, h.addUser(t), boxoffice.BestRequest{Count: 2, MaxPriceMinor: 1000})
	require.NoError(t, err)
	require.Subset(t, seats("B1 B2 B3"), seatsOf(cheap))
	last, err := h.best(t, h.addUser(t), boxoffice.BestRequest{Count: 1, Category: "cheap"})
	require.NoError(t, err)
	require.Subset(t, seats("B1 B2 B3"), seatsOf(last))
}

func TestHoldBest_WhereNotSoManyAreTogether(t *testing.T) {
	t.Parallel()
	h, _ := newHallHouse(t, rowsOf("ss  ss  ss", "w"))
	before := h.rows(t)
	user := h.addUser(t)
	_, err := h.best(t, user, boxoffice.BestRequest{Count: 4})
	e := requireCode(t, boxoffice.CodeNotTogether, err)
	require.Contains(t, e.Message, "in 2 groups")
	_, err = h.best(t, user, boxoffice.BestRequest{Count: 7, Split: true})
	e = requireCode(t, boxoffice.CodeNotTogether, err)
	require.Contains(t, e.Message, "not so many", "a wheelchair's space is for who asks for one")
	_, err = h.best(t, user, boxoffice.BestRequest{Count: 1, Category: "gold"})
	requireCode(t, boxoffice.CodeNotTogether, err)
	require.Equal(t, before, h.rows(t))
	b, err := h.best(t, user, boxoffice.BestRequest{Count: 4, Split: true})
	require.NoError(t, err)
	require.Len(t, b.Tickets, 4)
}

func TestHoldBest_Refuses(t *testing.T) {
	t.Parallel()
	h, _ := newHallHouse(t, rowsOf("ssssssssssssssss"))
	user := h.addUser(t)
	before := h.rows(t)
	for name, req := range map[string]boxoffice.BestRequest{
		"none": {}, "too many": {Count: 11}, "more wheelchairs than people": {Count: 1, Accessible: 2}, "fewer than none": {Count: 1, Accessible: -1},
	} {
		_, err := h.best(t, user, req)
		require.Equal(t, boxoffice.CodeInvalid, boxoffice.CodeOf(err), name)
	}
	for _, id := range []string{"x", newID(t)} {
		_, _, _, err := h.store.HoldBest(t.Context(), boxoffice.BestRequest{UserID: user, EventID: id, Count: 1})
		requireCode(t, boxoffice.CodeNotFound, err)
	}
	require.Equal(t, before, h.rows(t))
	h.hold(t, user, h.tickets[0])
	_, err := h.best(t, user, boxoffice.BestRequest{Count: 1})
	requireCode(t, boxoffice.CodeOpenBookingExists, err)
	h.exec(t, `UPDATE events SET sales_close_at = now() - interval '1 hour'`)
	_, err = h.best(t, h.addUser(t), boxoffice.BestRequest{Count: 1})
	requireCode(t, boxoffice.CodeNotOnSale, err)
	h.exec(t, `UPDATE events SET status = 'draft'`)
	_, err = h.best(t, h.addUser(t), boxoffice.BestRequest{Count: 1})
	requireCode(t, boxoffice.CodeNotFound, err)
}

func TestHoldBest_Key(t *testing.T) {
	t.Parallel()
	h, _ := newHallHouse(t, rowsOf("ss"))
	user := h.addUser(t)
	req := boxoffice.BestRequest{Count: 2, Key: &boxoffice.IdempotencyKey{UserID: user, Route: "best", Key: "k", BodyHash: []byte("x")}}
	answers, errs := make([]boxoffice.Booking, 10), make([]error, 10)
	atOnce(10, func(i int) { answers[i], errs[i] = h.best(t, user, req) })
	for i := range answers {
		require.NoError(t, errs[i], "nothing is left, and the answer is that of the first")
		require.Equal(t, answers[0].ID, answers[i].ID)
	}
	require.Equal(t, 1, one[int](t, h, `SELECT count(*) FROM bookings`))
}

// TestHoldBestRace sells a hall out at once: fifty who want four seats each of two hundred. Each gets four together, though
// all of them begin with the same choice; nobody is told that something is taken, and nobody waits in a circle.
func TestHoldBestRace(t *testing.T) {
	t.Parallel()
	h, _ := newHallHouse(t, rowsOf(slices.Repeat([]string{"ssssssssssssssssssss"}, 10)...))
	users, errs, held := make([]string, 50), make([]error, 50), make([]boxoffice.Booking, 50)
	for i := range users {
		users[i] = h.addUser(t)
	}
	atOnce(len(users), func(i int) {
		for range 20 { // on a slow machine who waits for locks may be told to come again
			if held[i], errs[i] = h.best(t, users[i], boxoffice.BestRequest{Count: 4}); boxoffice.CodeOf(errs[i]) != boxoffice.CodeUnavailable {
				break
			}
		}
	})
	for i, b := range held {
		require.NoError(t, errs[i])
		require.Len(t, b.Tickets, 4)
		for n := range b.Tickets {
			require.Equal(t, b.Tickets[0].Row, b.Tickets[n].Row)
		}
		numbers := []int{b.Tickets[0].Number, b.Tickets[1].Number, b.Tickets[2].Number, b.Tickets[3].Number}
		require.Equal(t, 3, slices.Max(numbers)-slices.Min(numbers), "together")
	}
	require.Empty(t, oversold(t, h))
	require.Equal(t, 200, one[int](t, h, `SELECT count(*) FROM tickets WHERE state = 'held'`))
	_, err := h.best(t, h.addUser(t), boxoffice.BestRequest{Count: 1})
	requireCode(t, boxoffice.CodeNotTogether, err)
	require.Zero(t, h.deadlocks(t))
}

// Where all that is left is locked, it is waited for: it may come free again.
func TestHoldBest_WaitsForTheLastSeats(t *testing.T) {
	t.Parallel()
	h, _ := newHallHouse(t, rowsOf("ss"))
	user := h.addUser(t)
	tx, err := h.own.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(t.Context()) }()
	_, err = tx.Exec(t.Context(), `SELECT 1 FROM tickets FOR NO KEY UPDATE`)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() {
		_, err := h.best(t, user, boxoffice.BestRequest{Count: 2})
		done <- err
	}()
	h.waitUntilBlocked(t)
	require.NoError(t, tx.Rollback(t.Context()))
	require.NoError(t, <-done)
}

package postgres_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// twoCategories are two seats of each of two categories.
func twoCategories() []boxoffice.Ticket {
	return append(rowOf("standard", "A", 2), rowOf("premium", "B", 2)...)
}

// TestSetPrices_CountsFromThenOn changes a price under a sold and a held seat: both keep theirs, and once they are given
// back the next buyer pays the new one.
func TestSetPrices_CountsFromThenOn(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	e, err := o.organizers.CreateEvent(t.Context(), o.by, o.newEvent(map[string]int64{"standard": seatPrice, "premium": 1850}), twoCategories())
	require.NoError(t, err)
	require.Equal(t, int64(seatPrice), e.Event.PriceFromMinor)
	_, err = o.organizers.Publish(t.Context(), o.by, e.Event.ID)
	require.NoError(t, err)
	tickets := o.ticketsOf(t, e.Event.ID)
	sold := o.confirmed(t, o.addUser(t), tickets[:1])
	held := o.open(t, o.addUser(t), tickets[1:2])
	lapsed := o.hold(t, o.addUser(t), tickets[2])

	for range 2 {
		changed, err := o.organizers.SetPrices(t.Context(), o.by, e.Event.ID, map[string]int64{"standard": 1900, "premium": 1700})
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"standard": 1900, "premium": 1700}, changed.Prices)
		require.Equal(t, int64(1700), changed.Event.PriceFromMinor)
		require.Equal(t, boxoffice.SeatCounts{Available: 1, Held: 2, Sold: 1}, changed.Seats)
	}
	require.Equal(t, 1, one[int](t, o.house, `SELECT count(*) FROM audit_log WHERE action = 'set prices' AND before->>'standard' = '1450'`))

	require.Equal(t, int64(seatPrice), held.attempt.Parameters.AmountMinor)
	payment := o.pay(t, held.attempt)
	_, err = o.store.ConfirmSeats(t.Context(), held.ID, held.epoch, payment)
	require.NoError(t, err)
	paid, err := o.store.Booking(t.Context(), held.UserID, held.ID)
	require.NoError(t, err)
	require.Equal(t, int64(seatPrice), paid.Amount.Minor)
	require.Equal(t, int64(seatPrice), paid.Tickets[0].PriceMinor)
	_, err = o.store.IssueAdmissions(t.Context(), held.ID, held.epoch)
	require.NoError(t, err)
	o.requireBalanced(t, held.ID, seatPrice)

	o.letGo(t, lapsed.ID)
	_, err = o.store.Compensate(t.Context(), sold.ID, sold.epoch, "It was cancelled.")
	require.NoError(t, err)
	next := o.hold(t, o.addUser(t), tickets[0], tickets[2])
	require.Equal(t, int64(1900+1700), next.Amount.Minor, "given back, they cost what the next buyer pays")
	o.requireClean(t, 4)
}

func TestSetPrices_Refusals(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	event := o.draft(t, rowOf("standard", "A", 1)).Event.ID
	for category, price := range map[string]int64{"premium": 1, "standard": -1, "": 1} {
		_, err := o.organizers.SetPrices(t.Context(), o.by, event, map[string]int64{category: price})
		require.Equal(t, "prices."+category, requireCode(t, boxoffice.CodeInvalid, err).Fields[0].Field)
	}
	_, err := o.organizers.SetPrices(t.Context(), o.by, event, map[string]int64{"standard": boxoffice.MaxPriceMinor + 1})
	requireCode(t, boxoffice.CodeInvalid, err)
	require.Equal(t, map[string]int64{"standard": seatPrice}, o.own(t, event).Prices)
}

// TestSetPrices_RacesWithHolds changes both prices to and fro while buyers book a seat of each category, and let them go: a
// booking costs what its seats do, which is all old or all new.
func TestSetPrices_RacesWithHolds(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	const buyers, changes = 6, 20
	// The IDs, by which locks are taken, are in another order than the seats, by which they lie in the index.
	seats := append(rowOf("premium", "B", buyers), rowOf("standard", "A", buyers)...)
	e, err := o.organizers.CreateEvent(t.Context(), o.by, o.newEvent(map[string]int64{"standard": 100, "premium": 200}), seats)
	require.NoError(t, err)
	_, err = o.organizers.Publish(t.Context(), o.by, e.Event.ID)
	require.NoError(t, err)
	tickets := o.ticketsOf(t, e.Event.ID)
	users := make([]string, buyers)
	for i := range users {
		users[i] = o.addUser(t)
	}
	var changed atomic.Bool
	errs := make([]error, buyers+1)
	atOnce(buyers+1, func(i int) {
		if i == buyers {
			defer changed.Store(true)
			for n := 1; n <= changes && errs[i] == nil; n++ {
				more := int64(n % 2 * 1000)
				_, errs[i] = o.organizers.SetPrices(t.Context(), o.by, e.Event.ID, map[string]int64{"standard": 100 + more, "premium": 200 + more})
			}
			return
		}
		for !changed.Load() && errs[i] == nil {
			b, _, _, err := o.store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: users[i], TicketIDs: []string{tickets[i], tickets[buyers+i]}})
			_, _, cancelErr := o.store.RequestCancel(t.Context(), users[i], b.ID, nil)
			errs[i] = errors.Join(err, cancelErr)
		}
	})
	require.NoError(t, errors.Join(errs...))
	require.Equal(t, []int64{300, 2300}, one[[]int64](t, o.house, `SELECT array_agg(DISTINCT amount_minor) FROM bookings`), "all old, or all new")
	require.Zero(t, one[int](t, o.house, `SELECT count(*) FROM bookings b WHERE amount_minor <> (SELECT sum(price_minor) FROM booking_tickets WHERE booking_id = b.id)`))
	require.Zero(t, o.deadlocks(t))
}

// TestBlockSeats blocks free seats, all or none, a seat whose hold is past among them, and releases them.
func TestBlockSeats(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	event, tickets := o.onSale(t, rowOf("standard", "A", 5))
	o.confirmed(t, o.addUser(t), tickets[:1])
	o.held(t, o.addUser(t), tickets[1:2])
	lapsed := o.held(t, o.addUser(t), tickets[2:3])
	o.letGo(t, lapsed.ID)

	_, err := o.organizers.BlockSeats(t.Context(), o.by, event, tickets)
	e := requireCode(t, boxoffice.CodeSeatsTaken, err)
	require.Equal(t, []boxoffice.Conflict{
		{TicketID: tickets[0], Seat: "Stalls, row A, seat 1", Reason: boxoffice.ConflictSold},
		{TicketID: tickets[1], Seat: "Stalls, row A, seat 2", Reason: boxoffice.ConflictHeld},
	}, sortedConflicts(e.Conflicts))
	require.Equal(t, boxoffice.SeatCounts{Available: 3, Held: 1, Sold: 1}, o.own(t, event).Seats)

	for range 2 {
		blocked, err := o.organizers.BlockSeats(t.Context(), o.by, event, tickets[2:4])
		require.NoError(t, err)
		require.Equal(t, boxoffice.SeatCounts{Available: 1, Held: 1, Sold: 1, Blocked: 2}, blocked.Seats)
	}
	_, _, _, err = o.store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: o.addUser(t), TicketIDs: tickets[3:4]})
	require.Equal(t, boxoffice.ConflictBlocked, requireCode(t, boxoffice.CodeSeatsTaken, err).Conflicts[0].Reason)
	o.finish(t, lapsed.Booking, boxoffice.BookingExpired)
	require.Equal(t, 2, o.own(t, event).Seats.Blocked, "the end of the hold that was past changes nothing")

	for range 2 {
		released, err := o.organizers.ReleaseSeats(t.Context(), o.by, event, tickets[2:])
		require.NoError(t, err)
		require.Equal(t, boxoffice.SeatCounts{Available: 3, Held: 1, Sold: 1}, released.Seats)
	}
	o.hold(t, o.addUser(t), tickets[2:]...)
	require.Equal(t, 2, one[int](t, o.house, `SELECT count(*) FROM audit_log WHERE action IN ('block seats', 'release seats')`))
	o.requireClean(t, 4)
}

// sortedConflicts puts conflicts into the order of their seats, whose IDs are no order.
func sortedConflicts(conflicts []boxoffice.Conflict) []boxoffice.Conflict {
	slices.SortFunc(conflicts, func(a, b boxoffice.Conflict) int { return strings.Compare(a.Seat, b.Seat) })
	return conflicts
}

func TestBlockSeats_Refusals(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	event, tickets := o.onSale(t, rowOf("standard", "A", 2))
	_, elsewhere := o.onSale(t, rowOf("standard", "A", 1))
	many := make([]string, boxoffice.MaxSeatsAtOnce+1)
	for i := range many {
		many[i] = uuid.NewString()
	}
	acts := map[string]func(ctx context.Context, by boxoffice.By, event string, tickets []string) (boxoffice.OwnEvent, error){
		"block": o.organizers.BlockSeats, "release": o.organizers.ReleaseSeats,
	}
	for name, act := range acts {
		for _, c := range []struct {
			tickets []string
			code    boxoffice.Code
			field   string
		}{
			{nil, boxoffice.CodeInvalid, "ticket_ids"}, {many, boxoffice.CodeInvalid, "ticket_ids"},
			{[]string{tickets[0], "x"}, boxoffice.CodeInvalid, "ticket_ids[1]"},
			{[]string{tickets[0], tickets[0]}, boxoffice.CodeInvalid, "ticket_ids[1]"},
			{[]string{tickets[0], elsewhere[0]}, boxoffice.CodeNotFound, ""}, {many[:1], boxoffice.CodeNotFound, ""},
		} {
			_, err := act(t.Context(), o.by, event, c.tickets)
			e := requireCode(t, c.code, err)
			if c.field != "" {
				require.Equal(t, c.field, e.Fields[0].Field, name)
			}
		}
	}
	require.Equal(t, 2, o.own(t, event).Seats.Available)
}

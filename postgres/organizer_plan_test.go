package postgres_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/postgres"
)

// swap gives the event a plan of the places.
func (o *office) swap(t testing.TB, event, plan string, prices map[string]int64, places []boxoffice.Ticket) (boxoffice.OwnEvent, error) {
	t.Helper()
	return o.organizers.ChangeEvent(t.Context(), o.by, event, boxoffice.EventChange{PlanHash: &plan, Prices: prices}, places)
}

// seat is what a ticket's row says, in short.
func (o *office) seat(t testing.TB, ticket string) string {
	t.Helper()
	return one[string](t, o.house, `SELECT coalesce((SELECT concat_ws(' ', state, category, price_minor, CASE WHEN accessible THEN 'accessible' END)
		FROM tickets WHERE id = $1), 'deleted')`, ticket)
}

// TestChangeEvent_AnotherPlan follows each kind of seat into a plan without row B, whose row A is premium and accessible.
func TestChangeEvent_AnotherPlan(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	old := append(rowOf("standard", "A", 5), rowOf("standard", "B", 4)...)
	event, tickets := o.onSale(t, old)
	free, held, sold, blocked, lapsedKept := tickets[0], tickets[1], tickets[2], tickets[3], tickets[4]
	once, lapsedGone, blockedGone, goneForGood := tickets[5], tickets[6], tickets[7], tickets[8]
	o.held(t, o.addUser(t), []string{held})
	sale := o.soldBooking(t, o.addUser(t), sold)
	past := o.expired(t, o.addUser(t), []string{once})
	lapsed := o.held(t, o.addUser(t), []string{lapsedKept, lapsedGone})
	o.letGo(t, lapsed.ID)
	_, err := o.organizers.BlockSeats(t.Context(), o.by, event, []string{blocked, blockedGone})
	require.NoError(t, err)

	next := append(rowOf("premium", "A", 5), rowOf("standard", "C", 3)...)
	for i := range next[:5] {
		next[i].Accessible = true
	}
	_, err = o.swap(t, event, o.addPlan(t, "second", 8), nil, next)
	require.Equal(t, "prices.premium", requireCode(t, boxoffice.CodeInvalid, err).Fields[0].Field)
	second, err := o.swap(t, event, o.addPlan(t, "second", 8), map[string]int64{"premium": 1850}, next)
	require.NoError(t, err)
	require.Equal(t, boxoffice.SeatCounts{Available: 5, Held: 1, Sold: 1, Blocked: 1}, second.Seats)
	require.Equal(t, map[string]int64{"standard": seatPrice, "premium": 1850}, second.Prices)
	require.Equal(t, 8, second.Event.Total)
	require.Equal(t, o.addPlan(t, "second", 8), second.Event.PlanHash)
	for ticket, want := range map[string]string{
		free: "available premium 1850 accessible", blocked: "blocked premium 1850 accessible", lapsedKept: "available premium 1850 accessible",
		held: "held standard 1450", sold: "sold standard 1450",
		once: "withdrawn standard 1450", lapsedGone: "withdrawn standard 1450", blockedGone: "deleted", goneForGood: "deleted",
	} {
		require.Equal(t, want, o.seat(t, ticket))
	}
	o.requireHidden(t, event, past, once)
	require.Equal(t, 1, one[int](t, o.house, `SELECT count(*) FROM audit_log WHERE action = 'change' AND after->>'gone' = '4' AND after->>'new' = '3'`))

	first, err := o.swap(t, event, o.plan, nil, old)
	require.NoError(t, err, "and back again")
	require.Equal(t, boxoffice.SeatCounts{Available: 6, Held: 1, Sold: 1, Blocked: 1}, first.Seats)
	require.Equal(t, map[string]int64{"standard": seatPrice}, first.Prices)
	require.Equal(t, "available standard 1450", o.seat(t, once), "its old row, not another")
	require.Equal(t, "available standard 1450", o.seat(t, free))
	doc, _, err := o.store.TicketDocument(t.Context(), sale.UserID, sale.ID)
	require.NoError(t, err)
	require.Equal(t, sold, doc.Seats[0].Ticket.ID)
	o.requireClean(t, 4)
}

// requireHidden asserts that nobody sees or gets a withdrawn seat, but the booking that once had it.
func (o *office) requireHidden(t *testing.T, event string, past scene, withdrawn string) {
	t.Helper()
	canonical, err := rowsOf("wwwww", "s", "sss").Canonical()
	require.NoError(t, err)
	o.exec(t, `UPDATE seat_plans SET plan = $2 WHERE hash = (SELECT plan_hash FROM events WHERE id = $1)`, event, canonical)
	m, err := o.db.Catalogue().SeatMap(t.Context(), event)
	require.NoError(t, err)
	require.Equal(t, "ahsba-aaa", string(m.States), "the place that is withdrawn is drawn, if at all, as none")
	status, err := o.db.Catalogue().SeatStatus(t.Context(), event, "")
	require.NoError(t, err)
	require.Len(t, status.TicketIDs, 8)
	require.NotContains(t, status.TicketIDs, withdrawn)
	page, err := o.db.Catalogue().EventTickets(t.Context(), event, "", 100)
	require.NoError(t, err)
	require.Equal(t, 8, page.Event.Total)
	require.Equal(t, 5, page.Event.Available)
	require.Len(t, page.Tickets, 5)
	_, _, _, err = o.store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: o.addUser(t), TicketIDs: []string{withdrawn}})
	require.Equal(t, boxoffice.ConflictBlocked, requireCode(t, boxoffice.CodeSeatsTaken, err).Conflicts[0].Reason)
	_, err = o.organizers.ReleaseSeats(t.Context(), o.by, event, []string{withdrawn})
	requireCode(t, boxoffice.CodeNotFound, err)
	b, err := o.store.Booking(t.Context(), past.UserID, past.ID)
	require.NoError(t, err)
	require.Equal(t, "Stalls, row B, seat 1", b.Tickets[0].Seat())
	require.Equal(t, boxoffice.SeatBlocked, b.Tickets[0].State)
	sales, err := o.organizers.Sales(t.Context(), o.by.UserID, event)
	require.NoError(t, err)
	require.Equal(t, boxoffice.SeatCounts{Available: 5, Held: 1, Sold: 1, Blocked: 1}, sales.Seats)
}

// TestChangeEvent_LateMoneyForAWithdrawnSeat pays a booking that is expired, and whose seat the plan no longer has.
func TestChangeEvent_LateMoneyForAWithdrawnSeat(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	event, tickets := o.onSale(t, rowOf("standard", "A", 2))
	o.exec(t, `UPDATE tickets SET category = 'premium' WHERE id = $1`, tickets[1])
	s := o.expired(t, o.addUser(t), tickets[1:])
	swapped, err := o.swap(t, event, o.addPlan(t, "second", 1), nil, rowOf("standard", "A", 1))
	require.NoError(t, err)
	require.Equal(t, map[string]int64{"standard": seatPrice}, swapped.Prices, "no seat is premium any more")
	sales, err := o.organizers.Sales(t.Context(), o.by.UserID, event)
	require.NoError(t, err)
	require.Len(t, sales.Categories, 1)
	_, err = o.organizers.SetPrices(t.Context(), o.by, event, map[string]int64{"premium": 1})
	requireCode(t, boxoffice.CodeInvalid, err)
	s.payment = o.lateMoney(t, s.Booking)
	_, err = o.store.SellLate(t.Context(), s.ID, o.verify(t, s.ID).Epoch, s.payment)
	require.NoError(t, err)
	o.finish(t, s.Booking, boxoffice.BookingRefunded)
	require.Equal(t, "withdrawn premium 1450", o.seat(t, tickets[1]))
	o.requireBalanced(t, s.ID, 0)
}

// TestChangeEvent_KeepsWhatPeopleBooked names every seat that is somebody's and not in the new plan, and changes nothing.
func TestChangeEvent_KeepsWhatPeopleBooked(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	event, tickets := o.onSale(t, rowOf("standard", "A", 4))
	o.held(t, o.addUser(t), tickets[1:2])
	o.confirmed(t, o.addUser(t), tickets[2:3])
	before, rows := o.own(t, event), o.rows(t)
	name, second := "Ghost, again", o.addPlan(t, "second", 1)
	_, err := o.organizers.ChangeEvent(t.Context(), o.by, event,
		boxoffice.EventChange{Name: &name, PlanHash: &second}, rowOf("standard", "A", 1))
	require.Equal(t, []boxoffice.Conflict{
		{TicketID: tickets[1], Seat: "Stalls, row A, seat 2", Reason: boxoffice.ConflictHeld},
		{TicketID: tickets[2], Seat: "Stalls, row A, seat 3", Reason: boxoffice.ConflictSold},
	}, sortedConflicts(requireCode(t, boxoffice.CodeSeatsTaken, err).Conflicts))
	require.Equal(t, before, o.own(t, event))
	require.Equal(t, rows, o.rows(t))
}

func TestChangeEvent_Refusals(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	event, tickets := o.onSale(t, rowOf("standard", "A", 2))
	other := newID(t)
	o.exec(t, `INSERT INTO venues (id, name, city, state, lat, lon, time_zone) VALUES ($1, 'Elsewhere', 'Chico', 'CA', 0, 0, 'UTC')`, other)
	o.exec(t, `INSERT INTO seat_plans (hash, venue_id, version, plan) VALUES (sha256('elsewhere'), $1, 1, '{}')`, other)
	elsewhere := one[string](t, o.house, `SELECT encode(sha256('elsewhere'), 'hex')`)
	starts := o.own(t, event).Event.StartsAt
	at := func(d time.Duration) *time.Time { moved := starts.Add(d); return &moved }
	empty := ""
	for field, change := range map[string]boxoffice.EventChange{
		"name": {Name: &empty}, "ends_at": {EndsAt: at(0)}, "sales_close_at": {SalesCloseAt: at(24 * time.Hour)}, "starts_at": {StartsAt: at(-20 * 24 * time.Hour)},
		"plan_hash": {PlanHash: &elsewhere}, "prices": {Prices: map[string]int64{"standard": 1}},
		"prices.premium":  {PlanHash: &o.plan, Prices: map[string]int64{"premium": 1}},
		"prices.standard": {PlanHash: &o.plan, Prices: map[string]int64{"standard": 1}},
	} {
		_, err := o.organizers.ChangeEvent(t.Context(), o.by, event, change, rowOf("standard", "A", 2))
		require.Equal(t, field, requireCode(t, boxoffice.CodeInvalid, err).Fields[0].Field)
	}

	moved, err := o.organizers.ChangeEvent(t.Context(), o.by, event, boxoffice.EventChange{StartsAt: at(time.Hour), SalesCloseAt: at(time.Hour)}, nil)
	require.NoError(t, err, "nobody has booked")
	require.Equal(t, *at(time.Hour), moved.Event.StartsAt)
	o.hold(t, o.addUser(t), tickets[0])
	_, err = o.organizers.ChangeEvent(t.Context(), o.by, event, boxoffice.EventChange{StartsAt: at(0)}, nil)
	requireCode(t, boxoffice.CodeEventState, err)
	_, err = o.organizers.ChangeEvent(t.Context(), o.by, event, boxoffice.EventChange{EndsAt: at(3 * time.Hour)}, nil)
	require.NoError(t, err, "an end moves")

	o.exec(t, `UPDATE events SET status = 'cancelled' WHERE id = $1`, event)
	_, err = o.organizers.ChangeEvent(t.Context(), o.by, event, boxoffice.EventChange{EndsAt: at(4 * time.Hour)}, nil)
	requireCode(t, boxoffice.CodeEventState, err)
	o.exec(t, `UPDATE events SET status = 'on_sale' WHERE id = $1`, event)
	o.clock.AdvanceClock(t, 10*24*time.Hour)
	_, err = o.organizers.BlockSeats(t.Context(), o.by, event, tickets[1:])
	requireCode(t, boxoffice.CodeEventState, err)
}

// TestChangeEvent_RacesWithBuyers swaps two plans to and fro while buyers hold, buy and let go of seats: nobody's seat
// changes or vanishes, and no promise is broken in the end.
func TestChangeEvent_RacesWithBuyers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	const buyers, each, swaps = 6, 4, 24
	both := append(rowOf("standard", "A", buyers*each), rowOf("standard", "B", buyers*each)...)
	event, tickets := o.onSale(t, both)
	second := o.addPlan(t, "second", buyers*each)
	plans := []struct {
		hash   string
		places []boxoffice.Ticket
	}{{o.plan, both}, {second, both[:buyers*each]}}
	users := make([]string, buyers)
	for i := range users {
		users[i] = o.addUser(t)
	}
	var over atomic.Bool
	errs := make([]error, buyers+1)
	sold := make([][]string, buyers)
	swapped, refused := 0, 0
	atOnce(buyers+1, func(i int) {
		if i < buyers {
			sold[i], errs[i] = o.buyAndLetGo(t, users[i], tickets[i*each:(i+1)*each], tickets[(buyers+i)*each:(buyers+i+1)*each], over.Load)
			return
		}
		defer over.Store(true)
		for n := 1; n <= swaps; n++ {
			plan := plans[n%2]
			_, err := o.swap(t, event, plan.hash, nil, plan.places)
			switch boxoffice.CodeOf(err) {
			case "":
				swapped++
			case boxoffice.CodeSeatsTaken:
				refused++
			default:
				errs[i] = err
				return
			}
		}
	})
	require.NoError(t, errors.Join(errs...))
	t.Logf("%d plans swapped, %d refused", swapped, refused)
	require.Positive(t, swapped)
	for i, user := range users {
		for _, ticket := range sold[i] {
			require.Equal(t, user, one[string](t, o.house, `SELECT coalesce(holder_id::text, '') FROM tickets WHERE id = $1 AND state = 'sold'`, ticket))
		}
	}
	require.Empty(t, o.audit(t, postgres.AuditOptions{}).Violations)
	e := o.own(t, event)
	require.Equal(t, e.Event.Total, e.Seats.Available+e.Seats.Held+e.Seats.Sold+e.Seats.Blocked)
	require.Zero(t, o.deadlocks(t))
}

// buyAndLetGo holds seats of the back row and lets them go, again and again, and buys those of the front row in between. A seat
// that is withdrawn or deleted at the moment is no error. It gives what it bought.
func (o *office) buyAndLetGo(t *testing.T, user string, front, back []string, over func() bool) (sold []string, err error) {
	for n := 0; !over(); n++ {
		b, _, _, err := o.store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: user, TicketIDs: back[n%len(back) : n%len(back)+1]})
		switch boxoffice.CodeOf(err) {
		case "":
			kept, err := o.store.Booking(t.Context(), user, b.ID)
			_, _, cancelErr := o.store.RequestCancel(t.Context(), user, b.ID, nil)
			if err := errors.Join(err, cancelErr); err != nil {
				return sold, err
			}
			if kept.Tickets[0].State != boxoffice.SeatHeld {
				return sold, fmt.Errorf("a held seat became %s", kept.Tickets[0].State)
			}
		case boxoffice.CodeSeatsTaken, boxoffice.CodeNotFound:
		default:
			return sold, err
		}
		if n%5 == 4 && len(sold) < len(front) {
			ticket := front[len(sold)]
			if err := o.buy(t, user, ticket); err != nil {
				return sold, err
			}
			sold = append(sold, ticket)
		}
	}
	return sold, nil
}

// buy takes a seat from the hold to the sale, without a word to the test: it runs beside it.
func (o *office) buy(t *testing.T, user, ticket string) error {
	ctx := t.Context()
	b, _, _, err := o.store.HoldSeats(ctx, boxoffice.HoldRequest{UserID: user, TicketIDs: []string{ticket}})
	if err != nil {
		return err
	}
	now, err := o.store.VerifyHold(ctx, b.ID)
	if err != nil {
		return err
	}
	a, err := o.store.OpenAttempt(ctx, checkoutOf(b))
	if err != nil {
		return err
	}
	s := sessionOf(a, boxoffice.SessionComplete)
	if _, err := o.store.ReceivePaymentEvent(ctx, sessionEvent("evt_"+a.ID, s)); err != nil {
		return err
	}
	now, err = o.store.Look(ctx, b.ID, now.Epoch)
	if err != nil {
		return err
	}
	_, err = o.store.ConfirmSeats(ctx, b.ID, now.Epoch, now.Unsettled)
	return err
}

package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

const fee = 150

// chargeFee sets the booking fee of the house's event.
func (h *house) chargeFee(t testing.TB, minor int64) {
	t.Helper()
	h.exec(t, `UPDATE events SET booking_fee_minor = $2 WHERE id = $1`, h.event, minor)
}

// TestFee_IsShownBeforeItIsAsked follows a fee from the catalogue to the payment page: a seat that is free of charge has none.
func TestFee_IsShownBeforeItIsAsked(t *testing.T) {
	t.Parallel()
	h, _ := newHallHouse(t, rowsOf("sss"))
	h.chargeFee(t, fee)
	h.exec(t, `UPDATE tickets SET price_minor = 0 WHERE id = $1`, h.tickets[2])
	page, err := h.db.Catalogue().EventTickets(t.Context(), h.event, "", 10)
	require.NoError(t, err)
	require.Equal(t, []int64{fee, seatPrice + fee}, []int64{page.Event.BookingFeeMinor, page.Event.PriceFromMinor})
	columns, err := h.db.Catalogue().SeatStatus(t.Context(), h.event, "")
	require.NoError(t, err)
	require.Equal(t, [][]int64{{seatPrice, seatPrice, 0}, {seatPrice + fee, seatPrice + fee, 0}}, [][]int64{columns.Prices, columns.Totals})
	for i, ticket := range page.Tickets {
		require.Equal(t, columns.Totals[i], ticket.TotalMinor())
	}

	s := h.held(t, h.addUser(t), h.tickets)
	require.Equal(t, []boxoffice.Money{usd(2*seatPrice + 2*fee), usd(2 * fee)}, []boxoffice.Money{s.Amount, s.Fee()})
	read, err := h.store.Booking(t.Context(), s.UserID, s.ID)
	require.NoError(t, err)
	require.Equal(t, []boxoffice.Money{s.Amount, s.Fee()}, []boxoffice.Money{read.Amount, read.Fee()})
	require.Equal(t, []boxoffice.LineItem{
		{Name: "Ghost, Stalls, row A, seat 1", UnitMinor: seatPrice, Quantity: 1},
		{Name: "Ghost, Stalls, row A, seat 2", UnitMinor: seatPrice, Quantity: 1},
		{Name: "Ghost, Stalls, row A, seat 3", Quantity: 1},
		{Name: "Booking fee", UnitMinor: fee, Quantity: 2},
	}, h.checkout(t, s.Booking).Parameters.Lines)
}

// What is offered in the place of other seats, and what may not cost too much, is what a buyer would pay.
func TestFee_IsInWhatIsOffered(t *testing.T) {
	t.Parallel()
	h, seats := newHallHouse(t, rowsOf("ssssss"))
	h.chargeFee(t, fee)
	h.exec(t, `UPDATE tickets SET price_minor = 0 WHERE id = $1`, seats("A6")[0])
	taken := h.hold(t, h.addUser(t), seats("A1")...)
	allIn := func(wanted []boxoffice.Ticket) {
		t.Helper()
		cost := int64(0)
		for _, ticket := range wanted {
			cost += ticket.TotalMinor()
		}
		require.EqualValues(t, len(wanted)*(seatPrice+fee), cost)
	}
	user := h.addUser(t)
	_, _, _, err := h.store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: user, TicketIDs: seats("A1 A2")})
	e := requireCode(t, boxoffice.CodeSeatsTaken, err)
	require.Equal(t, seats("A2 A3"), idsOf(e.Alternatives[0]), "one that remains, and another")
	allIn(e.Alternatives[0])
	mine := h.hold(t, user, seats("A2")...)
	_, err = h.store.ChangeSeats(t.Context(), changeOf(mine, seats("A1 A3"), nil))
	allIn(requireCode(t, boxoffice.CodeSeatsTaken, err).Alternatives[0])
	h.setRule(t, boxoffice.OrphansRefuse)
	_, _, _, err = h.store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: h.addUser(t), TicketIDs: seats("A4 A5")})
	allIn(requireCode(t, boxoffice.CodeSeatLeftAlone, err).Alternatives[0])
	h.letGo(t, taken.ID)

	gratis, err := h.best(t, h.addUser(t), boxoffice.BestRequest{Count: 1, MaxPriceMinor: 1})
	require.NoError(t, err, "the one that is free of charge is free of fees")
	require.Zero(t, gratis.Amount.Minor)
	_, err = h.best(t, h.addUser(t), boxoffice.BestRequest{Count: 1, MaxPriceMinor: seatPrice + fee - 1})
	requireCode(t, boxoffice.CodeNotTogether, err)
	b, err := h.best(t, h.addUser(t), boxoffice.BestRequest{Count: 1, MaxPriceMinor: seatPrice + fee})
	require.NoError(t, err)
	require.EqualValues(t, seatPrice+fee, b.Amount.Minor)
}

// TestFee_IsTheNextBuyers changes the fee under a hold.
func TestFee_IsTheNextBuyers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	event, tickets := o.onSale(t, rowOf("standard", "A", 2))
	before := o.held(t, o.addUser(t), tickets[:1])
	raised := int64(fee)
	e, err := o.organizers.ChangeEvent(t.Context(), o.by, event, boxoffice.EventChange{BookingFeeMinor: &raised}, nil)
	require.NoError(t, err)
	require.Equal(t, []int64{fee, seatPrice + fee}, []int64{e.Event.BookingFeeMinor, e.Event.PriceFromMinor})
	require.JSONEq(t, `{"booking_fee_minor":150}`, one[string](t, o.house, `SELECT after FROM audit_log WHERE action = 'change'`))
	after := o.held(t, o.addUser(t), tickets[1:])
	require.Equal(t, []int64{seatPrice, seatPrice + fee}, []int64{o.checkout(t, before.Booking).Parameters.AmountMinor, after.Amount.Minor})
}

// TestFee_WhenSeatsAreGivenBack keeps the fee of a buyer who gives tickets back, and gives all back where the sale is undone.
func TestFee_WhenSeatsAreGivenBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 4)
	h.chargeFee(t, fee)
	h.allowReturns(t, 24, 100)
	s := h.soldBooking(t, h.addUser(t), h.tickets[:2]...)
	quote, err := h.store.QuoteCancellation(t.Context(), cancellation(s, h.tickets[0]))
	require.NoError(t, err)
	require.Equal(t, boxoffice.CancellationQuote{Refund: usd(seatPrice), Kept: usd(fee)}, quote)
	h.giveBack(t, s, h.tickets[0])
	h.requireKept(t, s.ID, fee)
	require.Equal(t, seatPrice, one[int](t, h, `SELECT sum(amount_minor) FROM refunds`))
	doc, _, err := h.store.TicketDocument(t.Context(), s.UserID, s.ID)
	require.NoError(t, err)
	require.Equal(t, usd(seatPrice+fee), doc.Paid)
	require.Equal(t, int64(fee), doc.Seats[0].Ticket.FeeMinor)

	undone := h.refunding(t, h.addUser(t), h.tickets[2:])
	require.Equal(t, 2*(seatPrice+fee), one[int](t, h, `SELECT sum(r.amount_minor) FROM refunds r JOIN payments p ON p.id = r.payment_id
		WHERE p.booking_id = $1`, undone.ID))
	h.requireClean(t, 2)
}

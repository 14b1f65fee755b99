package postgres_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// ledger gives the lines of a booking, "kind amount", in their order.
func (h *house) ledger(t testing.TB, bookingID string) []string {
	t.Helper()
	rows, err := h.own.Query(t.Context(), `SELECT kind || ' ' || amount_minor FROM booking_ledger WHERE booking_id = $1 ORDER BY 1`, bookingID)
	require.NoError(t, err)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return lines
}

// requireNothingLeft asserts that the ledger of every booking that is finished or sold comes to nothing.
func (h *house) requireNothingLeft(t testing.TB) {
	t.Helper()
	require.Empty(t, one[[]string](t, h, `SELECT coalesce(array_agg(l.id), '{}') FROM (
		SELECT b.id::text || ' ' || b.status || ' ' || sum(l.amount_minor) AS id FROM booking_ledger l JOIN bookings b ON b.id = l.booking_id
		WHERE b.status <> 'held' GROUP BY b.id HAVING sum(l.amount_minor) <> 0) l`))
}

// TestLedger follows the money of a booking, line by line: three tickets of 14.50 with a fee of 1.50, a tenth off.
func TestLedger(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	h.chargeFee(t, fee)
	h.allowReturns(t, 24, 80)
	h.addPromotion(t, "TENTH")
	s := h.reduced(t, h.addUser(t), "TENTH", h.tickets...)
	require.Empty(t, h.ledger(t, s.ID), "nothing is paid")
	s.payment = h.pay(t, h.checkout(t, s.Booking))
	require.Equal(t, []string{"capture 4365"}, h.ledger(t, s.ID), "the money is there, and bought nothing yet")
	_, err := h.store.ConfirmSeats(t.Context(), s.ID, h.verify(t, s.ID).Epoch, s.payment)
	require.NoError(t, err)
	sold := []string{
		"capture 4365", "discount 145", "discount 145", "discount 145", "fee -150", "fee -150", "fee -150", "ticket -1450", "ticket -1450", "ticket -1450",
	}
	require.Equal(t, sold, h.ledger(t, s.ID), "before there are tickets")
	h.finish(t, s.Booking, boxoffice.BookingCompleted)
	require.Equal(t, sold, h.ledger(t, s.ID), "and with them")

	h.giveBack(t, s, h.tickets[0]) // of 13.05 four fifths, 10.44, go back
	require.Equal(t, []string{
		"capture 4365", "discount 145", "discount 145", "fee -150", "fee -150", "fee_kept -150", "refund -1044", "share_retained -261", "ticket -1450", "ticket -1450",
	}, h.ledger(t, s.ID))
	h.requireNothingLeft(t)

	h.exec(t, `UPDATE payments SET goodwill_minor = 500`)
	h.exec(t, `INSERT INTO refunds (payment_id, n, amount_minor, currency, reason) VALUES ($1, 2, 500, 'USD', 'Sorry.')`, s.payment)
	require.Contains(t, h.ledger(t, s.ID), "goodwill 500")
	h.requireNothingLeft(t)
	h.requireClean(t, 1)
}

// TestLedger_ComesToNothing in every situation that a run can meet, but where money waits for its run.
func TestLedger_ComesToNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, len(stages)+2)
	h.chargeFee(t, fee)
	for i := range stages {
		h.stage(t, i)
	}
	h.exec(t, `DELETE FROM emails`)
	require.Equal(t, one[int64](t, h, `SELECT coalesce(sum(amount_minor), 0)::bigint FROM payments WHERE settled_as IS NULL`),
		one[int64](t, h, `SELECT sum(amount_minor)::bigint FROM booking_ledger`), "what is unsettled is all that is left")
}

// TestSales_WithFeesAndDiscounts adds up to what is on the provider's account.
func TestSales_WithFeesAndDiscounts(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	event, tickets := o.onSale(t, rowOf("standard", "A", 5))
	o.exec(t, `UPDATE events SET booking_fee_minor = 150, refund_hours = 24, refund_percent = 80 WHERE id = $1`, event)
	_, err := o.organizers.CreatePromotion(t.Context(), o.by, newPromotion("SPRING"))
	require.NoError(t, err)
	o.soldBooking(t, o.addUser(t), tickets[0])
	s := o.reduced(t, o.addUser(t), "SPRING", tickets[1:3]...)
	o.pay(t, o.checkout(t, s.Booking))
	o.finish(t, s.Booking, boxoffice.BookingCompleted)
	o.giveBack(t, s, tickets[1]) // a quarter off is 10.87 or 10.88, of which 8.70 go back
	o.refunding(t, o.addUser(t), tickets[3:])

	sales, err := o.organizers.Sales(t.Context(), o.by.UserID, event)
	require.NoError(t, err)
	paid := int64(1450 + 150 + 2175 + 300 + 2900 + 300)
	require.Equal(t, []int64{paid, 870 + 3200, paid - 870 - 3200}, []int64{sales.CapturedMinor, sales.RefundedMinor, sales.NetMinor})
	require.Equal(t, int64(2900), sales.GrossMinor)
	require.Equal(t, sales.SoldMinor, sales.GrossMinor-sales.DiscountMinor)
	require.Equal(t, int64(300), sales.FeeMinor)
	require.Equal(t, sales.NetMinor, sales.SoldMinor+sales.FeeMinor+sales.KeptMinor-sales.GoodwillMinor)
	require.Equal(t, 2175-870+150, int(sales.KeptMinor+sales.SoldMinor-1450), "the share and the fee of the one, the price of the other")
}

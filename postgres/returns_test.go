package postgres_test

import (
	"fmt"
	"testing"

	"github.com/boxoffice/boxoffice"
	"github.com/stretchr/testify/require"
)

// A bank that refuses a part of a booking's money is as loud as one that refuses all of it.
func TestCancelSale_TheBankRefuses(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	s := h.oneReturned(t, h.addUser(t), h.tickets)
	now := h.mark(t, s, boxoffice.RefundFailed)
	require.True(t, now.StuckRefund)
	require.EqualValues(t, 1, h.backlog(t).StuckRefunds)
	require.Equal(t, 1, h.openTasks(t, boxoffice.TaskRefundFailed))
	h.requireClean(t, 1)
	h.giveBack(t, s)
	require.Zero(t, h.openTasks(t, boxoffice.TaskRefundFailed), "another refund took its place")
	require.EqualValues(t, 2*1160, h.refund(t, s, 2).Amount.Minor, "what did not arrive goes with the rest")
	h.finish(t, s.Booking, boxoffice.BookingRefunded)
	require.Zero(t, h.backlog(t).StuckRefunds)
	h.requireClean(t, 1)
}

// The seats that are sold or held were booked on the policy as it was.
func TestChangeEvent_ARefundPolicyOnlyGetsBetter(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	event, tickets := o.onSale(t, rowOf("standard", "A", 2))
	change := func(p boxoffice.RefundPolicy) error {
		_, err := o.organizers.ChangeEvent(t.Context(), o.by, event, boxoffice.EventChange{Refund: &p}, nil)
		return err
	}
	require.NoError(t, change(boxoffice.RefundPolicy{Hours: 24, Percent: 80}))
	require.NoError(t, change(boxoffice.RefundPolicy{}), "nobody has booked yet")
	require.NoError(t, change(boxoffice.RefundPolicy{Hours: 24, Percent: 80}))
	o.hold(t, o.addUser(t), tickets[0])
	for _, worse := range []boxoffice.RefundPolicy{{}, {Hours: 25, Percent: 80}, {Hours: 24, Percent: 79}, {Hours: 2, Percent: 79}} {
		requireCode(t, boxoffice.CodeEventState, change(worse))
		require.Equal(t, boxoffice.RefundPolicy{Hours: 24, Percent: 80}, o.own(t, event).Event.Refund)
	}
	require.NoError(t, change(boxoffice.RefundPolicy{Hours: 2, Percent: 80}))
	require.NoError(t, change(boxoffice.RefundPolicy{Hours: 2, Percent: 100}))
	require.Equal(t, boxoffice.RefundPolicy{Hours: 2, Percent: 100}, o.own(t, event).Event.Refund)
	for _, wrong := range []boxoffice.RefundPolicy{{Hours: -1, Percent: 100}, {Hours: 1}, {Percent: 101}, {Hours: 9000, Percent: 100}} {
		requireCode(t, boxoffice.CodeInvalid, change(wrong))
	}
	require.Contains(t, fmt.Sprint(one[[]string](t, o.house, `SELECT array_agg(after::text ORDER BY id) FROM audit_log WHERE action = 'change'`)), "Percent")
}

func TestAdmissionVoid(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	s := h.oneReturned(t, h.addUser(t), h.tickets)
	for i, void := range []bool{true, false} {
		admission := one[string](t, h, `SELECT id::text FROM admissions WHERE ticket_id = $1`, h.tickets[i])
		since, err := h.db.AdmissionVoid(t.Context(), admission)
		require.NoError(t, err)
		require.Equal(t, void, !since.IsZero())
	}
	for _, unknown := range []string{s.ID, "x"} {
		_, err := h.db.AdmissionVoid(t.Context(), unknown)
		requireCode(t, boxoffice.CodeNotFound, err)
	}
}

// The organizer's figures add up: what came in less what goes back is the price of the sold seats and what was kept.
func TestSales_AfterSeatsWereGivenBack(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	event, tickets := o.onSale(t, rowOf("standard", "A", 3))
	terms := boxoffice.RefundPolicy{Hours: 24, Percent: 80}
	_, err := o.organizers.ChangeEvent(t.Context(), o.by, event, boxoffice.EventChange{Refund: &terms}, nil)
	require.NoError(t, err)
	s := o.soldBooking(t, o.addUser(t), tickets...)
	o.giveBack(t, s, tickets[0])
	for step, want := range []struct{ sold, back, kept, bookings int64 }{{2, 1, 1, 1}, {0, 3, 3, 0}} {
		if step == 1 {
			o.giveBack(t, s)
		}
		sales, err := o.organizers.Sales(t.Context(), o.by.UserID, event)
		require.NoError(t, err)
		require.Equal(t, []int64{want.sold * seatPrice, 3 * seatPrice, want.back * 1160, want.kept * 290, want.bookings},
			[]int64{sales.SoldMinor, sales.CapturedMinor, sales.RefundedMinor, sales.KeptMinor, int64(sales.Bookings)})
		require.Equal(t, sales.CapturedMinor-sales.RefundedMinor, sales.SoldMinor+sales.KeptMinor)
	}
}

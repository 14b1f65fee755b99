package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// mark notes the provider's word on the refund of the scene's payment.
func (h *house) mark(t *testing.T, s scene, state boxoffice.RefundState) boxoffice.Situation {
	t.Helper()
	r := refundOf(s.payment, 1, state)
	if state == boxoffice.RefundFailed {
		r.Failure = "the account is closed"
	}
	now, err := h.store.MarkRefund(t.Context(), s.ID, s.epoch, r)
	require.NoError(t, err)
	return now
}

func (h *house) refund(t *testing.T, s scene, n int) boxoffice.Refund {
	t.Helper()
	r, err := h.store.Refund(t.Context(), s.payment, n)
	require.NoError(t, err)
	return r
}

func TestCompensate_UndoesASaleInOneTransaction(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	s := h.confirmed(t, h.addUser(t), h.tickets)
	_, err := h.store.IssueAdmissions(t.Context(), s.ID, s.epoch)
	require.NoError(t, err)
	now, err := h.store.Compensate(t.Context(), s.ID, s.epoch, "Your tickets could not be made.")
	require.NoError(t, err)
	require.Equal(t, boxoffice.BookingRefunding, now.Status)
	require.Equal(t, &boxoffice.RefundRef{PaymentID: s.payment, N: 1}, now.OpenRefund)
	require.Equal(t, boxoffice.Refund{
		PaymentID: s.payment, N: 1, PaymentIntent: "pi_" + s.attempt.ID, State: boxoffice.RefundPending,
		Amount: boxoffice.Money{Minor: 2 * seatPrice, Currency: "USD"}, Reason: "Your tickets could not be made.",
		Origin: boxoffice.RefundByUs,
	}, h.refund(t, s, 1))
	require.Zero(t, one[int](t, h, `SELECT count(*) FROM admissions WHERE voided_at IS NULL`))
	require.Equal(t, 2, one[int](t, h, `SELECT count(*) FROM tickets WHERE state = 'available'`))
	require.Equal(t, 2, one[int](t, h, `SELECT count(*) FROM booking_tickets WHERE released_at IS NOT NULL`), "what was booked is remembered")
	require.Equal(t, "sale", one[string](t, h, `SELECT settled_as::text FROM payments`), "the sale of then stays the sale")

	next := h.soldBooking(t, h.addUser(t), h.tickets...)
	require.Equal(t, 4, one[int](t, h, `SELECT count(*) FROM admissions`), "the resold seat gets a new admission")
	h.finish(t, s.Booking, boxoffice.BookingRefunded)
	h.requireBalanced(t, s.ID, 0)
	h.requireBalanced(t, next.ID, 2*seatPrice)
}

func TestMarkRefund_PendingThenSucceeded(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.refunding(t, h.addUser(t), h.tickets)
	now := h.mark(t, s, boxoffice.RefundPending)
	require.True(t, now.OpenRefund.Asked)
	require.Equal(t, boxoffice.StepEnd, now.Next(), "the bank takes its time")
	require.Equal(t, boxoffice.BookingRefunding, now.Status)
	require.Equal(t, "re_"+s.payment+"_1", h.refund(t, s, 1).ProviderID)
	require.Equal(t, time.Hour, h.nextCheck(t, s.ID), "it is asked about once an hour")

	h.clock.AdvanceClock(t, time.Hour)
	now, err := h.store.Look(t.Context(), s.ID, s.epoch)
	require.NoError(t, err)
	require.Equal(t, boxoffice.StepSendRefund, now.Next())
	require.Equal(t, boxoffice.StepFinishRefund, h.mark(t, s, boxoffice.RefundSucceeded).Next())
	before := h.rows(t)
	h.mark(t, s, boxoffice.RefundPending) // an older word that comes later
	require.Equal(t, before, h.rows(t))
	now, err = h.store.FinishRefund(t.Context(), s.ID, s.epoch)
	require.NoError(t, err)
	require.Equal(t, boxoffice.BookingRefunded, now.Status)
	require.Equal(t, boxoffice.StepSendMail, now.Next())
}

func TestMarkRefund_FailedIsSeenBySupport(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.refunding(t, h.addUser(t), h.tickets)
	h.mark(t, s, boxoffice.RefundPending)
	now := h.mark(t, s, boxoffice.RefundFailed)
	require.True(t, now.StuckRefund)
	require.Equal(t, boxoffice.BookingRefunding, now.Status)
	require.Equal(t, boxoffice.StepEnd, now.Next())
	require.Equal(t, time.Hour, h.nextCheck(t, s.ID), "it stays in sight")
	require.Equal(t, "the account is closed", one[string](t, h, `SELECT failure FROM refunds`))
	before := h.rows(t)
	h.mark(t, s, boxoffice.RefundSucceeded)
	require.Equal(t, before, h.rows(t), "a failure is the end of a refund, in whatever order the words arrive")
	now, err := h.store.FinishRefund(t.Context(), s.ID, s.epoch)
	require.NoError(t, err)
	require.Equal(t, boxoffice.BookingRefunding, now.Status, "the money is not back")

	// Support has it sent once more.
	h.exec(t, `INSERT INTO refunds (payment_id, n, amount_minor, currency, reason) VALUES ($1, 2, $2, 'USD', 'again')`, s.payment, seatPrice)
	h.finish(t, s.Booking, boxoffice.BookingRefunded)
	h.requireBalanced(t, s.ID, 0)
}

// TestMarkRefund_LateFailure is the bank that sends the money back days after the refund was through.
func TestMarkRefund_LateFailure(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.refunding(t, h.addUser(t), h.tickets)
	h.finish(t, s.Booking, boxoffice.BookingRefunded)
	failed := refundOf(s.payment, 1, boxoffice.RefundFailed)
	ref := h.receive(t, boxoffice.PaymentEvent{ID: "evt_f", Type: "refund.failed", ObjectID: failed.ID, Payload: []byte(`{}`), Refund: &failed})
	require.Equal(t, boxoffice.BookingRefunding, ref.Status, "it is refunded no longer")
	now := h.verify(t, s.ID)
	require.True(t, now.StuckRefund)
	require.Equal(t, boxoffice.StepEnd, now.Next())
	require.Equal(t, time.Hour, h.nextCheck(t, s.ID))
	require.Contains(t, h.timeline(t, s.ID), "refund failed")
}

func TestReceivePaymentEvent_Refund(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	s := h.refunding(t, h.addUser(t), h.tickets[:1])
	event := func(id string, r boxoffice.ProviderRefund) boxoffice.PaymentEvent {
		return boxoffice.PaymentEvent{ID: id, Type: "refund.updated", ObjectID: r.ID, Payload: []byte(`{}`), Refund: &r}
	}
	word := refundOf(s.payment, 1, boxoffice.RefundPending)
	require.Equal(t, s.ID, h.receive(t, event("evt_1", word)).BookingID, "by our row, before we know the provider's ID")
	require.Equal(t, word.ID, h.refund(t, s, 1).ProviderID)
	word = boxoffice.ProviderRefund{ID: word.ID, State: boxoffice.RefundSucceeded}
	require.Equal(t, s.ID, h.receive(t, event("evt_2", word)).BookingID, "by the provider's ID")
	require.Equal(t, boxoffice.RefundSucceeded, h.refund(t, s, 1).State)
	outcome, processed := h.inbox(t, "evt_2")
	require.Equal(t, "refund succeeded", outcome)
	require.True(t, processed)
	before := h.rows(t)
	require.Nil(t, h.receive(t, event("evt_2", word)))
	require.Equal(t, before, h.rows(t))

	other := refundOf(s.payment, 1, boxoffice.RefundFailed)
	other.ID = "re_other" // of the same row by its metadata, but another refund
	require.Nil(t, h.receive(t, event("evt_3", other)))
	require.Equal(t, boxoffice.RefundSucceeded, h.refund(t, s, 1).State)
}

// nextCheck is how far ahead the sweep looks at the booking, in whole ten seconds.
func (h *house) nextCheck(t *testing.T, bookingID string) time.Duration {
	t.Helper()
	return one[time.Duration](t, h, `SELECT next_check_at - boxoffice_now() FROM bookings WHERE id = $1`, bookingID).Round(10 * time.Second)
}

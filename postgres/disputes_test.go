package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// dispute has the provider say how a dispute about the scene's payment stands.
func (h *house) dispute(t testing.TB, s scene, id string, minor int64, state boxoffice.DisputeState) {
	t.Helper()
	d := boxoffice.ProviderDispute{
		ID: id, State: state, Amount: usd(minor), Reason: "fraudulent",
		PaymentIntent: one[string](t, h, `SELECT payment_intent FROM payments WHERE id = $1`, s.payment),
	}
	receipt, err := h.store.ReceivePaymentEvent(t.Context(), boxoffice.PaymentEvent{
		ID: fmt.Sprintf("evt_%s_%s_%d", id, state, h.names.Add(1)), Type: "charge.dispute.updated", ObjectID: id, Payload: []byte(`{}`), Dispute: &d,
	})
	require.NoError(t, err)
	require.Equal(t, boxoffice.EventTaken, receipt.Fate)
	if receipt.Booking != nil { // a run is woken where it has something to do
		require.Equal(t, s.ID, receipt.Booking.BookingID)
	}
}

func TestDispute_Won(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	s := h.disputed(t, h.addUser(t), h.tickets)
	require.Equal(t, 1, h.openTasks(t, boxoffice.TaskDispute))
	require.Equal(t, boxoffice.BookingCompleted, h.status(t, s.ID), "the tickets stay valid")
	h.requireClean(t, 1)
	h.dispute(t, s, "dp_1", 2*seatPrice, boxoffice.DisputeWon)
	require.Zero(t, h.openTasks(t, boxoffice.TaskDispute))
	h.dispute(t, s, "dp_1", 2*seatPrice, boxoffice.DisputeOpen)
	require.Equal(t, "won", one[string](t, h, `SELECT state FROM disputes`), "an older word that comes later")
	require.Empty(t, h.refundRows(t))
	h.requireClean(t, 1)
}

// TestDispute_Lost is the same whether it was ever heard of as open or not.
func TestDispute_Lost(t *testing.T) {
	t.Parallel()
	for name, build := range map[string]func(h *house, t testing.TB, user string, tickets []string) scene{"as open before": (*house).disputed, "not before": (*house).sold} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 2)
			s := build(h, t, h.addUser(t), h.tickets)
			h.dispute(t, s, "dp_1", 2*seatPrice, boxoffice.DisputeLost)
			h.dispute(t, s, "dp_1", 2*seatPrice, boxoffice.DisputeLost)
			h.dispute(t, s, "dp_1", 2*seatPrice, boxoffice.DisputeOpen)
			require.Equal(t, []refundRow{{1, 2 * seatPrice, boxoffice.RefundSucceeded, ""}}, h.refundRows(t))
			h.requireUndone(t, s)
			require.Contains(t, h.timeline(t, s.ID), "dispute lost")
		})
	}
}

// TestDispute_LostAfterTheStart leaves the tickets: nobody else can have the seats.
func TestDispute_LostAfterTheStart(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	s := h.sold(t, h.addUser(t), h.tickets)
	h.exec(t, `UPDATE events SET starts_at = boxoffice_now() - interval '1 hour'`)
	h.dispute(t, s, "dp_1", 2*seatPrice, boxoffice.DisputeLost)
	require.Equal(t, boxoffice.BookingCompleted, h.status(t, s.ID))
	require.EqualValues(t, 2*seatPrice, h.goodwill(t, s))
	require.Zero(t, one[int](t, h, `SELECT count(*) FROM support_tasks WHERE closed_at IS NULL`))
	h.requireClean(t, 1)
}

func TestDispute_APartIsLost(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	s := h.sold(t, h.addUser(t), h.tickets)
	h.dispute(t, s, "dp_1", seatPrice, boxoffice.DisputeLost)
	require.Equal(t, 1, h.openTasks(t, boxoffice.TaskRefundByHand), "of which ticket, nobody knows")
	h.requireClean(t, 1)
}

// TestDispute_RefundsWait: what the bank has is not given back a second time, and goes on where the dispute is won.
func TestDispute_RefundsWait(t *testing.T) {
	t.Parallel()
	build := func(t *testing.T) (*house, scene) {
		h := newHouse(t, 2)
		s := h.refunding(t, h.addUser(t), h.tickets)
		h.dispute(t, s, "dp_1", 2*seatPrice, boxoffice.DisputeOpen)
		now := h.verify(t, s.ID)
		require.Equal(t, &boxoffice.RefundRef{PaymentID: s.payment, N: 1, Asked: true}, now.OpenRefund)
		require.Equal(t, boxoffice.StepEnd, now.Next(), "nobody is asked")
		require.True(t, h.refund(t, s, 1).Disputed)
		require.Equal(t, time.Hour, h.nextCheck(t, s.ID))
		return h, s
	}
	t.Run("won", func(t *testing.T) {
		t.Parallel()
		h, s := build(t)
		h.dispute(t, s, "dp_1", 2*seatPrice, boxoffice.DisputeWon)
		require.Equal(t, boxoffice.StepSendRefund, h.verify(t, s.ID).Next())
		h.requireUndone(t, s)
	})
	t.Run("lost", func(t *testing.T) {
		t.Parallel()
		h, s := build(t)
		h.dispute(t, s, "dp_1", 2*seatPrice, boxoffice.DisputeLost)
		require.NotContains(t, h.finish(t, s.Booking, boxoffice.BookingRefunded), boxoffice.StepSendRefund)
		require.Equal(t, []refundRow{{1, 2 * seatPrice, boxoffice.RefundFailed, "never made"}, {2, 2 * seatPrice, boxoffice.RefundSucceeded, ""}}, h.refundRows(t))
		h.requireUndone(t, s)
	})
	t.Run("an inquiry takes nothing", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, 2)
		s := h.refunding(t, h.addUser(t), h.tickets)
		h.dispute(t, s, "dp_1", 2*seatPrice, boxoffice.DisputeInquiry)
		require.Equal(t, 1, h.openTasks(t, boxoffice.TaskDispute))
		require.Equal(t, boxoffice.StepSendRefund, h.verify(t, s.ID).Next(), "giving the money back is the answer to it")
		h.dispute(t, s, "dp_1", 2*seatPrice, boxoffice.DisputeWon)
		h.requireUndone(t, s)
	})
}

// TestDispute_LostBesideARefund is the bank that took what the provider had been asked to give back: the refund fails then,
// and what the dispute took is what went back.
func TestDispute_LostBesideARefund(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	s := h.refunding(t, h.addUser(t), h.tickets)
	h.mark(t, s, boxoffice.RefundPending)
	h.dispute(t, s, "dp_1", 2*seatPrice, boxoffice.DisputeLost)
	require.Equal(t, []refundRow{{1, 2 * seatPrice, boxoffice.RefundPending, ""}, {2, 2 * seatPrice, boxoffice.RefundFailed, "no room beside the others"}},
		h.refundRows(t))
	require.Equal(t, 1, h.openTasks(t, boxoffice.TaskRefundByHand), "a person is told")
	h.requireClean(t, 1)
	h.mark(t, s, boxoffice.RefundFailed)
	require.Equal(t, boxoffice.RefundSucceeded, h.refundRows(t)[1].State)
	require.Zero(t, h.openTasks(t, boxoffice.TaskRefundFailed), "nothing is owed any more")
	h.requireUndone(t, s)
}

// TestDispute_WonAfterAll is the bank that changes its mind: the money is here, and the booking is gone, so it is owed.
func TestDispute_WonAfterAll(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	s := h.disputeLost(t, h.addUser(t), h.tickets)
	h.finish(t, s.Booking, boxoffice.BookingRefunded)
	h.dispute(t, s, "dp_1", 2*seatPrice, boxoffice.DisputeWon)
	require.Equal(t, boxoffice.BookingRefunding, h.status(t, s.ID))
	require.Equal(t, 1, h.openTasks(t, boxoffice.TaskRefundFailed))
	h.requireClean(t, 1)
	require.NoError(t, h.store.RetryRefund(t.Context(), supportOf(s.Booking, "retry"), s.payment))
	h.requireUndone(t, s)
}

// TestDispute_BeforeThePayment is tried again until we know of the payment.
func TestDispute_BeforeThePayment(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.open(t, h.addUser(t), h.tickets)
	d := boxoffice.ProviderDispute{ID: "dp_1", PaymentIntent: "pi_" + s.attempt.ID, State: boxoffice.DisputeOpen, Amount: usd(seatPrice), Reason: "general"}
	e := boxoffice.PaymentEvent{ID: "evt_early", Type: "charge.dispute.created", ObjectID: d.ID, Payload: []byte(`{}`), Dispute: &d}
	receipt, err := h.store.ReceivePaymentEvent(t.Context(), e)
	require.NoError(t, err)
	require.Equal(t, boxoffice.EventUnknown, receipt.Fate)
	s.payment = h.pay(t, s.attempt)
	h.clock.AdvanceClock(t, time.Minute)
	require.Contains(t, h.claim(t), "evt_early")
	h.receive(t, e)
	h.finish(t, s.Booking, boxoffice.BookingCompleted)
	require.Equal(t, 1, h.openTasks(t, boxoffice.TaskDispute))
	h.requireClean(t, 1)
}

package postgres_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// permutations gives all orders of 0 to n-1.
func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{nil}
	}
	var all [][]int
	for _, rest := range permutations(n - 1) {
		for at := range n {
			order := append(append(append([]int{}, rest[:at]...), n-1), rest[at:]...)
			all = append(all, order)
		}
	}
	return all
}

// TestWebhooks_InEveryOrder hears of a payment, of a part of it that was refunded by hand, and of a dispute of the rest that
// was opened and lost, in every order: before the payment is known, too. Each comes twice, and in the end what is not ours yet
// is tried again. All orders come to one end.
func TestWebhooks_InEveryOrder(t *testing.T) {
	t.Parallel()
	orders := permutations(4)
	h := newHouse(t, 2*len(orders))
	for i, order := range orders {
		s := h.open(t, h.addUser(t), h.tickets[2*i:2*i+2])
		paid := sessionOf(s.attempt, boxoffice.SessionComplete)
		part := byHand(fmt.Sprintf("re_%d", i), 1000)
		part.PaymentIntent = paid.PaymentIntent
		dispute := func(state boxoffice.DisputeState) *boxoffice.ProviderDispute {
			return &boxoffice.ProviderDispute{
				ID: fmt.Sprintf("dp_%d", i), PaymentIntent: paid.PaymentIntent, State: state, Amount: usd(2*seatPrice - 1000), Reason: "general",
			}
		}
		events := []boxoffice.PaymentEvent{
			sessionEvent(fmt.Sprintf("evt_%d_paid", i), paid),
			{ID: fmt.Sprintf("evt_%d_hand", i), Type: "charge.refunded", ObjectID: "ch", Payload: []byte(`{}`), Refunds: []boxoffice.ProviderRefund{part}},
			{ID: fmt.Sprintf("evt_%d_open", i), Type: "charge.dispute.created", ObjectID: "dp", Payload: []byte(`{}`), Dispute: dispute(boxoffice.DisputeOpen)},
			{ID: fmt.Sprintf("evt_%d_lost", i), Type: "charge.dispute.closed", ObjectID: "dp", Payload: []byte(`{}`), Dispute: dispute(boxoffice.DisputeLost)},
		}
		for _, at := range order {
			for range 2 {
				_, err := h.store.ReceivePaymentEvent(t.Context(), events[at])
				require.NoError(t, err)
			}
		}
		h.bringToEnd(t, s.Booking)
		for _, e := range events {
			_, err := h.store.ReceivePaymentEvent(t.Context(), e)
			require.NoError(t, err)
		}
		require.Equal(t, boxoffice.BookingRefunded, h.bringToEnd(t, s.Booking), "%v", order)
		require.Equal(t, 2, one[int](t, h, `SELECT count(*) FROM refunds r JOIN payments p ON p.id = r.payment_id
			WHERE p.booking_id = $1 AND r.state = 'succeeded'`, s.ID), "%v", order)
		h.requireBalanced(t, s.ID, 0)
	}
	require.Zero(t, one[int](t, h, `SELECT count(*) FROM support_tasks WHERE closed_at IS NULL`))
	h.requireClean(t, int64(len(orders)))
}

// TestCancel_AndThePaymentInTheSameInstant races the buyer who lets go, the webhook that tells of their payment, and the run that
// closes the page: the seats end sold and paid, or free and the money back; one that was let go is never sold.
func TestCancel_AndThePaymentInTheSameInstant(t *testing.T) {
	t.Parallel()
	const rounds = 40
	h := newHouse(t, 1)
	ends := map[boxoffice.BookingStatus]int{}
	for range rounds {
		s := h.open(t, h.addUser(t), h.tickets)
		paid := sessionEvent("evt_"+s.ID, sessionOf(s.attempt, boxoffice.SessionComplete))
		errs := make([]error, 3)
		atOnce(len(errs), func(i int) {
			switch i {
			case 0:
				_, _, errs[i] = h.store.RequestCancel(t.Context(), s.UserID, s.ID, nil)
			case 1:
				_, errs[i] = h.store.ReceivePaymentEvent(t.Context(), paid)
			case 2:
				if now, err := h.store.VerifyHold(t.Context(), s.ID); err == nil && now.Next() == boxoffice.StepConfirm {
					_, errs[i] = h.store.ConfirmSeats(t.Context(), s.ID, now.Epoch, now.Unsettled)
				}
			}
		})
		require.NoError(t, errs[1])
		end := h.bringToEnd(t, s.Booking)
		ends[end]++
		if errs[0] == nil {
			require.Equal(t, boxoffice.BookingRefunded, end, "who let go is not sold anything")
		} else {
			requireCode(t, boxoffice.CodeBookingClosed, errs[0])
			require.Equal(t, boxoffice.BookingCompleted, end)
			h.refundByHand(t, scene{Booking: s.Booking, payment: h.paymentOf(t, paid.Session.PaymentIntent)}, "re_"+s.ID, seatPrice)
			h.bringToEnd(t, s.Booking) // the seat is for the next round
		}
		h.requireBalanced(t, s.ID, 0)
	}
	t.Logf("they ended as %v", ends)
	h.requireClean(t, rounds)
	require.Zero(t, h.deadlocks(t))
}

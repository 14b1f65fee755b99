package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// byHand is a refund that somebody made in the provider's dashboard.
func byHand(id string, minor int64) boxoffice.ProviderRefund {
	return boxoffice.ProviderRefund{ID: id, State: boxoffice.RefundSucceeded, Amount: usd(minor)}
}

// refundByHand has the provider tell that a charge of the scene's was refunded, and then how its refunds stand.
func (h *house) refundByHand(t testing.TB, s scene, id string, minor int64) {
	t.Helper()
	h.tellOf(t, s, "evt_"+id, byHand(id, minor))
}

// tellOf has the provider tell of refunds of the scene's payment: its webhook asks for nothing but to be asked about.
func (h *house) tellOf(t testing.TB, s scene, event string, all ...boxoffice.ProviderRefund) {
	t.Helper()
	e := boxoffice.PaymentEvent{ID: event, Type: "charge.refunded", ObjectID: "ch_1", Payload: []byte(`{}`), Ask: true}
	receipt, err := h.store.ReceivePaymentEvent(t.Context(), e)
	require.NoError(t, err)
	require.Equal(t, boxoffice.EventReceipt{Fate: boxoffice.EventAsked}, receipt)
	intent := one[string](t, h, `SELECT payment_intent FROM payments WHERE id = $1`, s.payment)
	e.Ask = false
	for _, r := range all {
		r.PaymentIntent = intent
		e.Refunds = append(e.Refunds, r)
	}
	receipt, err = h.store.ReceivePaymentEvent(t.Context(), e)
	require.NoError(t, err)
	require.Equal(t, boxoffice.EventTaken, receipt.Fate)
	if receipt.Booking != nil { // a run is woken where it has something to do
		require.Equal(t, s.ID, receipt.Booking.BookingID)
	}
}

func (h *house) openTasks(t testing.TB, kind boxoffice.TaskKind) int {
	t.Helper()
	return one[int](t, h, `SELECT count(*) FROM support_tasks WHERE kind = $1 AND closed_at IS NULL`, kind)
}

// goodwill is what went back of the scene's payment although the tickets stay.
func (h *house) goodwill(t testing.TB, s scene) int64 {
	t.Helper()
	return one[int64](t, h, `SELECT goodwill_minor FROM payments WHERE id = $1`, s.payment)
}

// requireUndone asserts that nothing of a sale is left, all of its money is back, and its buyer was told.
func (h *house) requireUndone(t *testing.T, s scene) {
	t.Helper()
	h.finish(t, s.Booking, boxoffice.BookingRefunded)
	h.requireBalanced(t, s.ID, 0)
	require.Zero(t, one[int](t, h, `SELECT count(*) FROM tickets WHERE booking_id = $1`, s.ID))
	require.Zero(t, one[int](t, h, `SELECT count(*) FROM admissions WHERE booking_id = $1 AND voided_at IS NULL`, s.ID))
	require.Zero(t, one[int](t, h, `SELECT count(*) FROM support_tasks WHERE closed_at IS NULL`))
	h.requireClean(t, 1)
}

// TestByHand_AllOfIt undoes a booking whose whole money somebody gave back, in whatever state it is, and asks nobody.
func TestByHand_AllOfIt(t *testing.T) {
	t.Parallel()
	for name, build := range map[string]func(h *house, t testing.TB, user string, tickets []string) scene{
		"paid": (*house).paid, "confirmed": (*house).confirmed, "sold": (*house).sold, "refunding": (*house).refunding,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 2)
			s := build(h, t, h.addUser(t), h.tickets)
			h.refundByHand(t, s, "re_hand", 2*seatPrice)
			require.Equal(t, boxoffice.BookingRefunding, h.status(t, s.ID))
			require.NotContains(t, h.finish(t, s.Booking, boxoffice.BookingRefunded), boxoffice.StepSendRefund, "the provider is not asked again")
			h.requireUndone(t, s)
			require.Equal(t, 1, one[int](t, h, `SELECT count(*) FROM emails WHERE kind = 'refunded' AND status = 'sent'
				AND (details ->> 'refunded_minor')::int = $1`, 2*seatPrice), "its buyer is told, once")
		})
	}
}

// TestByHand_CountsOnce hears of one refund by every way there is, again and again.
func TestByHand_CountsOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	s := h.sold(t, h.addUser(t), h.tickets)
	h.refundByHand(t, s, "re_hand", 1000)
	before := h.rows(t)
	for i := range 3 {
		h.tellOf(t, s, fmt.Sprintf("evt_again_%d", i), byHand("re_hand", 1000))
		_, err := h.store.RecordRefunds(t.Context(), s.ID, s.epoch, s.payment, []boxoffice.ProviderRefund{byHand("re_hand", 1000)})
		require.NoError(t, err)
	}
	h.receive(t, refundEvent("evt_updated", byHand("re_hand", 1000))) // charge.refund.updated
	after := h.rows(t)
	delete(before, "webhook_inbox")
	delete(after, "webhook_inbox")
	require.Equal(t, before, after)
	require.Equal(t, []refundRow{{1, 1000, boxoffice.RefundSucceeded, ""}}, h.refundRows(t))
	h.requireClean(t, 1)
}

// TestByHand_AtOnce hears of it by many webhooks in the same moment.
func TestByHand_AtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	s := h.sold(t, h.addUser(t), h.tickets)
	intent := one[string](t, h, `SELECT payment_intent FROM payments WHERE id = $1`, s.payment)
	r := byHand("re_hand", 1000)
	r.PaymentIntent = intent
	errs := make([]error, 10)
	atOnce(len(errs), func(i int) {
		_, errs[i] = h.store.ReceivePaymentEvent(t.Context(), boxoffice.PaymentEvent{
			ID: fmt.Sprintf("evt_%d", i), Type: "charge.refunded", ObjectID: "ch_1", Payload: []byte(`{}`), Refunds: []boxoffice.ProviderRefund{r},
		})
	})
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Len(t, h.refundRows(t), 1)
	require.EqualValues(t, 1000, h.goodwill(t, s))
	require.Equal(t, 1, h.openTasks(t, boxoffice.TaskRefundByHand))
	require.Zero(t, h.deadlocks(t))
}

// TestByHand_PaysFirstWhatIsOwed takes the place of a refund of ours that is on its way to the provider, or failed.
func TestByHand_PaysFirstWhatIsOwed(t *testing.T) {
	t.Parallel()
	t.Run("exactly, pending", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, 2)
		s := h.oneReturned(t, h.addUser(t), h.tickets)
		h.refundByHand(t, s, "re_hand", 1160)
		require.Equal(t, []refundRow{{1, 1160, boxoffice.RefundFailed, "never made"}, {2, 1160, boxoffice.RefundSucceeded, ""}}, h.refundRows(t))
		h.finish(t, s.Booking, boxoffice.BookingCompleted)
		require.Zero(t, h.openTasks(t, boxoffice.TaskRefundByHand))
		require.Zero(t, h.goodwill(t, s))
		h.requireClean(t, 1)
	})
	t.Run("exactly, failed", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, 2)
		s := h.oneReturned(t, h.addUser(t), h.tickets)
		h.mark(t, s, boxoffice.RefundFailed)
		require.Equal(t, 1, h.openTasks(t, boxoffice.TaskRefundFailed))
		h.refundByHand(t, s, "re_hand", 1160)
		require.Zero(t, h.openTasks(t, boxoffice.TaskRefundFailed), "closed by itself: another refund took its place")
		require.Zero(t, h.goodwill(t, s))
		h.requireClean(t, 1)
	})
	t.Run("less: the rest goes as before", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, 2)
		s := h.refunding(t, h.addUser(t), h.tickets)
		h.refundByHand(t, s, "re_hand", 1000)
		require.Equal(t, []refundRow{
			{1, 2 * seatPrice, boxoffice.RefundFailed, "never made"}, {2, 1000, boxoffice.RefundSucceeded, ""},
			{3, 2*seatPrice - 1000, boxoffice.RefundPending, ""},
		}, h.refundRows(t))
		h.requireUndone(t, s)
	})
	t.Run("more: the rest is undecided", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, 2)
		s := h.oneReturned(t, h.addUser(t), h.tickets)
		h.refundByHand(t, s, "re_hand", 1260)
		require.EqualValues(t, 100, h.goodwill(t, s))
		require.Equal(t, 1, h.openTasks(t, boxoffice.TaskRefundByHand))
		h.requireClean(t, 1)
	})
	t.Run("and ours was made all the same", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, 2)
		s := h.oneReturned(t, h.addUser(t), h.tickets)
		h.refundByHand(t, s, "re_hand", 1160)
		h.receive(t, refundEvent("evt_ours", refundOf(s.payment, 1, boxoffice.RefundSucceeded)))
		require.Equal(t, []refundRow{{1, 1160, boxoffice.RefundSucceeded, ""}, {2, 1160, boxoffice.RefundSucceeded, ""}}, h.refundRows(t))
		require.EqualValues(t, 1160, h.goodwill(t, s), "more went back than was owed: a person is asked")
		require.Equal(t, 1, h.openTasks(t, boxoffice.TaskRefundByHand))
		h.requireClean(t, 1)
	})
}

// TestByHand_APartIsUndecided keeps the tickets and the books until somebody has said what it was for.
func TestByHand_APartIsUndecided(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	h.allowReturns(t, 24, 80)
	s := h.partByHand(t, h.addUser(t), h.tickets)
	require.Equal(t, boxoffice.BookingCompleted, h.status(t, s.ID))
	require.Equal(t, 2, one[int](t, h, `SELECT count(*) FROM admissions WHERE voided_at IS NULL`))
	require.EqualValues(t, 1000, h.goodwill(t, s))
	require.Equal(t, 1, h.openTasks(t, boxoffice.TaskRefundByHand))
	h.requireClean(t, 1)
	_, err := h.store.CancelSale(t.Context(), cancellation(s, h.tickets[0]))
	requireCode(t, boxoffice.CodeNotReady, err)

	h.receive(t, refundEvent("evt_back", boxoffice.ProviderRefund{ID: "re_hand", State: boxoffice.RefundFailed, Failure: "account closed"}))
	require.Zero(t, h.goodwill(t, s), "nothing went back after all")
	require.Zero(t, one[int](t, h, `SELECT count(*) FROM support_tasks WHERE closed_at IS NULL`))
	require.False(t, h.verify(t, s.ID).StuckRefund, "and nothing is owed")
	h.requireClean(t, 1)
}

// TestByHand_TheRestEndsTheQuestion undoes the booking once all that came in is back.
func TestByHand_TheRestEndsTheQuestion(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	s := h.partByHand(t, h.addUser(t), h.tickets)
	h.tellOf(t, s, "evt_both", byHand("re_hand", 1000), byHand("re_rest", 2*seatPrice-1000))
	h.requireUndone(t, s)
}

// TestByHand_OfAShareThatWasKept has no ticket to be about.
func TestByHand_OfAShareThatWasKept(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	h.allowReturns(t, 24, 80)
	s := h.sold(t, h.addUser(t), h.tickets)
	h.giveBack(t, s)
	h.finish(t, s.Booking, boxoffice.BookingRefunded)
	h.tellOf(t, s, "evt_share", func() boxoffice.ProviderRefund {
		r := byHand("re_hand", 100)
		r.State = boxoffice.RefundPending
		return r
	}())
	require.Equal(t, boxoffice.BookingRefunding, h.status(t, s.ID), "until the bank has it")
	require.EqualValues(t, 100, h.goodwill(t, s))
	require.Zero(t, h.openTasks(t, boxoffice.TaskRefundByHand))
	h.requireClean(t, 1)
	h.tellOf(t, s, "evt_through", byHand("re_hand", 100))
	h.finish(t, s.Booking, boxoffice.BookingRefunded)
	h.requireClean(t, 1)
}

// TestByHand_BeforeItBoughtAnything is a refund that is quicker than the run: a part of the money may still buy the seats.
func TestByHand_BeforeItBoughtAnything(t *testing.T) {
	t.Parallel()
	t.Run("it buys them", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, 2)
		s := h.paid(t, h.addUser(t), h.tickets)
		h.refundByHand(t, s, "re_hand", 1000)
		h.finish(t, s.Booking, boxoffice.BookingCompleted)
		require.EqualValues(t, 1000, h.goodwill(t, s))
		require.Equal(t, 1, h.openTasks(t, boxoffice.TaskRefundByHand))
		h.requireClean(t, 1)
	})
	t.Run("it cannot", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, 2)
		s := h.paid(t, h.addUser(t), h.tickets)
		h.refundByHand(t, s, "re_hand", 1000)
		h.exec(t, `UPDATE events SET status = 'cancelled'`)
		h.requireUndone(t, s)
	})
	t.Run("a surplus payment", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, 1)
		s := h.stageNamed(t, "open, wrong amount paid before")
		h.refundByHand(t, s, "re_hand", seatPrice-1)
		require.Equal(t, boxoffice.BookingHeld, h.status(t, s.ID), "its seats stay held for the page that is open")
		require.Zero(t, h.openTasks(t, boxoffice.TaskRefundByHand))
		h.requireClean(t, 1)
	})
	t.Run("an ended booking", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, 1)
		s := h.stageNamed(t, "expired, paid late")
		h.refundByHand(t, s, "re_hand", seatPrice)
		h.requireUndone(t, s)
	})
}

// TestByHand_WhatCannotBe is left to a person: more than is left, or in other money. The event is done all the same.
func TestByHand_WhatCannotBe(t *testing.T) {
	t.Parallel()
	other := byHand("re_hand", 100)
	other.Amount.Currency = "MXN"
	for name, r := range map[string]boxoffice.ProviderRefund{"more than came in": byHand("re_hand", 2*seatPrice+1), "in other money": other} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 2)
			s := h.sold(t, h.addUser(t), h.tickets)
			h.tellOf(t, s, "evt_1", r)
			h.tellOf(t, s, "evt_2", r)
			require.Zero(t, one[int](t, h, `SELECT count(*) FROM refunds WHERE state <> 'failed'`))
			require.Equal(t, boxoffice.BookingCompleted, h.status(t, s.ID))
			require.Equal(t, 1, h.openTasks(t, boxoffice.TaskRefundByHand))
			_, processed := h.inbox(t, "evt_1")
			require.True(t, processed)
			h.requireClean(t, 1)
		})
	}
}

// TestByHand_AFailureMakesRoom hears in one breath that ours came back from the bank and that somebody made it again.
func TestByHand_AFailureMakesRoom(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	s := h.refunded(t, h.addUser(t), h.tickets)
	ours := refundOf(s.payment, 1, boxoffice.RefundFailed)
	h.tellOf(t, s, "evt_both", byHand("re_hand", 2*seatPrice), ours)
	require.Equal(t, []refundRow{
		{1, 2 * seatPrice, boxoffice.RefundFailed, "failed at the provider"}, {2, 2 * seatPrice, boxoffice.RefundSucceeded, ""},
	}, h.refundRows(t))
	h.requireUndone(t, s)
}

// TestByHand_NoRoom is a second refund of what the bank is about to send back, told of before that: it counts once the first
// has failed, although nobody tells of it again.
func TestByHand_NoRoom(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	s := h.refunding(t, h.addUser(t), h.tickets)
	h.mark(t, s, boxoffice.RefundPending)
	h.refundByHand(t, s, "re_hand", 2*seatPrice)
	require.Equal(t, refundRow{2, 2 * seatPrice, boxoffice.RefundFailed, "no room beside the others"}, h.refundRows(t)[1])
	require.Equal(t, 1, h.openTasks(t, boxoffice.TaskRefundByHand))
	require.Zero(t, h.openTasks(t, boxoffice.TaskRefundFailed))
	h.requireClean(t, 1)
	now := h.mark(t, s, boxoffice.RefundFailed)
	require.Equal(t, &boxoffice.RefundRef{PaymentID: s.payment, N: 2}, &boxoffice.RefundRef{PaymentID: now.OpenRefund.PaymentID, N: now.OpenRefund.N})
	h.tellOf(t, s, "evt_2", byHand("re_hand", 2*seatPrice))
	h.requireUndone(t, s)
}

// TestByHand_SomebodyWentIn: the ticket of who is inside is not made void, whatever went back.
func TestByHand_SomebodyWentIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	s := h.sold(t, h.addUser(t), h.tickets)
	h.exec(t, `UPDATE admissions SET admitted_at = boxoffice_now() WHERE ticket_id = $1`, h.tickets[0])
	h.refundByHand(t, s, "re_hand", 2*seatPrice)
	require.Equal(t, boxoffice.BookingCompleted, h.status(t, s.ID))
	require.Equal(t, 1, h.openTasks(t, boxoffice.TaskRefundByHand))
	h.requireClean(t, 1)
}

// TestByHand_BeforeWeKnowThePayment is tried again, as anything is that is about nothing of ours.
func TestByHand_BeforeWeKnowThePayment(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.open(t, h.addUser(t), h.tickets)
	session := sessionOf(s.attempt, boxoffice.SessionComplete)
	early := byHand("re_hand", seatPrice)
	early.PaymentIntent = session.PaymentIntent
	e := boxoffice.PaymentEvent{ID: "evt_early", Type: "charge.refunded", ObjectID: "ch_1", Payload: []byte(`{}`), Refunds: []boxoffice.ProviderRefund{early}}
	receipt, err := h.store.ReceivePaymentEvent(t.Context(), e)
	require.NoError(t, err)
	require.Equal(t, boxoffice.EventUnknown, receipt.Fate)
	s.payment = h.pay(t, s.attempt)
	h.clock.AdvanceClock(t, time.Minute)
	require.Contains(t, h.claim(t), "evt_early")
	h.receive(t, e)
	h.requireUndone(t, s)
}

package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// inbox reads what became of a webhook.
func (h *house) inbox(t *testing.T, event string) (outcome string, processed bool) {
	t.Helper()
	require.NoError(t, h.own.QueryRow(t.Context(), `SELECT outcome, processed_at IS NOT NULL FROM webhook_inbox WHERE stripe_event_id = $1`,
		event).Scan(&outcome, &processed))
	return outcome, processed
}

// receive stores an event and gives the booking that is to be nudged.
func (h *house) receive(t *testing.T, e boxoffice.PaymentEvent) *boxoffice.BookingRef {
	t.Helper()
	receipt, err := h.store.ReceivePaymentEvent(t.Context(), e)
	require.NoError(t, err)
	return receipt.Booking
}

func (h *house) attemptState(t *testing.T, attempt string) boxoffice.AttemptState {
	t.Helper()
	a, err := h.store.Attempt(t.Context(), attempt)
	require.NoError(t, err)
	return a.State
}

func TestReceivePaymentEvent_Paid(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.open(t, h.addUser(t), h.tickets)
	e := sessionEvent("evt_1", sessionOf(s.attempt, boxoffice.SessionComplete))
	ref := h.receive(t, e)
	want, err := h.store.BookingRef(t.Context(), s.ID)
	require.NoError(t, err)
	require.Equal(t, &want, ref)
	require.Equal(t, boxoffice.AttemptPaid, h.attemptState(t, s.attempt.ID))
	outcome, processed := h.inbox(t, "evt_1")
	require.Equal(t, "payment received", outcome)
	require.False(t, processed, "its effect is complete when the seats are sold")

	before := h.rows(t)
	require.Equal(t, ref, h.receive(t, e), "what is not processed is processed again: the run is nudged once more")
	require.Equal(t, before, h.rows(t), "and nothing is written twice")
	twin := e
	twin.ID = "evt_2"
	require.Equal(t, ref, h.receive(t, twin))
	require.Equal(t, 1, one[int](t, h, `SELECT count(*) FROM payments`), "two events of one fact are one payment")

	_, err = h.store.ConfirmSeats(t.Context(), s.ID, s.epoch, h.paymentOf(t, e.Session.PaymentIntent))
	require.NoError(t, err)
	for _, id := range []string{"evt_1", "evt_2"} {
		outcome, processed = h.inbox(t, id)
		require.Equal(t, "sold", outcome)
		require.True(t, processed)
	}
	before = h.rows(t)
	require.Nil(t, h.receive(t, e), "what is processed needs no run")
	require.Equal(t, before, h.rows(t))
	third := e
	third.ID = "evt_3"
	h.receive(t, third)
	_, processed = h.inbox(t, "evt_3")
	require.True(t, processed, "a twin that comes after the sale has nothing left to do")
}

func TestReceivePaymentEvent_AtOnceIsOnePayment(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.open(t, h.addUser(t), h.tickets)
	errs := make([]error, 8)
	atOnce(len(errs), func(i int) {
		id := "evt_1"
		if i%2 == 0 {
			id = "evt_2"
		}
		_, errs[i] = h.store.ReceivePaymentEvent(t.Context(), sessionEvent(id, sessionOf(s.attempt, boxoffice.SessionComplete)))
	})
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Equal(t, 1, one[int](t, h, `SELECT count(*) FROM payments`))
	require.Equal(t, 2, one[int](t, h, `SELECT count(*) FROM webhook_inbox`))
	require.Zero(t, h.deadlocks(t))
}

func TestReceivePaymentEvent_WithoutABooking(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.open(t, h.addUser(t), h.tickets)
	stranger := sessionOf(boxoffice.PaymentAttempt{ID: newID(t)}, boxoffice.SessionComplete)
	odd := stranger
	odd.AttemptID = "order 66"
	parked := sessionEvent("evt_parked", sessionOf(s.attempt, boxoffice.SessionComplete))
	parked.Parked = "API version 2011-01-01"
	foreign := boxoffice.PaymentEvent{ID: "evt_refund", ObjectID: "re_x", Payload: []byte(`{}`), Refund: &boxoffice.ProviderRefund{ID: "re_x"}}
	for _, c := range []struct {
		event     boxoffice.PaymentEvent
		outcome   string
		processed bool
	}{
		{sessionEvent("evt_unknown", stranger), "unknown session", false},
		{sessionEvent("evt_odd", odd), "unknown session", false},
		{parked, "parked: API version 2011-01-01", false},
		{foreign, "unknown refund", false},
		{boxoffice.PaymentEvent{ID: "evt_other", Type: "customer.created", ObjectID: "cus", Payload: []byte(`{}`)}, "ignored", true},
	} {
		for range 2 {
			require.Nil(t, h.receive(t, c.event), c.event.ID)
		}
		outcome, processed := h.inbox(t, c.event.ID)
		require.Equal(t, c.outcome, outcome)
		require.Equal(t, c.processed, processed, c.event.ID)
	}
	require.Zero(t, one[int](t, h, `SELECT count(*) FROM payments`))
	require.Equal(t, boxoffice.AttemptLive, h.attemptState(t, s.attempt.ID))
}

// TestReceivePaymentEvent_FindsTheAttemptBySession is for a session that carries no reference of ours.
func TestReceivePaymentEvent_FindsTheAttemptBySession(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.open(t, h.addUser(t), h.tickets)
	session := sessionOf(s.attempt, boxoffice.SessionComplete)
	session.AttemptID = ""
	require.Equal(t, s.ID, h.receive(t, sessionEvent("evt", session)).BookingID)
	require.Equal(t, boxoffice.AttemptPaid, h.attemptState(t, s.attempt.ID))
}

func TestReceivePaymentEvent_SessionEvents(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.open(t, h.addUser(t), h.tickets)
	h.receive(t, sessionEvent("evt_created", sessionOf(s.attempt, boxoffice.SessionOpen)))
	require.Equal(t, boxoffice.AttemptLive, h.attemptState(t, s.attempt.ID))
	unpaid := sessionOf(s.attempt, boxoffice.SessionComplete)
	unpaid.Paid = false
	h.receive(t, sessionEvent("evt_unpaid", unpaid))
	require.Equal(t, boxoffice.AttemptLive, h.attemptState(t, s.attempt.ID))
	require.Equal(t, s.ID, h.receive(t, sessionEvent("evt_expired", sessionOf(s.attempt, boxoffice.SessionExpired))).BookingID)
	require.Equal(t, boxoffice.AttemptDead, h.attemptState(t, s.attempt.ID))
	for _, id := range []string{"evt_created", "evt_unpaid", "evt_expired"} {
		_, processed := h.inbox(t, id)
		require.True(t, processed, id)
	}
	require.NotEqual(t, s.attempt.ID, h.checkout(t, s.Booking).ID, "another page may open")

	_, err := h.store.ResolveAttempt(t.Context(), s.ID, s.epoch, boxoffice.AttemptEnd{AttemptID: s.attempt.ID, Session: &unpaid})
	requireCode(t, boxoffice.CodeProviderUnknown, err) // the run asks again
}

// TestPayment_WrongAmountIsSurplus refunds what does not fit and leaves the booking payable.
func TestPayment_WrongAmountIsSurplus(t *testing.T) {
	t.Parallel()
	for name, wrong := range map[string]func(s *boxoffice.PaymentSession){
		"amount":   func(s *boxoffice.PaymentSession) { s.Amount.Minor++ },
		"currency": func(s *boxoffice.PaymentSession) { s.Amount.Currency = "EUR" },
		"session":  func(s *boxoffice.PaymentSession) { s.ID = "cs_other" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 1)
			s := h.open(t, h.addUser(t), h.tickets)
			session := sessionOf(s.attempt, boxoffice.SessionComplete)
			wrong(&session)
			h.receive(t, sessionEvent("evt_1", session))
			require.Equal(t, boxoffice.AttemptSurplus, h.attemptState(t, s.attempt.ID))
			s.payment = h.paymentOf(t, session.PaymentIntent)
			_, backstop := h.clocks(t, s.ID)
			require.Positive(t, backstop, "surplus money holds nothing for ever")

			now, err := h.store.Look(t.Context(), s.ID, s.epoch)
			require.NoError(t, err)
			require.Equal(t, boxoffice.StepRequestRefund, now.Next())
			now, err = h.store.RequestRefund(t.Context(), s.ID, s.epoch, s.payment)
			require.NoError(t, err)
			require.NotNil(t, now.OpenRefund)
			require.Equal(t, boxoffice.StepWait, now.Next(), "the hold goes on, and the refund beside it")
			require.Equal(t, boxoffice.BookingHeld, now.Status)
			now, err = h.store.MarkRefund(t.Context(), s.ID, s.epoch, refundOf(s.payment, 1, boxoffice.RefundSucceeded))
			require.NoError(t, err)
			require.Equal(t, boxoffice.StepSendMail, now.Next(), "the buyer is told while the hold goes on")

			h.pay(t, h.checkout(t, s.Booking))
			h.finish(t, s.Booking, boxoffice.BookingCompleted)
			h.requireBalanced(t, s.ID, seatPrice)
		})
	}
}

// TestPayment_SurplusStaysSurplus pays a page again whose first money did not fit: neither payment buys.
func TestPayment_SurplusStaysSurplus(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.open(t, h.addUser(t), h.tickets)
	h.payWrongAmount(t, s.attempt)
	again := sessionOf(s.attempt, boxoffice.SessionComplete)
	again.PaymentIntent = "pi_again"
	h.receive(t, sessionEvent("evt_again", again))
	require.Equal(t, boxoffice.AttemptSurplus, h.attemptState(t, s.attempt.ID))
	now := h.verify(t, s.ID)
	require.True(t, now.Surplus)
	before := h.rows(t)
	_, err := h.store.ConfirmSeats(t.Context(), s.ID, now.Epoch, now.Unsettled)
	require.NoError(t, err)
	require.Equal(t, before, h.rows(t), "seats are not sold to it, whoever asks")
}

// TestPayment_SecondTab pays a page that the provider reported closed while another is open: the model's rogue provider.
func TestPayment_SecondTab(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.open(t, h.addUser(t), h.tickets)
	h.receive(t, sessionEvent("evt_1", sessionOf(s.attempt, boxoffice.SessionExpired)))
	open := h.checkout(t, s.Booking)
	first := h.pay(t, s.attempt)
	require.Equal(t, boxoffice.AttemptSurplus, h.attemptState(t, s.attempt.ID))
	now := h.verify(t, s.ID)
	before := h.rows(t)
	_, err := h.store.Compensate(t.Context(), s.ID, now.Epoch, "x")
	require.NoError(t, err)
	require.Equal(t, before, h.rows(t), "the seats stay while the other page can be paid")
	second := h.pay(t, open)
	h.finish(t, s.Booking, boxoffice.BookingCompleted)
	require.Equal(t, "refund", one[string](t, h, `SELECT settled_as::text FROM payments WHERE id = $1`, first))
	require.Equal(t, "sale", one[string](t, h, `SELECT settled_as::text FROM payments WHERE id = $1`, second))
	h.requireBalanced(t, s.ID, seatPrice)
}

// TestPayment_OfAnEndedBooking sends money to bookings that are at their end: all of it goes back, and they end again.
func TestPayment_OfAnEndedBooking(t *testing.T) {
	t.Parallel()
	h := newHouse(t, len(stages))
	for i, stage := range stages {
		switch stage.name {
		case "completed", "cancelled", "refunded":
		default:
			continue
		}
		s := h.stage(t, i)
		kept, end := int64(0), boxoffice.BookingRefunded
		if stage.name == "completed" {
			kept, end = seatPrice, boxoffice.BookingCompleted
		}
		h.lateMoney(t, s.Booking)
		h.finish(t, s.Booking, end)
		h.requireBalanced(t, s.ID, kept)
	}
}

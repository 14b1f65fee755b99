package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/postgres"
)

// park stores an event of another API version about a session, and gives it as it will be when the provider was asked.
func (h *house) park(t *testing.T, id string, s boxoffice.PaymentSession) (now boxoffice.PaymentEvent) {
	t.Helper()
	now = sessionEvent(id, s)
	parked := boxoffice.PaymentEvent{ID: id, Type: now.Type, APIVersion: "2011-01-01", ObjectID: s.ID, Payload: now.Payload, Parked: `api version "2011-01-01"`}
	receipt, err := h.store.ReceivePaymentEvent(t.Context(), parked)
	require.NoError(t, err)
	require.Equal(t, boxoffice.EventReceipt{Fate: boxoffice.EventParked}, receipt)
	return now
}

// strangers stores events about sessions that are not ours.
func (h *house) strangers(t *testing.T, n int) (ids []string) {
	t.Helper()
	for i := range n {
		id := fmt.Sprintf("evt_strange_%d", i)
		receipt, err := h.store.ReceivePaymentEvent(t.Context(), sessionEvent(id, strange))
		require.NoError(t, err)
		require.Equal(t, boxoffice.EventReceipt{Fate: boxoffice.EventUnknown}, receipt)
		ids = append(ids, id)
	}
	return ids
}

// strange is the session of another application on the same account.
var strange = boxoffice.PaymentSession{
	ID: "cs_strange", AttemptID: "order 66", Status: boxoffice.SessionComplete, Paid: true, PaymentIntent: "pi_strange",
	Amount: boxoffice.Money{Minor: seatPrice, Currency: "USD"},
}

func (h *house) claim(t *testing.T) (ids []string) {
	t.Helper()
	events, err := h.store.ClaimEvents(t.Context(), 100)
	require.NoError(t, err)
	for _, e := range events {
		ids = append(ids, e.ID)
	}
	return ids
}

// nextTry is how far ahead the sweep tries an event again.
func (h *house) nextTry(t *testing.T, event string) time.Duration {
	t.Helper()
	return one[time.Duration](t, h, `SELECT next_try_at - boxoffice_now() FROM webhook_inbox WHERE stripe_event_id = $1`, event).Round(10 * time.Second)
}

// A parked event is due at once, and what the provider says of it then is applied as a webhook is: the money is heard of,
// the seats are kept for it, and the run settles the event with the sale.
func TestClaimEvents_AParkedEventSettles(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.open(t, h.addUser(t), h.tickets)
	now := h.park(t, "evt_1", sessionOf(s.attempt, boxoffice.SessionComplete))
	events, err := h.store.ClaimEvents(t.Context(), 100)
	require.NoError(t, err)
	require.Equal(t, []boxoffice.PaymentEvent{{
		ID: "evt_1", Type: now.Type, APIVersion: "2011-01-01", ObjectID: now.ObjectID, Payload: []byte(`{"x": 1}`),
	}}, events, "what it takes to ask the provider, and nothing that could be applied as it is")
	require.Empty(t, h.claim(t), "it is claimed")

	receipt, err := h.store.ReceivePaymentEvent(t.Context(), now)
	require.NoError(t, err)
	require.Equal(t, boxoffice.EventTaken, receipt.Fate)
	require.Equal(t, s.ID, receipt.Booking.BookingID)
	require.Equal(t, boxoffice.AttemptPaid, h.attemptState(t, s.attempt.ID))
	outcome, processed := h.inbox(t, "evt_1")
	require.Equal(t, "payment received", outcome)
	require.False(t, processed, "its effect is complete when the seats are sold")
	h.clock.AdvanceClock(t, time.Hour)
	require.Empty(t, h.claim(t), "from now on it waits for its booking's run, which the booking's sweep looks after")

	before := h.rows(t)
	_, err = h.store.ReceivePaymentEvent(t.Context(), now)
	require.NoError(t, err)
	require.Equal(t, before, h.rows(t), "a sweeper that comes late writes nothing twice")
	_, err = h.store.ConfirmSeats(t.Context(), s.ID, s.epoch, h.paymentOf(t, now.Session.PaymentIntent))
	require.NoError(t, err)
	outcome, processed = h.inbox(t, "evt_1")
	require.Equal(t, "sold", outcome)
	require.True(t, processed)
	require.Empty(t, h.claim(t))
}

// Events that had their effect with their arrival are never due.
func TestClaimEvents_OnlyWhatHadNoEffect(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	h.soldBooking(t, h.addUser(t), h.tickets[0])
	s := h.open(t, h.addUser(t), h.tickets[1:])
	h.receive(t, sessionEvent("evt_expired", sessionOf(s.attempt, boxoffice.SessionExpired)))
	h.receive(t, boxoffice.PaymentEvent{ID: "evt_other", Type: "customer.created", ObjectID: "cus", Payload: []byte(`{}`)})
	strangers := h.strangers(t, 1)
	require.Equal(t, strangers, h.claim(t))
}

// TestClaimEvents_SweepersShareTheWork has several sweepers at once: each event goes to one of them.
func TestClaimEvents_SweepersShareTheWork(t *testing.T) {
	t.Parallel()
	const sweepers, events = 4, 12
	h := newHouse(t, 1)
	due := map[string]bool{}
	for _, id := range h.strangers(t, events) {
		due[id] = true
	}
	claimed, errs := make([][]boxoffice.PaymentEvent, sweepers), make([]error, sweepers)
	atOnce(sweepers, func(i int) { claimed[i], errs[i] = h.store.ClaimEvents(t.Context(), events/sweepers) })
	for i := range sweepers {
		require.NoError(t, errs[i])
		for _, e := range claimed[i] {
			require.True(t, due[e.ID], "%s was claimed twice", e.ID)
			delete(due, e.ID)
		}
	}
	for _, id := range h.claim(t) { // those that two sweepers reached for at the same moment
		require.True(t, due[id])
		delete(due, id)
	}
	require.Empty(t, due, "none is left out")
}

// A sweeper must not wait for a row that somebody works on: it passes it over.
func TestClaimEvents_PassesOverALockedEvent(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	ids := h.strangers(t, 2)
	tx, err := h.own.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(t.Context()) }()
	_, err = tx.Exec(t.Context(), `SELECT FROM webhook_inbox WHERE stripe_event_id = $1 FOR UPDATE`, ids[0])
	require.NoError(t, err)
	require.Equal(t, ids[1:], h.claim(t))
	require.NoError(t, tx.Rollback(t.Context()))
	require.Equal(t, ids[:1], h.claim(t))
}

// TestClaimEvents_SearchesItsIndex counts what the sweep reads: it must pass over events that are not due, that wait for a
// run, that are done or given up, without looking at each.
func TestClaimEvents_SearchesItsIndex(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	h.strangers(t, 12)
	require.Len(t, h.claim(t), 12)
	h.closeStore(t) // and with it, what that claim has read is counted
	h.exec(t, `VACUUM webhook_inbox`)
	h.exec(t, `SELECT pg_stat_reset()`)
	// A table so small is cheaper read as a whole, unless the planner is told otherwise, as the size of a real one would.
	h.exec(t, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET enable_seqscan = off', current_database()); END $$`)
	sweeper, err := postgres.Open(t.Context(), h.clock.URL, postgres.Options{})
	require.NoError(t, err)
	events, err := sweeper.Bookings(houseRules).ClaimEvents(t.Context(), 5)
	require.NoError(t, err)
	require.Empty(t, events)
	sweeper.Close()
	h.closeStore(t)
	scans, read := 0, 0
	eventually(t, "the statistics arrive", func(ctx context.Context) bool {
		err := h.own.QueryRow(ctx, `SELECT idx_scan, idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = 'webhook_inbox_due'`).Scan(&scans, &read)
		return err == nil && scans > 0
	})
	require.Zero(t, read, "entries of the index that were read for nothing")
}

// The pauses grow, so that a stranger's event costs a dozen calls to the provider, and end: it is given up.
func TestPutOffEvent_PausesGrowUntilItIsGivenUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	id := h.strangers(t, 1)[0]
	var pauses []time.Duration
	fate := boxoffice.EventUnknown
	for fate == boxoffice.EventUnknown {
		require.Less(t, len(pauses), 20, "it is never given up")
		require.Equal(t, []string{id}, h.claim(t))
		pause := h.nextTry(t, id)
		pauses = append(pauses, pause)
		h.clock.AdvanceClock(t, pause-20*time.Second)
		require.Empty(t, h.claim(t), "not before its time")
		h.clock.AdvanceClock(t, 20*time.Second)
		var err error
		fate, err = h.store.PutOffEvent(t.Context(), id, "the provider does not know it")
		require.NoError(t, err)
	}
	require.Equal(t, boxoffice.EventGivenUp, fate)
	require.Equal(t, []time.Duration{time.Minute, 4 * time.Minute, 16 * time.Minute, 64 * time.Minute, 256 * time.Minute, 12 * time.Hour}, pauses[:6])
	require.Len(t, pauses, 11)
	outcome, processed := h.inbox(t, id)
	require.Equal(t, "given up: unknown session; the provider does not know it", outcome)
	require.False(t, processed, "it never had an effect")
	h.clock.AdvanceClock(t, 30*24*time.Hour)
	require.Empty(t, h.claim(t))

	require.Nil(t, h.receive(t, sessionEvent(id, strange)), "sent once more, by hand, it is looked at once more")
	outcome, _ = h.inbox(t, id)
	require.Equal(t, "given up: unknown session", outcome)
	require.Empty(t, h.claim(t))
}

// An event whose attempt was lost with the database, and came back with a newer copy of it, settles when it is tried next,
// also after it was given up, should it be sent again.
func TestReceivePaymentEvent_TheAttemptComesBack(t *testing.T) {
	t.Parallel()
	for name, age := range map[string]time.Duration{"in time": time.Hour, "after it was given up": 80 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 1)
			s := h.open(t, h.addUser(t), h.tickets)
			e := sessionEvent("evt_1", sessionOf(s.attempt, boxoffice.SessionComplete))
			h.exec(t, `CREATE TABLE backup AS SELECT * FROM payment_attempts`)
			h.exec(t, `DELETE FROM payment_attempts`)
			require.Nil(t, h.receive(t, e))
			h.clock.AdvanceClock(t, age)
			require.Nil(t, h.receive(t, e))
			require.Equal(t, age > 72*time.Hour, one[bool](t, h, `SELECT given_up_at IS NOT NULL FROM webhook_inbox`))

			h.exec(t, `INSERT INTO payment_attempts SELECT * FROM backup`)
			require.Equal(t, s.ID, h.receive(t, e).BookingID)
			require.False(t, one[bool](t, h, `SELECT given_up_at IS NOT NULL OR next_try_at IS NOT NULL FROM webhook_inbox`))
			end := boxoffice.BookingCompleted
			require.Equal(t, end, h.bringToEnd(t, s.Booking), "the seats were free all the time")
			_, processed := h.inbox(t, "evt_1")
			require.True(t, processed)
		})
	}
}

// Nobody knows what a parked event is about until the provider was asked: its age alone gives it up never.
func TestPutOffEvent_AParkedEventIsNotGivenUpUnasked(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	h.park(t, "evt_1", strange)
	h.clock.AdvanceClock(t, 100*time.Hour)
	h.park(t, "evt_1", strange)
	require.Equal(t, []string{"evt_1"}, h.claim(t))
	fate, err := h.store.PutOffEvent(t.Context(), "evt_1", "the provider does not know it")
	require.NoError(t, err)
	require.Equal(t, boxoffice.EventGivenUp, fate)
	outcome, _ := h.inbox(t, "evt_1")
	require.Equal(t, `given up: parked: api version "2011-01-01"; the provider does not know it`, outcome)
	h.park(t, "evt_1", strange)
	require.Equal(t, []string{"evt_1"}, h.claim(t), "sent again, it is asked about again")
}

// A sweeper that asked the provider for long must not take back what another settled meanwhile.
func TestPutOffEvent_LeavesWhatIsSettled(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	paid := h.open(t, h.addUser(t), h.tickets[:1])
	now := h.park(t, "evt_paid", sessionOf(paid.attempt, boxoffice.SessionComplete))
	closed := h.open(t, h.addUser(t), h.tickets[1:])
	done := h.park(t, "evt_done", sessionOf(closed.attempt, boxoffice.SessionExpired))
	require.Len(t, h.claim(t), 2)
	h.receive(t, now)
	h.receive(t, done)
	h.clock.AdvanceClock(t, 100*time.Hour)
	before := h.rows(t)
	for _, id := range []string{"evt_paid", "evt_done"} {
		fate, err := h.store.PutOffEvent(t.Context(), id, "the provider does not know it")
		require.NoError(t, err)
		require.Equal(t, boxoffice.EventTaken, fate)
	}
	require.Equal(t, before, h.rows(t))
}

// A refund that was made by hand at the provider has no row of ours; the bank's late word on one of ours settles although
// its event came in another version.
func TestClaimEvents_OfRefunds(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.refunding(t, h.addUser(t), h.tickets)
	word := refundOf(s.payment, 1, boxoffice.RefundFailed)
	for id, object := range map[string]string{"evt_hand": "re_by_hand", "evt_ours": word.ID} {
		receipt, err := h.store.ReceivePaymentEvent(t.Context(), boxoffice.PaymentEvent{
			ID: id, Type: "refund.failed", ObjectID: object, Payload: []byte(`{}`), Parked: "another version",
		})
		require.NoError(t, err)
		require.Equal(t, boxoffice.EventParked, receipt.Fate)
	}
	require.ElementsMatch(t, []string{"evt_hand", "evt_ours"}, h.claim(t))
	now := func(id string, r boxoffice.ProviderRefund) boxoffice.EventReceipt {
		receipt, err := h.store.ReceivePaymentEvent(t.Context(), boxoffice.PaymentEvent{ID: id, ObjectID: r.ID, Payload: []byte(`{}`), Refund: &r})
		require.NoError(t, err)
		return receipt
	}
	require.Equal(t, boxoffice.EventUnknown, now("evt_hand", boxoffice.ProviderRefund{ID: "re_by_hand", State: boxoffice.RefundSucceeded}).Fate)
	outcome, _ := h.inbox(t, "evt_hand")
	require.Equal(t, "parked: another version", outcome, "why it is there")
	require.Equal(t, s.ID, now("evt_ours", word).Booking.BookingID)
	require.Equal(t, boxoffice.RefundFailed, h.refund(t, s, 1).State)
	_, processed := h.inbox(t, "evt_ours")
	require.True(t, processed)
}

package bookings_test

import (
	"errors"
	"testing"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
)

// expectWake asserts that the booking's run is woken once, as by a payment.
func (b bundle) expectWake(err error) {
	b.temporal.On("SignalWithStartWorkflow", mock.Anything, "booking-b1", workflows.SignalPayment, nil, mock.Anything, mock.Anything, mock.Anything).
		Return(nil, err).Once()
}

var ours = boxoffice.EventReceipt{Fate: boxoffice.EventTaken, Booking: &boxoffice.BookingRef{BookingID: "b1"}}

func TestReceiveWebhook(t *testing.T) {
	t.Parallel()
	t.Run("a bad signature stores nothing", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.bank.signature = code(boxoffice.CodeBadSignature)
		require.Equal(t, boxoffice.CodeBadSignature, boxoffice.CodeOf(b.service.ReceiveWebhook(t.Context(), nil, "")))
		require.Empty(t, b.rows.received)
	})
	t.Run("an event that concerns no booking wakes nobody", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		require.NoError(t, b.service.ReceiveWebhook(t.Context(), nil, ""))
		require.Len(t, b.rows.received, 1)
	})
	t.Run("once stored it is taken, though Temporal is away", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.rows.receipt = ours
		b.expectWake(errors.New("away"))
		require.NoError(t, b.service.ReceiveWebhook(t.Context(), nil, ""))
	})
}

// stored is an event of the inbox: it says that somebody paid, in words that are not to be believed.
var stored = boxoffice.PaymentEvent{
	ID: "evt_1", Type: "checkout.session.completed", APIVersion: "2011-01-01", ObjectID: "cs_1", Payload: []byte(`{"paid":true}`),
	Parked: "another version", Session: &boxoffice.PaymentSession{ID: "cs_1", Paid: true},
}

func TestSettleEvent(t *testing.T) {
	t.Parallel()
	t.Run("the provider's word is taken, and the run woken", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		paid := boxoffice.PaymentSession{ID: "cs_1", Status: boxoffice.SessionComplete, Paid: true}
		b.bank.now, b.rows.receipt = boxoffice.PaymentEvent{Session: &paid}, ours
		b.expectWake(nil)
		fate, err := b.service.SettleEvent(t.Context(), stored)
		require.NoError(t, err)
		require.Equal(t, boxoffice.EventTaken, fate)
		require.Equal(t, []boxoffice.PaymentEvent{{ID: "evt_1", Type: stored.Type, Session: &paid}}, b.rows.received)
		require.Empty(t, b.rows.putOff)
	})
	t.Run("a page that was not paid wakes nobody, whatever the event said", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.bank.now, b.rows.receipt = boxoffice.PaymentEvent{Session: &boxoffice.PaymentSession{ID: "cs_1", Status: boxoffice.SessionExpired}}, ours
		_, err := b.service.SettleEvent(t.Context(), stored)
		require.NoError(t, err)
		require.False(t, b.rows.received[0].Session.Paid)
	})
	t.Run("what the provider does not know is put off and applied to nothing", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.bank.nowErr = code(boxoffice.CodeNotFound)
		fate, err := b.service.SettleEvent(t.Context(), stored)
		require.NoError(t, err)
		require.Equal(t, boxoffice.EventUnknown, fate)
		require.Equal(t, []string{"evt_1: the provider does not know it"}, b.rows.putOff)
		require.Empty(t, b.rows.received)
	})
	t.Run("what is not known changes nothing", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.bank.nowErr = code(boxoffice.CodeProviderUnknown)
		_, err := b.service.SettleEvent(t.Context(), stored)
		require.Equal(t, boxoffice.CodeProviderUnknown, boxoffice.CodeOf(err))
		require.Empty(t, b.rows.received)
		require.Empty(t, b.rows.putOff)
	})
	t.Run("a store that is away wakes nobody", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.rows.storeErr = code(boxoffice.CodeUnavailable)
		_, err := b.service.SettleEvent(t.Context(), stored)
		require.Equal(t, boxoffice.CodeUnavailable, boxoffice.CodeOf(err))
	})
}

// Operators are told of each webhook once, and what became of it.
func TestReceiveWebhook_Counts(t *testing.T) {
	t.Parallel()
	fate := func(f boxoffice.EventFate) func(b bundle) { return func(b bundle) { b.rows.receipt.Fate = f } }
	refused := func(err error) func(b bundle) { return func(b bundle) { b.bank.signature = err } }
	for outcome, set := range map[string]func(b bundle){
		"ok":            fate(boxoffice.EventTaken),
		"parked":        func(b bundle) { b.bank.parked = "another version"; b.rows.receipt.Fate = boxoffice.EventParked },
		"unknown":       fate(boxoffice.EventUnknown),
		"bad_signature": refused(code(boxoffice.CodeBadSignature)),
		"stale":         refused(boxoffice.WrapError(boxoffice.CodeBadSignature, boxoffice.ErrStaleWebhook, "Stale.")),
		"malformed":     refused(code(boxoffice.CodeMalformed)),
		"store_away":    func(b bundle) { b.rows.storeErr = code(boxoffice.CodeUnavailable) },
	} {
		t.Run(outcome, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			set(b)
			_ = b.service.ReceiveWebhook(t.Context(), nil, "")
			require.Equal(t, map[string]float64{outcome: 1}, b.webhooks(t))
			_, _ = b.service.SettleEvent(t.Context(), stored)
			require.Equal(t, map[string]float64{outcome: 1}, b.webhooks(t), "what the sweep takes up was not received again")
		})
	}
}

// webhooks gives the counts of webhooks that are not 0.
func (b bundle) webhooks(t *testing.T) map[string]float64 {
	t.Helper()
	families, err := b.metrics.Registry().Gather()
	require.NoError(t, err)
	counts := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if n := m.GetCounter().GetValue(); family.GetName() == "boxoffice_webhooks_received_total" && n > 0 {
				counts[m.GetLabel()[0].GetValue()] = n
			}
		}
	}
	return counts
}

package stripe

import (
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func (b *bundle) refund(pairs ...string) reply {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return b.post("/v1/refunds", form)
}

func TestRefund_NeverMoreThanWasPaid(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.paidSession("4242424242424242")
	intent, chargeID := s.str("payment_intent.id"), s.str("payment_intent.latest_charge.id")

	part := b.refund("payment_intent", intent, "amount", "1000", "reason", "requested_by_customer", "metadata[n]", "1")
	require.Equal(t, http.StatusOK, part.status, part.raw)
	require.Equal(t, "succeeded", part.str("status"))
	require.Equal(t, chargeID, part.str("charge"))
	require.Equal(t, "1", part.str("metadata.n"))
	require.EqualValues(t, 1000, b.get("/v1/charges/"+chargeID).num("amount_refunded"))

	much := b.refund("charge", chargeID, "amount", "3601")
	require.Equal(t, http.StatusBadRequest, much.status)
	require.Equal(t, "Refund amount ($36.01) is greater than unrefunded amount on charge ($36.00)", much.str("error.message"))
	require.Equal(t, "amount", much.str("error.param"))

	rest := b.refund("charge", chargeID, "expand[]", "charge")
	require.EqualValues(t, 3600, rest.num("amount"), "without an amount it is all that is left")
	require.Equal(t, true, rest.at("charge.refunded"))
	gone := b.refund("payment_intent", intent)
	require.Equal(t, "charge_already_refunded", gone.str("error.code"))
	require.Equal(t, "Charge "+chargeID+" has already been refunded.", gone.str("error.message"))

	require.Len(t, b.get("/v1/refunds?payment_intent="+intent).data(), 2)
	require.Len(t, b.get("/v1/refunds?charge=ch_other").data(), 0)
	require.Len(t, b.get("/v1/events?type=charge.refunded").data(), 2)
	event := b.get("/v1/events?type=charge.refunded")
	require.EqualValues(t, 1000, event.num("data.0.data.previous_attributes.amount_refunded"))
	require.Regexp(t, "^req_", event.str("data.0.request.id"))
	require.EqualValues(t, 0, b.get("/v1/balance").num("available.0.amount"))
}

func TestRefund_RefusesWrongParameters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	open := b.newSession().str("id")
	b.payPage(open, "4000000000000002")
	failed := b.get("/v1/checkout/sessions/" + open).str("payment_intent")
	other := b.paidSession("4242424242424242")
	intent := other.str("payment_intent.id")
	for name, tc := range map[string]struct {
		pairs       []string
		status      int
		code, param string
	}{
		"nothing":        {nil, 400, "parameter_missing", ""},
		"zero":           {[]string{"payment_intent", intent, "amount", "0"}, 400, "parameter_invalid_integer", "amount"},
		"odd reason":     {[]string{"payment_intent", intent, "reason", "rain"}, 400, "", "reason"},
		"unknown":        {[]string{"payment_intent", intent, "note", "x"}, 400, "parameter_unknown", "note"},
		"no such intent": {[]string{"payment_intent", "pi_none"}, 404, "resource_missing", "payment_intent"},
		"no such charge": {[]string{"charge", "ch_none"}, 404, "resource_missing", "charge"},
		"never paid":     {[]string{"payment_intent", failed}, 400, "", "payment_intent"},
		"failed charge":  {[]string{"charge", b.get("/v1/payment_intents/" + failed).str("latest_charge")}, 400, "charge_not_refundable", "charge"},
		"two strangers":  {[]string{"payment_intent", intent, "charge", "ch_none"}, 400, "", "charge"},
	} {
		got := b.refund(tc.pairs...)
		require.Equal(t, tc.status, got.status, name)
		require.Equal(t, tc.code, got.str("error.code"), name)
		require.Equal(t, tc.param, got.str("error.param"), name)
	}
	require.Empty(t, b.get("/v1/refunds").data())
}

func TestRefund_ManyAtOnceNeverExceedTheCharge(t *testing.T) {
	t.Parallel()
	b := setup(t)
	intent := b.paidSession("4242424242424242").str("payment_intent.id")
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() {
			_, _ = b.try(http.MethodPost, "/v1/refunds", url.Values{"payment_intent": {intent}, "amount": {"1000"}}, nil)
		})
	}
	all.Wait()
	require.Len(t, b.get("/v1/refunds?limit=100").data(), 4, "46.00 holds four times 10.00")
}

func TestRefund_PendingThenSucceeds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	intent := b.paidSession("4000000000007726").str("payment_intent.id")
	made := b.refund("payment_intent", intent)
	require.Equal(t, "pending", made.str("status"))
	b.eventually("it succeeds", func() bool { return b.get("/v1/refunds/"+made.str("id")).str("status") == "succeeded" })
	event := b.get("/v1/events?type=charge.refund.updated")
	require.Equal(t, "succeeded", event.str("data.0.data.object.status"))
	require.Equal(t, "pending", event.str("data.0.data.previous_attributes.status"))
}

func TestRefund_SucceedsThenFails(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.paidSession("4000000000005126")
	made := b.refund("payment_intent", s.str("payment_intent.id"))
	require.Equal(t, "succeeded", made.str("status"))
	b.eventually("it fails", func() bool { return b.get("/v1/refunds/"+made.str("id")).str("status") == "failed" })
	failed := b.get("/v1/refunds/" + made.str("id"))
	require.NotEmpty(t, failed.str("failure_reason"))
	c := b.get("/v1/charges/" + s.str("payment_intent.latest_charge.id"))
	require.EqualValues(t, 0, c.num("amount_refunded"), "the money is ours again")
	require.Equal(t, false, c.at("refunded"))
	require.Len(t, b.get("/v1/events?type=charge.refund.updated").data(), 1)
}

func TestDispute_ArrivesAfterThePayment(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.paidSession("4000000000000259")
	require.Equal(t, "paid", s.str("payment_status"))
	b.eventually("it is disputed", func() bool { return len(b.get("/v1/disputes").data()) == 1 })
	d := b.get("/v1/disputes?payment_intent=" + s.str("payment_intent.id"))
	require.Equal(t, "fraudulent", d.str("data.0.reason"))
	require.Equal(t, "needs_response", d.str("data.0.status"))
	require.Equal(t, true, b.get("/v1/charges/"+s.str("payment_intent.latest_charge.id")).at("disputed"))
	require.Equal(t, d.at("data.0.id"), b.get("/v1/events?type=charge.dispute.created").at("data.0.data.object.id"))
	require.Equal(t, d.at("data.0.id"), b.get("/v1/disputes/"+d.str("data.0.id")).at("id"))
	refused := b.refund("payment_intent", s.str("payment_intent.id"))
	require.Equal(t, "charge_disputed", refused.str("error.code"))
}

func TestRefund_OneInProgressSurvivesARestart(t *testing.T) {
	t.Parallel()
	slow := func(o *Options) { o.AsyncDelay = 1e12 } // about a quarter of an hour
	b := setup(t, slow)
	intent := b.paidSession("4000000000007726").str("payment_intent.id")
	id := b.refund("payment_intent", intent).str("id")
	b.restart(slow)
	require.Equal(t, "pending", b.get("/v1/refunds/"+id).str("status"))
	b.advance(2e12)
	require.Equal(t, "succeeded", b.get("/v1/refunds/"+id).str("status"))
}

// What was paid out to the bank cannot be refunded, until somebody adds money; the refusal stays under its key for a day.
func TestRefund_NeedsBalance(t *testing.T) {
	t.Parallel()
	b := setup(t)
	intent := b.paidSession("4242424242424242").str("payment_intent.id")
	require.Equal(t, http.StatusOK, b.simPost("/_sim/balance", obj{"currency": "usd", "available_minor": 999}).status)
	require.EqualValues(t, 999, b.get("/v1/balance").num("available.0.amount"))
	refused := b.post("/v1/refunds", url.Values{"payment_intent": {intent}, "amount": {"1000"}}, "Idempotency-Key", "refund:1")
	require.Equal(t, http.StatusBadRequest, refused.status)
	require.Equal(t, "balance_insufficient", refused.str("error.code"))
	require.Equal(t, "succeeded", b.refund("payment_intent", intent, "amount", "999").str("status"))
	require.EqualValues(t, 0, b.get("/v1/balance").num("available.0.amount"))
	require.Equal(t, http.StatusOK, b.simPost("/_sim/balance", obj{"currency": "usd", "available_minor": 5000}).status)
	again := b.post("/v1/refunds", url.Values{"payment_intent": {intent}, "amount": {"1000"}}, "Idempotency-Key", "refund:1")
	require.Equal(t, "balance_insufficient", again.str("error.code"), "under its key it is replayed")
	require.Equal(t, "succeeded", b.refund("payment_intent", intent, "amount", "1000").str("status"))
	require.Len(t, b.get("/v1/refunds?payment_intent="+intent).data(), 2)
}

package stripe

import (
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPage_ShowsTheOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.newSession("line_items[0][price_data][product_data][name]", "<script>alert(1)</script>", "customer_email", "ann@example.com").str("id")
	page := b.get("/c/pay/" + id)
	require.Equal(t, http.StatusOK, page.status)
	require.Contains(t, page.header.Get("Content-Security-Policy"), "default-src 'none'")
	require.Contains(t, page.header.Get("Content-Security-Policy"), "form-action 'self' https://shop.example")
	for _, want := range []string{
		"$46.00", "$25.00", "2 × $10.50", "Circle, row B", `name="email"`, `name="card_number"`, `value="ann@example.com"`,
		"4000000000009995", "Stripe simulator", "closes in 24 hours", `href="https://shop.example/cart"`, "&lt;script&gt;",
	} {
		require.Contains(t, page.raw, want)
	}
	require.NotContains(t, page.raw, "<script")
	require.NotContains(t, page.raw, "//cdn")
	require.Equal(t, http.StatusNotFound, b.get("/c/pay/cs_test_none").status)
	require.Equal(t, http.StatusNotFound, b.payPage("cs_test_none", "4242424242424242").status)
}

func TestPage_PaysAndLeadsOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.newSession().str("id")
	paidPage := b.payPage(id, "4242 4242 4242 4242")
	require.Equal(t, http.StatusSeeOther, paidPage.status)
	require.Equal(t, "https://shop.example/done?session="+id, paidPage.header.Get("Location"))

	s := b.get("/v1/checkout/sessions/" + id + "?expand[]=payment_intent.latest_charge")
	require.Equal(t, "complete", s.str("status"))
	require.Equal(t, "paid", s.str("payment_status"))
	require.Nil(t, s.at("url"))
	require.Equal(t, "ann@example.com", s.str("customer_details.email"))
	require.Equal(t, "succeeded", s.str("payment_intent.status"))
	require.EqualValues(t, orderTotal, s.num("payment_intent.amount_received"))
	require.Equal(t, "b-1", s.str("payment_intent.metadata.booking_id"))
	c := s.at("payment_intent.latest_charge")
	require.Equal(t, "4242", at(c, "payment_method_details.card.last4"))
	require.Equal(t, "visa", at(c, "payment_method_details.card.brand"))
	require.Equal(t, false, at(c, "refunded"))
	require.Regexp(t, "^txn_", at(c, "balance_transaction"))

	intent, _ := s.at("payment_intent.id").(string)
	require.Equal(t, id, b.get("/v1/checkout/sessions?payment_intent="+intent).str("data.0.id"))
	require.Equal(t, at(c, "id"), b.get("/v1/payment_intents/"+intent).at("latest_charge"))
	require.Len(t, b.get("/v1/charges?payment_intent="+intent).data(), 1)
	require.EqualValues(t, orderTotal, b.get("/v1/balance").num("available.0.amount"))

	again := b.get("/c/pay/" + id)
	require.Equal(t, http.StatusOK, again.status)
	require.Contains(t, again.raw, "This order is paid")
	require.Contains(t, again.raw, "https://shop.example/done?session="+id)
	require.Equal(t, http.StatusConflict, b.payPage(id, "4242424242424242").status)
	require.Len(t, b.get("/v1/charges").data(), 1)
}

func TestPage_RefusesCards(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		form     url.Values
		says     string
		attempts int // charges that were tried
		code     string
	}{
		"declined":       {url.Values{"card_number": {"4000000000000002"}}, "Your card was declined.", 1, "generic_decline"},
		"no funds":       {url.Values{"card_number": {"4000 0000 0000 9995"}}, "insufficient funds", 1, "insufficient_funds"},
		"typing mistake": {url.Values{"card_number": {"4242424242424241"}}, "Your card number is incorrect.", 0, ""},
		"no number":      {url.Values{"card_number": {""}}, "Your card number is incorrect.", 0, ""},
		"a real card":    {url.Values{"card_number": {"4539578763621486"}}, "non test card", 1, "test_mode_live_card"},
		"past expiry":    {url.Values{"card_number": {"4242424242424242"}, "exp": {"01/20"}}, "in the past", 0, ""},
		"odd expiry":     {url.Values{"card_number": {"4242424242424242"}, "exp": {"13/40"}}, "MM/YY", 0, ""},
		"odd cvc":        {url.Values{"card_number": {"4242424242424242"}, "cvc": {"12a"}}, "security code", 0, ""},
		"no e-mail":      {url.Values{"card_number": {"4242424242424242"}, "email": {"ann"}}, "e-mail address", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			id := b.newSession().str("id")
			if !tc.form.Has("email") {
				tc.form.Set("email", "ann@example.com")
			}
			page := b.post("/c/pay/"+id, tc.form)
			require.Equal(t, http.StatusPaymentRequired, page.status)
			require.Contains(t, page.raw, tc.says)
			require.Contains(t, page.raw, `name="card_number"`, "the form is there to try again")
			require.Len(t, b.get("/v1/charges").data(), tc.attempts)
			s := b.get("/v1/checkout/sessions/" + id + "?expand[]=payment_intent")
			require.Equal(t, "open", s.str("status"))
			if tc.attempts > 0 {
				require.Equal(t, "requires_payment_method", s.str("payment_intent.status"))
				require.Equal(t, tc.code, s.str("payment_intent.last_payment_error.decline_code"))
			}
			require.Equal(t, http.StatusSeeOther, b.payPage(id, "4242424242424242").status, "a good card pays after all")
			require.Len(t, b.get("/v1/payment_intents").data(), 1, "all attempts belong to one intent")
		})
	}
}

func TestPay_TwentyAtOnceChargeOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.newSession().str("id")
	var ready, done sync.WaitGroup
	var won atomic.Int32
	release := make(chan struct{})
	for range 20 {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-release
			got, err := b.try(http.MethodPost, "/c/pay/"+id, url.Values{"email": {"a@example.com"}, "card_number": {"4242424242424242"}}, nil)
			if err == nil && got.status == http.StatusSeeOther {
				won.Add(1)
			}
		})
	}
	ready.Wait()
	close(release)
	done.Wait()
	require.EqualValues(t, 1, won.Load())
	require.Len(t, b.get("/v1/charges").data(), 1)
	require.Len(t, b.get("/v1/events?type=checkout.session.completed").data(), 1)
}

func TestPay_AgainstExpiryEndsOneWay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 50 {
		id := b.newSession().str("id")
		var both sync.WaitGroup
		both.Go(func() { _, _ = b.try(http.MethodPost, "/v1/checkout/sessions/"+id+"/expire", nil, nil) })
		both.Go(func() {
			_, _ = b.try(http.MethodPost, "/c/pay/"+id, url.Values{"email": {"a@example.com"}, "card_number": {"4242424242424242"}}, nil)
		})
		both.Wait()
		s := b.get("/v1/checkout/sessions/" + id)
		require.Equal(t, s.str("status") == "complete", s.str("payment_status") == "paid")
		require.Equal(t, s.str("status") == "expired", s.at("payment_intent") == nil)
	}
}

func TestPay_EventsOfAPayment(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.newSession().str("id")
	b.payPage(id, "4000000000000002")
	b.payPage(id, "4242424242424242")
	events := b.get("/v1/events").data()
	types := make([]any, 0, len(events))
	for _, e := range events {
		types = append(types, at(e, "type"))
		require.Equal(t, APIVersion, at(e, "api_version"))
	}
	require.Equal(t, []any{
		"checkout.session.completed", "payment_intent.succeeded", "charge.succeeded",
		"payment_intent.payment_failed", "charge.failed", "payment_intent.created",
	}, types)
	require.Len(t, b.get("/v1/events?type=charge.*").data(), 2)
	require.Len(t, b.get("/v1/events?types[]=charge.failed&types[]=payment_intent.created").data(), 2)
	require.Equal(t, "parameters_exclusive", b.get("/v1/events?type=a&types[]=b").str("error.code"))

	first := b.get("/v1/events").str("data.0.id")
	require.Equal(t, id, b.get("/v1/events/"+first).str("data.object.id"))
}

func TestPay_ExpiryCancelsAFailedAttempt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.newSession().str("id")
	b.payPage(id, "4000000000000002")
	got := b.post("/v1/checkout/sessions/"+id+"/expire", url.Values{"expand[]": {"payment_intent"}})
	require.Equal(t, "canceled", got.str("payment_intent.status"))
	require.Len(t, b.get("/v1/events?type=payment_intent.canceled").data(), 1)
}

func TestPay_LateMoneyOnAnExpiredSession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.newSession().str("id")
	b.post("/v1/checkout/sessions/"+id+"/expire", nil)
	pay := map[string]any{"email": "ann@example.com", "card_number": "4242424242424242"}
	require.Equal(t, http.StatusConflict, b.simPost("/_sim/sessions/"+id+"/pay", pay).status)
	pay["late"] = true
	require.Equal(t, http.StatusOK, b.simPost("/_sim/sessions/"+id+"/pay", pay).status)
	require.Equal(t, "paid", b.get("/v1/checkout/sessions/"+id).str("payment_status"))
	require.Len(t, b.get("/v1/events?type=checkout.session.completed").data(), 1)
	require.Equal(t, http.StatusConflict, b.simPost("/_sim/sessions/"+id+"/pay", pay).status, "not twice")
}

func TestPay_AnotherAmountThanTheSessions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.newSession().str("id")
	b.payPage(id, "4000000000000002") // its payment intent is of the session's amount
	pay := map[string]any{"email": "ann@example.com", "card_number": "4242424242424242", "amount_minor": -1}
	require.Equal(t, http.StatusBadRequest, b.simPost("/_sim/sessions/"+id+"/pay", pay).status)
	pay["amount_minor"] = 700
	require.Equal(t, http.StatusOK, b.simPost("/_sim/sessions/"+id+"/pay", pay).status)
	s := b.get("/v1/checkout/sessions/" + id + "?expand[]=payment_intent.latest_charge")
	require.EqualValues(t, 700, s.at("amount_total"))
	require.EqualValues(t, 700, s.at("payment_intent.amount"))
	require.EqualValues(t, 700, s.at("payment_intent.latest_charge.amount_captured"))
}

func TestPage_TellsTheTimeLeft(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[int64]string{
		-5: "1 minute", 60: "1 minute", 61: "2 minutes", 35 * 60: "35 minutes", 2 * 3600: "120 minutes", 2*3600 + 1: "3 hours", 24 * 3600: "24 hours",
	} {
		require.Equal(t, want, timeLeft(seconds))
	}
}

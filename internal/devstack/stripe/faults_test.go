package stripe

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func (b *bundle) fault(f Fault) {
	b.t.Helper()
	require.Equal(b.t, http.StatusCreated, b.simPost("/_sim/faults", f).status)
}

func TestFault_AnswersInPlaceOfTheAPI(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for status, kind := range map[int]string{402: "card_error", 429: "invalid_request_error", 500: "api_error", 503: "api_error"} {
		b.fault(Fault{Target: "api", Kind: faultError, Status: status, N: 2, Path: "/v1/checkout"})
		for range 2 {
			got := b.post("/v1/checkout/sessions", order(), key, "k")
			require.Equal(t, status, got.status)
			require.Equal(t, kind, got.str("error.type"))
		}
	}
	require.Equal(t, http.StatusOK, b.post("/v1/checkout/sessions", order(), key, "k").status, "the faults are used up")
	require.Len(t, b.get("/v1/checkout/sessions").data(), 1)
}

func TestFault_HidesWhatWasDone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fault(Fault{Target: "api", Kind: faultErrorAfter, Status: 500, N: 1, Method: http.MethodPost})
	require.Equal(t, http.StatusInternalServerError, b.post("/v1/checkout/sessions", order(), key, "a").status)
	again := b.post("/v1/checkout/sessions", order(), key, "a")
	require.Equal(t, "true", again.header.Get("Idempotent-Replayed"))
	require.Equal(t, b.get("/v1/checkout/sessions").str("data.0.id"), again.str("id"))

	// Without N: Go's client repeats a request that has an Idempotency-Key by itself when a kept connection breaks.
	b.fault(Fault{Target: "api", Kind: faultTimeoutAfter, DelayMS: 1, Path: "/v1/checkout"})
	_, err := b.try(http.MethodPost, "/v1/checkout/sessions", order(), http.Header{key: {"b"}})
	require.Error(t, err, "the connection is cut")
	b.call(http.MethodDelete, "/_sim/faults", nil, nil)
	require.Len(t, b.get("/v1/checkout/sessions").data(), 2)

	b.fault(Fault{Target: "api", Kind: faultTimeout, DelayMS: 1})
	_, err = b.try(http.MethodPost, "/v1/checkout/sessions", order(), http.Header{key: {"c"}})
	require.Error(t, err)
	b.call(http.MethodDelete, "/_sim/faults", nil, nil)
	require.Len(t, b.get("/v1/checkout/sessions").data(), 2)
}

func TestFault_OnWebhooks(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault Fault
		want  int
	}{
		"drop":    {Fault{Target: "webhook", Kind: faultDrop, Event: "checkout.*"}, 3},
		"repeat":  {Fault{Target: "webhook", Kind: faultRepeat, N: 1}, 5},
		"twin":    {Fault{Target: "webhook", Kind: faultTwin, Event: "checkout.session.completed", N: 1}, 5},
		"delay":   {Fault{Target: "webhook", Kind: faultDelay, DelayMS: 20}, 4},
		"reorder": {Fault{Target: "webhook", Kind: faultReorder, DelayMS: 20}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := newReceiver(t, nil)
			b := setup(t, with(shop.endpoint()))
			b.fault(tc.fault)
			b.paidSession("4242424242424242")
			b.eventually("all are taken", func() bool { return b.sim.pending() == 0 })
			require.Len(t, shop.all(), tc.want)
			ids := map[any]bool{}
			for _, e := range shop.all() {
				ids[at(e.event, "id")] = true
			}
			events := b.get("/v1/events").data()
			if name == "drop" {
				require.Len(t, events, 4, "the event is there for who lists it")
				return
			}
			require.Len(t, ids, len(events))
		})
	}
}

func TestFault_SharesAndClearing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fault(Fault{Target: "api", Kind: faultError, Share: 0.5})
	failed := 0
	for range 200 {
		if b.get("/v1/balance").status != http.StatusOK {
			failed++
		}
	}
	require.InDelta(t, 100, failed, 60)
	require.EqualValues(t, failed, b.get("/_sim/faults").num("faults.0.hits"))
	require.Equal(t, http.StatusNoContent, b.call(http.MethodDelete, "/_sim/faults", nil, nil).status)
	require.Equal(t, http.StatusOK, b.get("/v1/balance").status)
}

func TestSim_RefusesNonsense(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, f := range []Fault{
		{Target: "mail", Kind: faultError}, {Target: "api", Kind: faultDrop}, {Target: "webhook", Kind: faultError},
		{Target: "api", Kind: faultError, Status: 200}, {Target: "api", Kind: faultError, Share: 2}, {Target: "api", Kind: faultError, N: -1},
	} {
		require.Equal(t, http.StatusBadRequest, b.simPost("/_sim/faults", f).status, f)
	}
	require.Equal(t, http.StatusBadRequest, b.simPost("/_sim/clock", map[string]any{"advance_seconds": -1}).status)
	require.Equal(t, http.StatusBadRequest, b.simPost("/_sim/clock", map[string]any{"forward": 1}).status)
	require.Equal(t, http.StatusUnsupportedMediaType, b.post("/_sim/clock", url.Values{"advance_seconds": {"1"}}).status)
	require.Equal(t, http.StatusNotFound, b.simPost("/_sim/sessions/cs_none/pay", map[string]any{"card_number": "4242424242424242"}).status)
}

func TestSim_StateAddsUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.newSession()
	s := b.paidSession("4242424242424242")
	b.refund("payment_intent", s.str("payment_intent.id"), "amount", "600")
	b.post("/v1/checkout/sessions/"+b.newSession().str("id")+"/expire", nil)
	b.advance(time.Minute)
	state := b.get("/_sim/state")
	for path, want := range map[string]int64{
		"sessions.open": 1, "sessions.complete": 1, "sessions.expired": 1, "charges.succeeded": 1, "refunds.succeeded": 1,
		"captured.usd": orderTotal, "refunded.usd": 600, "events": 6, "webhooks_pending": 0, "clock_offset_seconds": 60,
	} {
		require.EqualValues(t, want, state.num(path), path)
	}
}

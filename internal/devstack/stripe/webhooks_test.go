package stripe

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// requireSigned checks a delivery the way a shop does, by Stripe's documented scheme.
func requireSigned(t *testing.T, e received, secret string) {
	t.Helper()
	require.True(t, signed(t, e, secret))
}

// signed reports whether one of a delivery's signatures is by the secret.
func signed(t *testing.T, e received, secret string) bool {
	t.Helper()
	fields := map[string][]string{}
	for _, part := range strings.Split(e.header.Get("Stripe-Signature"), ",") {
		name, value, _ := strings.Cut(part, "=")
		fields[name] = append(fields[name], value)
	}
	require.Len(t, fields["t"], 1)
	_, err := strconv.ParseInt(fields["t"][0], 10, 64)
	require.NoError(t, err)
	mac := hmac.New(sha256.New, []byte(secret))
	_, err = mac.Write([]byte(fields["t"][0] + "." + e.raw))
	require.NoError(t, err)
	return slices.Contains(fields["v1"], hex.EncodeToString(mac.Sum(nil)))
}

func TestWebhook_IsSignedAndTellsWhatHappened(t *testing.T) {
	t.Parallel()
	shop := newReceiver(t, nil)
	end := shop.endpoint()
	end.Events = []string{"checkout.session.completed", "charge.refunded"}
	b := setup(t, with(end))
	s := b.paidSession("4242424242424242")
	b.eventually("the event arrives", func() bool { return len(shop.all()) == 1 })
	e := shop.all()[0]
	requireSigned(t, e, "whsec_first")
	var signedAt int64
	_, err := fmt.Sscanf(e.header.Get("Stripe-Signature"), "t=%d", &signedAt)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), time.Unix(signedAt, 0), time.Minute)
	require.Equal(t, "application/json; charset=utf-8", e.header.Get("Content-Type"))
	require.Equal(t, "checkout.session.completed", at(e.event, "type"))
	require.Equal(t, APIVersion, at(e.event, "api_version"))
	require.Equal(t, false, at(e.event, "livemode"))
	require.Equal(t, s.str("id"), at(e.event, "data.object.id"))
	require.Equal(t, "paid", at(e.event, "data.object.payment_status"))
	require.EqualValues(t, 1, at(e.event, "pending_webhooks"))

	b.post("/v1/refunds", map[string][]string{"payment_intent": {s.str("payment_intent.id")}}, key, "refund:1")
	b.eventually("the refund's event arrives", func() bool { return len(shop.all()) == 2 })
	require.Equal(t, "refund:1", at(shop.all()[1].event, "request.idempotency_key"))
	id, _ := at(e.event, "id").(string)
	b.eventually("nothing is pending", func() bool { return b.get("/v1/events/"+id).num("pending_webhooks") == 0 })
}

func TestWebhook_IsRepeatedUntilTaken(t *testing.T) {
	t.Parallel()
	answers := []int{500, 404, 302, 299}
	shop := newReceiver(t, func(n int, _ received) int { return answers[min(n, len(answers))-1] })
	end := shop.endpoint()
	end.Events = []string{"checkout.session.expired"}
	b := setup(t, with(end))
	b.post("/v1/checkout/sessions/"+b.newSession().str("id")+"/expire", nil)
	b.eventually("the fourth attempt is taken", func() bool { return b.sim.pending() == 0 })
	got := shop.all()
	require.Len(t, got, 4, "302 is not followed, 299 is success")
	for _, e := range got {
		requireSigned(t, e, "whsec_first")
		require.Equal(t, at(got[0].event, "id"), at(e.event, "id"))
	}
}

func (s *Server) pending() (n int) {
	s.store.read(func(v *view) { n = v.st.deliveries.count() })
	return n
}

func (s *Server) attempts() (n int) {
	s.store.read(func(v *view) {
		for _, row := range v.st.deliveries.rows {
			n += row.value.Attempts
		}
	})
	return n
}

func TestWebhook_BacksOffExponentially(t *testing.T) {
	t.Parallel()
	s := &Server{options: Options{}.withDefaults()}
	for attempts, want := range map[int]time.Duration{
		1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 12: 2048 * time.Second, 13: time.Hour, 500: time.Hour,
	} {
		require.Equal(t, want, s.backoff(attempts), attempts)
	}
}

func TestWebhook_PendingOnesSurviveARestart(t *testing.T) {
	t.Parallel()
	down := newReceiver(t, func(int, received) int { return http.StatusServiceUnavailable })
	slow := func(o *Options) { o.RetryBase, o.RetryMax = time.Hour, time.Hour }
	b := setup(t, with(down.endpoint()), slow)
	id := b.paidSession("4242424242424242").str("id")
	b.eventually("all were tried", func() bool { return len(down.all()) == 4 })

	up := newReceiver(t, nil)
	b.restart(slow) // no endpoint is known at first
	require.Equal(t, 4, b.sim.pending())
	end := up.endpoint()
	end.Secret = "whsec_second"
	require.NoError(t, b.sim.SetWebhooks(end))
	b.advance(2 * time.Hour)
	b.eventually("all are taken", func() bool { return b.sim.pending() == 0 })
	require.ElementsMatch(t, []string{
		"payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed",
	}, up.types())
	for _, e := range up.all() {
		if at(e.event, "type") == "checkout.session.completed" {
			require.Equal(t, id, at(e.event, "data.object.id"))
			requireSigned(t, e, "whsec_second")
		}
	}
}

func TestWebhook_IsGivenUpAfterThreeDays(t *testing.T) {
	t.Parallel()
	down := newReceiver(t, func(int, received) int { return http.StatusServiceUnavailable })
	end := down.endpoint()
	end.Events = []string{"checkout.session.expired"}
	b := setup(t, with(end), func(o *Options) { o.RetryBase, o.RetryMax = time.Hour, time.Hour })
	b.post("/v1/checkout/sessions/"+b.newSession().str("id")+"/expire", nil)
	b.eventually("it was tried", func() bool { return b.sim.attempts() == 1 })
	b.advance(71 * time.Hour)
	b.eventually("it is tried again", func() bool { return b.sim.attempts() == 2 })
	b.advance(2 * time.Hour)
	b.eventually("it is given up", func() bool { return b.sim.pending() == 0 })
	require.Len(t, down.all(), 3)
}

func TestWebhook_ASlowEndpointDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	stuck := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(stuck.Close)
	t.Cleanup(func() { close(release) })
	shop := newReceiver(t, nil)
	b := setup(t, with(Endpoint{ID: "stuck", URL: stuck.URL, Secret: "a"}, Endpoint{ID: "shop", URL: shop.URL, Secret: "b"}))
	b.paidSession("4242424242424242")
	b.eventually("the other endpoint has all", func() bool { return len(shop.all()) == 4 })
	requireSigned(t, shop.all()[0], "b")
}

func TestWebhook_IsSignedWithBothSecretsDuringARoll(t *testing.T) {
	t.Parallel()
	shop := newReceiver(t, nil)
	end := shop.endpoint()
	end.Events = []string{"checkout.session.completed"}
	b := setup(t, with(end))
	roll := func(body map[string]any) int { return b.simPost("/_sim/webhooks/roll", body).status }
	require.Equal(t, http.StatusBadRequest, roll(map[string]any{"keep_old": true}))
	for i, c := range []struct {
		keepOld bool
		by      map[string]bool
	}{
		{true, map[string]bool{"whsec_first": true, "whsec_second": true}},
		{false, map[string]bool{"whsec_first": false, "whsec_second": true}},
	} {
		require.Equal(t, http.StatusOK, roll(map[string]any{"secret": "whsec_second", "keep_old": c.keepOld}))
		b.paidSession("4242424242424242")
		b.eventually("the event arrives", func() bool { return len(shop.all()) == i+1 })
		for secret, by := range c.by {
			require.Equal(t, by, signed(t, shop.all()[i], secret), secret)
		}
	}
}

func TestSetWebhooks_RefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, ends := range map[string][]Endpoint{
		"no URL":       {{Secret: "x"}},
		"relative":     {{URL: "/hook", Secret: "x"}},
		"no secret":    {{URL: "http://127.0.0.1:1"}},
		"same ID":      {{ID: "a", URL: "http://127.0.0.1:1", Secret: "x"}, {ID: "a", URL: "http://127.0.0.1:2", Secret: "x"}},
		"not over web": {{URL: "ftp://127.0.0.1:1", Secret: "x"}},
	} {
		require.Error(t, b.sim.SetWebhooks(ends...), name)
	}
}

package stripe

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const key = "Idempotency-Key"

func TestIdempotency_SameKeyAndParametersGetTheSameAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.post("/v1/checkout/sessions", order(), key, "checkout:1")
	require.Equal(t, http.StatusOK, first.status)
	require.Empty(t, first.header.Get("Idempotent-Replayed"))

	b.post("/v1/checkout/sessions/"+first.str("id")+"/expire", nil)
	again := b.post("/v1/checkout/sessions", order(), key, "checkout:1")
	require.Equal(t, "true", again.header.Get("Idempotent-Replayed"))
	require.Equal(t, first.header.Get("Request-Id"), again.header.Get("Original-Request"))
	require.Equal(t, first.body, again.body, "the answer of that time, although the session is expired since")

	b.restart()
	require.Equal(t, "true", b.post("/v1/checkout/sessions", order(), key, "checkout:1").header.Get("Idempotent-Replayed"))
	require.Len(t, b.get("/v1/checkout/sessions").data(), 1)

	other := b.post("/v1/checkout/sessions", order(), key, "checkout:2")
	require.NotEqual(t, first.str("id"), other.str("id"))
}

func TestIdempotency_OtherParametersAreAnError(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.post("/v1/checkout/sessions", order(), key, "k")
	for name, got := range map[string]reply{
		"other amount":   b.post("/v1/checkout/sessions", order("line_items[0][quantity]", "2"), key, "k"),
		"one more":       b.post("/v1/checkout/sessions", order("metadata[x]", "y"), key, "k"),
		"other endpoint": b.post("/v1/refunds", url.Values{"charge": {"ch_1"}}, key, "k"),
	} {
		require.Equal(t, http.StatusBadRequest, got.status, name)
		require.Equal(t, "idempotency_error", got.str("error.type"), name)
		require.Contains(t, got.str("error.message"), "Keys for idempotent requests can only be used", name)
	}
	require.Len(t, b.get("/v1/checkout/sessions").data(), 1)
}

func TestIdempotency_TwinInFlightIsAConflict(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.simPost("/_sim/faults", Fault{Target: "api", Kind: faultDelay, DelayMS: 60_000, N: 1})
	ctx, cancel := cancelled(t)
	slow := make(chan error, 1)
	go func() {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.sim.URL+"/v1/refunds", http.NoBody)
		if err == nil {
			req.Header.Set("Authorization", "Bearer sk_test_x")
			req.Header.Set(key, "k")
			_, err = http.DefaultClient.Do(req)
		}
		slow <- err
	}()
	b.eventually("the first holds the key", func() bool {
		b.sim.flights.mu.Lock()
		defer b.sim.flights.mu.Unlock()
		return b.sim.flights.keys["k"]
	})
	twin := b.post("/v1/refunds", nil, key, "k")
	require.Equal(t, http.StatusConflict, twin.status)
	require.Equal(t, "idempotency_key_in_use", twin.str("error.code"))
	cancel()
	require.Error(t, <-slow)
	b.eventually("the key is free again", func() bool { return b.post("/v1/refunds", nil, key, "k").status == http.StatusBadRequest })
}

func TestIdempotency_WrongParametersAreNotRemembered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.Equal(t, http.StatusBadRequest, b.post("/v1/checkout/sessions", order("mode", ""), key, "k").status)
	good := b.post("/v1/checkout/sessions", order(), key, "k")
	require.Equal(t, http.StatusOK, good.status, "the key was still free")
}

func TestIdempotency_WhatTheEndpointRefusedIsRemembered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.newSession().str("id")
	b.post("/v1/checkout/sessions/"+id+"/expire", nil)
	first := b.post("/v1/checkout/sessions/"+id+"/expire", nil, key, "k")
	again := b.post("/v1/checkout/sessions/"+id+"/expire", nil, key, "k")
	require.Equal(t, http.StatusBadRequest, again.status)
	require.Equal(t, "true", again.header.Get("Idempotent-Replayed"))
	require.Equal(t, first.body, again.body)
}

func TestIdempotency_AnErrorOfTheServerIsRemembered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.simPost("/_sim/faults", Fault{Target: "api", Kind: faultErrorStored, N: 1})
	require.Equal(t, http.StatusInternalServerError, b.post("/v1/checkout/sessions", order(), key, "k").status)
	again := b.post("/v1/checkout/sessions", order(), key, "k")
	require.Equal(t, http.StatusInternalServerError, again.status)
	require.Equal(t, "true", again.header.Get("Idempotent-Replayed"))
	require.Equal(t, "api_error", again.str("error.type"))
	require.Empty(t, b.get("/v1/checkout/sessions").data(), "nothing was made")
}

func TestIdempotency_KeysAreForgottenAfterADay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.post("/v1/checkout/sessions", order(), key, "k")
	b.advance(24*time.Hour - time.Minute)
	require.Equal(t, first.str("id"), b.post("/v1/checkout/sessions", order(), key, "k").str("id"))
	b.advance(2 * time.Minute)
	require.NotEqual(t, first.str("id"), b.post("/v1/checkout/sessions", order(), key, "k").str("id"))
}

func TestIdempotency_KeyIsAtMost255Characters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	long := make([]byte, 256)
	for i := range long {
		long[i] = 'k'
	}
	require.Equal(t, http.StatusBadRequest, b.post("/v1/checkout/sessions", order(), key, string(long)).status)
	require.Equal(t, http.StatusOK, b.post("/v1/checkout/sessions", order(), key, string(long[:255])).status)
}

package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/devstack/proc"
	"github.com/boxoffice/boxoffice/payments"
	"github.com/stretchr/testify/require"
)

// The simulator on its own takes a payment, and sends the API a webhook that the API believes.
func TestSimulator_TakesAPayment(t *testing.T) {
	t.Parallel()
	const secrets = "whsec_of_the_simulator, whsec_that_goes_away"
	logger := slog.New(slog.DiscardHandler)
	addr := freeAddr(t)
	client, err := payments.New(payments.Options{
		APIKey: "sk_test_simulator", APIBase: "http://" + addr, WebhookSecrets: splitList(secrets)[:1], Logger: logger,
	})
	require.NoError(t, err)
	paid := make(chan boxoffice.PaymentEvent, 10)
	endpoint := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, readErr := io.ReadAll(r.Body)
		event, verifyErr := client.VerifyWebhook(body, r.Header.Get("Stripe-Signature"))
		if readErr == nil && verifyErr == nil && event.Type == "checkout.session.completed" {
			paid <- event
		}
	}))
	t.Cleanup(endpoint.Close)

	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	command := &simulatorCommand{
		Addr: addr, PublicURL: "http://pay.example:8420", Dir: t.TempDir(), WebhookURL: endpoint.URL, WebhookSecret: secrets,
	}
	require.NoError(t, command.Validate())
	go func() { ended <- command.Run(ctx, logger) }()
	require.Eventually(t, func() bool {
		return (&healthcheckCommand{URL: "http://" + addr + "/healthz", Timeout: time.Second}).Run(ctx) == nil
	}, 20*time.Second, 20*time.Millisecond)

	session, err := client.CreateSession(ctx, boxoffice.SessionParameters{
		AttemptID: "a1", BookingID: "b1", Reference: "NZ5PBH62", AmountMinor: 1000, Currency: "USD",
		Lines:      []boxoffice.LineItem{{Name: "Stalls, row A, seat 1", UnitMinor: 1000, Quantity: 1}},
		SuccessURL: "http://localhost:8080/app", CancelURL: "http://localhost:8080/app", ExpiresAt: time.Now().Add(35 * time.Minute),
	})
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(session.URL, "http://pay.example:8420/c/pay/"), session.URL)
	response, err := http.Post("http://"+addr+"/_sim/sessions/"+session.ID+"/pay", "application/json",
		strings.NewReader(`{"email": "ann@example.com", "card_number": "4242424242424242"}`))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.NoError(t, response.Body.Close())
	select {
	case event := <-paid:
		require.Equal(t, session.ID, event.ObjectID)
		require.Empty(t, event.Parked)
	case <-time.After(20 * time.Second):
		require.Fail(t, "no webhook came")
	}
	stop()
	require.NoError(t, <-ended)
}

// A simulator that signs with nothing would be believed by nobody.
func TestSimulator_ErrNoSecret(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, (&simulatorCommand{WebhookSecret: " , "}).Validate(), "STRIPE_WEBHOOK_SECRET")
}

func freeAddr(t *testing.T) string {
	t.Helper()
	port, err := proc.FreePort()
	require.NoError(t, err)
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

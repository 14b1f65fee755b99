package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
	simulator "github.com/boxoffice/boxoffice/internal/devstack/stripe"
	"github.com/boxoffice/boxoffice/internal/testdb"
)

// withStripe runs a command of the program, which this test's own binary becomes, on a database and a provider.
func withStripe(t *testing.T, databaseURL, stripe string, args ...string) (stdout, complaint string, code int) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	command := exec.CommandContext(t.Context(), self, args...)
	command.Env = append(os.Environ(), "BOXOFFICE_TEST_MAIN=1", "DATABASE_URL="+databaseURL, "STRIPE_API_BASE="+stripe,
		"STRIPE_API_KEY=sk_test_1", "BLOB_URL=", "LOG_LEVEL=error")
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	if err := command.Run(); err != nil {
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
	}
	return out.String(), errs.String(), command.ProcessState.ExitCode()
}

func startStripe(t *testing.T) *simulator.Server {
	t.Helper()
	sim, err := simulator.Start(t.Context(), simulator.Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sim.Stop()) })
	return sim
}

// paidElsewhere makes a payment at the provider, with the marks of a booking where there is one, and gives its payment intent.
func paidElsewhere(t *testing.T, stripe, booking string) (intent string) {
	t.Helper()
	form := url.Values{
		"mode": {"payment"}, "success_url": {"https://here/ok"}, "line_items[0][quantity]": {"1"}, "line_items[0][price_data][currency]": {"usd"},
		"line_items[0][price_data][unit_amount]": {"900"}, "line_items[0][price_data][product_data][name]": {"A seat"},
	}
	if booking != "" {
		form.Set("payment_intent_data[metadata][booking_id]", booking)
		form.Set("payment_intent_data[metadata][attempt_id]", booking)
	}
	var made struct {
		ID     string `json:"id"`
		Intent string `json:"payment_intent"`
	}
	post(t, stripe+"/v1/checkout/sessions", "application/x-www-form-urlencoded", form.Encode(), &made)
	post(t, stripe+"/_sim/sessions/"+made.ID+"/pay", "application/json", `{"email":"x@example.org","card_number":"4242424242424242"}`, &made)
	return made.Intent
}

func post(t *testing.T, address, kind, body string, answer any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", kind)
	request.SetBasicAuth("sk_test_1", "")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	said, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Less(t, response.StatusCode, http.StatusMultipleChoices, string(said))
	if answer != nil {
		require.NoError(t, json.Unmarshal(said, answer))
	}
}

// TestReconcile_Command runs the program itself: what it prints, and how it ends.
func TestReconcile_Command(t *testing.T) {
	t.Parallel()
	db, stripe := testdb.New(t), startStripe(t)
	out, complaint, code := withStripe(t, db.URL, stripe.URL, "reconcile")
	require.Zero(t, code, complaint)
	require.Regexp(t, `^\S+Z to \S+Z: 0 objects compared, 0 repaired, 0 to be decided\n$`, out)

	const lost = "01900000-0000-7000-8000-000000000001"
	foreign, intent := paidElsewhere(t, stripe.URL, ""), paidElsewhere(t, stripe.URL, lost)
	db.AdvanceClock(t, 6*time.Minute)
	finding := fmt.Sprintf("to be decided: payment-lost %s: The provider took $9.00 for a booking that this database does not have.\n", intent)
	counts := "not ours, left alone: 1, the first of them " + foreign + "\n"
	for _, flags := range [][]string{{"--dry-run"}, {}, {"--since", "1h"}} {
		out, complaint, code = withStripe(t, db.URL, stripe.URL, append([]string{"reconcile"}, flags...)...)
		require.Equal(t, 1, code, complaint)
		require.True(t, strings.HasPrefix(out, finding+counts), out)
		require.Contains(t, out, ": 2 objects compared, 0 ")
		require.Contains(t, complaint, "1 findings are left for a person to decide")
	}
	out, _, code = withStripe(t, db.URL, stripe.URL, "reconcile", "--json")
	require.Equal(t, 1, code)
	var pass boxoffice.ReconcilePass
	require.NoError(t, json.Unmarshal([]byte(out), &pass))
	require.Equal(t, []string{intent, foreign}, []string{pass.Findings[0].Object, pass.Strange[0]})

	for _, flags := range [][]string{{"--stripe-api-base", "http://127.0.0.1:1"}, {"--database-url", strings.Replace(db.URL, "/test_", "/none_", 1)}} {
		_, complaint, code = withStripe(t, db.URL, stripe.URL, append([]string{"reconcile"}, flags...)...)
		require.Equal(t, 2, code, complaint)
		require.Contains(t, complaint, "the pass did not come to its end")
	}
}

func TestReconcile_Since(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"": {}, "24h": now.Add(-24 * time.Hour), "90m": now.Add(-90 * time.Minute), "2026-11-27T08:00:00Z": now.Add(-4 * time.Hour),
	} {
		at, err := parseSince(text, now)
		require.NoError(t, err)
		require.True(t, want.Equal(at), text)
	}
	for _, text := range []string{"yesterday", "-1h", "0s", "2026-11-28T08:00:00Z", "24"} {
		_, err := parseSince(text, now)
		require.ErrorContains(t, err, "--since", text)
	}
}

// TestReconcile_TellsEverything prints what is repaired and what is not named.
func TestReconcile_TellsEverything(t *testing.T) {
	t.Parallel()
	repair := boxoffice.ReconcileNote{Kind: boxoffice.FindingPayment, Object: "pi_1", BookingID: "b", Says: "We never heard of it."}
	pass := boxoffice.ReconcilePass{Repairs: []boxoffice.ReconcileNote{repair}, Repaired: 3, Checked: 9, DryRun: true}
	var out bytes.Buffer
	require.NoError(t, (&reconcileCommand{}).tell(&out, pass))
	require.Equal(t, `would be repaired: payment pi_1 of booking b: We never heard of it.
would be repaired: and 2 more
0001-01-01T00:00:00Z to 0001-01-01T00:00:00Z: 9 objects compared, 3 would be repaired, 0 to be decided
`, out.String())
}

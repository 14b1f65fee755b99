package payments_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/payments"
	"github.com/stretchr/testify/require"
)

var today = boxoffice.LedgerWindow{From: time.Now().Add(-12 * time.Hour), To: time.Now().Add(12 * time.Hour)}

// newLedger reads a record as fast as it likes.
func newLedger(t *testing.T, base string, change ...func(*payments.Options)) (*payments.Ledger, *logs) {
	t.Helper()
	client, log := newClient(t, base, change...)
	return payments.NewLedger(client, time.Nanosecond), log
}

// all reads a list to its end, and asserts that no page is larger than it may be.
func all[T any](t *testing.T, list func(context.Context, boxoffice.LedgerWindow, string) (boxoffice.LedgerPage[T], error), w boxoffice.LedgerWindow) (items []T, pages int) {
	t.Helper()
	for after := ""; ; {
		page, err := list(t.Context(), w, after)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page.Items), 100)
		items = append(items, page.Items...)
		pages++
		if after = page.Next; after == "" {
			return items, pages
		}
	}
}

func TestLedger_AgainstTheSimulator(t *testing.T) {
	t.Parallel()
	s := setup(t)
	client, _ := newLedger(t, s.sim.URL)
	paid, open := s.create("attempt-1"), s.create("attempt-2")
	s.pay(paid, "4242 4242 4242 4242")
	done := s.await("checkout.session.completed").Session
	refund, err := s.client.Refund(t.Context(), refundOf(done.PaymentIntent, 1))
	require.NoError(t, err)

	sessions, _ := all(t, client.Sessions, today)
	require.Equal(t, []string{open.ID, paid.ID}, []string{sessions[0].ID, sessions[1].ID}, "the newest first")
	require.Equal(t, *done, sessions[1])
	list, _ := all(t, client.Payments, today)
	require.Len(t, list, 1)
	require.WithinDuration(t, time.Now(), list[0].PaidAt, time.Minute)
	require.Equal(t, boxoffice.ProviderPayment{
		PaymentIntent: done.PaymentIntent, AttemptID: "attempt-1", BookingID: "booking-1", Captured: true,
		Amount: boxoffice.Money{Minor: 3550, Currency: "USD"}, RefundedMinor: 1050, PaidAt: list[0].PaidAt,
	}, list[0])
	refunds, _ := all(t, client.Refunds, today)
	require.Equal(t, []boxoffice.ProviderRefund{refund}, refunds)

	one, err := client.Payment(t.Context(), done.PaymentIntent)
	require.NoError(t, err)
	require.Equal(t, list[0], one)
	again, err := client.RefundNow(t.Context(), refund.ID)
	require.NoError(t, err)
	require.Equal(t, refund, again)
	event, err := client.RefundEvent(t.Context(), refund.ID)
	require.NoError(t, err)
	require.Equal(t, []string{"", refund.ID}, []string{event.ID, event.ObjectID}, "an event that nobody sent")
	of, err := client.SessionOf(t.Context(), done.PaymentIntent)
	require.NoError(t, err)
	require.Equal(t, *done, of)

	for code, ask := range map[string]func(id string) error{
		"payment": func(id string) error { _, err := client.Payment(t.Context(), id); return err },
		"refund":  func(id string) error { _, err := client.RefundNow(t.Context(), id); return err },
		"event":   func(id string) error { _, err := client.RefundEvent(t.Context(), id); return err },
	} {
		require.Equal(t, boxoffice.CodeNotFound, codeOf(t, ask("unheard_of")), code)
		require.Equal(t, boxoffice.CodeNotFound, codeOf(t, ask("")), code)
	}
	_, err = client.SessionOf(t.Context(), "unheard_of")
	require.Equal(t, boxoffice.CodeNoSession, codeOf(t, err))
	old, _ := all(t, client.Payments, boxoffice.LedgerWindow{From: time.Now().Add(-24 * time.Hour), To: time.Now().Add(-12 * time.Hour)})
	require.Empty(t, old)
}

// A list is read page by page, whatever comes to it meanwhile: nothing is left out, and nothing is there twice.
func TestLedger_ManyPages(t *testing.T) {
	t.Parallel()
	s := setup(t)
	client, _ := newLedger(t, s.sim.URL)
	const sessions = 250
	for n := range sessions {
		s.create(fmt.Sprint("attempt-", n))
	}
	meanwhile := 0
	list := func(ctx context.Context, w boxoffice.LedgerWindow, after string) (boxoffice.LedgerPage[boxoffice.PaymentSession], error) {
		if after != "" {
			s.create(fmt.Sprint("later-", meanwhile))
			meanwhile++
		}
		return client.Sessions(ctx, w, after)
	}
	found, pages := all(t, list, today)
	require.Equal(t, []int{3, 2}, []int{pages, meanwhile})
	for n, session := range found {
		require.Equal(t, fmt.Sprint("attempt-", sessions-1-n), session.AttemptID)
	}
	require.Len(t, found, sessions)
}

// An answer that is none, or that leaves out what it should show, is unknown: it must not be taken for "nothing there".
func TestLedger_SortsAnswers(t *testing.T) {
	t.Parallel()
	const path = "GET /v1/payment_intents"
	whole := `{"id":"pi_1","status":"succeeded","amount_received":100,"currency":"usd","created":1}`
	list := func(more string, items ...string) answer {
		return answer{status: 200, body: `{"object":"list","has_more":` + more + `,"data":[` + strings.Join(items, ",") + `]}`}
	}
	for name, tc := range map[string]struct {
		answer answer
		calls  int
		code   boxoffice.Code
	}{
		"whole":                      {list("false", whole), 1, ""},
		"empty":                      {list("false"), 1, ""},
		"a hole in it":               {list("false", whole, "null"), 1, boxoffice.CodeProviderUnknown},
		"without an ID":              {list("false", `{"status":"succeeded"}`), 1, boxoffice.CodeProviderUnknown},
		"more, and nothing to go by": {list("true"), 1, boxoffice.CodeProviderUnknown},
		"no list":                    {answer{status: 200, body: "<html>"}, 1, boxoffice.CodeProviderUnknown},
		"rate limit":                 {answer{status: 429, body: problem("invalid_request_error", "rate_limit", "")}, 1, boxoffice.CodeProviderUnknown},
		"an error of its own":        {answer{status: 500, body: problem("api_error", "", "")}, 3, boxoffice.CodeProviderUnknown},
		"a key that may not list":    {answer{status: 403, body: problem("invalid_request_error", "", "")}, 1, boxoffice.CodeProviderUnknown},
		"the connection breaks":      {answer{cut: true}, 3, boxoffice.CodeProviderUnknown},
		"its client is not patient":  {answer{hang: true}, 3, boxoffice.CodeProviderUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newCanned(t, map[string][]answer{path: {tc.answer}})
			client, log := newLedger(t, server.URL, func(o *payments.Options) {
				if tc.answer.hang {
					o.Timeout = 100 * time.Millisecond
				}
			})
			page, err := client.Payments(t.Context(), today, "")
			require.Equal(t, tc.code, codeOf(t, err), "%v", err)
			if tc.code != "" {
				require.Empty(t, page)
			}
			requireNothingPrivate(t, log.String())
			require.GreaterOrEqual(t, len(server.requests("GET")), tc.calls)
		})
	}
}

// Who reads the whole record leaves the provider's limits to buyers: its calls are kept apart, and a caller that goes away
// waits no longer.
func TestLedger_IsThrottled(t *testing.T) {
	t.Parallel()
	server := newCanned(t, map[string][]answer{"GET /v1/refunds": {listJSON()}})
	const apart = 50 * time.Millisecond
	patient, _ := newClient(t, server.URL)
	client := payments.NewLedger(patient, apart)
	began := time.Now()
	for range 6 {
		_, err := client.Refunds(t.Context(), today, "")
		require.NoError(t, err)
	}
	require.GreaterOrEqual(t, time.Since(began), 5*apart-time.Millisecond)
	gone, leave := context.WithCancel(t.Context())
	leave()
	_, err := client.Refunds(gone, today, "")
	require.Equal(t, boxoffice.CodeProviderUnknown, codeOf(t, err))
}

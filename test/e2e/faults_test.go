package e2e

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
)

// The tests of this file break the payment provider or the mail server of a shared system. They run one after the other.

// While the provider cannot be asked to close a page, its seats are nobody else's; once it answers, they are free.
func TestProviderAway_SeatsStayHeldUntilThePageIsClosed(t *testing.T) {
	s := of(t, brief)
	eventID := s.showing(t)
	for name, away := range map[string]fault{
		"answers 500":   {Kind: "error", Status: http.StatusInternalServerError},
		"answers 429":   {Kind: "error", Status: http.StatusTooManyRequests},
		"never answers": {Kind: "timeout", DelayMS: 300},
	} {
		t.Run(name, func(t *testing.T) {
			pair := s.customers(t, 2)
			booking, page := s.opened(t, pair[0], pair[0].seats(t, eventID, 2)...)
			away.Target = "api"
			breaks(t, s.stripe(), away)
			awaitHits(t, s.stripe(), 3)
			held, err := pair[0].Booking(t.Context(), booking.ID)
			require.NoError(t, err)
			require.Equal(t, "held", held.Status)
			_, err = pair[0].Checkout(t.Context(), booking.ID)
			requireProblem(t, err, http.StatusConflict, "deadline-passed")
			_, err = pair[1].Book(t.Context(), "", booking.Tickets[0].ID)
			requireProblem(t, err, http.StatusConflict, "seats-taken")
			mends(t, s.stripe())
			back := time.Now()
			pair[0].await(t, 60*time.Second, booking.ID, "expired")
			t.Logf("expired %s after the provider was back", time.Since(back).Round(100*time.Millisecond))
			requireClosed(t, pair[0], page.URL)
			s.requireFree(t, pair[1], booking, eventID)
		})
	}
}

// Answers that are lost after the page was made lead to no second page: the buyer is asked to try again, and pays once.
func TestProviderAway_AnswersLostAfterThePageIsMade(t *testing.T) {
	s := of(t, usual)
	for name, lost := range map[string]fault{
		"connection cut": {Kind: "timeout_after", DelayMS: 50}, "answered 500": {Kind: "error_after", Status: http.StatusInternalServerError},
	} {
		t.Run(name, func(t *testing.T) {
			c := s.customer(t)
			booking := c.hold(t, s.showing(t), 1)
			lost.Target, lost.Method, lost.Path = "api", http.MethodPost, "/v1/checkout/sessions"
			breaks(t, s.stripe(), lost)
			_, err := c.Checkout(t.Context(), booking.ID)
			requireProblem(t, err, http.StatusServiceUnavailable, "unavailable")
			require.Len(t, s.sessionsOf(t, booking.ID), 1)
			mends(t, s.stripe())
			page, err := c.Checkout(t.Context(), booking.ID)
			require.NoError(t, err)
			sessions := s.sessionsOf(t, booking.ID)
			require.Len(t, sessions, 1)
			require.Equal(t, sessions[0].URL, page.URL)
			_, err = c.Pay(t.Context(), page.URL, c.email, goodCard)
			require.NoError(t, err)
			booking = c.await(t, 30*time.Second, booking.ID, "completed")
			s.requireSoldOnce(t, c, booking)
			s.requireChargedOnce(t, booking.ID)
		})
	}
}

// An error that the provider keeps under our key, and gives to each repetition, ends in a page of another attempt.
func TestProviderAway_ErrorKeptUnderOurKey(t *testing.T) {
	s := of(t, usual)
	c := s.customer(t)
	booking := c.hold(t, s.showing(t), 1)
	breaks(t, s.stripe(), fault{Target: "api", Kind: "error_stored", Method: http.MethodPost, Path: "/v1/checkout/sessions", N: 1})
	_, err := c.Checkout(t.Context(), booking.ID)
	requireProblem(t, err, http.StatusServiceUnavailable, "unavailable")
	c.payFor(t, booking.ID)
	booking = c.await(t, 30*time.Second, booking.ID, "completed")
	require.Len(t, s.sessionsOf(t, booking.ID), 1)
	s.requireSoldOnce(t, c, booking)
	s.requireChargedOnce(t, booking.ID)
}

// Webhooks that nobody signed, or that are older than five minutes, are refused and leave nothing; signed ones that cannot
// be understood are kept for people, and are not sent again.
func TestWebhook_ForgedStaleOrStrange(t *testing.T) {
	t.Parallel()
	s := of(t, usual)
	secret := s.env["STRIPE_WEBHOOK_SECRET"]
	for name, c := range map[string]struct {
		secret, version string
		age             time.Duration
		live            bool
		status          int
		outcome         string
	}{
		"forged":                {secret: "whsec_of_somebody_else", version: "2023-10-16", status: http.StatusBadRequest},
		"stale":                 {secret: secret, version: "2023-10-16", age: 6 * time.Minute, status: http.StatusBadRequest},
		"from the future":       {secret: secret, version: "2023-10-16", age: -6 * time.Minute, status: http.StatusBadRequest},
		"of an unknown session": {secret: secret, version: "2023-10-16", status: http.StatusOK, outcome: "unknown session"},
		"of another version":    {secret: secret, version: "2019-01-01", status: http.StatusOK, outcome: "parked: api version"},
		"of real money":         {secret: secret, version: "2023-10-16", live: true, status: http.StatusOK, outcome: "parked: livemode"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := "evt_" + rand.Text()
			payload := fmt.Appendf(nil, `{"id":%q,"object":"event","type":%q,"api_version":%q,"livemode":%t,"data":{"object":{
				"id":"cs_test_%s","object":"checkout.session","status":"complete","payment_status":"paid","payment_intent":"pi_%s",
				"client_reference_id":"nobody","amount_total":100,"currency":"usd"}}}`, id, completedEvent, c.version, c.live, id, id)
			require.Equal(t, c.status, s.deliver(t, payload, c.secret, time.Now().Add(-c.age)))
			var kept int
			var outcome string
			require.NoError(t, s.db.QueryRow(t.Context(), `SELECT count(*), coalesce(min(outcome), '')
				FROM webhook_inbox WHERE stripe_event_id = $1 AND processed_at IS NULL`, id).Scan(&kept, &outcome))
			require.Contains(t, outcome, c.outcome)
			require.Equal(t, c.outcome != "", kept == 1)
		})
	}
}

// deliver sends a webhook as the provider does, signed with a secret at a time, and gives the status of the answer.
func (s *system) deliver(t *testing.T, payload []byte, secret string, at time.Time) int {
	t.Helper()
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = fmt.Fprintf(mac, "%d.%s", at.Unix(), payload) // never fails
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.env["BOXOFFICE_URL"]+"/webhooks/stripe", bytes.NewReader(payload))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Stripe-Signature", fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil))))
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode
}

// A mail server that refuses for the moment delays no sale: the mail gets a workflow of its own and comes when it can.
func TestMailAway_TheSaleStandsAndTheMailComesLater(t *testing.T) {
	t.Parallel()
	s := of(t, usual)
	c := s.customer(t)
	mail := s.env["MAIL_URL"]
	require.NoError(t, tell(http.MethodPost, mail+"/_sim/faults", fault{Kind: "reject", Recipient: c.email, Status: 451, N: 4}, nil))
	booking := c.hold(t, s.showing(t), 2)
	c.payFor(t, booking.ID)
	booking = c.await(t, 20*time.Second, booking.ID, "completed")
	completed := time.Now()
	s.requirePDF(t, c, booking)
	s.endedRun(t, booking.ID)
	s.requireSoldOnce(t, c, booking)
	t.Logf("the mail came %s after the sale, at the fifth try", time.Since(completed).Round(100*time.Millisecond))
	eventually(t, 20*time.Second, func() error {
		run, err := s.temporal.DescribeWorkflow(t.Context(), workflows.MailWorkflowID(booking.ID), "")
		if err == nil && run.Status != enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED {
			err = fmt.Errorf("the mail's run is %s", run.Status)
		}
		return err
	})
	require.Equal(t, []any{"sent", 5}, s.mailOf(t, booking.ID))
}

// A mail that the server refuses for good undoes no sale: the tickets are in the account, and support can send it again.
func TestMailAway_RefusedForGood(t *testing.T) {
	t.Parallel()
	s := of(t, brief)
	c := s.customer(t)
	mail := s.env["MAIL_URL"]
	require.NoError(t, tell(http.MethodPost, mail+"/_sim/faults", fault{Kind: "reject", Recipient: c.email, Status: 550, N: 1}, nil))
	booking := c.hold(t, s.showing(t), 2)
	c.payFor(t, booking.ID)
	booking = c.await(t, 20*time.Second, booking.ID, "completed")
	s.endedRun(t, booking.ID)
	require.Equal(t, []any{"failed", 1}, s.mailOf(t, booking.ID))
	s.requirePDF(t, c, booking)
	mails, err := s.inbox().To(t.Context(), c.email)
	require.NoError(t, err)
	require.Empty(t, mails)

	_, err = s.db.Exec(t.Context(), `WITH again AS (UPDATE emails SET status = 'queued' WHERE booking_id = $1)
		UPDATE bookings SET next_check_at = boxoffice_now() WHERE id = $1`, booking.ID)
	require.NoError(t, err)
	s.awaitMail(t, c, "Your tickets: ")
	s.requireSoldOnce(t, c, booking)
}

func (s *system) requirePDF(t *testing.T, c customer, booking buyer.Booking) {
	t.Helper()
	pdf, err := c.File(t.Context(), booking.ID, "tickets.pdf")
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(pdf, []byte("%PDF-")))
}

// mailOf gives the state of a booking's mail, and how often it was tried.
func (s *system) mailOf(t *testing.T, bookingID string) []any {
	t.Helper()
	var status string
	var attempts int
	require.NoError(t, s.db.QueryRow(t.Context(), `SELECT status::text, attempts FROM emails WHERE booking_id = $1`, bookingID).Scan(&status, &attempts))
	return []any{status, attempts}
}

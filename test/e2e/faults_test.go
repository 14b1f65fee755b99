package e2e

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
)

// The tests of this file break the payment provider or the mail server of a shared system. They run one after the other.

// While the provider cannot be asked to close a page, its seats are nobody else's; once it answers, they are free.
func TestProviderAway_SeatsStayHeldUntilThePageIsClosed(t *testing.T) {
	s := stack.Of(t, stack.Brief)
	eventID := s.Showing(t)
	for name, away := range map[string]stack.Fault{
		"answers 500":   {Kind: "error", Status: http.StatusInternalServerError},
		"answers 429":   {Kind: "error", Status: http.StatusTooManyRequests},
		"never answers": {Kind: "timeout", DelayMS: 300},
	} {
		t.Run(name, func(t *testing.T) {
			pair := s.Customers(t, 2)
			booking, page := s.Opened(t, pair[0], pair[0].FreeSeats(t, eventID, 2)...)
			away.Target = "api"
			stack.Breaks(t, s.Stripe(), away)
			stack.AwaitHits(t, s.Stripe(), 3)
			held, err := pair[0].Booking(t.Context(), booking.ID)
			require.NoError(t, err)
			require.Equal(t, "held", held.Status)
			_, err = pair[0].Checkout(t.Context(), booking.ID)
			stack.RequireProblem(t, err, http.StatusConflict, "deadline-passed")
			_, err = pair[1].Book(t.Context(), "", booking.Tickets[0].ID)
			stack.RequireProblem(t, err, http.StatusConflict, "seats-taken")
			stack.Mends(t, s.Stripe())
			back := time.Now()
			pair[0].AwaitEnd(t, 60*time.Second, booking.ID, "expired")
			t.Logf("expired %s after the provider was back", time.Since(back).Round(100*time.Millisecond))
			stack.RequireClosed(t, pair[0], page.URL)
			s.RequireFree(t, pair[1], booking, eventID)
		})
	}
}

// A page whose making fails, or whose answer is lost after it was made, leads to no second page: the buyer is asked to try
// again, and pays once.
func TestProviderAway_WhileThePageIsMade(t *testing.T) {
	s := stack.Of(t, stack.Usual)
	for name, c := range map[string]struct {
		lost stack.Fault
		made int
	}{
		"made, and the connection cut": {stack.Fault{Kind: "timeout_after", DelayMS: 50}, 1},
		"made, and answered 500":       {stack.Fault{Kind: "error_after", Status: http.StatusInternalServerError}, 1},
		"answered 500":                 {stack.Fault{Kind: "error", Status: http.StatusInternalServerError}, 0},
		"answered 429":                 {stack.Fault{Kind: "error", Status: http.StatusTooManyRequests}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			lost, made := c.lost, c.made
			c := s.Customer(t)
			booking := c.Hold(t, s.Showing(t), 1)
			lost.Target, lost.Method, lost.Path = "api", http.MethodPost, "/v1/checkout/sessions"
			stack.Breaks(t, s.Stripe(), lost)
			_, err := c.Checkout(t.Context(), booking.ID)
			stack.RequireProblem(t, err, http.StatusServiceUnavailable, "unavailable")
			require.Len(t, s.SessionsOf(t, booking.ID), made)
			stack.Mends(t, s.Stripe())
			page, err := c.Checkout(t.Context(), booking.ID)
			require.NoError(t, err)
			sessions := s.SessionsOf(t, booking.ID)
			require.Len(t, sessions, 1)
			require.Equal(t, sessions[0].URL, page.URL)
			_, err = c.Pay(t.Context(), page.URL, c.Email, stack.GoodCard)
			require.NoError(t, err)
			booking = c.AwaitEnd(t, 30*time.Second, booking.ID, "completed")
			s.RequireSoldOnce(t, c, booking)
			s.RequireChargedOnce(t, booking.ID)
		})
	}
}

// An error that the provider keeps under our key, and gives to each repetition, ends in a page of another attempt.
func TestProviderAway_ErrorKeptUnderOurKey(t *testing.T) {
	s := stack.Of(t, stack.Usual)
	c := s.Customer(t)
	booking := c.Hold(t, s.Showing(t), 1)
	stack.Breaks(t, s.Stripe(), stack.Fault{Target: "api", Kind: "error_stored", Method: http.MethodPost, Path: "/v1/checkout/sessions", N: 1})
	_, err := c.Checkout(t.Context(), booking.ID)
	stack.RequireProblem(t, err, http.StatusServiceUnavailable, "unavailable")
	c.PayFor(t, booking.ID)
	booking = c.AwaitEnd(t, 30*time.Second, booking.ID, "completed")
	require.Len(t, s.SessionsOf(t, booking.ID), 1)
	s.RequireSoldOnce(t, c, booking)
	s.RequireChargedOnce(t, booking.ID)
}

// Webhooks that nobody signed, or that are older than five minutes, are refused and leave nothing; signed ones that cannot
// be understood are kept for people, and are not sent again. Each is counted as what it is.
func TestWebhook_ForgedStaleOrStrange(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Usual)
	secret := s.Env["STRIPE_WEBHOOK_SECRET"]
	for name, c := range map[string]struct {
		secret, version string
		age             time.Duration
		live            bool
		status          int
		outcome         string
		counted         string
	}{
		"forged":                {secret: "whsec_of_somebody_else", version: "2023-10-16", status: http.StatusBadRequest, counted: "bad_signature"},
		"stale":                 {secret: secret, version: "2023-10-16", age: 6 * time.Minute, status: http.StatusBadRequest, counted: "stale"},
		"from the future":       {secret: secret, version: "2023-10-16", age: -6 * time.Minute, status: http.StatusBadRequest, counted: "stale"},
		"of an unknown session": {secret: secret, version: "2023-10-16", status: http.StatusOK, outcome: "unknown session", counted: "unknown"},
		"of another version":    {secret: secret, version: "2019-01-01", status: http.StatusOK, outcome: "parked: api version", counted: "parked"},
		"of real money":         {secret: secret, version: "2023-10-16", live: true, status: http.StatusOK, outcome: "parked: livemode", counted: "parked"},
	} {
		t.Run(name, func(t *testing.T) {
			id, counted := "evt_"+rand.Text(), `boxoffice_webhooks_received_total{outcome="`+c.counted+`"}`
			before := s.Metric(t, counted)
			payload := fmt.Appendf(nil, `{"id":%q,"object":"event","type":%q,"api_version":%q,"livemode":%t,"data":{"object":{
				"id":"cs_test_%s","object":"checkout.session","status":"complete","payment_status":"paid","payment_intent":"pi_%s",
				"client_reference_id":"nobody","amount_total":100,"currency":"usd"}}}`, id, stack.CompletedEvent, c.version, c.live, id, id)
			require.Equal(t, c.status, s.Deliver(t, payload, c.secret, time.Now().Add(-c.age)))
			var kept int
			var outcome string
			require.NoError(t, s.DB.QueryRow(t.Context(), `SELECT count(*), coalesce(min(outcome), '')
				FROM webhook_inbox WHERE stripe_event_id = $1 AND processed_at IS NULL`, id).Scan(&kept, &outcome))
			require.Contains(t, outcome, c.outcome)
			require.Equal(t, c.outcome != "", kept == 1)
			s.AwaitMetric(t, counted, before+1)
		})
	}
}

// A mail server that refuses for the moment delays no sale: the mail gets a workflow of its own and comes when it can.
func TestMailAway_TheSaleStandsAndTheMailComesLater(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Usual)
	c := s.Customer(t)
	mail := s.Env["MAIL_URL"]
	require.NoError(t, stack.Tell(http.MethodPost, mail+"/_sim/faults", stack.Fault{Kind: "reject", Recipient: c.Email, Status: 451, N: 4}, nil))
	booking := c.Hold(t, s.Showing(t), 2)
	c.PayFor(t, booking.ID)
	booking = c.AwaitEnd(t, 20*time.Second, booking.ID, "completed")
	completed := time.Now()
	s.RequirePDF(t, c, booking)
	s.EndedRun(t, booking.ID)
	s.RequireSoldOnce(t, c, booking)
	t.Logf("the mail came %s after the sale, at the fifth try", time.Since(completed).Round(100*time.Millisecond))
	stack.Eventually(t, 20*time.Second, func() error {
		run, err := s.Temporal.DescribeWorkflow(t.Context(), workflows.MailWorkflowID(s.MailIDOf(t, booking.ID)), "")
		if err == nil && run.Status != enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED {
			err = fmt.Errorf("the mail's run is %s", run.Status)
		}
		return err
	})
	require.Equal(t, []any{"sent", 5}, s.MailOf(t, booking.ID))
}

// A mail that the server refuses for good undoes no sale: the tickets are in the account, and support can send it again.
func TestMailAway_RefusedForGood(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Brief)
	c := s.Customer(t)
	mail := s.Env["MAIL_URL"]
	require.NoError(t, stack.Tell(http.MethodPost, mail+"/_sim/faults", stack.Fault{Kind: "reject", Recipient: c.Email, Status: 550, N: 1}, nil))
	booking := c.Hold(t, s.Showing(t), 2)
	c.PayFor(t, booking.ID)
	booking = c.AwaitEnd(t, 20*time.Second, booking.ID, "completed")
	s.EndedRun(t, booking.ID)
	require.Equal(t, []any{"failed", 1}, s.MailOf(t, booking.ID))
	s.RequirePDF(t, c, booking)
	mails, err := s.Inbox().To(t.Context(), c.Email)
	require.NoError(t, err)
	require.Empty(t, mails)

	_, err = s.DB.Exec(t.Context(), `WITH again AS (UPDATE emails SET status = 'queued' WHERE booking_id = $1)
		UPDATE bookings SET next_check_at = boxoffice_now() WHERE id = $1`, booking.ID)
	require.NoError(t, err)
	s.AwaitMail(t, c, "Your tickets: ")
	s.RequireSoldOnce(t, c, booking)
}

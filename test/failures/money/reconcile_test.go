package money

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
)

// old makes all that has happened old enough for a pass, until the test's end.
func old(t *testing.T, s *stack.System) { s.SetClockAhead(t, 10*time.Minute) }

// beside runs a command beside the system, with its settings.
func beside(t *testing.T, s *stack.System, args ...string) (out, complaint string, code int) {
	t.Helper()
	var settings []string
	for _, name := range []string{"DATABASE_URL", "STRIPE_API_BASE", "STRIPE_API_KEY", "BLOB_URL"} {
		settings = append(settings, name+"="+s.Env[name])
	}
	return stack.RunProgram(t, settings, args...)
}

// lateUnheard gives a booking that ended, and was paid after that on its closed page: nobody told us, and nobody will ask.
func lateUnheard(t *testing.T, s *stack.System) (stack.Customer, buyer.Booking) {
	t.Helper()
	c := s.Customer(t)
	booking, page := s.Lapsed(t, c, c.FreeSeats(t, s.Showing(t), 2)...)
	s.EndedRun(t, booking.ID)
	require.NoError(t, s.PayLate(page.ID, c.Email, stack.GoodCard))
	return c, booking
}

// refundUnheard gives a booking whose refund arrived, of which nobody told us either.
func refundUnheard(t *testing.T, s *stack.System) (stack.Customer, buyer.Booking) {
	t.Helper()
	c, eventID := s.Customer(t), s.Showing(t)
	booking := c.Hold(t, eventID, 2)
	s.CancelEvent(t, eventID)
	page, err := c.Checkout(t.Context(), booking.ID)
	require.NoError(t, err)
	_, err = c.Pay(t.Context(), page.URL, c.Email, stack.SlowRefundCard)
	require.NoError(t, err)
	stack.Eventually(t, 60*time.Second, func() error {
		var refunds struct {
			Refunds map[string]int `json:"refunds"`
		}
		err := stack.Tell(http.MethodGet, s.Stripe()+"/_sim/state", nil, &refunds)
		if err == nil && refunds.Refunds["succeeded"] == 0 {
			err = errors.New("the bank is not done")
		}
		return err
	})
	var state string
	require.NoError(t, s.DB.QueryRow(t.Context(), `SELECT r.state::text FROM refunds r JOIN payments p ON p.id = r.payment_id
		WHERE p.booking_id = $1`, booking.ID).Scan(&state))
	require.Equal(t, "pending", state, "nobody has told")
	return c, booking
}

// Webhooks are lost for good: of a payment whose booking has ended, and of a refund that arrived. No run is left that would
// ask. A pass by hand mends both, and after that the books are the provider's.
func TestWebhooksLostForGood_ReconcileMends(t *testing.T) {
	t.Parallel()
	s := stack.Own(t, "reconciled", stack.Seeded, "BOXOFFICE_HOLD_DURATION="+stack.BriefHold.String(), "BOXOFFICE_CHECKOUT_MINIMUM=0s")
	stack.Breaks(t, s.Stripe(), stack.Fault{Target: "webhook", Kind: "drop"})
	late, unpaid := lateUnheard(t, s)
	returned, undone := refundUnheard(t, s)
	old(t, s)
	out, _, code := beside(t, s, "audit", "--provider")
	require.Equal(t, 1, code, "the audit sees that a payment is missing")
	require.Contains(t, out, "provider-payment-is-ours: ")

	out, complaint, code := beside(t, s, "reconcile", "--since", "1h", "--dry-run")
	require.Equal(t, 1, code, complaint)
	require.Equal(t, 2, strings.Count(out, "would be repaired: "), out)
	out, complaint, code = beside(t, s, "reconcile", "--since", "1h")
	require.Zero(t, code, complaint)
	require.Contains(t, out, " of booking "+unpaid.ID+": The provider took ")
	require.Contains(t, out, " of booking "+undone.ID+": The refund of ")
	require.Contains(t, out, " 2 repaired, 0 to be decided\n")

	s.AwaitStatus(t, late, unpaid.ID, "completed")
	s.RequireSoldOnce(t, late, unpaid)
	s.RequireChargedOnce(t, unpaid.ID)
	stack.Eventually(t, 90*time.Second, func() error { // a refund that waits for its bank is looked at once an hour, now sooner
		booking, err := returned.Booking(t.Context(), undone.ID)
		if err == nil && booking.Status != "refunded" {
			err = fmt.Errorf("the booking is %s", booking.Status)
		}
		return err
	})
	s.RequireRefundedOnce(t, returned, undone)
	out, complaint, code = beside(t, s, "reconcile", "--since", "1h")
	require.Zero(t, code, complaint)
	require.Contains(t, out, " 0 repaired, 0 to be decided\n")
	out, complaint, code = beside(t, s, "audit", "--provider", "--grace", "1s")
	require.Zero(t, code, out+complaint)
}

// A worker is killed in the midst of a pass that the schedule started. Another goes on behind what was compared.
func TestKillWorker_WhileItReconciles(t *testing.T) {
	t.Parallel()
	s := stack.Own(t, "reconciling", stack.Seeded, "BOXOFFICE_HOLD_DURATION="+stack.BriefHold.String(), "BOXOFFICE_CHECKOUT_MINIMUM=0s")
	stack.Breaks(t, s.Stripe(), stack.Fault{Target: "webhook", Kind: "drop"})
	early, first := lateUnheard(t, s) // on the last page: the newest come first
	for range 110 {
		triedElsewhere(t, s)
	}
	late, second := lateUnheard(t, s)
	old(t, s)

	const pages = "/v1/payment_intents"
	stack.Breaks(t, s.Stripe(), stack.Fault{Target: "api", Kind: "delay", Path: pages, DelayMS: 8000})
	require.NoError(t, schedule(t, s).Trigger(t.Context(), client.ScheduleTriggerOptions{}))
	awaitHitsAt(t, s, pages, 2) // the first page is compared, the second is under way
	pid := s.Signal(t, "worker", syscall.SIGKILL)
	killed := time.Now()
	stack.Mends(t, s.Stripe())
	stack.Breaks(t, s.Stripe(), stack.Fault{Target: "webhook", Kind: "drop"}, stack.Fault{Target: "api", Kind: "delay", Path: pages, DelayMS: 1})
	s.AwaitRestart(t, "worker", pid)

	pass := passOf(t, s)
	t.Logf("the pass came to its end %s after the kill", time.Since(killed).Round(100*time.Millisecond))
	require.Equal(t, []int{4, 2, 0}, []int{pass.Checked, pass.Repaired, pass.Found}, "two payments, two pages")
	require.Equal(t, second.ID, pass.Repairs[0].BookingID)
	require.Equal(t, first.ID, pass.Repairs[1].BookingID)
	require.Equal(t, 1, hitsAt(t, s, pages), "the first page was compared before")
	s.AwaitStatus(t, early, first.ID, "completed")
	s.AwaitStatus(t, late, second.ID, "completed")
	s.RequireChargedOnce(t, first.ID)
	s.RequireChargedOnce(t, second.ID)
	s.AwaitSettled(t, 60*time.Second)
}

// triedElsewhere is a payment that another application of the account begins, and that a bank refuses.
func triedElsewhere(t *testing.T, s *stack.System) {
	t.Helper()
	form := url.Values{
		"mode": {"payment"}, "success_url": {"https://shop/ok"}, "line_items[0][quantity]": {"1"}, "line_items[0][price_data][currency]": {"usd"},
		"line_items[0][price_data][unit_amount]": {"900"}, "line_items[0][price_data][product_data][name]": {"A mug"},
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Stripe()+"/v1/checkout/sessions", strings.NewReader(form.Encode()))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(s.Env["STRIPE_API_KEY"], "")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	var made stack.Session
	require.NoError(t, json.NewDecoder(response.Body).Decode(&made))
	require.NoError(t, response.Body.Close())
	require.ErrorContains(t, s.PayLate(made.ID, "x@example.com", stack.DeclinedCard), "402")
}

func schedule(t *testing.T, s *stack.System) client.ScheduleHandle {
	t.Helper()
	return s.Temporal.ScheduleClient().GetHandle(t.Context(), workflows.ReconcileID)
}

// passOf waits for the end of the pass that the schedule started, and gives its result.
func passOf(t *testing.T, s *stack.System) (pass boxoffice.ReconcilePass) {
	t.Helper()
	var id string
	stack.Eventually(t, 30*time.Second, func() error {
		now, err := schedule(t, s).Describe(t.Context())
		if err != nil {
			return err
		}
		if len(now.Info.RecentActions) == 0 {
			return errors.New("it was not started yet")
		}
		id = now.Info.RecentActions[0].StartWorkflowResult.WorkflowID
		return nil
	})
	require.NoError(t, s.Temporal.GetWorkflow(t.Context(), id, "").Get(t.Context(), &pass))
	return pass
}

// hitsAt tells how often faults at a path have struck.
func hitsAt(t *testing.T, s *stack.System, path string) (hits int) {
	t.Helper()
	var active struct {
		Faults []stack.Fault `json:"faults"`
	}
	require.NoError(t, stack.Tell(http.MethodGet, s.Stripe()+"/_sim/faults", nil, &active))
	for _, f := range active.Faults {
		if f.Path == path {
			hits += f.Hits
		}
	}
	return hits
}

func awaitHitsAt(t *testing.T, s *stack.System, path string, n int) {
	t.Helper()
	stack.Eventually(t, 60*time.Second, func() error {
		if hits := hitsAt(t, s, path); hits < n {
			return fmt.Errorf("%d calls", hits)
		}
		return nil
	})
}

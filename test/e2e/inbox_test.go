package e2e

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/stretchr/testify/require"
)

// A webhook that cannot be understood is asked about: who paid has tickets long before the deadline would find the payment.
// What it says itself buys nothing, true or not.
func TestWebhook_OfAnotherVersionSettlesByItself(t *testing.T) {
	s := stack.Of(t, stack.Usual)
	stack.Breaks(t, s.Stripe(), stack.Fault{Target: "webhook", Kind: "drop"})
	tell := func(id, session string, live bool) {
		payload := fmt.Appendf(nil, `{"id":%q,"object":"event","type":%q,"api_version":"2019-01-01","livemode":%t,"data":{"object":{
			"id":%q,"object":"checkout.session","status":"complete","payment_status":"paid","payment_intent":"pi_lie","client_reference_id":"nobody"}}}`,
			id, stack.CompletedEvent, live, session)
		require.Equal(t, http.StatusOK, s.Deliver(t, payload, s.Env["STRIPE_WEBHOOK_SECRET"], time.Now()))
	}
	c := s.Customer(t)
	booking, page := s.Paid(t, c, c.FreeSeats(t, s.Showing(t), 2)...)
	began := time.Now()
	tell("evt_parked", page.ID, false)
	booking = c.AwaitEnd(t, 30*time.Second, booking.ID, "completed")
	t.Logf("settled %s after the webhook", time.Since(began).Round(100*time.Millisecond))
	s.RequireSoldOnce(t, c, booking)
	s.RequireChargedOnce(t, booking.ID)

	liar := s.Customer(t)
	open, unpaid := s.Opened(t, liar, liar.FreeSeats(t, s.Showing(t), 1)...)
	tell("evt_lie", unpaid.ID, true)
	stack.Eventually(t, 20*time.Second, func() error {
		return s.DB.QueryRow(t.Context(), `SELECT FROM webhook_inbox WHERE stripe_event_id = 'evt_lie' AND processed_at IS NOT NULL`).Scan()
	})
	held, err := liar.Booking(t.Context(), open.ID)
	require.NoError(t, err)
	require.Equal(t, "held", held.Status)
}

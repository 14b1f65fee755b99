package temporal

import (
	"net/http"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/stretchr/testify/require"
)

// While Temporal refuses connections, or takes them and never answers, nobody waits for it: seats are sold, pages open and
// close for the buyer, webhooks are taken. Who held seats before is not harmed. When it answers again, every booking comes
// to its end.
func TestTemporalAway_NobodyWaitsAndAllSettlesAfter(t *testing.T) {
	s := stack.Of(t, bare)
	for name, leave := range map[string]func(*stack.Proxy, *testing.T){
		"refuses": (*stack.Proxy).Refuse, "is silent": (*stack.Proxy).Stall,
	} {
		t.Run(name, func(t *testing.T) {
			s.SpawnWorker(t)
			early, held := waiting(t, s)
			leave(s.ToTemporal, t)
			sold := sellWithout(t, s)
			webhookAtOnce(t, s, sold.paid)
			canceller, cancelled := cancelAtOnce(t, s)
			early.PayFor(t, held.ID)
			early.AwaitPaid(t, held.ID)
			other, taken := sold.outlast(t)
			other.PayFor(t, taken.ID)
			other.AwaitPaid(t, taken.ID)

			s.ToTemporal.Mend(t)
			back := time.Now()
			sold.settle(t)
			early.AwaitEnd(t, 60*time.Second, held.ID, "completed")
			canceller.AwaitEnd(t, 60*time.Second, cancelled.ID, "cancelled")
			other.AwaitEnd(t, 60*time.Second, taken.ID, "completed")
			s.AwaitSettled(t, 60*time.Second)
			t.Logf("all settled %s after Temporal was back", time.Since(back).Round(100*time.Millisecond))
		})
	}
}

// While each answer of Temporal comes two seconds late, nobody waits for it, and timers fire late but do.
func TestTemporalSlow_NobodyWaitsAndTimersFireLate(t *testing.T) {
	s := stack.Of(t, bare)
	s.SpawnWorker(t)
	early, held := waiting(t, s)
	s.ToTemporal.Delay(t, 2*time.Second)
	began := time.Now()
	sold := sellWithout(t, s)
	webhookAtOnce(t, s, sold.paid)
	canceller, cancelled := cancelAtOnce(t, s)
	early.PayFor(t, held.ID)

	sold.settle(t)
	early.AwaitEnd(t, 60*time.Second, held.ID, "completed")
	canceller.AwaitEnd(t, 60*time.Second, cancelled.ID, "cancelled")
	s.AwaitSettled(t, 60*time.Second)
	t.Logf("all settled %s after they were booked, with Temporal as slow as ever", time.Since(began).Round(100*time.Millisecond))
}

// waiting gives a booking with minutes to go, whose run waits for its payment.
func waiting(t *testing.T, s *stack.System) (stack.Customer, buyer.Booking) {
	t.Helper()
	c := s.Customer(t)
	return c, waitingFor(t, s, c, s.Showing(t))
}

func waitingFor(t *testing.T, s *stack.System, c stack.Customer, eventID string) buyer.Booking {
	t.Helper()
	booking := c.Hold(t, eventID, 2)
	booking, err := c.Extend(t.Context(), booking.ID)
	require.NoError(t, err)
	s.AwaitWaiting(t, booking.ID)
	return booking
}

// webhookAtOnce has the provider tell once more of a payment that is not settled, and asserts that it is answered at once.
func webhookAtOnce(t *testing.T, s *stack.System, booking buyer.Booking) {
	t.Helper()
	payload := s.WebhookOf(t, s.SessionsOf(t, booking.ID)[0].ID)
	stack.AtOnce(t, "the webhook", func() {
		require.Equal(t, http.StatusOK, s.Deliver(t, payload, s.Env["STRIPE_WEBHOOK_SECRET"], time.Now()))
	})
}

// cancelAtOnce cancels a booking whose payment page is open, and asserts that its buyer is answered at once.
func cancelAtOnce(t *testing.T, s *stack.System) (stack.Customer, buyer.Booking) {
	t.Helper()
	c := s.Customer(t)
	booking := c.Hold(t, s.Showing(t), 1)
	checkoutAtOnce(t, c, booking.ID)
	stack.AtOnce(t, "the cancellation", func() {
		_, err := c.Cancel(t.Context(), booking.ID)
		require.NoError(t, err)
	})
	return c, booking
}

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/stretchr/testify/require"
)

// A refund that the bank sends back is no refund: the booking that was refunded is being refunded again, where support sees
// it, and nobody asks the provider a second time. The system is its own, for its books cannot be balanced.
func TestRefund_Failing(t *testing.T) {
	s, err := stack.Start("failing", append([]string{"--ephemeral"}, stack.Seeded...))
	if s != nil {
		t.Cleanup(func() {
			if t.Failed() {
				t.Log(s.Tails())
			}
			stopping, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			require.NoError(t, s.Stop(stopping))
		})
	}
	require.NoError(t, err)
	c := s.Customer(t)
	booking := refunding(t, s, c, falseRefundCard)
	stack.Eventually(t, 30*time.Second, func() error {
		seen, err := c.Booking(t.Context(), booking.ID)
		if state := refundState(t, s, booking.ID); err == nil && (state != "failed" || seen.Status != "refunding") {
			err = fmt.Errorf("the booking is %s, its refund %s", seen.Status, state)
		}
		return err
	})
	s.EndedRun(t, booking.ID)

	// Whoever looks again, the sweep or support, changes nothing.
	_, err = s.DB.Exec(t.Context(), `UPDATE bookings SET next_check_at = boxoffice_now() WHERE id = $1`, booking.ID)
	require.NoError(t, err)
	stack.Eventually(t, 30*time.Second, func() error {
		var epoch int64
		err := s.DB.QueryRow(t.Context(), `SELECT epoch FROM bookings WHERE id = $1`, booking.ID).Scan(&epoch)
		if err == nil && epoch < 2 {
			err = fmt.Errorf("no second run yet: epoch %d", epoch)
		}
		return err
	})
	s.EndedRun(t, booking.ID)
	seen, err := c.Booking(t.Context(), booking.ID)
	require.NoError(t, err)
	require.Equal(t, "refunding", seen.Status)
	require.Equal(t, "failed", refundState(t, s, booking.ID))
	require.Equal(t, stack.Money{Charges: 1, Refunds: 1}, s.MoneyOf(t, booking.ID))
	require.Contains(t, s.Timeline(t, booking.ID), "refund failed")
}

// A refund of which the provider does not say what became of it is asked for until it does, and made once.
func TestProviderAway_RefundIsMadeOnce(t *testing.T) {
	s := stack.Of(t, stack.Usual)
	eventID := s.Showing(t)
	for name, c := range map[string]struct {
		away stack.Fault
		hits int // one is enough where the refund is made: it is found by looking
	}{
		"answers 500":             {stack.Fault{Kind: "error", Status: http.StatusInternalServerError}, 2},
		"made, and answers 500":   {stack.Fault{Kind: "error_after", Status: http.StatusInternalServerError}, 1},
		"made, and never answers": {stack.Fault{Kind: "timeout_after", DelayMS: 100}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			away, hits, c := c.away, c.hits, s.Customer(t)
			booking := c.Hold(t, eventID, 2)
			s.CancelEvent(t, eventID)
			away.Target, away.Method, away.Path = "api", http.MethodPost, "/v1/refunds"
			stack.Breaks(t, s.Stripe(), away)
			c.PayFor(t, booking.ID)
			stack.AwaitHits(t, s.Stripe(), hits)
			stack.Mends(t, s.Stripe())
			c.AwaitEnd(t, 60*time.Second, booking.ID, "refunded")
			s.RequireRefundedOnce(t, c, booking)
		})
	}
}

// A refund that cannot be asked for is shown as failing, with its reason, and goes through at once when support has it tried
// again after the provider is back.
func TestProviderAway_SupportHasTheRefundTriedAgain(t *testing.T) {
	s := stack.Of(t, stack.Usual)
	anna, c := staff(t, s), signUp(t, s)
	_, seats := find(t, c, s.Showing(t))
	booking, _ := s.Paid(t, c, seats...)
	booking = c.AwaitEnd(t, 20*time.Second, booking.ID, "completed")
	stack.Breaks(t, s.Stripe(), stack.Fault{Target: "api", Kind: "error", Status: http.StatusInternalServerError})
	help(t, anna, booking.ID, "cancel", thing{})
	stack.Eventually(t, 60*time.Second, func() error {
		run := caseOf(t, anna, booking.ID).Run
		if run.Failing == nil || run.Failing.Attempt < 4 {
			return fmt.Errorf("the refund is not yet failing: %+v", run)
		}
		require.Equal(t, "Give the money back", run.Failing.Step)
		require.NotEmpty(t, run.Failing.LastError)
		return nil
	})
	stack.Mends(t, s.Stripe())
	require.Contains(t, help(t, anna, booking.ID, "retry", thing{}), "“Give the money back” is being tried now.")
	c.AwaitEnd(t, 60*time.Second, booking.ID, "refunded")
	require.Equal(t, stack.Money{Charges: 1, Refunds: 1}, s.MoneyOf(t, booking.ID))
}

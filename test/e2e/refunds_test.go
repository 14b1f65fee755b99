package e2e

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A refund that the bank sends back is no refund: the booking that was refunded is being refunded again, where support sees
// it, and nobody asks the provider a second time. The system is its own, for its books cannot be balanced.
func TestRefund_Failing(t *testing.T) {
	s, err := start("failing", append([]string{"--ephemeral"}, seeded...))
	if s != nil {
		t.Cleanup(func() {
			if t.Failed() {
				t.Log(s.tails())
			}
			stopping, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			require.NoError(t, s.stop(stopping))
		})
	}
	require.NoError(t, err)
	c := s.customer(t)
	booking := s.refunding(t, c, falseRefundCard)
	eventually(t, 30*time.Second, func() error {
		seen, err := c.Booking(t.Context(), booking.ID)
		if state := s.refundState(t, booking.ID); err == nil && (state != "failed" || seen.Status != "refunding") {
			err = fmt.Errorf("the booking is %s, its refund %s", seen.Status, state)
		}
		return err
	})
	s.endedRun(t, booking.ID)

	// Whoever looks again, the sweep or support, changes nothing.
	_, err = s.db.Exec(t.Context(), `UPDATE bookings SET next_check_at = boxoffice_now() WHERE id = $1`, booking.ID)
	require.NoError(t, err)
	eventually(t, 30*time.Second, func() error {
		var epoch int64
		err := s.db.QueryRow(t.Context(), `SELECT epoch FROM bookings WHERE id = $1`, booking.ID).Scan(&epoch)
		if err == nil && epoch < 2 {
			err = fmt.Errorf("no second run yet: epoch %d", epoch)
		}
		return err
	})
	s.endedRun(t, booking.ID)
	seen, err := c.Booking(t.Context(), booking.ID)
	require.NoError(t, err)
	require.Equal(t, "refunding", seen.Status)
	require.Equal(t, "failed", s.refundState(t, booking.ID))
	require.Equal(t, money{charges: 1, refunds: 1}, s.moneyOf(t, booking.ID))
	require.Contains(t, s.timeline(t, booking.ID), "refund failed")
}

// A refund of which the provider does not say what became of it is asked for until it does, and made once.
func TestProviderAway_RefundIsMadeOnce(t *testing.T) {
	s := of(t, usual)
	eventID := s.showing(t)
	for name, c := range map[string]struct {
		away fault
		hits int // one is enough where the refund is made: it is found by looking
	}{
		"answers 500":             {fault{Kind: "error", Status: http.StatusInternalServerError}, 2},
		"made, and answers 500":   {fault{Kind: "error_after", Status: http.StatusInternalServerError}, 1},
		"made, and never answers": {fault{Kind: "timeout_after", DelayMS: 100}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			away, hits, c := c.away, c.hits, s.customer(t)
			booking := c.hold(t, eventID, 2)
			s.cancelEvent(t, eventID)
			away.Target, away.Method, away.Path = "api", http.MethodPost, "/v1/refunds"
			breaks(t, s.stripe(), away)
			c.payFor(t, booking.ID)
			awaitHits(t, s.stripe(), hits)
			mends(t, s.stripe())
			c.await(t, 60*time.Second, booking.ID, "refunded")
			s.requireRefundedOnce(t, c, booking)
		})
	}
}

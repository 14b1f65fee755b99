package e2e

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/stretchr/testify/require"
)

// Who leaves without opening the payment page frees the seats at the deadline.
func TestAbandon_FreesTheSeats(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Short)
	pair := s.Customers(t, 2)
	eventID := s.Showing(t)
	booking := pair[0].Hold(t, eventID, 2)
	pair[0].RequireSeats(t, booking, eventID, "held")
	s.AwaitWaiting(t, booking.ID)
	pair[0].AwaitEnd(t, 20*time.Second, booking.ID, "expired")
	s.RequireFree(t, pair[1], booking, eventID)

	run, history := s.EndedRun(t, booking.ID)
	requireSupportSees(t, run, "expired")
	require.LessOrEqual(t, len(history), 14, "history events of an abandoned booking")
	t.Logf("an abandoned booking has %d history events", len(history))
	require.Equal(t, []string{"held", "expired"}, s.Timeline(t, booking.ID))
	_, err := pair[0].Checkout(t.Context(), booking.ID)
	stack.RequireProblem(t, err, http.StatusConflict, "booking-closed")
}

// Who leaves the payment page open finds it closed, and the seats are another's.
func TestAbandon_ClosesTheOpenPage(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Short)
	pair := s.Customers(t, 2)
	eventID := s.Showing(t)
	booking := pair[0].Hold(t, eventID, 2)
	s.AwaitWaiting(t, booking.ID)
	page, err := pair[0].Checkout(t.Context(), booking.ID)
	require.NoError(t, err)
	require.NoError(t, pair[0].Open(t.Context(), page.URL))
	pair[0].AwaitEnd(t, 20*time.Second, booking.ID, "expired")
	stack.RequireClosed(t, pair[0], page.URL)
	s.RequireFree(t, pair[1], booking, eventID)

	stack.Eventually(t, 20*time.Second, func() error { // the provider tells that the page is closed
		return s.DB.QueryRow(t.Context(), `
			SELECT FROM webhook_inbox WHERE booking_id = $1 AND type = 'checkout.session.expired' AND processed_at IS NOT NULL`,
			booking.ID).Scan()
	})
	_, history := s.EndedRun(t, booking.ID)
	require.Empty(t, stack.Signals(history), "the run that closed the page needs not be told, and no other is started")
	require.LessOrEqual(t, len(history), 19, "history events of a booking whose payment page was left open")
	t.Logf("an abandoned booking with an open page has %d history events", len(history))
	require.Equal(t, []string{"held", "checkout opened", "expired"}, s.Timeline(t, booking.ID))
}

// An extended booking outlives its first deadline, and ends at its second.
func TestExtend_OK(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Short)
	c := s.Customer(t)
	eventID := s.Showing(t)
	booking := c.Hold(t, eventID, 1)
	extended, err := c.Extend(t.Context(), booking.ID)
	require.NoError(t, err)
	require.Equal(t, booking.HoldExpiresAt.Add(4*time.Second), extended.HoldExpiresAt)

	var now time.Time
	stack.Eventually(t, 20*time.Second, func() error {
		if err := s.DB.QueryRow(t.Context(), `SELECT boxoffice_now()`).Scan(&now); err != nil {
			return err
		}
		if now.Before(booking.HoldExpiresAt.Add(time.Second)) {
			return errors.New("the first deadline is still ahead")
		}
		return nil
	})
	held, err := c.Booking(t.Context(), booking.ID)
	require.NoError(t, err)
	require.Equal(t, "held", held.Status, "at %s, with the deadline %s", now, extended.HoldExpiresAt)
	c.RequireSeats(t, booking, eventID, "held")
	c.AwaitEnd(t, 20*time.Second, booking.ID, "expired")
	c.RequireSeats(t, booking, eventID, "available")
}

// Without a payment page a cancelled booking frees its seats in the same moment.
func TestCancel_OK(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Usual)
	pair := s.Customers(t, 2)
	eventID := s.Showing(t)
	booking := pair[0].Hold(t, eventID, 2)
	cancelled, err := pair[0].Cancel(t.Context(), booking.ID)
	require.NoError(t, err)
	require.Equal(t, "cancelled", cancelled.Status)
	s.RequireFree(t, pair[1], booking, eventID)
	_, err = pair[0].Checkout(t.Context(), booking.ID)
	stack.RequireProblem(t, err, http.StatusConflict, "booking-closed")
	run, _ := s.EndedRun(t, booking.ID)
	requireSupportSees(t, run, "cancelled")
}

// With the payment page open, cancelling closes it first.
func TestCancel_OKWithThePageOpen(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Usual)
	pair := s.Customers(t, 2)
	eventID := s.Showing(t)
	booking := pair[0].Hold(t, eventID, 2)
	page, err := pair[0].Checkout(t.Context(), booking.ID)
	require.NoError(t, err)
	_, err = pair[0].Cancel(t.Context(), booking.ID)
	require.NoError(t, err)
	pair[0].AwaitEnd(t, 20*time.Second, booking.ID, "cancelled")
	stack.RequireClosed(t, pair[0], page.URL)
	s.RequireFree(t, pair[1], booking, eventID)
	require.Contains(t, s.AwaitMail(t, pair[0], "Your booking is cancelled").Text, "Nothing was charged.")
	s.EndedRun(t, booking.ID)
}

package e2e

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/stretchr/testify/require"
)

// Who leaves without opening the payment page frees the seats at the deadline.
func TestAbandon_FreesTheSeats(t *testing.T) {
	t.Parallel()
	s := of(t, short)
	pair := s.customers(t, 2)
	eventID := s.showing(t)
	booking := pair[0].hold(t, eventID, 2)
	pair[0].requireSeats(t, booking, eventID, "held")
	s.awaitWaiting(t, booking.ID)
	pair[0].await(t, 20*time.Second, booking.ID, "expired")
	s.requireFree(t, pair[1], booking, eventID)

	run, history := s.endedRun(t, booking.ID)
	requireSupportSees(t, run, "expired")
	require.LessOrEqual(t, len(history), 14, "history events of an abandoned booking")
	t.Logf("an abandoned booking has %d history events", len(history))
	require.Equal(t, []string{"held", "expired"}, s.timeline(t, booking.ID))
	_, err := pair[0].Checkout(t.Context(), booking.ID)
	requireProblem(t, err, http.StatusConflict, "booking-closed")
}

// Who leaves the payment page open finds it closed, and the seats are another's.
func TestAbandon_ClosesTheOpenPage(t *testing.T) {
	t.Parallel()
	s := of(t, short)
	pair := s.customers(t, 2)
	eventID := s.showing(t)
	booking := pair[0].hold(t, eventID, 2)
	s.awaitWaiting(t, booking.ID)
	page, err := pair[0].Checkout(t.Context(), booking.ID)
	require.NoError(t, err)
	require.NoError(t, pair[0].Open(t.Context(), page.URL))
	pair[0].await(t, 20*time.Second, booking.ID, "expired")
	requireClosed(t, pair[0], page.URL)
	s.requireFree(t, pair[1], booking, eventID)

	eventually(t, 20*time.Second, func() error { // the provider tells that the page is closed
		return s.db.QueryRow(t.Context(), `
			SELECT FROM webhook_inbox WHERE booking_id = $1 AND type = 'checkout.session.expired' AND processed_at IS NOT NULL`,
			booking.ID).Scan()
	})
	_, history := s.endedRun(t, booking.ID)
	require.Empty(t, signals(history), "the run that closed the page needs not be told, and no other is started")
	require.LessOrEqual(t, len(history), 19, "history events of a booking whose payment page was left open")
	t.Logf("an abandoned booking with an open page has %d history events", len(history))
	require.Equal(t, []string{"held", "checkout opened", "expired"}, s.timeline(t, booking.ID))
}

// requireClosed asserts that a payment page shows that it is over, and takes no money.
func requireClosed(t *testing.T, c customer, page string) {
	t.Helper()
	var closed *buyer.PageClosed
	require.ErrorAs(t, c.Open(t.Context(), page), &closed)
	require.Equal(t, http.StatusGone, closed.Status)
	_, err := c.Pay(t.Context(), page, c.email, goodCard)
	require.ErrorAs(t, err, &closed)
	require.Equal(t, http.StatusGone, closed.Status)
}

// requireFree asserts that the seats of a booking are shown as free, and that another can have them now.
func (s *system) requireFree(t *testing.T, other customer, booking buyer.Booking, eventID string) {
	t.Helper()
	other.requireSeats(t, booking, eventID, "available")
	var seats []string
	for _, ticket := range booking.Tickets {
		seats = append(seats, ticket.ID)
	}
	again, err := other.Book(t.Context(), "", seats...)
	require.NoError(t, err)
	require.Len(t, again.Tickets, len(seats))
}

// An extended booking outlives its first deadline, and ends at its second.
func TestExtend_OK(t *testing.T) {
	t.Parallel()
	s := of(t, short)
	c := s.customer(t)
	eventID := s.showing(t)
	booking := c.hold(t, eventID, 1)
	extended, err := c.Extend(t.Context(), booking.ID)
	require.NoError(t, err)
	require.Equal(t, booking.HoldExpiresAt.Add(4*time.Second), extended.HoldExpiresAt)

	var now time.Time
	eventually(t, 20*time.Second, func() error {
		if err := s.db.QueryRow(t.Context(), `SELECT boxoffice_now()`).Scan(&now); err != nil {
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
	c.requireSeats(t, booking, eventID, "held")
	c.await(t, 20*time.Second, booking.ID, "expired")
	c.requireSeats(t, booking, eventID, "available")
}

// Without a payment page a cancelled booking frees its seats in the same moment.
func TestCancel_OK(t *testing.T) {
	t.Parallel()
	s := of(t, usual)
	pair := s.customers(t, 2)
	eventID := s.showing(t)
	booking := pair[0].hold(t, eventID, 2)
	cancelled, err := pair[0].Cancel(t.Context(), booking.ID)
	require.NoError(t, err)
	require.Equal(t, "cancelled", cancelled.Status)
	s.requireFree(t, pair[1], booking, eventID)
	_, err = pair[0].Checkout(t.Context(), booking.ID)
	requireProblem(t, err, http.StatusConflict, "booking-closed")
	run, _ := s.endedRun(t, booking.ID)
	requireSupportSees(t, run, "cancelled")
}

// With the payment page open, cancelling closes it first.
func TestCancel_OKWithThePageOpen(t *testing.T) {
	t.Parallel()
	s := of(t, usual)
	pair := s.customers(t, 2)
	eventID := s.showing(t)
	booking := pair[0].hold(t, eventID, 2)
	page, err := pair[0].Checkout(t.Context(), booking.ID)
	require.NoError(t, err)
	_, err = pair[0].Cancel(t.Context(), booking.ID)
	require.NoError(t, err)
	pair[0].await(t, 20*time.Second, booking.ID, "cancelled")
	requireClosed(t, pair[0], page.URL)
	s.requireFree(t, pair[1], booking, eventID)
	s.endedRun(t, booking.ID)
}

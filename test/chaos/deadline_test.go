package chaos

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

const (
	payers    = 1000
	perSecond = 15
	hold      = 4 * time.Second
	early     = 250 * time.Millisecond // before the deadline the first pays
	window    = 2 * time.Second        // after which the last pays: pages close a moment after the deadline, a busy machine's later
	bothSides = 25                     // bookings at least that end this way, and that end that way
)

// A thousand buyers pay in the two seconds in which their time ends and their page is closed. Whoever's money was taken has the
// tickets, or the money back; whoever was refused has nothing to pay; and no seat is stuck.
func TestPaymentAtTheDeadline_IsSoldOrNeverTaken(t *testing.T) {
	s := stack.Own(t, "deadline", stack.Seeded, "BOXOFFICE_HOLD_DURATION="+hold.String(), "BOXOFFICE_CHECKOUT_MINIMUM=0s")
	crowd, seats := s.Customers(t, payers), freeSeats(t, s, payers)
	var sales errgroup.Group
	taken, begins := make([]bool, payers), time.NewTicker(time.Second/perSecond)
	defer begins.Stop()
	for i := range crowd {
		<-begins.C
		sales.Go(func() (err error) {
			taken[i], err = payAtTheDeadline(t, crowd[i], seats[i])
			return err
		})
	}
	require.NoError(t, sales.Wait())
	s.AwaitSettled(t, time.Minute)

	ends := map[string]int{}
	for i, c := range crowd {
		end := endOf(t, s, c)
		ends[end]++
		if taken[i] {
			require.Contains(t, []string{"completed", "refunded"}, end, "the money was taken")
		} else {
			require.Equal(t, "expired", end, "the money was refused")
		}
	}
	t.Logf("%d payments around the deadline: %v", payers, ends)
	require.Greater(t, ends["completed"]+ends["refunded"], bothSides)
	require.Greater(t, ends["expired"], bothSides)
}

// payAtTheDeadline books a seat, opens the page, and pays around the deadline. It tells whether the money was taken.
func payAtTheDeadline(t *testing.T, c stack.Customer, seat string) (taken bool, err error) {
	booking, err := c.Book(t.Context(), "", seat)
	if err != nil {
		return false, err
	}
	page, err := c.Checkout(t.Context(), booking.ID)
	if err != nil {
		return false, err
	}
	moment := time.NewTimer(time.Until(booking.HoldExpiresAt) - early + rand.N(window))
	defer moment.Stop()
	select {
	case <-moment.C:
	case <-t.Context().Done():
		return false, t.Context().Err()
	}
	_, err = c.Pay(t.Context(), page.URL, c.Email, stack.GoodCard)
	if _, closed := errors.AsType[*buyer.PageClosed](err); closed {
		return false, nil
	}
	return err == nil, err
}

// freeSeats gives n seats, each of them one buyer's alone.
func freeSeats(t *testing.T, s *stack.System, n int) (seats []string) {
	t.Helper()
	for len(seats) < n {
		_, free, err := s.Customer(t).Event(t.Context(), s.Showing(t))
		require.NoError(t, err)
		for _, seat := range free {
			if !seat.Accessible {
				seats = append(seats, seat.ID)
			}
		}
	}
	return seats[:n]
}

// endOf gives what the only booking of a customer has come to.
func endOf(t *testing.T, s *stack.System, c stack.Customer) (status string) {
	t.Helper()
	err := s.DB.QueryRow(t.Context(), `SELECT status FROM bookings WHERE user_id = $1`, c.ID).Scan(&status)
	require.NoError(t, err, c.Name)
	return status
}

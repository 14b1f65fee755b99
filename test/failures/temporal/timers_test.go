package temporal

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/stretchr/testify/require"
)

// pastEveryBackstop is longer than seats stay held for a payment page: 35 minutes of the page, and 5 for its news.
const pastEveryBackstop = 41 * time.Minute

// Nobody closes a page, for no worker runs, until even the backstop of its seats has passed, and another has bought them:
// the money whose news comes after that goes back.
func TestTimerLate_TheSeatsAreAnothersAndTheMoneyGoesBack(t *testing.T) {
	s := stack.Of(t, bare)
	late, booking, page := forgotten(t, s)
	other := s.Customer(t)
	taken, err := other.Book(t.Context(), "", ids(booking)...)
	require.NoError(t, err, "the database's clock frees the seats")
	other.PayFor(t, taken.ID)
	_, err = late.Pay(t.Context(), page, late.Email, stack.GoodCard)
	require.NoError(t, err)
	late.AwaitPaid(t, booking.ID)
	other.AwaitPaid(t, taken.ID)

	s.SpawnWorker(t)
	back := time.Now()
	late.AwaitEnd(t, 30*time.Second, booking.ID, "refunded")
	t.Logf("refunded %s after a worker was back", time.Since(back).Round(100*time.Millisecond))
	taken = other.AwaitEnd(t, 30*time.Second, taken.ID, "completed")
	s.RequireRefundedOnce(t, late, booking)
	s.RequireSoldOnce(t, other, taken)
	s.AwaitSettled(t, 30*time.Second)
}

// The same while Temporal is away, and was when the worker was started: where nobody took the seats meanwhile, the late
// money still buys them.
func TestTimerLate_TheSeatsAreFreeAndAreSold(t *testing.T) {
	s := stack.Of(t, bare)
	s.ToTemporal.Refuse(t)
	w := s.SpawnWorker(t)
	late, booking, page := forgotten(t, s)
	_, err := late.Pay(t.Context(), page, late.Email, stack.GoodCard)
	require.NoError(t, err)
	late.AwaitPaid(t, booking.ID)
	_, endless := s.Backstop(t, booking.ID)
	require.True(t, endless, "from now on they are nobody else's")
	stack.Eventually(t, 20*time.Second, func() error {
		if !strings.Contains(w.LogTail(10_000), "Temporal does not answer yet") {
			return errors.New("the worker does not wait yet")
		}
		return w.Err()
	})

	s.ToTemporal.Mend(t)
	back := time.Now()
	booking = late.AwaitEnd(t, 60*time.Second, booking.ID, "completed")
	t.Logf("sold %s after Temporal was back", time.Since(back).Round(100*time.Millisecond))
	s.RequireSoldOnce(t, late, booking)
	s.RequireChargedOnce(t, booking.ID)
	s.AwaitSettled(t, 30*time.Second)
}

// forgotten gives a booking whose payment page nobody closed in time, at a moment behind the backstop of its seats. The
// provider's clock stays behind the database's: what is paid to it now was paid before the page's end, and its news is late.
func forgotten(t *testing.T, s *stack.System) (stack.Customer, buyer.Booking, string) {
	t.Helper()
	c := s.Customer(t)
	booking := c.Hold(t, s.Showing(t), 2)
	page, err := c.Checkout(t.Context(), booking.ID)
	require.NoError(t, err)
	s.SetClockAhead(t, pastEveryBackstop)
	return c, booking, page.URL
}

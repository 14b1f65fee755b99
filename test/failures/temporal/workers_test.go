package temporal

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/stretchr/testify/require"
)

const (
	bareHold  = 4 * time.Second
	bareGrace = 5 * time.Second
)

// bare is the system whose workers and whose way to Temporal are the tests'. Tests of it run one after the other, and leave
// nothing unfinished.
var bare = sync.OnceValues(func() (*stack.System, error) {
	return stack.StartBehindProxies("bare", stack.Bare, append(brief(bareHold), "BOXOFFICE_HOLD_GRACE="+bareGrace.String())...)
})

// sales are bookings of which a test sees what becomes of them, made while something is away.
type sales struct {
	*stack.System
	eventID                   string
	payer, leaver, pageLeaver stack.Customer
	paid, left, open          buyer.Booking
	page                      string
}

// sellWithout makes a booking that is paid, one that is left, and one that is left with its payment page open, while
// nothing goes on but the API and the database. Nobody waits; the money keeps its seats.
func sellWithout(t *testing.T, s *stack.System) *sales {
	t.Helper()
	crowd, eventID := s.Customers(t, 3), s.Showing(t)
	pairs := s.Pairs(t, eventID, 3)
	w := &sales{System: s, eventID: eventID, payer: crowd[0], leaver: crowd[1], pageLeaver: crowd[2]}
	w.paid, w.left, w.open = w.payer.BookAtOnce(t, pairs[0]), w.leaver.BookAtOnce(t, pairs[1]), w.pageLeaver.BookAtOnce(t, pairs[2])
	page := checkoutAtOnce(t, w.payer, w.paid.ID)
	_, err := w.payer.Pay(t.Context(), page, w.payer.Email, stack.GoodCard)
	require.NoError(t, err)
	w.page = checkoutAtOnce(t, w.pageLeaver, w.open.ID)
	w.payer.AwaitPaid(t, w.paid.ID)
	_, endless := s.Backstop(t, w.paid.ID)
	require.True(t, endless, "money has come: its seats never free themselves")
	return w
}

// outlast waits, by the database's clock and while nothing goes on, until the holds are over, and then until those of the
// next are: the seats of who left become another's, twice, and no other seat does. It gives the last one's booking.
func (w *sales) outlast(t *testing.T) (other stack.Customer, booking buyer.Booking) {
	t.Helper()
	booking = w.left
	for range 2 {
		until, endless := w.Backstop(t, booking.ID)
		require.False(t, endless)
		require.WithinDuration(t, booking.HoldExpiresAt.Add(bareGrace), until, 0)
		other = w.Customer(t)
		_, err := other.Book(t.Context(), "", ids(booking)...)
		stack.RequireProblem(t, err, http.StatusConflict, "seats-taken")
		taken := other.AwaitBookable(t, bareHold+bareGrace+10*time.Second, ids(booking)...)
		booking, err = other.Booking(t.Context(), taken)
		require.NoError(t, err)
		require.False(t, booking.HoldExpiresAt.Before(until.Add(bareHold)), "taken before the backstop")
	}
	for _, kept := range []buyer.Booking{w.paid, w.open} {
		_, err := w.Customer(t).Book(t.Context(), "", ids(kept)...)
		stack.RequireProblem(t, err, http.StatusConflict, "seats-taken")
	}
	return other, booking
}

// settle sees every booking come to its end.
func (w *sales) settle(t *testing.T) {
	t.Helper()
	w.paid = w.payer.AwaitEnd(t, 60*time.Second, w.paid.ID, "completed")
	w.leaver.AwaitEnd(t, 60*time.Second, w.left.ID, "expired")
	w.pageLeaver.AwaitEnd(t, 60*time.Second, w.open.ID, "expired")
	stack.RequireClosed(t, w.pageLeaver, w.page)
	w.RequireSoldOnce(t, w.payer, w.paid)
	w.RequireChargedOnce(t, w.paid.ID)
}

// With no worker at all seats are sold as ever: nobody waits, money is written down and keeps its seats, and holds end by
// the database's clock. When a worker is there again, every booking comes to its end.
func TestWorkersDown_SeatsAreSoldAndAllSettlesAfter(t *testing.T) {
	s := stack.Of(t, bare)
	sold := sellWithout(t, s)
	other, taken := sold.outlast(t)
	other.PayFor(t, taken.ID)
	other.AwaitPaid(t, taken.ID)

	s.SpawnWorker(t)
	back := time.Now()
	sold.settle(t)
	taken = other.AwaitEnd(t, 30*time.Second, taken.ID, "completed")
	s.RequireSoldOnce(t, other, taken)
	s.AwaitSettled(t, 30*time.Second)
	t.Logf("all settled %s after a worker was back", time.Since(back).Round(100*time.Millisecond))
}

// checkoutAtOnce opens the payment page, and asserts that nobody waited for a server that is away.
func checkoutAtOnce(t *testing.T, c stack.Customer, bookingID string) (page string) {
	t.Helper()
	stack.AtOnce(t, "the payment page", func() {
		opened, err := c.Checkout(t.Context(), bookingID)
		require.NoError(t, err)
		page = opened.URL
	})
	return page
}

// ids gives the tickets of a booking.
func ids(booking buyer.Booking) []string {
	var list []string
	for _, ticket := range booking.Tickets {
		list = append(list, ticket.ID)
	}
	return list
}

package temporal

import (
	"syscall"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/stretchr/testify/require"
)

// brief are the settings of systems whose holds end after a moment, and can be extended by minutes.
func brief(hold time.Duration) []string {
	return []string{"BOXOFFICE_HOLD_DURATION=" + hold.String(), "BOXOFFICE_CHECKOUT_MINIMUM=0s", "BOXOFFICE_HOLD_EXTENSION=5m"}
}

// Temporal loses all that it has stored, while bookings are in every state. A payment starts the run of its booking, the
// sweep that of each that is overdue, and all come to their right end.
func TestTemporalStoreLost_EveryBookingComesToItsEnd(t *testing.T) {
	t.Parallel()
	s := stack.Own(t, "lost", stack.Seeded, brief(4*time.Second)...)
	called, alsoCalled, points := s.Showing(t), s.Showing(t), stack.Points(s.Failpoints)
	payer, later := waiting(t, s)
	paid, unconfirmed := waiting(t, s)
	atBank, owed := s.Customer(t), s.Customer(t)
	asked, unasked := waitingFor(t, s, atBank, called), waitingFor(t, s, owed, alsoCalled)
	left, unpaid := briefly(t, s)
	leaver, opened := briefly(t, s)
	page, err := leaver.Checkout(t.Context(), opened.ID)
	require.NoError(t, err)

	s.SetOnSale(t, called, false)
	s.SetOnSale(t, alsoCalled, false)
	refundAsked(t, s, atBank, asked)
	points.Arm(t, stack.BeforeRefund)
	owed.PayFor(t, unasked.ID)
	points.AwaitAt(t, stack.BeforeRefund)
	worker := s.Signal(t, "worker", syscall.SIGSTOP)
	paid.PayFor(t, unconfirmed.ID)
	paid.AwaitPaid(t, unconfirmed.ID)
	s.LoseTemporalStore(t, "")
	lost := time.Now()
	points.Disarm(t, stack.BeforeRefund)
	require.NoError(t, syscall.Kill(worker, syscall.SIGKILL)) // or it would finish what it was given before
	s.AwaitNoRun(t, later.ID)

	payer.PayFor(t, later.ID)
	later = payer.AwaitEnd(t, 60*time.Second, later.ID, "completed")
	unconfirmed = paid.AwaitEnd(t, 60*time.Second, unconfirmed.ID, "completed")
	t.Logf("what was paid was completed %s after the loss", time.Since(lost).Round(100*time.Millisecond))
	owed.AwaitEnd(t, 120*time.Second, unasked.ID, "refunded")
	atBank.AwaitEnd(t, 60*time.Second, asked.ID, "refunded")
	left.AwaitEnd(t, 90*time.Second, unpaid.ID, "expired")
	leaver.AwaitEnd(t, 60*time.Second, opened.ID, "expired")
	t.Logf("what was owed was given back, and what was left was freed, %s after", time.Since(lost).Round(100*time.Millisecond))
	stack.RequireClosed(t, leaver, page.URL)
	s.RequireSoldOnce(t, payer, later)
	s.RequireSoldOnce(t, paid, unconfirmed)
	s.RequireRefundedOnce(t, owed, unasked)
	s.RequireRefundedOnce(t, atBank, asked)
	s.AwaitSettled(t, 30*time.Second)
}

// refundAsked pays for a booking that cannot be sold, and leaves it when the provider was asked for its money: the news that
// the bank has given it back comes late.
func refundAsked(t *testing.T, s *stack.System, c stack.Customer, booking buyer.Booking) {
	t.Helper()
	stack.Breaks(t, s.Stripe(), stack.Fault{Target: "webhook", Kind: "delay", Event: "charge.refund.updated", DelayMS: 15_000})
	page, err := c.Checkout(t.Context(), booking.ID)
	require.NoError(t, err)
	_, err = c.Pay(t.Context(), page.URL, c.Email, stack.SlowRefundCard)
	require.NoError(t, err)
	stack.Eventually(t, 30*time.Second, func() error {
		return s.DB.QueryRow(t.Context(), `SELECT FROM refunds r JOIN payments p ON p.id = r.payment_id
			WHERE p.booking_id = $1 AND r.provider_id IS NOT NULL AND r.state = 'pending'`, booking.ID).Scan()
	})
}

// Temporal is put back to what it had stored earlier. Runs that it takes for open find their booking done; bookings that it
// never heard of, or whose run had gone on since, come to their end as well.
func TestTemporalStoreOlder_EveryBookingComesToItsEnd(t *testing.T) {
	t.Parallel()
	s := stack.Own(t, "older", stack.Seeded, brief(8*time.Second)...)
	sold, done := briefly(t, s)
	refunded, undone := briefly(t, s)
	extended, longer := briefly(t, s)
	copied := s.CopyTemporalStore(t)

	sold.PayFor(t, done.ID)
	s.CancelEvent(t, s.EventOf(t, undone.ID))
	refunded.PayFor(t, undone.ID)
	_, err := extended.Extend(t.Context(), longer.ID)
	require.NoError(t, err)
	done = sold.AwaitEnd(t, 30*time.Second, done.ID, "completed")
	refunded.AwaitEnd(t, 30*time.Second, undone.ID, "refunded")
	s.AwaitSettled(t, 30*time.Second, done.ID, undone.ID)
	awaitTimers(t, s, longer.ID, 2) // the run has found out that there is more time, which the copy does not know
	rows := s.RowsOf(t, done.ID, undone.ID)
	paid, unknown := waiting(t, s)
	s.LoseTemporalStore(t, copied)
	lost := time.Now()
	s.AwaitNoRun(t, unknown.ID)

	paid.PayFor(t, unknown.ID)
	extended.PayFor(t, longer.ID)
	longer = extended.AwaitEnd(t, 60*time.Second, longer.ID, "completed")
	unknown = paid.AwaitEnd(t, 60*time.Second, unknown.ID, "completed")
	t.Logf("what was paid was completed %s after the restore", time.Since(lost).Round(100*time.Millisecond))
	for _, booking := range []buyer.Booking{done, undone, longer, unknown} {
		s.EndedRun(t, booking.ID)
	}
	t.Logf("every run had ended %s after the restore", time.Since(lost).Round(100*time.Millisecond))
	s.AwaitSettled(t, 30*time.Second)
	require.Equal(t, rows, s.RowsOf(t, done.ID, undone.ID))
	s.RequireSoldOnce(t, sold, done)
	s.RequireRefundedOnce(t, refunded, undone)
	s.RequireSoldOnce(t, extended, longer)
	s.RequireSoldOnce(t, paid, unknown)
}

// briefly gives a booking whose run waits, with no more time than a hold has.
func briefly(t *testing.T, s *stack.System) (stack.Customer, buyer.Booking) {
	t.Helper()
	c := s.Customer(t)
	booking := c.Hold(t, s.Showing(t), 2)
	s.AwaitWaiting(t, booking.ID)
	return c, booking
}

package temporal

import (
	"errors"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/boxoffice/boxoffice/worker"
	"github.com/stretchr/testify/require"
)

// A worker stands still in front of a transaction, longer than Temporal waits for it, and another does its work; seats that
// were freed are sold to others. When the first goes on, it does not notice how late it is, and what it writes is refused
// or changes nothing: in a booking that a later run has, and in those of its own run.
func TestWorkerFrozen_WhatItWritesLateChangesNothing(t *testing.T) {
	t.Parallel()
	s := stack.Own(t, "frozen", stack.Bare, brief(bareHold)...)
	frozen := s.SpawnWorker(t)
	called := s.Showing(t)
	undone := s.Customer(t)
	undoing := waitingFor(t, s, undone, called)
	issued, issuing := waiting(t, s)
	left, closing := waiting(t, s)
	steps := []string{"Compensate", "IssueTickets", "ConfirmSeats", "CloseCheckout"}

	s.SetOnSale(t, called, false)
	standAt(t, frozen, "Compensate", func() { undone.PayFor(t, undoing.ID) })
	standAt(t, frozen, "IssueTickets", func() { issued.PayFor(t, issuing.ID) })
	sold, selling := s.Customer(t), buyer.Booking{}
	standAt(t, frozen, "ConfirmSeats", func() { // in the first task of its run, which the other worker does anew
		frozen.Freeze(t)
		selling = sold.Hold(t, s.Showing(t), 2)
		sold.PayFor(t, selling.ID)
		sold.AwaitPaid(t, selling.ID)
		frozen.Thaw(t)
	})
	_, err := left.Checkout(t.Context(), closing.ID)
	require.NoError(t, err)
	standAt(t, frozen, "CloseCheckout", func() {
		_, err := left.Cancel(t.Context(), closing.ID)
		require.NoError(t, err)
	})
	frozen.Freeze(t)

	stood := time.Now()
	s.SpawnWorker(t)
	sold.AwaitEnd(t, 60*time.Second, selling.ID, "completed")
	issued.AwaitEnd(t, 60*time.Second, issuing.ID, "completed")
	undone.AwaitEnd(t, 60*time.Second, undoing.ID, "refunded")
	left.AwaitEnd(t, 60*time.Second, closing.ID, "cancelled")
	t.Logf("another worker had done it all %s after the first had stopped", time.Since(stood).Round(100*time.Millisecond))
	s.SetOnSale(t, called, true)
	all := []string{selling.ID, issuing.ID, undoing.ID, closing.ID, bought(t, s, undoing), bought(t, s, closing)}
	s.AwaitSettled(t, 30*time.Second)
	awaitRefundTold(t, s)

	before := s.RowsOf(t, all...)
	for _, step := range steps {
		frozen.Arm(t, worker.PointAfter(step))
		frozen.Disarm(t, worker.PointStale(step))
	}
	frozen.Thaw(t)
	for _, step := range steps {
		frozen.AwaitAt(t, worker.PointAfter(step))
	}
	require.Equal(t, before, s.RowsOf(t, all...))
	require.Contains(t, frozen.LogTail(100_000), `"a step was refused: another run has the booking","process":"worker","step":"ConfirmSeats"`)
	require.Equal(t, stack.Money{Charges: 1, Refunds: 1}, s.MoneyOf(t, undoing.ID))
	s.RequireChargedOnce(t, selling.ID)
	for _, step := range steps {
		frozen.Disarm(t, worker.PointAfter(step))
	}
}

// awaitRefundTold waits until the provider's news of a refund has had its effect: it is noted with the refund.
func awaitRefundTold(t *testing.T, s *stack.System) {
	t.Helper()
	stack.Eventually(t, time.Minute, func() error {
		var told int
		err := s.DB.QueryRow(t.Context(), `SELECT count(*) FROM webhook_inbox WHERE type LIKE 'charge.refund%' AND processed_at IS NOT NULL`).Scan(&told)
		if err == nil && told == 0 {
			err = errors.New("no webhook has told of the refund")
		}
		return err
	})
}

// standAt lets the worker do what leads it to a step, and stand in front of it.
func standAt(t *testing.T, w *stack.Worker, step string, lead func()) {
	t.Helper()
	w.Arm(t, worker.PointStale(step))
	lead()
	w.AwaitAt(t, worker.PointStale(step))
}

// bought has somebody buy the seats that a booking has let go.
func bought(t *testing.T, s *stack.System, gone buyer.Booking) (bookingID string) {
	t.Helper()
	c := s.Customer(t)
	bookingID = c.AwaitBookable(t, 10*time.Second, ids(gone)...)
	c.PayFor(t, bookingID)
	booking := c.AwaitEnd(t, 30*time.Second, bookingID, "completed")
	s.RequireSoldOnce(t, c, booking)
	return bookingID
}

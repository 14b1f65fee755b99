package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/bookings"
	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/require"
)

// The tests of this file kill parts of a shared system. They run one after the other, before those that run at once.

// The API dies between the commit of a hold and the start of its run: the sweep starts it.
func TestKillAPI_AfterTheHoldTheSweepStartsTheRun(t *testing.T) {
	s := stack.Of(t, stack.Usual)
	c := s.Customer(t)
	eventID := s.Showing(t)
	seats := c.FreeSeats(t, eventID, 2)
	_, led := s.KillAt(t, "api", bookings.PointHeldNotStarted, func() error {
		_, err := c.Book(t.Context(), "once", seats...)
		return err
	})
	require.Error(t, led)
	s.AwaitReady(t)

	booking, err := c.Book(t.Context(), "once", seats...)
	require.NoError(t, err, "the buyer tries again")
	require.Equal(t, []string{booking.ID}, c.BookingIDs(t))
	s.AwaitWaiting(t, booking.ID)
	require.Equal(t, []string{workflows.SignalSweep}, stack.Signals(s.History(t, booking.ID)), "what started the run")
	c.PayFor(t, booking.ID)
	booking = c.AwaitEnd(t, 20*time.Second, booking.ID, "completed")
	s.RequireSoldOnce(t, c, booking)
}

// The API dies after it has stored a payment and before it wakes the run: the provider tells it again, or the sweep does.
func TestKillAPI_AfterThePaymentIsStored(t *testing.T) {
	s := stack.Of(t, stack.Usual)
	c := s.Customer(t)
	booking := c.Hold(t, s.Showing(t), 2)
	s.AwaitWaiting(t, booking.ID)
	page, err := c.Checkout(t.Context(), booking.ID)
	require.NoError(t, err)
	killed, led := s.KillAt(t, "api", bookings.PointPaidNotWoken, func() error {
		_, err := c.Pay(t.Context(), page.URL, c.Email, stack.GoodCard)
		return err
	})
	require.NoError(t, led, "the page does not wait for us")
	s.AwaitReady(t)
	booking = c.AwaitEnd(t, 60*time.Second, booking.ID, "completed")
	t.Logf("completed %s after the kill", time.Since(killed).Round(100*time.Millisecond))
	s.RequireSoldOnce(t, c, booking)
}

// The worker dies just before the money comes.
func TestKillWorker_BeforeThePayment(t *testing.T) {
	s := stack.Of(t, stack.Usual)
	c, booking, page := s.AboutToPay(t)
	pid := s.Signal(t, "worker", syscall.SIGKILL)
	_, err := c.Pay(t.Context(), page, c.Email, stack.GoodCard)
	require.NoError(t, err)
	killed := time.Now()
	booking = c.AwaitEnd(t, 60*time.Second, booking.ID, "completed")
	t.Logf("completed %s after the kill", time.Since(killed).Round(100*time.Millisecond))
	s.AwaitRestart(t, "worker", pid)
	s.RequireSoldOnce(t, c, booking)
	_, history := s.EndedRun(t, booking.ID)
	t.Logf("%d history events", len(history))
}

// The worker hangs while the money comes, takes its work with it, and dies.
func TestKillWorker_AfterThePayment(t *testing.T) {
	s := stack.Of(t, stack.Usual)
	c, booking, page := s.AboutToPay(t)
	pid := s.Signal(t, "worker", syscall.SIGSTOP)
	_, err := c.Pay(t.Context(), page, c.Email, stack.GoodCard)
	require.NoError(t, err)
	stack.Eventually(t, 20*time.Second, func() error {
		paid, err := c.Booking(t.Context(), booking.ID)
		if err == nil && paid.Payment != "paid" {
			err = fmt.Errorf("the payment is %s", paid.Payment)
		}
		return err
	})
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	killed := time.Now()
	s.AwaitRestart(t, "worker", pid)
	booking = c.AwaitEnd(t, 60*time.Second, booking.ID, "completed")
	t.Logf("completed %s after the kill", time.Since(killed).Round(100*time.Millisecond))
	s.RequireSoldOnce(t, c, booking)
}

// While Temporal hangs and when it is dead, seats are sold as ever; the runs come when it does.
func TestKillTemporal_BookingsGoOn(t *testing.T) {
	s := stack.Of(t, stack.Usual)
	crowd := s.Customers(t, 2)
	eventID := s.Showing(t)
	seats := crowd[0].FreeSeats(t, eventID, 4)

	pid := s.Signal(t, "temporal", syscall.SIGSTOP)
	hanging := crowd[0].BookAtOnce(t, seats[:2])
	crowd[0].PayFor(t, hanging.ID)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	dead := crowd[1].BookAtOnce(t, seats[2:])
	killed := time.Now()
	s.AwaitRestart(t, "temporal", pid)
	s.AwaitReady(t)
	crowd[1].PayFor(t, dead.ID)
	hanging = crowd[0].AwaitEnd(t, 60*time.Second, hanging.ID, "completed")
	dead = crowd[1].AwaitEnd(t, 60*time.Second, dead.ID, "completed")
	t.Logf("both completed %s after the kill", time.Since(killed).Round(100*time.Millisecond))
	s.RequireSoldOnce(t, crowd[0], hanging)
	s.RequireSoldOnce(t, crowd[1], dead)
}

// Postgres dies just before the money comes: buyers are asked to try again, and the provider tells of the payment later.
func TestKillPostgres_BeforeThePayment(t *testing.T) {
	s := stack.Of(t, stack.Usual)
	c, booking, page := s.AboutToPay(t)
	pid := s.Signal(t, "postgres", syscall.SIGKILL)
	_, err := c.Pay(t.Context(), page, c.Email, stack.GoodCard)
	require.NoError(t, err)
	killed := time.Now()
	refused := map[int]int{}
	stack.Eventually(t, 60*time.Second, func() error {
		seen, err := c.Booking(t.Context(), booking.ID)
		if problem, ok := errors.AsType[*buyer.Problem](err); ok {
			refused[problem.Status]++
		}
		if err == nil && seen.Status != "completed" {
			err = fmt.Errorf("the booking is %s", seen.Status)
		}
		return err
	})
	t.Logf("completed %s after the kill; meanwhile requests were answered %v", time.Since(killed).Round(100*time.Millisecond), refused)
	for status := range refused {
		require.Equal(t, http.StatusServiceUnavailable, status)
	}
	s.AwaitRestart(t, "postgres", pid)
	s.RequireSoldOnce(t, c, booking)
}

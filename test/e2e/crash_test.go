package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/bookings"
	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/require"
)

// The tests of this file kill parts of a shared system. They run one after the other, before those that run at once.

// The API dies between the commit of a hold and the start of its run: the sweep starts it.
func TestKillAPI_AfterTheHoldTheSweepStartsTheRun(t *testing.T) {
	s := of(t, usual)
	c := s.customer(t)
	eventID := s.showing(t)
	seats := c.seats(t, eventID, 2)
	s.killAPIAt(t, bookings.PointHeldNotStarted, func() error {
		_, err := c.Book(t.Context(), "once", seats...)
		return err
	})
	s.awaitReady(t)

	booking, err := c.Book(t.Context(), "once", seats...)
	require.NoError(t, err, "the buyer tries again")
	require.Equal(t, []string{booking.ID}, c.list(t))
	s.awaitWaiting(t, booking.ID)
	require.Equal(t, []string{workflows.SignalSweep}, signals(s.history(t, booking.ID)), "what started the run")
	c.payFor(t, booking.ID)
	booking = c.await(t, 20*time.Second, booking.ID, "completed")
	s.requireSoldOnce(t, c, booking)
}

// The API dies after it has stored a payment and before it wakes the run: the provider tells it again, or the sweep does.
func TestKillAPI_AfterThePaymentIsStored(t *testing.T) {
	s := of(t, usual)
	c := s.customer(t)
	booking := c.hold(t, s.showing(t), 2)
	s.awaitWaiting(t, booking.ID)
	page, err := c.Checkout(t.Context(), booking.ID)
	require.NoError(t, err)
	s.killAPIAt(t, bookings.PointPaidNotWoken, func() error {
		_, err := c.Pay(t.Context(), page.URL, c.email, goodCard)
		return errors.Join(err, errExpected) // the page does not wait for us
	})
	killed := time.Now()
	s.awaitReady(t)
	booking = c.await(t, 60*time.Second, booking.ID, "completed")
	t.Logf("completed %s after the kill", time.Since(killed).Round(100*time.Millisecond))
	s.requireSoldOnce(t, c, booking)
}

var errExpected = errors.New("expected")

// killAPIAt arms a failpoint, does what leads there, kills the API once it stands there, and asserts that it did. What was
// under way must fail, and is waited for.
func (s *system) killAPIAt(t *testing.T, point string, lead func() error) {
	t.Helper()
	armed := filepath.Join(s.failpoints, point)
	require.NoError(t, os.WriteFile(armed, nil, 0o600))
	underWay := make(chan error, 1)
	go func() { underWay <- lead() }()
	eventually(t, 20*time.Second, func() error {
		said, err := os.ReadFile(armed + ".reached")
		if err != nil {
			return err
		}
		pid, err := s.pid("api")
		if err == nil && string(said) != strconv.Itoa(pid) {
			err = fmt.Errorf("process %s stands at %s, not the API's %d", said, point, pid)
		}
		return err
	})
	pid := s.signal(t, "api", syscall.SIGKILL)
	require.Error(t, <-underWay)
	require.NoError(t, errors.Join(os.Remove(armed), os.Remove(armed+".reached")))
	s.awaitRestart(t, "api", pid)
}

// The worker dies just before the money comes.
func TestKillWorker_BeforeThePayment(t *testing.T) {
	s := of(t, usual)
	c, booking, page := s.aboutToPay(t)
	pid := s.signal(t, "worker", syscall.SIGKILL)
	_, err := c.Pay(t.Context(), page, c.email, goodCard)
	require.NoError(t, err)
	killed := time.Now()
	booking = c.await(t, 60*time.Second, booking.ID, "completed")
	t.Logf("completed %s after the kill", time.Since(killed).Round(100*time.Millisecond))
	s.awaitRestart(t, "worker", pid)
	s.requireSoldOnce(t, c, booking)
	_, history := s.endedRun(t, booking.ID)
	t.Logf("%d history events", len(history))
}

// The worker hangs while the money comes, takes its work with it, and dies.
func TestKillWorker_AfterThePayment(t *testing.T) {
	s := of(t, usual)
	c, booking, page := s.aboutToPay(t)
	pid := s.signal(t, "worker", syscall.SIGSTOP)
	_, err := c.Pay(t.Context(), page, c.email, goodCard)
	require.NoError(t, err)
	eventually(t, 20*time.Second, func() error {
		paid, err := c.Booking(t.Context(), booking.ID)
		if err == nil && paid.Payment != "paid" {
			err = fmt.Errorf("the payment is %s", paid.Payment)
		}
		return err
	})
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	killed := time.Now()
	s.awaitRestart(t, "worker", pid)
	booking = c.await(t, 60*time.Second, booking.ID, "completed")
	t.Logf("completed %s after the kill", time.Since(killed).Round(100*time.Millisecond))
	s.requireSoldOnce(t, c, booking)
}

// aboutToPay gives a customer before the open payment page of two seats.
func (s *system) aboutToPay(t *testing.T) (customer, buyer.Booking, string) {
	t.Helper()
	c := s.customer(t)
	booking := c.hold(t, s.showing(t), 2)
	s.awaitWaiting(t, booking.ID)
	page, err := c.Checkout(t.Context(), booking.ID)
	require.NoError(t, err)
	return c, booking, page.URL
}

// While Temporal hangs and when it is dead, seats are sold as ever; the runs come when it does.
func TestKillTemporal_BookingsGoOn(t *testing.T) {
	s := of(t, usual)
	crowd := s.customers(t, 2)
	eventID := s.showing(t)
	seats := crowd[0].seats(t, eventID, 4)

	pid := s.signal(t, "temporal", syscall.SIGSTOP)
	hanging := crowd[0].bookAtOnce(t, seats[:2])
	crowd[0].payFor(t, hanging.ID)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	dead := crowd[1].bookAtOnce(t, seats[2:])
	killed := time.Now()
	s.awaitRestart(t, "temporal", pid)
	s.awaitReady(t)
	crowd[1].payFor(t, dead.ID)
	hanging = crowd[0].await(t, 60*time.Second, hanging.ID, "completed")
	dead = crowd[1].await(t, 60*time.Second, dead.ID, "completed")
	t.Logf("both completed %s after the kill", time.Since(killed).Round(100*time.Millisecond))
	s.requireSoldOnce(t, crowd[0], hanging)
	s.requireSoldOnce(t, crowd[1], dead)
}

// bookAtOnce books, and asserts that nobody waited for a server that is away.
func (c customer) bookAtOnce(t *testing.T, seats []string) buyer.Booking {
	t.Helper()
	began := time.Now()
	answer, err := c.Ask(t.Context(), http.MethodPost, "/book", "", seats)
	took := time.Since(began)
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, answer.Status, string(answer.Body))
	require.Less(t, took, time.Second)
	t.Logf("booked in %s", took.Round(time.Millisecond))
	ids := c.list(t)
	require.Len(t, ids, 1)
	booking, err := c.Booking(t.Context(), ids[0])
	require.NoError(t, err)
	return booking
}

// Postgres dies just before the money comes: buyers are asked to try again, and the provider tells of the payment later.
func TestKillPostgres_BeforeThePayment(t *testing.T) {
	s := of(t, usual)
	c, booking, page := s.aboutToPay(t)
	pid := s.signal(t, "postgres", syscall.SIGKILL)
	_, err := c.Pay(t.Context(), page, c.email, goodCard)
	require.NoError(t, err)
	killed := time.Now()
	refused := map[int]int{}
	eventually(t, 60*time.Second, func() error {
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
	s.awaitRestart(t, "postgres", pid)
	s.requireSoldOnce(t, c, booking)
}

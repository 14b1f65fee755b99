package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/worker"
	"github.com/stretchr/testify/require"
)

// The points around calls to the outside, as the program names them.
const (
	beforeCreateSession = "provider-create-session-before"
	afterCreateSession  = "provider-create-session-after"
	beforeExpireSession = "provider-expire-session-before"
	afterExpireSession  = "provider-expire-session-after"
	beforeRefund        = "provider-refund-before"
	afterRefund         = "provider-refund-after"
	beforePutFile       = "files-put-before"
	afterPutFile        = "files-put-after"
	beforeSendMail      = "mail-send-before"
	afterSendMail       = "mail-send-after"
)

// killAt arms a point, does what leads a child there, kills the child that stands there, and sees that another takes its
// place. It gives what the lead came to, and when the child died.
func (s *system) killAt(t *testing.T, child, point string, lead func() error) (killed time.Time, led error) {
	t.Helper()
	armed := filepath.Join(s.failpoints, point)
	require.NoError(t, os.WriteFile(armed, nil, 0o600))
	t.Cleanup(func() { _ = os.Remove(armed) }) // or it would stop the next test, where this one fails
	underWay := make(chan error, 1)
	go func() { underWay <- lead() }()
	eventually(t, 30*time.Second, func() error {
		said, err := os.ReadFile(armed + ".reached")
		if err != nil {
			return err
		}
		pid, err := s.pid(child)
		if err == nil && string(said) != strconv.Itoa(pid) {
			err = fmt.Errorf("process %s stands at %s, not the %s, %d", said, point, child, pid)
		}
		return err
	})
	// Killed first and disarmed then, so that nothing gets past the point; the next process takes longer than that.
	pid := s.signal(t, child, syscall.SIGKILL)
	killed = time.Now()
	require.NoError(t, errors.Join(os.Remove(armed), os.Remove(armed+".reached")))
	led = <-underWay
	s.awaitRestart(t, child, pid)
	return killed, led
}

// hit is a booking under way when a child was killed.
type hit struct {
	customer
	booking buyer.Booking
	point   string
	killed  time.Time
}

// payAndKillWorker has the customer pay, for new seats where there is no booking yet, and kills the worker at the point.
// What was hit before is still coming to itself then, and may be hit again.
func (h *hit) payAndKillWorker(t *testing.T, s *system, seats ...string) {
	t.Helper()
	killed, led := s.killAt(t, "worker", h.point, func() (err error) {
		if len(seats) > 0 {
			if h.booking, err = h.Book(t.Context(), "", seats...); err != nil {
				return err
			}
		}
		page, err := h.Checkout(t.Context(), h.booking.ID)
		if err == nil {
			_, err = h.Pay(t.Context(), page.URL, h.email, goodCard)
		}
		return err
	})
	require.NoError(t, led, "%s: the buyer notices nothing", h.point)
	h.killed = killed
}

// settled waits until what was hit has come to its end, and tells how long that took from the kill.
func (h hit) settled(t *testing.T, s *system, status string) {
	t.Helper()
	s.awaitStatus(t, h.customer, h.booking.ID, status)
	run, _ := s.endedRun(t, h.booking.ID)
	require.NotNil(t, run.WorkflowCloseTime)
	t.Logf("%s, with all that comes after, %s after the kill at %s", status, run.WorkflowCloseTime.Sub(h.killed).Round(100*time.Millisecond), h.point)
}

// A worker killed at either edge of each step of a sale, and around each call to the outside, delays sales and changes
// nothing else: one charge, one set of tickets, one mail at least.
func TestKillWorkerAtEveryPoint(t *testing.T) {
	s := of(t, usual)
	eventID := s.showing(t)
	points := []string{
		worker.PointBefore("HoldSeats"), worker.PointAfter("HoldSeats"),
		worker.PointBefore("ConfirmSeats"), worker.PointAfter("ConfirmSeats"),
		worker.PointBefore("IssueTickets"), beforePutFile, afterPutFile, worker.PointAfter("IssueTickets"),
		worker.PointBefore("SendTickets"), beforeSendMail, afterSendMail, worker.PointAfter("SendTickets"),
	}
	pairs, hits := s.pairs(t, eventID, len(points)), make([]hit, len(points))
	for i, point := range points {
		hits[i] = hit{customer: s.customer(t), point: point}
		hits[i].payAndKillWorker(t, s, pairs[i]...)
	}
	for _, h := range hits {
		h.settled(t, s, "completed")
		s.requireSoldOnce(t, h.customer, h.booking)
		s.requireChargedOnce(t, h.booking.ID)
	}
}

// An API killed around the call that makes the payment page loses no page and makes none twice: the buyer who tries again
// gets the one that there is.
func TestKillAPI_AroundTheCallThatMakesThePage(t *testing.T) {
	s := of(t, usual)
	eventID := s.showing(t)
	for _, point := range []string{beforeCreateSession, afterCreateSession} {
		t.Run(point, func(t *testing.T) {
			c := s.customer(t)
			booking := c.hold(t, eventID, 2)
			s.awaitWaiting(t, booking.ID)
			killed, led := s.killAt(t, "api", point, func() error {
				_, err := c.Checkout(t.Context(), booking.ID)
				return err
			})
			require.Error(t, led)
			s.awaitReady(t)
			page, err := c.Checkout(t.Context(), booking.ID)
			require.NoError(t, err, "the buyer tries again")
			t.Logf("the payment page is there %s after the kill", time.Since(killed).Round(100*time.Millisecond))
			sessions := s.sessionsOf(t, booking.ID)
			require.Len(t, sessions, 1)
			require.Equal(t, page.URL, sessions[0].URL)
			_, err = c.Pay(t.Context(), page.URL, c.email, goodCard)
			require.NoError(t, err)
			booking = c.await(t, 30*time.Second, booking.ID, "completed")
			s.requireSoldOnce(t, c, booking)
			s.requireChargedOnce(t, booking.ID)
		})
	}
}

// Where the buyer does not try again, the deadline closes the page that nobody knows of, and the seats are free.
func TestKillAPI_AroundTheCallThatMakesThePageOfABuyerWhoLeaves(t *testing.T) {
	s := of(t, brief)
	eventID := s.showing(t)
	for _, point := range []string{beforeCreateSession, afterCreateSession} {
		t.Run(point, func(t *testing.T) {
			pair := s.customers(t, 2)
			booking := pair[0].hold(t, eventID, 2)
			killed, led := s.killAt(t, "api", point, func() error {
				_, err := pair[0].Checkout(t.Context(), booking.ID)
				return err
			})
			require.Error(t, led)
			s.awaitReady(t)
			pair[0].await(t, 30*time.Second, booking.ID, "expired")
			t.Logf("expired %s after the kill, with %s to go at the hold", time.Since(killed).Round(100*time.Millisecond), briefHold)
			sessions := s.sessionsOf(t, booking.ID)
			require.Len(t, sessions, 1)
			require.Equal(t, "expired", sessions[0].Status)
			s.requireFree(t, pair[1], booking, eventID)
		})
	}
}

// A worker killed while it closes a payment page, before or after the provider did, closes it once more.
func TestKillWorker_WhileItClosesThePage(t *testing.T) {
	s := of(t, brief)
	points := []string{
		worker.PointBefore("CloseCheckout"), beforeExpireSession, afterExpireSession, worker.PointAfter("CloseCheckout"),
	}
	eventID := s.showing(t)
	pairs, hits := s.pairs(t, eventID, len(points)), make([]hit, len(points))
	for i, c := range s.customers(t, len(points)) {
		h := &hits[i]
		*h = hit{customer: c, point: points[i]}
		var led error
		h.killed, led = s.killAt(t, "worker", h.point, func() (err error) {
			if h.booking, err = c.Book(t.Context(), "", pairs[i]...); err == nil {
				_, err = c.Checkout(t.Context(), h.booking.ID)
			}
			return err
		})
		require.NoError(t, led)
	}
	for _, h := range hits {
		h.settled(t, s, "expired")
		sessions := s.sessionsOf(t, h.booking.ID)
		require.Len(t, sessions, 1)
		require.Equal(t, "expired", sessions[0].Status)
		s.requireFree(t, s.customer(t), h.booking, eventID)
	}
}

// A worker killed before or after the call that gives money back, or at either edge of the steps around it, gives it back
// once.
func TestKillWorker_WhileItGivesTheMoneyBack(t *testing.T) {
	s := of(t, brief)
	eventID := s.showing(t)
	points := []string{
		worker.PointBefore("Compensate"), worker.PointAfter("Compensate"), worker.PointBefore("SendRefund"), beforeRefund, afterRefund,
		worker.PointAfter("SendRefund"), worker.PointBefore("FinishRefund"), worker.PointAfter("FinishRefund"),
	}
	pairs, hits := s.pairs(t, eventID, len(points)), make([]hit, len(points))
	for i, c := range s.customers(t, len(points)) {
		booking, err := c.Book(t.Context(), "", pairs[i]...)
		require.NoError(t, err)
		booking, err = c.Extend(t.Context(), booking.ID)
		require.NoError(t, err)
		hits[i] = hit{customer: c, booking: booking, point: points[i]}
	}
	s.cancelEvent(t, eventID)
	for i := range hits {
		hits[i].payAndKillWorker(t, s)
	}
	for _, h := range hits {
		h.settled(t, s, "refunded")
		s.requireRefundedOnce(t, h.customer, h.booking)
	}
}

// A worker killed at either edge of the step that settles money which came after the end sells the seats once, or gives the
// money back once.
func TestKillWorker_WhileItSettlesLateMoney(t *testing.T) {
	s := of(t, brief)
	eventID := s.showing(t)
	late := []struct {
		point, end string
		cancels    bool
	}{
		{worker.PointBefore("SellLate"), "completed", false}, {worker.PointAfter("SellLate"), "completed", false},
		{worker.PointBefore("RequestRefund"), "refunded", true}, {worker.PointAfter("RequestRefund"), "refunded", true},
	}
	pairs, hits, pages := s.pairs(t, eventID, len(late)), make([]hit, len(late)), make([]session, len(late))
	for i, c := range s.customers(t, len(late)) {
		hits[i] = hit{customer: c, point: late[i].point}
		hits[i].booking, pages[i] = s.opened(t, c, pairs[i]...)
		if late[i].cancels {
			_, err := c.Cancel(t.Context(), hits[i].booking.ID)
			require.NoError(t, err)
		}
	}
	for i, h := range hits {
		s.awaitStatus(t, h.customer, h.booking.ID, map[bool]string{false: "expired", true: "cancelled"}[late[i].cancels])
		var led error
		hits[i].killed, led = s.killAt(t, "worker", h.point, func() error { return s.payLate(pages[i].ID, h.email, goodCard) })
		require.NoError(t, led)
	}
	for i, h := range hits {
		h.settled(t, s, late[i].end)
		if late[i].cancels {
			s.requireRefundedOnce(t, h.customer, h.booking)
			continue
		}
		s.requireSoldOnce(t, h.customer, h.booking)
		s.requireChargedOnce(t, h.booking.ID)
	}
}

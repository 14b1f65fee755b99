package e2e

import (
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/boxoffice/boxoffice/worker"
	"github.com/stretchr/testify/require"
)

// A worker killed at either edge of each step of a sale, and around each call to the outside, delays sales and changes
// nothing else: one charge, one set of tickets, one mail at least.
func TestKillWorkerAtEveryPoint(t *testing.T) {
	s := stack.Of(t, stack.Usual)
	eventID := s.Showing(t)
	points := []string{
		worker.PointBefore("HoldSeats"), worker.PointAfter("HoldSeats"),
		worker.PointBefore("ConfirmSeats"), worker.PointAfter("ConfirmSeats"),
		worker.PointBefore("IssueTickets"), stack.BeforePutFile, stack.AfterPutFile, worker.PointAfter("IssueTickets"),
		worker.PointBefore("SendTickets"), stack.BeforeSendMail, stack.AfterSendMail, worker.PointAfter("SendTickets"),
	}
	pairs, hits := s.Pairs(t, eventID, len(points)), make([]stack.Hit, len(points))
	for i, point := range points {
		hits[i] = stack.Hit{Customer: s.Customer(t), Point: point}
		hits[i].PayAndKillWorker(t, s, pairs[i]...)
	}
	for _, h := range hits {
		h.Settled(t, s, "completed")
		s.RequireSoldOnce(t, h.Customer, h.Booking)
		s.RequireChargedOnce(t, h.Booking.ID)
	}
}

// An API killed around the call that makes the payment page loses no page and makes none twice: the buyer who tries again
// gets the one that there is.
func TestKillAPI_AroundTheCallThatMakesThePage(t *testing.T) {
	s := stack.Of(t, stack.Usual)
	eventID := s.Showing(t)
	for _, point := range []string{stack.BeforeCreateSession, stack.AfterCreateSession} {
		t.Run(point, func(t *testing.T) {
			c := s.Customer(t)
			booking := c.Hold(t, eventID, 2)
			s.AwaitWaiting(t, booking.ID)
			killed, led := s.KillAt(t, "api", point, func() error {
				_, err := c.Checkout(t.Context(), booking.ID)
				return err
			})
			require.Error(t, led)
			s.AwaitReady(t)
			page, err := c.Checkout(t.Context(), booking.ID)
			require.NoError(t, err, "the buyer tries again")
			t.Logf("the payment page is there %s after the kill", time.Since(killed).Round(100*time.Millisecond))
			sessions := s.SessionsOf(t, booking.ID)
			require.Len(t, sessions, 1)
			require.Equal(t, page.URL, sessions[0].URL)
			_, err = c.Pay(t.Context(), page.URL, c.Email, stack.GoodCard)
			require.NoError(t, err)
			booking = c.AwaitEnd(t, 30*time.Second, booking.ID, "completed")
			s.RequireSoldOnce(t, c, booking)
			s.RequireChargedOnce(t, booking.ID)
		})
	}
}

// Where the buyer does not try again, the deadline closes the page that nobody knows of, and the seats are free.
func TestKillAPI_AroundTheCallThatMakesThePageOfABuyerWhoLeaves(t *testing.T) {
	s := stack.Of(t, stack.Brief)
	eventID := s.Showing(t)
	for _, point := range []string{stack.BeforeCreateSession, stack.AfterCreateSession} {
		t.Run(point, func(t *testing.T) {
			pair := s.Customers(t, 2)
			booking := pair[0].Hold(t, eventID, 2)
			killed, led := s.KillAt(t, "api", point, func() error {
				_, err := pair[0].Checkout(t.Context(), booking.ID)
				return err
			})
			require.Error(t, led)
			s.AwaitReady(t)
			pair[0].AwaitEnd(t, 30*time.Second, booking.ID, "expired")
			t.Logf("expired %s after the kill, with %s to go at the hold", time.Since(killed).Round(100*time.Millisecond), stack.BriefHold)
			sessions := s.SessionsOf(t, booking.ID)
			require.Len(t, sessions, 1)
			require.Equal(t, "expired", sessions[0].Status)
			s.RequireFree(t, pair[1], booking, eventID)
		})
	}
}

// A worker killed while it closes a payment page, before or after the provider did, closes it once more.
func TestKillWorker_WhileItClosesThePage(t *testing.T) {
	s := stack.Of(t, stack.Brief)
	points := []string{
		worker.PointBefore("CloseCheckout"), stack.BeforeExpireSession, stack.AfterExpireSession, worker.PointAfter("CloseCheckout"),
	}
	eventID := s.Showing(t)
	pairs, hits := s.Pairs(t, eventID, len(points)), make([]stack.Hit, len(points))
	for i, c := range s.Customers(t, len(points)) {
		h := &hits[i]
		*h = stack.Hit{Customer: c, Point: points[i]}
		var led error
		h.Killed, led = s.KillAt(t, "worker", h.Point, func() (err error) {
			if h.Booking, err = c.Book(t.Context(), "", pairs[i]...); err == nil {
				_, err = c.Checkout(t.Context(), h.Booking.ID)
			}
			return err
		})
		require.NoError(t, led)
	}
	for _, h := range hits {
		h.Settled(t, s, "expired")
		sessions := s.SessionsOf(t, h.Booking.ID)
		require.Len(t, sessions, 1)
		require.Equal(t, "expired", sessions[0].Status)
		s.RequireFree(t, s.Customer(t), h.Booking, eventID)
	}
}

// A worker killed before or after the call that gives money back, or at either edge of the steps around it, gives it back
// once.
func TestKillWorker_WhileItGivesTheMoneyBack(t *testing.T) {
	s := stack.Of(t, stack.Brief)
	eventID := s.Showing(t)
	points := []string{
		worker.PointBefore("Compensate"), worker.PointAfter("Compensate"), worker.PointBefore("SendRefund"), stack.BeforeRefund, stack.AfterRefund,
		worker.PointAfter("SendRefund"), worker.PointBefore("FinishRefund"), worker.PointAfter("FinishRefund"),
	}
	pairs, hits := s.Pairs(t, eventID, len(points)), make([]stack.Hit, len(points))
	for i, c := range s.Customers(t, len(points)) {
		booking, err := c.Book(t.Context(), "", pairs[i]...)
		require.NoError(t, err)
		booking, err = c.Extend(t.Context(), booking.ID)
		require.NoError(t, err)
		hits[i] = stack.Hit{Customer: c, Booking: booking, Point: points[i]}
	}
	s.CancelEvent(t, eventID)
	for i := range hits {
		hits[i].PayAndKillWorker(t, s)
	}
	for _, h := range hits {
		h.Settled(t, s, "refunded")
		s.RequireRefundedOnce(t, h.Customer, h.Booking)
	}
}

// A worker killed at either edge of the step that settles money which came after the end sells the seats once, or gives the
// money back once.
func TestKillWorker_WhileItSettlesLateMoney(t *testing.T) {
	s := stack.Of(t, stack.Brief)
	eventID := s.Showing(t)
	late := []struct {
		point, end string
		cancels    bool
	}{
		{worker.PointBefore("SellLate"), "completed", false}, {worker.PointAfter("SellLate"), "completed", false},
		{worker.PointBefore("RequestRefund"), "refunded", true}, {worker.PointAfter("RequestRefund"), "refunded", true},
	}
	pairs, hits, pages := s.Pairs(t, eventID, len(late)), make([]stack.Hit, len(late)), make([]stack.Session, len(late))
	for i, c := range s.Customers(t, len(late)) {
		hits[i] = stack.Hit{Customer: c, Point: late[i].point}
		hits[i].Booking, pages[i] = s.Opened(t, c, pairs[i]...)
		if late[i].cancels {
			_, err := c.Cancel(t.Context(), hits[i].Booking.ID)
			require.NoError(t, err)
		}
	}
	for i, h := range hits {
		s.AwaitStatus(t, h.Customer, h.Booking.ID, map[bool]string{false: "expired", true: "cancelled"}[late[i].cancels])
		var led error
		hits[i].Killed, led = s.KillAt(t, "worker", h.Point, func() error { return s.PayLate(pages[i].ID, h.Email, stack.GoodCard) })
		require.NoError(t, led)
	}
	for i, h := range hits {
		h.Settled(t, s, late[i].end)
		if late[i].cancels {
			s.RequireRefundedOnce(t, h.Customer, h.Booking)
			continue
		}
		s.RequireSoldOnce(t, h.Customer, h.Booking)
		s.RequireChargedOnce(t, h.Booking.ID)
	}
}

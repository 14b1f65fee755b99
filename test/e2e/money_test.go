package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/stretchr/testify/require"
)

// The tests of this file break the payment provider of a shared system, or take an event off sale. They run one after the
// other.

// Cards whose refunds do not go the straight way.
const (
	slowRefundCard  = "4000 0000 0000 7726"
	falseRefundCard = "4000 0000 0000 5126"
)

// completedEvent is the type of the webhook that tells of a payment.
const completedEvent = "checkout.session.completed"

// paid gives a booking that was paid for in time, and its payment page.
func (s *system) paid(t *testing.T, c customer, seats ...string) (buyer.Booking, session) {
	t.Helper()
	booking, page := s.opened(t, c, seats...)
	_, err := c.Pay(t.Context(), page.URL, c.email, goodCard)
	require.NoError(t, err)
	return booking, page
}

// opened gives a booking with its open payment page.
func (s *system) opened(t *testing.T, c customer, seats ...string) (buyer.Booking, session) {
	t.Helper()
	booking, err := c.Book(t.Context(), "", seats...)
	require.NoError(t, err)
	_, err = c.Checkout(t.Context(), booking.ID)
	require.NoError(t, err)
	sessions := s.sessionsOf(t, booking.ID)
	require.Len(t, sessions, 1)
	return booking, sessions[0]
}

// lapsed gives a booking whose page was open until its deadline closed it.
func (s *system) lapsed(t *testing.T, c customer, seats ...string) (buyer.Booking, session) {
	t.Helper()
	booking, page := s.opened(t, c, seats...)
	c.await(t, 30*time.Second, booking.ID, "expired")
	return booking, page
}

// A payment of which no webhook tells is found when the deadline closes the page.
func TestPayment_WebhookLost(t *testing.T) {
	s := of(t, brief)
	breaks(t, s.stripe(), fault{Target: "webhook", Kind: "drop"})
	c := s.customer(t)
	booking, _ := s.paid(t, c, c.seats(t, s.showing(t), 2)...)
	held, err := c.Booking(t.Context(), booking.ID)
	require.NoError(t, err)
	require.Equal(t, "held", held.Status, "nobody has told yet")
	booking = c.await(t, 30*time.Second, booking.ID, "completed")
	s.requireSoldOnce(t, c, booking)
	s.requireChargedOnce(t, booking.ID)
}

// However the news of a payment comes (twice, as two events, in any order, after the deadline found the payment), there is
// one sale, and no webhook stays open.
func TestPayment_WebhookComesInAnyWay(t *testing.T) {
	s := of(t, brief)
	const afterTheDeadline = 7000
	cases := map[string]struct {
		faults []fault
		events int
	}{
		"repeated":             {[]fault{{Target: "webhook", Kind: "repeat"}}, 1},
		"twin events":          {[]fault{{Target: "webhook", Kind: "twin"}}, 2},
		"twins out of order":   {[]fault{{Target: "webhook", Kind: "twin"}, {Target: "webhook", Kind: "reorder", DelayMS: 1500}}, 2},
		"after the deadline":   {[]fault{{Target: "webhook", Kind: "delay", DelayMS: afterTheDeadline}}, 1},
		"one twin too late":    {[]fault{{Target: "webhook", Kind: "twin"}, {Target: "webhook", Kind: "delay", DelayMS: afterTheDeadline, N: 1}}, 2},
		"twins, both too late": {[]fault{{Target: "webhook", Kind: "twin"}, {Target: "webhook", Kind: "delay", DelayMS: afterTheDeadline}}, 2},
		"twins, each repeated": {[]fault{{Target: "webhook", Kind: "repeat"}, {Target: "webhook", Kind: "twin"}}, 2},
	}
	pairs := s.pairs(t, s.showing(t), len(cases))
	for name, c := range cases {
		seats := pairs[0]
		pairs = pairs[1:]
		t.Run(name, func(t *testing.T) {
			breaks(t, s.stripe(), c.faults...)
			buyer := s.customer(t)
			booking, page := s.paid(t, buyer, seats...)
			booking = buyer.await(t, 30*time.Second, booking.ID, "completed")
			s.awaitInbox(t, page.ID, c.events)
			s.requireSoldOnce(t, buyer, booking)
			s.requireChargedOnce(t, booking.ID)
		})
	}
}

// awaitInbox waits until so many events about a payment page have had their effect, and none is open.
func (s *system) awaitInbox(t *testing.T, sessionID string, n int) {
	t.Helper()
	eventually(t, 30*time.Second, func() error {
		var came, open int
		err := s.db.QueryRow(t.Context(), `SELECT count(*), count(*) FILTER (WHERE processed_at IS NULL)
			FROM webhook_inbox WHERE object_id = $1 AND type = $2`, sessionID, completedEvent).Scan(&came, &open)
		if err == nil && (came != n || open != 0) {
			err = fmt.Errorf("%d events came, %d are open", came, open)
		}
		return err
	})
}

// A webhook that is faster than the answer to our own call finds the booking by what the call named.
func TestPayment_WebhookBeforeTheAnswerToOurCall(t *testing.T) {
	s := of(t, usual)
	c := s.customer(t)
	booking := c.hold(t, s.showing(t), 2)
	s.awaitWaiting(t, booking.ID)
	breaks(t, s.stripe(), fault{Target: "api", Kind: "timeout_after", Method: http.MethodPost, Path: "/v1/checkout/sessions", DelayMS: 5000, N: 1})
	answered := make(chan error, 1)
	go func() {
		_, err := c.Checkout(t.Context(), booking.ID)
		answered <- err
	}()
	var made []session
	eventually(t, 20*time.Second, func() error {
		if made = s.sessionsOf(t, booking.ID); len(made) == 0 {
			return errors.New("no page yet")
		}
		return nil
	})
	require.NoError(t, s.payLate(made[0].ID, c.email, goodCard))
	booking = c.await(t, 20*time.Second, booking.ID, "completed")
	require.Empty(t, answered, "the call had no answer yet")
	requireProblem(t, <-answered, http.StatusConflict, "booking-closed")
	require.Len(t, s.sessionsOf(t, booking.ID), 1)
	s.requireSoldOnce(t, c, booking)
	s.requireChargedOnce(t, booking.ID)
}

// Money that comes after the end buys the same seats where they are still free.
func TestLatePayment_SeatsFree(t *testing.T) {
	s := of(t, brief)
	c := s.customer(t)
	booking, page := s.lapsed(t, c, c.seats(t, s.showing(t), 2)...)
	require.NoError(t, s.payLate(page.ID, c.email, goodCard))
	s.awaitStatus(t, c, booking.ID, "completed")
	s.requireSoldOnce(t, c, booking)
	s.requireChargedOnce(t, booking.ID)
}

// Money that comes after the end, when the seats are another's, goes back in full, and its buyer is told.
func TestLatePayment_SeatsTaken(t *testing.T) {
	s := of(t, brief)
	pair := s.customers(t, 2)
	booking, page := s.lapsed(t, pair[0], pair[0].seats(t, s.showing(t), 2)...)
	taken, err := pair[1].Book(t.Context(), "", booking.Tickets[0].ID)
	require.NoError(t, err)
	pair[1].payFor(t, taken.ID)
	taken = pair[1].await(t, 30*time.Second, taken.ID, "completed")
	require.NoError(t, s.payLate(page.ID, pair[0].email, goodCard))
	s.awaitStatus(t, pair[0], booking.ID, "refunded")
	s.requireRefundedOnce(t, pair[0], booking)
	s.requireSoldOnce(t, pair[1], taken)
}

// Money that comes after the buyer cancelled goes back: a cancellation is never turned into a sale.
func TestLatePayment_BookingCancelled(t *testing.T) {
	s := of(t, brief)
	c := s.customer(t)
	booking, page := s.opened(t, c, c.seats(t, s.showing(t), 2)...)
	_, err := c.Cancel(t.Context(), booking.ID)
	require.NoError(t, err)
	c.await(t, 30*time.Second, booking.ID, "cancelled")
	require.NoError(t, s.payLate(page.ID, c.email, goodCard))
	s.awaitStatus(t, c, booking.ID, "refunded")
	s.requireRefundedOnce(t, c, booking)
}

// Money that comes after the end for an event that was called off goes back, although the seats are free.
func TestLatePayment_EventCancelled(t *testing.T) {
	s := of(t, brief)
	c := s.customer(t)
	eventID := s.showing(t)
	booking, page := s.lapsed(t, c, c.seats(t, eventID, 2)...)
	s.cancelEvent(t, eventID)
	require.NoError(t, s.payLate(page.ID, c.email, goodCard))
	s.awaitStatus(t, c, booking.ID, "refunded")
	s.requireRefundedOnce(t, c, booking)
}

// awaitStatus is await for a booking that has already been at an end.
func (s *system) awaitStatus(t *testing.T, c customer, bookingID, status string) {
	t.Helper()
	eventually(t, 40*time.Second, func() error {
		booking, err := c.Booking(t.Context(), bookingID)
		if err == nil && booking.Status != status {
			err = fmt.Errorf("the booking is %s", booking.Status)
		}
		return err
	})
}

// Money for an event that was called off between the hold and the payment goes back, and the seats with it.
func TestPayment_EventCancelledMeanwhile(t *testing.T) {
	s := of(t, usual)
	c := s.customer(t)
	eventID := s.showing(t)
	booking := c.hold(t, eventID, 2)
	s.cancelEvent(t, eventID)
	c.payFor(t, booking.ID)
	c.await(t, 30*time.Second, booking.ID, "refunded")
	s.requireRefundedOnce(t, c, booking)
}

// A refund that the bank takes its time with is not called done before it is, and is asked for once.
func TestRefund_Pending(t *testing.T) {
	s := of(t, brief)
	c := s.customer(t)
	booking := s.refunding(t, c, slowRefundCard)
	require.Equal(t, "pending", s.refundState(t, booking.ID))
	c.await(t, 30*time.Second, booking.ID, "refunded")
	s.requireRefundedOnce(t, c, booking)
}

// refunding gives a booking whose money the provider was asked to give back.
func (s *system) refunding(t *testing.T, c customer, card string) buyer.Booking {
	t.Helper()
	eventID := s.showing(t)
	booking := c.hold(t, eventID, 2)
	s.cancelEvent(t, eventID)
	page, err := c.Checkout(t.Context(), booking.ID)
	require.NoError(t, err)
	_, err = c.Pay(t.Context(), page.URL, c.email, card)
	require.NoError(t, err)
	eventually(t, 30*time.Second, func() error {
		return s.db.QueryRow(t.Context(), `SELECT FROM refunds r JOIN payments p ON p.id = r.payment_id
			WHERE p.booking_id = $1 AND r.provider_id IS NOT NULL`, booking.ID).Scan()
	})
	return booking
}

func (s *system) refundState(t *testing.T, bookingID string) (state string) {
	t.Helper()
	require.NoError(t, s.db.QueryRow(t.Context(), `SELECT r.state::text FROM refunds r JOIN payments p ON p.id = r.payment_id
		WHERE p.booking_id = $1`, bookingID).Scan(&state), "one refund")
	return state
}

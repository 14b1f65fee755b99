package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/stretchr/testify/require"
)

// The tests of this file break the payment provider of a shared system, or take an event off sale. They run one after the
// other.

// falseRefundCard is one whose refunds fail after they were said to have been made.
const falseRefundCard = "4000 0000 0000 5126"

// A payment of another amount than the price buys nothing and goes back in full, while the seats stay held for the buyer, who
// may pay the price on a page of its own.
func TestPayment_WrongAmount(t *testing.T) {
	s := stack.Of(t, stack.Usual)
	for name, other := range map[string]int64{"less": -1, "more": 1} {
		t.Run(name, func(t *testing.T) {
			c := s.Customer(t)
			booking, page := s.Opened(t, c, c.FreeSeats(t, s.Showing(t), 2)...)
			require.NoError(t, s.PayAmount(page.ID, c.Email, booking.AmountMinor+other))
			stack.Eventually(t, 30*time.Second, func() error {
				money := s.MoneyOf(t, booking.ID)
				if money != (stack.Money{Charges: 1, Refunds: 1}) {
					return fmt.Errorf("the provider has %+v", money)
				}
				return nil
			})
			held, err := c.Booking(t.Context(), booking.ID)
			require.NoError(t, err)
			require.Equal(t, "held", held.Status)
			c.PayFor(t, booking.ID)
			booking = c.AwaitEnd(t, 30*time.Second, booking.ID, "completed")
			require.Equal(t, stack.Money{Charges: 2, Refunds: 1}, s.MoneyOf(t, booking.ID))
			require.Contains(t, s.Timeline(t, booking.ID), "confirmed")
			mail := s.AwaitMail(t, c, "Your payment of ")
			require.Contains(t, strings.Join(strings.Fields(mail.Text), " "), "The reason: The booking costs ")
			s.AwaitMail(t, c, "Your tickets")
		})
	}
}

// A payment of which no webhook tells is found when the deadline closes the page.
func TestPayment_WebhookLost(t *testing.T) {
	s := stack.Of(t, stack.Brief)
	stack.Breaks(t, s.Stripe(), stack.Fault{Target: "webhook", Kind: "drop"})
	c := s.Customer(t)
	booking, _ := s.Paid(t, c, c.FreeSeats(t, s.Showing(t), 2)...)
	held, err := c.Booking(t.Context(), booking.ID)
	require.NoError(t, err)
	require.Equal(t, "held", held.Status, "nobody has told yet")
	booking = c.AwaitEnd(t, 30*time.Second, booking.ID, "completed")
	s.RequireSoldOnce(t, c, booking)
	s.RequireChargedOnce(t, booking.ID)
}

// However the news of a payment comes (twice, as two events, in any order, after the deadline found the payment), there is
// one sale, and no webhook stays open.
func TestPayment_WebhookComesInAnyWay(t *testing.T) {
	s := stack.Of(t, stack.Brief)
	const afterTheDeadline = 7000
	cases := map[string]struct {
		faults []stack.Fault
		events int
	}{
		"repeated":             {[]stack.Fault{{Target: "webhook", Kind: "repeat"}}, 1},
		"twin events":          {[]stack.Fault{{Target: "webhook", Kind: "twin"}}, 2},
		"twins out of order":   {[]stack.Fault{{Target: "webhook", Kind: "twin"}, {Target: "webhook", Kind: "reorder", DelayMS: 1500}}, 2},
		"after the deadline":   {[]stack.Fault{{Target: "webhook", Kind: "delay", DelayMS: afterTheDeadline}}, 1},
		"one twin too late":    {[]stack.Fault{{Target: "webhook", Kind: "twin"}, {Target: "webhook", Kind: "delay", DelayMS: afterTheDeadline, N: 1}}, 2},
		"twins, both too late": {[]stack.Fault{{Target: "webhook", Kind: "twin"}, {Target: "webhook", Kind: "delay", DelayMS: afterTheDeadline}}, 2},
		"twins, each repeated": {[]stack.Fault{{Target: "webhook", Kind: "repeat"}, {Target: "webhook", Kind: "twin"}}, 2},
	}
	pairs := s.Pairs(t, s.Showing(t), len(cases))
	for name, c := range cases {
		seats := pairs[0]
		pairs = pairs[1:]
		t.Run(name, func(t *testing.T) {
			stack.Breaks(t, s.Stripe(), c.faults...)
			buyer := s.Customer(t)
			booking, page := s.Paid(t, buyer, seats...)
			booking = buyer.AwaitEnd(t, 30*time.Second, booking.ID, "completed")
			s.AwaitInbox(t, page.ID, c.events)
			s.RequireSoldOnce(t, buyer, booking)
			s.RequireChargedOnce(t, booking.ID)
		})
	}
}

// A webhook that is faster than the answer to our own call finds the booking by what the call named.
func TestPayment_WebhookBeforeTheAnswerToOurCall(t *testing.T) {
	s := stack.Of(t, stack.Usual)
	c := s.Customer(t)
	booking := c.Hold(t, s.Showing(t), 2)
	s.AwaitWaiting(t, booking.ID)
	stack.Breaks(t, s.Stripe(), stack.Fault{Target: "api", Kind: "timeout_after", Method: http.MethodPost, Path: "/v1/checkout/sessions", DelayMS: 5000, N: 1})
	answered := make(chan error, 1)
	go func() {
		_, err := c.Checkout(t.Context(), booking.ID)
		answered <- err
	}()
	var made []stack.Session
	stack.Eventually(t, 20*time.Second, func() error {
		if made = s.SessionsOf(t, booking.ID); len(made) == 0 {
			return errors.New("no page yet")
		}
		return nil
	})
	require.NoError(t, s.PayLate(made[0].ID, c.Email, stack.GoodCard))
	booking = c.AwaitEnd(t, 20*time.Second, booking.ID, "completed")
	require.Empty(t, answered, "the call had no answer yet")
	stack.RequireProblem(t, <-answered, http.StatusConflict, "booking-closed")
	require.Len(t, s.SessionsOf(t, booking.ID), 1)
	s.RequireSoldOnce(t, c, booking)
	s.RequireChargedOnce(t, booking.ID)
}

// Money that comes after the end buys the same seats where they are still free.
func TestLatePayment_SeatsFree(t *testing.T) {
	s := stack.Of(t, stack.Brief)
	c := s.Customer(t)
	booking, page := s.Lapsed(t, c, c.FreeSeats(t, s.Showing(t), 2)...)
	require.NoError(t, s.PayLate(page.ID, c.Email, stack.GoodCard))
	s.AwaitStatus(t, c, booking.ID, "completed")
	s.RequireSoldOnce(t, c, booking)
	s.RequireChargedOnce(t, booking.ID)
}

// Money that comes after the end, when the seats are another's, goes back in full, and its buyer is told.
func TestLatePayment_SeatsTaken(t *testing.T) {
	s := stack.Of(t, stack.Brief)
	pair := s.Customers(t, 2)
	booking, page := s.Lapsed(t, pair[0], pair[0].FreeSeats(t, s.Showing(t), 2)...)
	taken, err := pair[1].Book(t.Context(), "", booking.Tickets[0].ID)
	require.NoError(t, err)
	pair[1].PayFor(t, taken.ID)
	taken = pair[1].AwaitEnd(t, 30*time.Second, taken.ID, "completed")
	require.NoError(t, s.PayLate(page.ID, pair[0].Email, stack.GoodCard))
	s.AwaitStatus(t, pair[0], booking.ID, "refunded")
	s.RequireRefundedOnce(t, pair[0], booking)
	s.RequireSoldOnce(t, pair[1], taken)
}

// Money that comes after the buyer cancelled goes back: a cancellation is never turned into a sale.
func TestLatePayment_BookingCancelled(t *testing.T) {
	s := stack.Of(t, stack.Brief)
	c := s.Customer(t)
	booking, page := s.Opened(t, c, c.FreeSeats(t, s.Showing(t), 2)...)
	_, err := c.Cancel(t.Context(), booking.ID)
	require.NoError(t, err)
	c.AwaitEnd(t, 30*time.Second, booking.ID, "cancelled")
	require.NoError(t, s.PayLate(page.ID, c.Email, stack.GoodCard))
	s.AwaitStatus(t, c, booking.ID, "refunded")
	s.RequireRefundedOnce(t, c, booking)
}

// Money that comes after the end for an event that was called off goes back, although the seats are free.
func TestLatePayment_EventCancelled(t *testing.T) {
	s := stack.Of(t, stack.Brief)
	c := s.Customer(t)
	eventID := s.Showing(t)
	booking, page := s.Lapsed(t, c, c.FreeSeats(t, eventID, 2)...)
	s.CancelEvent(t, eventID)
	require.NoError(t, s.PayLate(page.ID, c.Email, stack.GoodCard))
	s.AwaitStatus(t, c, booking.ID, "refunded")
	s.RequireRefundedOnce(t, c, booking)
}

// Money for an event that was called off between the hold and the payment goes back, and the seats with it.
func TestPayment_EventCancelledMeanwhile(t *testing.T) {
	s := stack.Of(t, stack.Usual)
	c := s.Customer(t)
	eventID := s.Showing(t)
	booking := c.Hold(t, eventID, 2)
	s.CancelEvent(t, eventID)
	c.PayFor(t, booking.ID)
	c.AwaitEnd(t, 30*time.Second, booking.ID, "refunded")
	s.RequireRefundedOnce(t, c, booking)
}

// A refund that the bank takes its time with is not called done before it is, and is asked for once.
func TestRefund_Pending(t *testing.T) {
	s := stack.Of(t, stack.Brief)
	c := s.Customer(t)
	booking := refunding(t, s, c, stack.SlowRefundCard)
	require.Equal(t, "pending", refundState(t, s, booking.ID))
	c.AwaitEnd(t, 30*time.Second, booking.ID, "refunded")
	s.RequireRefundedOnce(t, c, booking)
}

// refunding gives a booking whose money the provider was asked to give back.
func refunding(t *testing.T, s *stack.System, c stack.Customer, card string) buyer.Booking {
	t.Helper()
	eventID := s.Showing(t)
	booking := c.Hold(t, eventID, 2)
	s.CancelEvent(t, eventID)
	page, err := c.Checkout(t.Context(), booking.ID)
	require.NoError(t, err)
	_, err = c.Pay(t.Context(), page.URL, c.Email, card)
	require.NoError(t, err)
	stack.Eventually(t, 30*time.Second, func() error {
		return s.DB.QueryRow(t.Context(), `SELECT FROM refunds r JOIN payments p ON p.id = r.payment_id
			WHERE p.booking_id = $1 AND r.provider_id IS NOT NULL`, booking.ID).Scan()
	})
	return booking
}

func refundState(t *testing.T, s *stack.System, bookingID string) (state string) {
	t.Helper()
	require.NoError(t, s.DB.QueryRow(t.Context(), `SELECT r.state::text FROM refunds r JOIN payments p ON p.id = r.payment_id
		WHERE p.booking_id = $1`, bookingID).Scan(&state), "one refund")
	return state
}

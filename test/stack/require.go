package stack

import (
	"bytes"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/stretchr/testify/require"
)

// RequireClosed asserts that a payment page shows that it is over, and takes no money.
func RequireClosed(t *testing.T, c Customer, page string) {
	t.Helper()
	var closed *buyer.PageClosed
	require.ErrorAs(t, c.Open(t.Context(), page), &closed)
	require.Equal(t, http.StatusGone, closed.Status)
	_, err := c.Pay(t.Context(), page, c.Email, GoodCard)
	require.ErrorAs(t, err, &closed)
	require.Equal(t, http.StatusGone, closed.Status)
}

// RequireFree asserts that the seats of a booking are shown as free, and that another can have them now.
func (s *System) RequireFree(t *testing.T, other Customer, booking buyer.Booking, eventID string) {
	t.Helper()
	other.RequireSeats(t, booking, eventID, "available")
	var seats []string
	for _, ticket := range booking.Tickets {
		seats = append(seats, ticket.ID)
	}
	again, err := other.Book(t.Context(), "", seats...)
	require.NoError(t, err)
	require.Len(t, again.Tickets, len(seats))
}

// RequirePDF asserts that a booking's tickets can be fetched.
func (s *System) RequirePDF(t *testing.T, c Customer, booking buyer.Booking) {
	t.Helper()
	pdf, err := c.File(t.Context(), booking.ID, "tickets.pdf")
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(pdf, []byte("%PDF-")))
}

// RequireSeats asserts the state of a booking's seats, as everybody sees it.
func (c Customer) RequireSeats(t *testing.T, booking buyer.Booking, eventID, state string) {
	t.Helper()
	states, err := c.Seats(t.Context(), eventID)
	require.NoError(t, err)
	for _, ticket := range booking.Tickets {
		require.Equal(t, state, states[ticket.ID], ticket.Seat)
	}
}

// RequireProblem asserts that err is the box office's refusal.
func RequireProblem(t *testing.T, err error, status int, kind string) *buyer.Problem {
	t.Helper()
	var problem *buyer.Problem
	require.ErrorAs(t, err, &problem)
	require.Equal(t, status, problem.Status, problem.Detail)
	require.Equal(t, "/problems/"+kind, problem.Type)
	return problem
}

// RequireSoldOnce asserts what a booking must have come to, in the rows and in the inbox, however often its steps ran.
func (s *System) RequireSoldOnce(t *testing.T, c Customer, booking buyer.Booking) {
	t.Helper()
	var payments, sold, admissions int
	require.NoError(t, s.DB.QueryRow(t.Context(), `
		SELECT (SELECT count(*) FROM payments WHERE booking_id = $1),
			(SELECT count(*) FROM tickets WHERE booking_id = $1 AND state = 'sold' AND holder_id = $2),
			(SELECT count(*) FROM admissions WHERE booking_id = $1)`, booking.ID, c.ID).Scan(&payments, &sold, &admissions))
	require.Equal(t, 1, payments, "payments")
	require.Equal(t, len(booking.Tickets), sold, "sold seats")
	require.Equal(t, len(booking.Tickets), admissions, "admissions, void ones too")
	Eventually(t, 30*time.Second, func() error {
		mails, err := s.Inbox().To(t.Context(), c.Email)
		if err == nil && len(mails) == 0 {
			err = errors.New("no mail came")
		}
		return err
	})
}

// RequireChargedOnce asserts that the provider took the price once and gave nothing back.
func (s *System) RequireChargedOnce(t *testing.T, bookingID string) {
	t.Helper()
	require.Equal(t, Money{Charges: 1}, s.MoneyOf(t, bookingID))
}

// RequireRefundedOnce asserts that a booking's money is back, in full and once, that its buyer was told, and that it has
// neither seats nor valid tickets.
func (s *System) RequireRefundedOnce(t *testing.T, c Customer, booking buyer.Booking) {
	t.Helper()
	require.Equal(t, Money{Charges: 1, Refunds: 1}, s.MoneyOf(t, booking.ID))
	var seats, admissions int
	var back int64
	require.NoError(t, s.DB.QueryRow(t.Context(), `
		SELECT (SELECT count(*) FROM tickets WHERE booking_id = $1), (SELECT count(*) FROM admissions WHERE booking_id = $1 AND voided_at IS NULL),
			(SELECT coalesce(sum(r.amount_minor), 0) FROM refunds r JOIN payments p ON p.id = r.payment_id
				WHERE p.booking_id = $1 AND r.state = 'succeeded')`, booking.ID).Scan(&seats, &admissions, &back))
	require.Zero(t, seats, "seats")
	require.Zero(t, admissions, "valid admissions")
	require.Equal(t, booking.AmountMinor, back)
	s.AwaitMail(t, c, "Refund of ")
}

// RequireTryAgain asserts that an answer says: not now, but soon.
func RequireTryAgain(t *testing.T, answer buyer.Answer) {
	t.Helper()
	require.Equal(t, http.StatusServiceUnavailable, answer.Status, string(answer.Body))
	require.NotEmpty(t, answer.Header.Get("Retry-After"))
	require.Contains(t, string(answer.Body), "/problems/unavailable")
}

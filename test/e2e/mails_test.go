package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/bookings"
	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/stretchr/testify/require"
)

// resend asks for the tickets once more, at an address.
func resend(t *testing.T, c stack.Customer, bookingID, address string) error {
	t.Helper()
	return c.Call(t.Context(), http.MethodPost, "/bookings/"+bookingID+"/resend", map[string]string{"email": address}, &buyer.Booking{})
}

// bought gives a booking whose tickets were mailed longer than a minute ago.
func bought(t *testing.T, s *stack.System, c stack.Customer) buyer.Booking {
	t.Helper()
	booking := c.Hold(t, s.Showing(t), 1)
	c.PayFor(t, booking.ID)
	booking = c.AwaitEnd(t, 20*time.Second, booking.ID, "completed")
	s.AwaitMail(t, c, "Your tickets")
	s.EndedRun(t, booking.ID) // which would send what is queued meanwhile
	_, err := s.DB.Exec(t.Context(), `UPDATE emails SET created_at = created_at - interval '1 minute' WHERE booking_id = $1`, booking.ID)
	require.NoError(t, err)
	return booking
}

// A buyer who mistyped the address has the tickets sent to the right one, and sees that they were; not over and over.
func TestResend_OKToAnotherAddress(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Usual)
	c := s.Customer(t)
	booking := bought(t, s, c)
	right := c
	right.Email = "right-" + c.Email
	require.NoError(t, resend(t, c, booking.ID, right.Email))
	mail := s.AwaitMail(t, right, "Your tickets")
	require.Len(t, mail.Attachments, 2)
	require.Contains(t, mail.Text, booking.Reference)
	stack.RequireProblem(t, resend(t, c, booking.ID, right.Email), http.StatusTooManyRequests, "rate-limited")

	var seen struct {
		Mails []struct{ To, Status string }
	}
	stack.Eventually(t, 10*time.Second, func() error {
		return s.DB.QueryRow(t.Context(), `SELECT FROM emails WHERE booking_id = $1 AND recipient = $2 AND status = 'sent'`, booking.ID, right.Email).Scan()
	})
	require.NoError(t, c.Call(t.Context(), http.MethodGet, "/bookings/"+booking.ID, nil, &seen))
	require.Equal(t, []struct{ To, Status string }{{right.Email, "sent"}, {c.Email, "sent"}}, seen.Mails)
}

// A mail whose workflow was not started, because the API died after it was queued, is found by the sweep and sent by the
// booking's next run.
func TestKillAPI_BeforeTheMailsWorkflowIsStarted(t *testing.T) {
	s := stack.Of(t, stack.Brief)
	c := s.Customer(t)
	booking := bought(t, s, c)
	right := c
	right.Email = "right-" + c.Email
	killed, led := s.KillAt(t, "api", bookings.PointMailNotStarted, func() error { return resend(t, c, booking.ID, right.Email) })
	require.Error(t, led)
	due, err := s.DB.Exec(t.Context(), `UPDATE bookings SET next_check_at = boxoffice_now()
		WHERE id = $1 AND next_check_at < boxoffice_now() + interval '1 minute'`, booking.ID)
	require.NoError(t, err)
	require.EqualValues(t, 1, due.RowsAffected(), "the sweep looks at the booking within a minute")
	mail := s.AwaitMail(t, right, "Your tickets")
	require.Len(t, mail.Attachments, 2)
	t.Logf("mailed %s after the kill, less the minute that was skipped", time.Since(killed).Round(100*time.Millisecond))
	s.EndedRun(t, booking.ID)
}

// Seats that cost nothing are bought without a payment page, down to their tickets and their mail.
func TestBuy_OKFreeOfCharge(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Usual)
	c := s.Customer(t)
	eventID := s.Showing(t)
	_, err := s.DB.Exec(t.Context(), `UPDATE tickets SET price_minor = 0 WHERE event_id = $1`, eventID)
	require.NoError(t, err)
	booking := c.Hold(t, eventID, 2)
	require.Zero(t, booking.AmountMinor)
	s.AwaitWaiting(t, booking.ID)
	checkout, err := c.Checkout(t.Context(), booking.ID)
	require.NoError(t, err)
	require.Equal(t, s.Env["BOXOFFICE_URL"]+"/app/bookings/"+booking.ID, checkout.URL)
	booking = c.AwaitEnd(t, 20*time.Second, booking.ID, "completed")
	require.Empty(t, s.SessionsOf(t, booking.ID), "the provider hears nothing of it")

	pdf, err := c.File(t.Context(), booking.ID, "tickets.pdf")
	require.NoError(t, err)
	require.Contains(t, string(poppler(t, pdf, "pdftotext", "-layout", "-", "-")), "Free of charge")
	requireAdmits(t, s, codeOnPage(t, pdf, 1), eventID, booking.Tickets[0])
	mail := s.AwaitMail(t, c, "Your tickets")
	require.Len(t, mail.Attachments, 2)
	require.Contains(t, mail.Text, "free of charge")
	require.NotContains(t, mail.Text, "Paid")
	s.EndedRun(t, booking.ID)
}
